"""Texts that people sent to a speaking house, and what is heard of them: as if somebody had written it in words."""

from __future__ import annotations

from collections import Counter

import pytest

from kokoro_wyoming.languages import TAGS
from tests.pronunciation.reading import readings, sounds

READINGS = [*readings()]
ROWS_AT_A_TIME = 25


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(READINGS), ROWS_AT_A_TIME))
def test_they_sound_like_the_words_that_a_person_would_say(first: int) -> None:
    rows = READINGS[first : first + ROWS_AT_A_TIME]
    wanted = {reading.id: _sounds(reading.said, reading.tag) for reading in rows}
    assert {reading.id: _sounds(reading.written, reading.tag) for reading in rows} == wanted


def _sounds(text: str, tag: str) -> str:
    """What is heard; in Chinese without blanks, as another character of the same sound makes other words."""
    return sounds(text, tag).replace(" ", "" if tag == "zh-CN" else " ")


def test_no_text_is_there_twice_and_every_language_has_some() -> None:
    assert max(Counter((reading.tag, reading.written) for reading in READINGS).values()) == 1
    assert {reading.tag for reading in READINGS} == set(TAGS)
