"""The G2P that a release's file names: espeak, misaki, or a program of the owner's."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.builds.named_g2p import Limits, NamedG2P, espeak_languages, make_g2p
from kokoro_wyoming.builds.named_g2p.interface import SymbolMap
from kokoro_wyoming.errors import ModelError, UnknownLanguageError
from kokoro_wyoming.pronunciation.phonemes import MAX_PHONEMES, Phonemes
from kokoro_wyoming.releases.g2p_names import check_name
from tests.stand_ins import g2p_program

Make = Callable[..., NamedG2P]

_PATIENT = Limits(answer_seconds=20)


def _phonemes(g2p: NamedG2P, text: str) -> str:
    return " ".join(piece.phonemes for piece in g2p.pieces(text))


def _told(g2p: NamedG2P, text: str) -> list[tuple[str, str]]:
    """Each word with its phonemes."""
    return [
        (word.text, piece.phonemes[word.first : word.first + word.count])
        for piece in g2p.pieces(text)
        for word in g2p.words_of(piece)
    ]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is no G2P"),
        ("german", "is no G2P"),
        ("espeak", "is no G2P"),
        ("espeak:", "names no language"),
        ("misaki: ", "names no class"),
        ("command:", "names no program"),
        ("command:'a", "open quotation"),
    ],
)
def test_a_wrong_name_is_told(name: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        check_name(name)
    with pytest.raises(ValueError, match=fault):
        make_g2p(name, "de-DE", program_limits=Limits())


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("espeak:xx", "espeak-ng has no language 'xx'; it has af, am"),
        ("espeak:pt-xx", "it has pt, pt-br"),
        ("misaki:de", "misaki has no G2P 'de'; write one of en, ja"),
        ("misaki:zh:7", "misaki has no G2P"),
        ("command:cat", "allow_g2p_commands has to allow"),
    ],
)
def test_what_is_not_there_is_told(name: str, fault: str) -> None:
    with pytest.raises(UnknownLanguageError, match=f"de-DE cannot be spoken: .*{fault}"):
        make_g2p(name, "de-DE")


@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("de", "Der Zug fährt gleich.", "dɛɾ ʦˈuːk fˈɛːɾt ɡlˈIç."),
        ("nl", "Het is warm, hè?", "hət ɪs ʋˈɑrm, hˈeː?"),
        ("sv", "Hej då!", "hˈɛj doː!"),
        ("pl", "Dzień dobry", "dʑˈɛɲ dˈɔbrɨ"),
        ("pt", "Bom dia (a todos)", "bˈoŋ dˈiɐ (ɐ tˈodʊʃ)"),
        ("EN-US", "my day", "mI dˈA"),
    ],
)
def test_espeak_speaks_its_languages_with_misaki_s_symbols(language: str, text: str, phonemes: str) -> None:
    assert _phonemes(make_g2p(f"espeak:{language}", "x"), text) == phonemes


@pytest.mark.long
def test_every_language_of_espeak_can_be_spoken() -> None:
    without_dictionary, without_numbers = set(), set()
    for language in espeak_languages().values():
        try:
            g2p = make_g2p(f"espeak:{language}", language)
        except UnknownLanguageError:
            without_dictionary.add(language)
            continue
        if not _phonemes(g2p, "1 2 3").strip():
            without_numbers.add(language)
    assert without_dictionary == {"fo", "kaa", "xex"}
    with pytest.raises(UnknownLanguageError, match="the espeak-ng here has no dictionary of fo"):
        make_g2p("espeak:fo", "fo-FO")
    assert without_numbers == {"chr-US-Qaaa-x-west", "cv", "sjn"}


def test_symbols_are_replaced_once_and_the_words_keep_their_places() -> None:
    assert SymbolMap({"a": "b", "b": "a", "ab": "c", "": "x"})("abba") == "cab"
    plain = make_g2p("espeak:de", "de-DE")
    mapped = make_g2p("espeak:de", "de-DE", symbols={"ˈ": "", "I": "aɪ", "ɾ": "r"})
    text = "Der Zug fährt gleich, mein Kind."
    assert _phonemes(mapped, text) == "dɛr ʦuːk fɛːrt ɡlaɪç, maɪn kɪnt."
    assert [word for word, _ in _told(mapped, text)] == [word for word, _ in _told(plain, text)]
    assert ("gleich", "ɡlaɪç") in _told(mapped, text)


@pytest.mark.slow
def test_words_of_english_keep_their_places_where_symbols_are_replaced() -> None:
    mapped = make_g2p("misaki:en", "en-GB", symbols={"ˈ": "", "ʧ": "tʃ"})
    assert _told(mapped, "Each teacher isn't here.") == [
        ("Each", "iːtʃ"),
        ("teacher", "tiːtʃə"),
        ("isn't", "ɪzᵊnt"),
        ("here", "hɪə"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "language", "text", "phonemes"),
    [
        ("en", "en-US", "a bath", "ɐ bˈæθ"),
        ("en", "en-GB", "a bath", "ɐ bˈɑːθ"),
        ("ja", "ja-JP", "今日は", "kʲoː βa"),
        ("zh", "zh-CN", "你好", "ni↓xau↓"),
        ("espeak", "de-DE", "ja", "jˈɑː"),
    ],
)
def test_misaki_s_classes_are_those_of_v1_0(name: str, language: str, text: str, phonemes: str) -> None:
    assert _phonemes(make_g2p(f"misaki:{name}", language), text) == phonemes


@pytest.mark.long
def test_the_chinese_of_v1_1_is_bopomofo() -> None:
    pytest.importorskip("pypinyin_dict", reason="misaki's zh:1.1 is not tested: pypinyin-dict is not here; PyPI has it")
    assert _told(make_g2p("misaki:zh:1.1", "zh-CN"), "今天很好, hello。") == [
        ("今天", "ㄐ阴1ㄊ言1"),
        ("很好", "ㄏㄣ2ㄏㄠ3"),
        ("hello", "həlˈO"),
    ]


# Programs


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Make]:
    """Makes G2Ps of the program of `g2p_program`, with limits."""
    made: list[NamedG2P] = []

    def make(limits: Limits = _PATIENT) -> NamedG2P:
        command = shlex.join([sys.executable, g2p_program.__file__, str(tmp_path)])
        made.append(make_g2p(f"command:{command}", "eo", symbols={"K": "C"}, program_limits=limits))
        return made[-1]

    yield make
    for g2p in made:
        g2p.close()


def _pids(folder: Path, what: str) -> list[int]:
    return [int(path.name.partition("-")[2]) for path in folder.glob(f"{what}-*")]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_program_answers_line_by_line_and_is_started_once(program: Make, tmp_path: Path) -> None:
    g2p = program()
    assert _told(g2p, "la\nkato  dormas") == [("la", "ˈLA"), ("kato", "ˈCATO"), ("dormas", "ˈDORMAS")]
    assert _phonemes(g2p, "ĉu ne?") == "ˈĈU ˈNE?"
    assert _phonemes(g2p, " \n ") == ""
    long = " ".join(["vorto"] * 400)
    pieces = [*g2p.pieces(long)]
    assert all(len(piece.phonemes) <= MAX_PHONEMES for piece in pieces)
    assert sum(len(piece.phonemes.split()) for piece in pieces) == 400
    assert len(_pids(tmp_path, "started")) == 1


def test_it_ends_at_close_and_is_not_started_again(program: Make, tmp_path: Path) -> None:
    g2p = program()
    (pid,) = _pids(tmp_path, "started")
    g2p.close()
    g2p.close()
    assert _pids(tmp_path, "ended") == [pid]
    assert not _is_there(pid)
    with pytest.raises(ModelError, match="was ended"):
        _phonemes(g2p, "la")


@pytest.mark.parametrize("seconds", [1.0, 60.0, 3_600.0])
def test_two_starts_and_their_ends_take_less_than_the_model_thread_may(seconds: float) -> None:
    limits = Limits.below(seconds)
    assert 2 * (limits.start_seconds + 3 * limits.stop_seconds) < seconds
    assert limits.answer_seconds <= min(seconds / 10, Limits().answer_seconds)
    assert limits.longest_answer_bytes == Limits().longest_answer_bytes


def test_it_ends_when_nobody_holds_it(tmp_path: Path) -> None:
    command = shlex.join([sys.executable, g2p_program.__file__, str(tmp_path)])
    make_g2p(f"command:{command}", "eo", program_limits=Limits())
    (pid,) = _pids(tmp_path, "started")
    assert not _is_there(pid)


def test_a_program_that_died_is_started_anew(program: Make, tmp_path: Path) -> None:
    g2p = program()
    assert _phonemes(g2p, "dies") == "ˈDIES"
    (pid,) = (pid for pid in _pids(tmp_path, "started") if _is_there(pid))
    os.kill(pid, 9)
    assert _phonemes(g2p, "la") == "ˈLA"
    assert len(_pids(tmp_path, "started")) == 3


@pytest.mark.slow
def test_what_nobody_asked_for_is_no_answer(program: Make, tmp_path: Path) -> None:
    g2p = program()
    assert _phonemes(g2p, "again") == "one"
    time.sleep(1)  # until its second line is there
    assert _phonemes(g2p, "la") == "ˈLA"
    assert len(_pids(tmp_path, "started")) == 2


@pytest.mark.parametrize(
    ("text", "limits", "fault"),
    [
        ("slow", Limits(answer_seconds=0.3, stop_seconds=0.3), "gave no answer within 0.3 s"),
        ("endless", Limits(), "answered with more than 16384 bytes"),
        ("twice", Limits(), "answered with more than a line"),
        ("deadly", Limits(), r"ends at its text \(status 4\)"),
    ],
)
def test_a_program_that_fails_is_ended_and_rests(
    program: Make, tmp_path: Path, text: str, limits: Limits, fault: str
) -> None:
    g2p = program(limits)
    with pytest.raises(ModelError, match=f"eo cannot be spoken: its G2P, the program .*, {fault}"):
        _phonemes(g2p, text)
    assert not any(map(_is_there, _pids(tmp_path, "started")))
    with pytest.raises(ModelError, match="did not answer just now"):
        _phonemes(g2p, "la")


def test_a_failed_program_is_tried_again_later(program: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.builds.named_g2p.program._REST_SECONDS", 0)
    g2p = program()
    with pytest.raises(ModelError, match="more than a line"):
        _phonemes(g2p, "twice")
    assert _phonemes(g2p, "la") == "ˈLA"


def test_it_is_ended_while_it_is_asked(program: Make, tmp_path: Path) -> None:
    g2p = program()
    failures: list[ModelError] = []

    def ask() -> None:
        try:
            _phonemes(g2p, "slow")
        except ModelError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not (tmp_path / "asked-to-be-slow").exists():
        time.sleep(0.01)
    g2p.close()
    asking.join(30)
    assert "was ended" in str(failures[0])
    assert not any(map(_is_there, _pids(tmp_path, "started")))


def test_what_it_prints_as_errors_is_logged_in_short_lines(program: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        g2p = program()
        _phonemes(g2p, "talks")
        assert _phonemes(g2p, "bytes") == "\ufffd\ufffd ok"
        g2p.close()
        for thread in threading.enumerate():
            if thread.name.startswith("messages of"):
                thread.join(10)
        messages = [record.getMessage() for record in caplog.records]
    assert any(message.endswith(": ready") for message in messages)
    assert sum("mmm" in message for message in messages) == 5
    assert max(map(len, messages)) < 300


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("/no/such/program", "cannot be started: No such file"),
        ("false", r"ends at its text \(status 1\)"),
        ("sleep 60", "gave no answer within 0.3 s"),
    ],
)
def test_a_program_that_does_not_answer_is_told_when_it_is_made(command: str, fault: str) -> None:
    with pytest.raises(UnknownLanguageError, match=fault):
        make_g2p(f"command:{command}", "eo", program_limits=Limits(start_seconds=0.3))


def test_a_piece_that_was_put_together_has_its_words_all_the_same(program: Make) -> None:
    words = program().words_of(Phonemes("la kato", "ˈLA ˈCATO"))
    assert words == [SpokenWord("la", 0, 3), SpokenWord("kato", 4, 5)]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("de", "Es ist ein Uhr.", ["Es ist", "ein", "Uhr"]),
        ("en-us", "It is in the box of a man", ["It", "is", "in the", "box", "of a", "man"]),
        ("de", "Im Jahr 1013, und es war 21 Uhr.", ["Im", "Jahr", "1013", "und", "es", "war", "21", "Uhr"]),
        ("fr-fr", "Il est né en 1984", ["Il", "est", "né", "en", "1984"]),
    ],
)
def test_words_that_espeak_joins_or_parts_keep_their_places(language: str, text: str, words: list[str]) -> None:
    g2p = make_g2p(f"espeak:{language}", language)
    assert [word for word, _ in _told(g2p, text)] == words
    assert _told(g2p, text)[-1][1]
