"""Commands as processes where few people run them: full disks, no home, no temporary files, no letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kokoro_wyoming.assets import manifest
from tests.conftest import CHECKOUT
from tests.namespaces import needs_namespaces
from tests.odd_places import ASCII_ONLY, MOUNTS, NAMELESS, READ_ONLY
from tests.stand_ins.beep_program import put_voice
from tests.stand_ins.hub import HubStandIn, serving

pytestmark = pytest.mark.long

_OURS = (sys.executable, "-m", "kokoro_wyoming")


def run(*command: str, **environment: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command, with no home but what is given."""
    others = {name: value for name, value in os.environ.items() if name not in ("HOME", "KOKORO_WYOMING_HOME")}
    done = subprocess.run(
        command, cwd=CHECKOUT, env={**others, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


# --- disks ---

_TINY = 'mount -t tmpfs -o size=64k,nr_inodes=8 tiny "$0" && '
_FULL = f"{_TINY} touch $0/1 $0/2 $0/3 $0/4 $0/5 $0/6 $0/7 && "
_LOCKED = 'mount -t tmpfs -o ro locked "$0" && '


@needs_namespaces
@pytest.mark.parametrize(
    ("disk", "told"),
    [
        (_TINY, "not enough disk space in {folder}"),
        (_FULL, "cannot write {folder}/v1_0 (No space left on device); free some space on that disk and fetch again\n"),
        (_LOCKED, "cannot write {folder}/v1_0 (Read-only file system); make the folder writable, or choose others"),
    ],
    ids=["too small", "full", "read-only"],
)
def test_a_disk_that_files_cannot_be_fetched_onto_is_one_sentence(disk: str, told: str, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    release = manifest.release("v1.0")
    script = f'{disk} "$@"; status=$?; find "$0" -name "*.part*" -o -name "*.pth" -o -name "*.pt"; exit $status'
    fetch = ("fetch", "--source=hub", f"--models={folder}", f"--voices-folder={folder}/voices")
    files = {file.name: b"x" for file in release.files}
    hub = HubStandIn(release.hub.repository, release.hub.revision, files)
    with serving(hub):
        at_hub = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1"}
        status, left, errors = run(*MOUNTS, script, str(folder), *_OURS, *fetch, **at_hub)
    assert (status, left) == (1, "")
    assert errors.startswith("kokoro-wyoming: " + told.format(folder=folder))
    assert errors.count("\n") == 1


@needs_namespaces
@pytest.mark.parametrize("command", ["serve", "check", "voices"])
def test_without_a_folder_for_temporary_files_one_sentence_says_what_to_do(command: str) -> None:
    status, _, errors = run(*MOUNTS, f'{READ_ONLY} exec "$@"', "sh", *_OURS, command)
    assert status == 1
    assert errors == (
        "kokoro-wyoming: no folder for temporary files can be written to; make /tmp writable and free some space "
        "there, or name another folder by TMPDIR\n"
    )


# --- homes ---


@needs_namespaces
def test_a_user_without_a_name_or_home_is_told_where_one_is_needed() -> None:
    health = (*_OURS, "health", "--uri=tcp://127.0.0.1:1")
    status, _, errors = run(*NAMELESS, *health)
    assert status == 1
    assert errors.startswith("kokoro-wyoming: nobody answers at tcp://127.0.0.1:1")
    told = "there is no home folder for {}; name an absolute folder by KOKORO_WYOMING_HOME\n"
    status, _, errors = run(*NAMELESS, *_OURS, "health", KOKORO_WYOMING_HOME="~/kokoro")
    assert (status, errors) == (2, "kokoro-wyoming: " + told.format("~/kokoro"))
    # Where the program is installed, and no checkout.
    ask = "from kokoro_wyoming.assets import locations as l; l._checkout = lambda: None; print(l.home())"
    _, _, errors = run(*NAMELESS, sys.executable, "-c", ask)
    assert errors.endswith("ConfigError: " + told.format("this user"))


# --- letters ---


def test_every_name_is_said_in_a_locale_without_its_letters(tmp_path: Path) -> None:
    put_voice(tmp_path / "Stimmen 猫", "af_heart")
    settings = tmp_path / "Küche.yaml"
    settings.write_text("voices: {Küche 猫: af_heart}\n", encoding="utf-8")
    flags = (f"--config={settings}", f"--voices-folder={tmp_path}/Stimmen 猫", "--voice=Küche 猫")
    status, out, errors = run(*_OURS, "check", *flags, f"--models={tmp_path}", **ASCII_ONLY)
    assert (status, errors) == (1, "")  # there are no weights
    assert "speech.voice     ok       K\\xfcche \\u732b\n" in out
    assert str(settings) in out
    assert f"{tmp_path}/Stimmen 猫/v1_0/af_heart.pt" in out
