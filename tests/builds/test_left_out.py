"""Languages that were left out at the installation: who speaks, what is told, and how words of these are read."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kokoro_wyoming import config
from kokoro_wyoming.builds import chosen
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.server import startup
from tests.conftest import CHECKOUT


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "KOKORO_WYOMING_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the set-up notes the languages, empty."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    path = tmp_path / chosen.NOTE
    path.write_text("")
    return path


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        ("", set()),
        ("all", set()),
        ("en fr", set(TAGS) - {"en-US", "en-GB", "fr-FR"}),
        ("en-GB, chinese", set(TAGS) - {"en-US", "en-GB", "zh-CN"}),
    ],
)
def test_what_was_not_chosen_is_left_out(words: str, left_out: set[str], note: Path) -> None:
    note.write_text(words)
    assert {tag for tag in TAGS if chosen.is_left_out(tag)} == left_out


def test_the_house_speaks_the_first_chosen_language_where_that_of_the_settings_was_left_out(note: Path) -> None:
    note.write_text("it fr")
    assert chosen.house_language("en-US", ["fr-FR", "it-IT"]) == "it-IT"
    assert chosen.house_language("en-US", ["en-US"]) == "en-US"
    assert chosen.house_language("fr-FR", []) == "fr-FR"


def test_without_a_note_nothing_was_left_out(note: Path) -> None:
    note.unlink()
    assert not any(map(chosen.is_left_out, TAGS))


def test_what_was_left_out_is_told_in_one_line_and_what_is_broken_in_a_warning(
    note: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    note.write_text("en zh")
    missing = {"en-US": None, "fr-FR": "", "ja-JP": "no package", "pt-BR": "no package", "zh-CN": "jieba is missing"}
    monkeypatch.setattr(startup, "installed_languages", lambda *_: missing)
    with caplog.at_level(logging.INFO):
        startup._log_missing_languages(config.load())
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("INFO", "Left out at the installation, so not offered: fr-FR, ja-JP, pt-BR"),
        ("WARNING", "zh-CN is not offered: jieba is missing"),
    ]


@pytest.mark.long
def test_check_says_how_to_add_what_was_left_out_and_finds_no_fault_in_it(tmp_path: Path) -> None:
    done = run("-m", "tests.stand_ins.left_out", "en fr", "check", "--no-hashes", home=tmp_path)
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines() if line[:2].islower()}
    assert rows["en-GB"] == "ok British English"
    assert rows["it-IT"] == "ok Italian"
    assert rows["ja-JP"].startswith("left out the Python package pyopenjtalk-plus is not installed")
    assert rows["ja-JP"].endswith('run `KOKORO_LANGUAGES="en fr ja" ./run.sh`')
    assert rows["zh-CN"].endswith('run `KOKORO_LANGUAGES="en fr zh" ./run.sh`')


FRENCH_ALONE = """
import sys
from pathlib import Path
from tests.stand_ins.left_out import choose

choose("fr", Path(sys.argv[1]))
from kokoro_wyoming.builds.installed import speakable_languages
from kokoro_wyoming.builds.v1_0.wrapper import KokoroV1Wrapper
from kokoro_wyoming.pronunciation.pronounce import pronounce
from kokoro_wyoming.text.sentences import Run

wrapper = KokoroV1Wrapper("kokoro_wyoming/builds/v1_0/config.json", "no-weights.pth")
print(*speakable_languages())
for run in (Run("Il y a 21 lampes."), Run("good morning", "en-US"), Run("Voici 你好 et こんにちは.")):
    print("".join(part.phonemes for part in wrapper.phonemes(pronounce([run], "fr-FR", wrapper), "fr-FR")))
print("spacy" in sys.modules)
"""


@pytest.mark.long
def test_a_house_without_english_speaks_and_reads_english_words_by_espeak(tmp_path: Path) -> None:
    done = run("-c", FRENCH_ALONE, str(tmp_path), home=tmp_path)
    assert done.returncode == 0, done.stderr
    speakable, number, english, foreign, has_spacy = done.stdout.splitlines()
    assert speakable == "es-ES fr-FR hi-IN it-IT pt-BR"
    assert "vɛ̃t e yn" in number.replace("ˈ", "")
    assert english == "ɡˈʊd mˈɔːɹnɪŋ"
    assert "vwas" in foreign.replace("ˈ", "")
    assert has_spacy == "False"
