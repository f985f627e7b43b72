"""v0.19's way from text to token ids: wording, espeak, clean-up, vocabulary."""

from __future__ import annotations

import importlib.util
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.builds.v0_19 import KokoroV019Wrapper, g2p
from kokoro_wyoming.builds.v0_19.wording import spoken_form
from kokoro_wyoming.builds.v0_19.wrapper import CONFIG_PATH
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.network.loading import read_config
from kokoro_wyoming.pronunciation.phonemes import MAX_PHONEMES
from tests.examples import examples
from tests.network.test_loading import SHIPPED_CONFIG

VOCABULARY = read_config(CONFIG_PATH)["vocab"]


@pytest.fixture(scope="module")
def wrapper() -> KokoroV019Wrapper:
    """Without weights: phonemes need none."""
    return KokoroV019Wrapper(CONFIG_PATH, "no-weights.pth")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Dr. Smith, Mr. Lee, Ms. Poe, Mrs. O’Neil", "Doctor Smith, Mister Lee, Miss Poe, Mrs O'Neil"),
        ("forks, knives, etc. and so on", "forks, knives, etc and so on"),
        ("“yes” (really) «non»", "“yes” «really» “non”"),
        ("好，好。好", "好, 好. 好"),
        ("a\tb\n\nc  d", "a b c d"),
        ("1984, 1905, 1900s, 2005, 2012, 1000", "19 84, 19 oh 5, 19 hundreds, 2005, 20 12, 1000"),
        ("the 1990s", "the 19 90s"),
        ("3.14 and 10.0.", "3 point 1 4 and 10 point 0."),
        ("192.168.1.10", "192 point 1 6 8 point 1 point 1 0"),
        ("the U.S.A. is", "the U-S-A- is"),
        ("J.R.R. Tolkien", "J-R-R. Tolkien"),
    ],
)
def test_writing_becomes_words(written: str, spoken: str) -> None:
    assert spoken_form(written) == spoken


@given(st.text(alphabet=string.ascii_lowercase + " ,;!?", max_size=200))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert spoken_form(text) == " ".join(text.split())


@given(st.text(alphabet="0123456789.,:$£-sS ", max_size=60))
def test_no_digit_is_lost_but_the_zeros_that_nobody_says(text: str) -> None:
    def said(one: str) -> list[str]:
        return [digit for digit in one if digit in "123456789"]

    assert said(spoken_form(text)) == said(text)


@pytest.mark.parametrize("text", ["a." * 50_000, "1" * 100_000, "$1," * 30_000, "1,111" * 20_000, "1:11" * 20_000])
def test_the_longest_nonsense_is_worded_in_one_pass(text: str) -> None:
    assert spoken_form(text)


def test_the_vocabulary_has_178_ids_and_differs_from_v1_0_s_in_eleven() -> None:
    other = read_config(SHIPPED_CONFIG)["vocab"]
    symbols = {number: symbol for symbol, number in VOCABULARY.items()}
    assert max(symbols) == 177
    assert sum(VOCABULARY.get(symbol) == number for symbol, number in other.items()) == 103
    elsewhere = {number for symbol, number in other.items() if VOCABULARY.get(symbol) != number}
    assert elsewhere == {12, 13, *range(17, 25), 42}


def test_the_network_has_the_same_sizes_as_v1_0_s() -> None:
    ours, other = read_config(CONFIG_PATH), read_config(SHIPPED_CONFIG)
    assert {**ours, "vocab": 0} == {**other, "vocab": 0}


@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("en-US", "Kokoro speaks.", "kˈoʊkəɹoʊ spˈiːks."),
        ("en-GB", "Kokoro speaks.", "kˈəʊkəɹəʊ spˈiːks."),
        ("en-US", "ninety", "nˈaɪndi"),
        ("en-GB", "ninety", "nˈaɪnti"),
        ("en-US", "1900", "nˈaɪntiːn hˈʌndɹɪd"),
        ("en-US", "the 1980s", "ðə nˈaɪntiːn ˈeɪɾiz"),
        ("en-GB", "Loch Ness (really)", "lˈɒk nˈɛs «ɹˈiəlɪ»"),
    ],
)
def test_sounds_are_as_the_network_learned_them(
    language: str, text: str, phonemes: str, wrapper: KokoroV019Wrapper
) -> None:
    assert "".join(piece.phonemes for piece in wrapper.get_pipeline(language).pieces(text)) == phonemes


@given(text=st.text(max_size=40))
@examples(60)
def test_whatever_is_written_only_known_symbols_come_out(text: str, wrapper: KokoroV019Wrapper) -> None:
    for piece in wrapper.get_pipeline("en-US").pieces(text):
        assert 0 < len(piece.phonemes) <= MAX_PHONEMES
        assert set(piece.phonemes) <= set(VOCABULARY)


def test_a_long_text_loses_nothing_and_every_piece_fits(wrapper: KokoroV019Wrapper) -> None:
    pipeline = wrapper.get_pipeline("en-US")
    sentence = "The front door is open and the kitchen light is still on"
    pieces = list(pipeline.pieces(" ".join([sentence] * 30)))
    assert len(pieces) > 1
    assert "".join(piece.graphemes for piece in pieces) == " ".join([sentence] * 30)
    assert all(len(piece.phonemes) <= MAX_PHONEMES for piece in pieces)
    one = len(pipeline.phonemes(sentence).replace(" ", ""))
    assert abs(sum(len(piece.phonemes.replace(" ", "")) for piece in pieces) - 30 * one) <= 2 * 30


@pytest.mark.parametrize("language", ["es", "de", "ja-JP", ""])
def test_a_language_that_only_v1_0_speaks_is_refused(language: str, wrapper: KokoroV019Wrapper) -> None:
    with pytest.raises(UnknownLanguageError, match="en-US and en-GB"):
        wrapper.get_pipeline(language)


def test_a_pipeline_is_made_once_whatever_the_language_is_called(wrapper: KokoroV019Wrapper) -> None:
    assert wrapper.get_pipeline("en") is wrapper.get_pipeline("a") is wrapper.get_pipeline("en_US")


def test_without_espeak_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, *more: Any) -> Any:
        return None if name == "espeakng_loader" else real(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert "pip install espeakng-loader" in str(g2p.missing_part())
    with pytest.raises(UnknownLanguageError, match="British English cannot be spoken"):
        g2p.QuietPipeline("b", VOCABULARY)
