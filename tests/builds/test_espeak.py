"""espeak where it is hard to load: a long path, no folder to run its copy from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import espeakng_loader
import pytest

from kokoro_wyoming.builds import espeak, v0_19
from kokoro_wyoming.builds.espeak import fault
from kokoro_wyoming.builds.v0_19.g2p import QuietPipeline
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.errors import UnknownLanguageError
from tests.conftest import CHECKOUT
from tests.namespaces import needs_namespaces
from tests.odd_places import MOUNTS, files_limited

_SPOKEN = """
from phonemizer.backend import EspeakBackend
from kokoro_wyoming.builds import espeak
print(espeak.fault(), espeak.__file__, espeak._data_path())
with espeak.loading("French"):
    backend = EspeakBackend("fr-fr")
print(backend.phonemize(["bonjour"])[0].strip())
"""
"""A program that says where espeak's data are, and speaks French."""

_LIBRARY = os.path.realpath(espeakng_loader.get_library_path())
_RADIO = {"e": "rˈaðjo", "f": "ʁadjˈo", "h": "ɹˈAdɪˌQ", "i": "rˈadio", "p": "xaʤˈiʊ"}
"""How each of the languages that espeak reads says "radio", by Kokoro's letter."""


def _run(*command: str, **environment: str) -> list[str]:
    done = subprocess.run(
        command, cwd=CHECKOUT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy(source, target)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs the folder of open files that Linux has")
def test_a_path_that_is_too_long_for_espeak_is_made_short(tmp_path: Path) -> None:
    site = tmp_path / ("a long name " * 16)
    package = Path(espeakng_loader.__file__).parent
    shutil.copytree(package, site / package.name, copy_function=_linked)
    where, spoken = _run(sys.executable, "-c", _SPOKEN, PYTHONPATH=f"{site}:{CHECKOUT}")
    assert where == f"None {CHECKOUT}/kokoro_wyoming/builds/espeak.py {site}/espeakng_loader/espeak-ng-data"
    assert spoken == "bɔ̃ʒuʁ"


@needs_namespaces
def test_a_folder_that_nothing_can_be_run_from_is_told(tmp_path: Path) -> None:
    question = "from kokoro_wyoming.builds import espeak; print(espeak.fault())"
    noexec = 'mount -t tmpfs -o noexec noexec "$TMPDIR" && exec "$@"'
    (told,) = _run(*MOUNTS, noexec, "sh", sys.executable, "-c", question, TMPDIR=str(tmp_path))
    assert told == (
        f"nothing can be run from {tmp_path}, as its disk is mounted with noexec; name another folder by TMPDIR"
    )


def test_without_espeak_no_language_that_needs_it_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault() is None
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    told = "there is no folder for temporary files (No such file or directory); name one by TMPDIR"
    assert (g2p.missing_part("a"), g2p.missing_part("f"), v0_19.missing_part()) == (told, told, told)
    assert g2p.missing_part("z") is None


@pytest.mark.long
def test_where_espeak_cannot_be_copied_a_language_is_refused_and_no_word_left_out() -> None:
    espeak._loaded_copy.cache_clear()
    with files_limited(10_000):
        for letter, name in (("a", "American English"), ("f", "French")):
            with pytest.raises(UnknownLanguageError, match=f"^{name} cannot be spoken: .*File too large"):
                g2p.make_quiet_pipeline(letter)
        with pytest.raises(UnknownLanguageError, match=r"British English cannot be spoken: .*File too large"):
            QuietPipeline("b", "abc")


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="needs the table of mapped files that Linux has")
def test_all_languages_share_one_copy_and_each_is_read_in_its_own_voice() -> None:
    before = _copies()
    pipelines = {letter: g2p.make_quiet_pipeline(letter) for letter in "efhip"}
    for letter in "efiephifhp":
        assert g2p._phonemes_of(pipelines[letter], "radio") == _RADIO[letter]
    assert len(_copies() - before) <= 1


def _copies() -> set[str]:
    """The files of espeak's library that this process has mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if "libespeak-ng" in line} - {_LIBRARY}
