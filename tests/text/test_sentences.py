"""Pieces of marked text into sentences and pauses, and IPA into each release's symbols."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming import builds
from kokoro_wyoming.pronunciation import ipa, pronounce, say_as
from kokoro_wyoming.pronunciation.lexicon import Lexicon
from kokoro_wyoming.text import marks
from kokoro_wyoming.text.sentences import Parser, Pause, Run, Sentence, plain

BUILDS = Path(builds.__file__).parent
V1_0 = json.loads((BUILDS / "v1_0" / "config.json").read_text())["vocab"]
V0_19 = json.loads((BUILDS / "v0_19" / "config.json").read_text())["vocab"]


class Reader:
    """A release that reads two languages."""

    languages: tuple[str, ...] = ("en-US", "fr-FR")

    def symbols(self, written: str, language: str) -> str:
        return ipa.kokoro_symbols(written, language, V1_0)


def read(*pieces: str) -> list[Sentence | Pause]:
    parser = Parser()
    return [said for piece in pieces for said in parser.parse(piece)]


def test_plain_words_are_one_run_and_ask_for_nothing() -> None:
    assert read("Hello there.") == [plain("Hello there.")]
    assert read("", "  ") == []


def test_breaks_change_the_manner_of_all_that_follows_until_they_take_it_back() -> None:
    said = read(marks.manner("rate", "0.5"), "Slow.", marks.manner("voice", "af_sky"), "Sky.", marks.manner("rate", ""))
    said += read(marks.pause(1.5), f"One{marks.pause(0.25)}two")
    assert said[0] == Sentence((Run("Slow."),), rate=0.5)
    assert said[1] == Sentence((Run("Sky."),), rate=0.5, voice="af_sky")
    assert said[2:] == [Pause(1.5), plain("One"), Pause(0.25), plain("two")]


def test_manner_that_is_taken_back_is_the_client_s_own() -> None:
    breaks = [marks.manner(key, value) for key in ("rate", "gain", "voice", "language") for value in ("2", "")]
    assert read(*breaks, "Hello.") == [plain("Hello.")]


def test_spans_are_runs_of_their_own_in_their_place() -> None:
    piece = f"Say {marks.said('tomato', 'phonemes', 'təˈmɑtoʊ')} or {marks.said('bonjour', 'language', 'fr-FR')}."
    (sentence,) = read(piece)
    assert isinstance(sentence, Sentence)
    assert sentence.text == "Say tomato or bonjour."
    assert sentence.runs == (
        Run("Say "),
        Run("tomato", phonemes="təˈmɑtoʊ"),
        Run(" or "),
        Run("bonjour", language="fr-FR"),
        Run("."),
    )


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (marks.pause(1e9), [Pause(1e6)]),
        (marks.pause(-1), []),
        (f"{marks.OPEN}pause nan{marks.CLOSE}", []),
        (f"{marks.OPEN}pause ever{marks.CLOSE}", []),
        (f"{marks.OPEN}rate fast{marks.CLOSE}Go.", [plain("Go.")]),
        (f"{marks.BEGIN}half", [plain("half")]),
        (marks.said("word", "unheard", "of"), [plain("word")]),
    ],
)
def test_marks_with_impossible_values_do_no_harm(mark: str, said: list[Sentence | Pause]) -> None:
    assert read(mark) == said


@given(st.lists(st.text(st.sampled_from("ab ." + "".join(sorted(marks.ALL))), max_size=12), max_size=4))
def test_whatever_the_marks_no_letter_outside_them_is_lost_and_no_mark_is_spoken(pieces: list[str]) -> None:
    for said in read(*pieces):
        if isinstance(said, Sentence):
            assert not marks.ALL & set("".join(map(str, said.runs)))


# IPA


@pytest.mark.parametrize(
    ("written", "language", "symbols"),
    [
        ("təˈmɑːtoʊ", "en-US", "təˈmɑtO"),
        ("/təˈmɑː.təʊ/", "en-GB", "təˈmɑːtQ"),
        ("ˈt͡ʃeɪnd͡ʒ", "en-US", "ˈʧAnʤ"),
        ("'tʃɔɪs", "en-GB", "ˈʧYs"),
        ("ɡaʊ", "en-US", "ɡW"),
        ("gaɪ̯", "en-US", "ɡI"),
        ("ˈbɝd", "en-US", "ˈbɜɹd"),
        ("ˈbʌtn̩", "en-US", "ˈbʌtᵊn"),
        ("red", "en-US", "ɹɛd"),
        ("ˈpero", "es-ES", "ˈpero"),
        ("bɔ̃ʒuʁ", "fr-FR", "bɔ̃ʒuʁ"),
        ("kæts", "en-US", "kæts"),
        ("ma˨˩˦", "zh-CN", "ma↓"),
        ("kˈOkəɹO", "en-US", "kˈOkəɹO"),
        ("ˈhɑt.ʃɑt", "en-US", "ˈhɑtʃɑt"),
        ("ˈfɜ.ɹi", "en-US", "ˈfɜɹi"),
        ("ma.ɪs", "es-ES", "maɪs"),
        ("mat͡ʃ", "fr-FR", "maʧ"),
        ("matʃ", "fr-FR", "matʃ"),
        ("ˈpaʊza", "it-IT", "ˈpaʊza"),
        ("sˈʌr.ək", "hi-IN", "sˈʌr.ək"),
        ("ˈsəɽək", "hi-IN", "ˈsər.ək"),
        ("ˌ☃ˈ.", "en-US", ""),
        ("", "en-US", ""),
    ],
)
def test_ipa_as_people_write_it_becomes_what_the_network_learned(written: str, language: str, symbols: str) -> None:
    assert ipa.kokoro_symbols(written, language, V1_0) == symbols


@pytest.mark.parametrize(
    ("phonemes", "written"),
    [("hˈɑtʃˌɑt", "hˈɑt.ʃˌɑt"), ("ʧˈAnʤ", "ʧˈAnʤ"), ("kˈætʧ ˌWtʃˈIn", "kˈætʧ ˌWt.ʃˈIn"), ("ə. b", "ə. b")],
)
def test_two_symbols_that_would_be_read_as_one_are_written_apart(phonemes: str, written: str) -> None:
    assert ipa.written(phonemes, lambda text: ipa.kokoro_symbols(text, "en-US", V1_0)) == written


def test_v0_19_is_told_in_the_ipa_of_espeak() -> None:
    assert ipa.espeak_symbols("kˈOkəɹO", V0_19) == "kˈoʊkəɹoʊ"
    assert ipa.espeak_symbols("t͡ʃeɪnd͡ʒ r", V0_19) == "tʃeɪndʒ ɹ"


@given(st.text(max_size=30), st.sampled_from(["en-US", "en-GB", "fr-FR", "zh-CN"]))
def test_whatever_is_written_only_known_symbols_are_spoken(written: str, language: str) -> None:
    assert set(ipa.kokoro_symbols(written, language, V1_0)) <= set(V1_0)
    assert set(ipa.espeak_symbols(written, V0_19)) <= set(V0_19)


def test_what_a_g2p_makes_outside_the_vocabulary_is_said_by_the_nearest_or_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "kokoro_wyoming")
    assert ipa.nearest("ħaː«ɭ»\n-¿", V1_0) == "haː(l) -¿"
    assert not caplog.records
    assert ipa.nearest("한", V1_0) == "한"
    assert "한" in caplog.text


# Reading


def test_phonemes_of_which_none_is_known_leave_the_word_itself() -> None:
    assert pronounce.pronounce([Run("snow", phonemes="☃")], "en-US", Reader()) == (Run("snow", words="snow"),)
    (known,) = pronounce.pronounce([Run("snow", phonemes="snoʊ")], "en-US", Reader())
    assert known.phonemes == "snO"


def test_a_language_that_nobody_reads_is_read_as_the_sentence_s() -> None:
    (run,) = pronounce.pronounce([Run("hallo", language="de")], "en-US", Reader())
    assert (run.language, run.words) == (None, "hallo")


@pytest.mark.parametrize(
    ("kind", "text", "language", "words"),
    [
        ("characters|", "N2", "en-US", "N 2"),
        ("digits|", "1984", "en-US", "1 9 8 4"),
        ("telephone|", "+44 20 7946", "en-GB", "+ 4 4, 2 0, 7 9 4 6"),
        ("cardinal|", "1,984", "en-US", "one thousand nine hundred eighty-four"),
        ("cardinal|", "1.984,5", "es-ES", "mil novecientos ochenta y cuatro coma cinco"),
        ("cardinal|", "21.000", "es-ES", "veintiún mil"),
        ("cardinal|", "-118", "it-IT", "meno centodiciotto"),
        ("cardinal|", "5.0", "en-GB", "five"),
        ("cardinal|", "5" * 16, "en-GB", "5" * 16),
        ("ordinal|", "11", "es-ES", "undécimo"),
        ("ordinal|", "21st", "en-US", "twenty-first"),
        ("ordinal|", "3", "fr-FR", "troisième"),
        ("ordinal|", "3", "zh-CN", "第三"),
        ("ordinal|", "2", "hi-IN", "दूसरा"),
        ("date|dmy", "10/11/2024", "en-GB", "10 November 2024"),
        ("date|", "10/11/2024", "en-US", "October 11, 2024"),
        ("date|ymd", "2024-03-04", "ja-JP", "2024年3月4日"),
        ("date|md", "3/4", "fr-FR", "4 mars"),
        ("date|mdy", "99/99/99", "en-US", "99/99/99"),
        ("ordinal|", "first", "en-US", "first"),
        ("recipe|", "5 eggs", "en-US", "5 eggs"),
    ],
)
def test_say_as_puts_into_words_what_the_text_is_said_to_be(kind: str, text: str, language: str, words: str) -> None:
    runs = say_as.say_as(Run(text, say_as=kind), language)
    assert "".join(run.text if run.words is None else run.words for run in runs) == words


def test_numbers_are_put_into_words_whatever_they_are_said_to_be() -> None:
    (date,) = pronounce.pronounce([Run("3/4", say_as="date|md")], "fr-FR", Reader())
    (plainly,) = pronounce.pronounce([Run("21 °C")], "fr-FR", Reader())
    assert (date.text, date.words) == ("3/4", "quatre mars")
    assert (plainly.text, plainly.words) == ("21 °C", "vingt et un degrés Celsius")


def test_a_spelled_a_is_the_letter_and_not_the_article() -> None:
    runs = pronounce.pronounce([Run("NASA", say_as="characters|")], "en-US", Reader())
    assert [run.phonemes for run in runs] == [None, "ˈA", None, "ˈA"]


def test_the_owner_s_words_hold_for_words_of_another_language_inside_a_sentence() -> None:
    class Both(Reader):
        languages = ("ja-JP", "en-US")

    lexicon = Lexicon({"en-US": {"Netflix": "net flicks"}, "ja-JP": {"Wi-Fi": "ワイファイ"}})
    runs = pronounce.pronounce([Run("Wi-FiとNetflixです")], "ja-JP", Both(), pronounce.ReadingOptions(lexicon))
    assert [(run.words, run.language) for run in runs] == [
        ("ワイファイ", None),
        ("と", None),
        ("net flicks", "en-US"),
        ("です", None),
    ]
