"""The phonemes of each word, under the text that was written for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.pronunciation.readings import Reading, WordReading, as_written, joined


def told(written: str, *spoken: str) -> list[str]:
    """The words as `text=phonemes`; the phonemes of a spoken word are its letters in capitals."""
    phonemes = " ".join(spoken).upper()
    places = [len(" ".join(spoken[:number])) + (number > 0) for number in range(len(spoken))]
    words = [SpokenWord(word, place, len(word)) for word, place in zip(spoken, places, strict=True)]
    return [f"{word.text}={word.phonemes}" for word in as_written(written, words, phonemes)]


@pytest.mark.parametrize(
    ("written", "spoken", "expected"),
    [
        ("The door is open.", ["The", "door", "is", "open"], ["The=THE", "door=DOOR", "is=IS", "open=OPEN"]),
        ("It's 21 here", ["It's", "twenty", "one", "here"], ["It's=IT'S", "21=TWENTY ONE", "here=HERE"]),
        (
            "(At 21.5 °C!)",
            ["At", "twenty one point five", "degrees"],
            ["At=AT", "21.5 °C=TWENTY ONE POINT FIVE DEGREES"],
        ),
        ("Son 23, sí.", ["Son veintitrés", "sí"], ["Son 23=SON VEINTITRÉS", "sí=SÍ"]),
        ("今日は21度です", ["今日", "は", "二十一度", "です"], ["今日=今日", "は=は", "21度=二十一度", "です=です"]),
        ("東京、ok", ["東京", "ok"], ["東京=東京", "ok=OK"]),
        ("a 🙂 b", ["a", "smile", "b"], ["a=A", "🙂=SMILE", "b=B"]),
        ("a * b", ["a", "b"], ["a=A", "b=B"]),
        ("go", ["please", "go"], ["go=PLEASE GO"]),
        ("go", ["go", "now"], ["go=GO", "now=NOW"]),
        ("", [], []),
    ],
)
def test_words_have_the_text_that_was_written_for_them(written: str, spoken: list[str], expected: list[str]) -> None:
    assert told(written, *spoken) == expected


_WORDS = st.lists(st.text(st.sampled_from("aAb1東."), min_size=1, max_size=3), max_size=6)


@given(_WORDS, _WORDS)
def test_every_phoneme_is_told_once_and_in_order_whatever_was_written(written: list[str], spoken: list[str]) -> None:
    words = told(" ".join(written), *spoken)
    assert " ".join(word.split("=")[1] for word in words) == " ".join(spoken).upper()


def test_the_sentences_of_a_text_are_one_reading() -> None:
    one = Reading("en-US", "wˈʌn.", (1, 2), (WordReading("One", "wˈʌn"),))
    silent = Reading("en-US", "", (), ())
    assert joined([one, silent, one], "en-GB") == Reading("en-GB", "wˈʌn. wˈʌn.", (1, 2, 1, 2), one.words * 2)
