"""Texts that people sent to a speaking house, and what is heard of them: as if somebody had written it in words."""

from __future__ import annotations

from collections import Counter

import pytest

from kokoro_wyoming.languages import TAGS
from tests.pronunciation.reading import Reading, readings, sounds

READINGS = [*readings()]


@pytest.mark.parametrize("reading", READINGS, ids=[reading.id for reading in READINGS])
def test_it_sounds_like_the_words_that_a_person_would_say(reading: Reading) -> None:
    assert _sounds(reading.written, reading.tag) == _sounds(reading.said, reading.tag)


def _sounds(text: str, tag: str) -> str:
    """What is heard; in Chinese without blanks, as another character of the same sound makes other words."""
    return sounds(text, tag).replace(" ", "" if tag == "zh-CN" else " ")


def test_no_text_is_there_twice_and_every_language_has_some() -> None:
    assert max(Counter((reading.tag, reading.written) for reading in READINGS).values()) == 1
    assert {reading.tag for reading in READINGS} == set(TAGS)
