"""Readings that a Japanese text gives in brackets, behind their word: 憂鬱（ゆううつ）. They are said once."""

from __future__ import annotations

import re
from functools import lru_cache

import jaconv

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found
from kokoro_wyoming.pronunciation.open_jtalk import kana as kana_of
from kokoro_wyoming.pronunciation.open_jtalk import readings, sound

_KANJI, _KANA = "々〆〇\u3400-\u9fff", "ぁ-ゖァ-ヺー"
_KANJI_LETTER = re.compile(f"[{_KANJI}]")
_OPEN, _CLOSE = "[（(《]", "[）)》]"
_GIVEN = re.compile(
    rf"(?P<before>[{_KANJI}][{_KANJI}{_KANA}]{{0,11}}){_OPEN}(?P<kana>[{_KANA}]{{1,20}}){_CLOSE}(?=(?P<after>[ぁ-ゖ]{{0,3}}))"
)
"""`after` are the first letters behind the brackets, which may end the word: 込（こ）む."""
_LONGEST, _TRIED = 8, 3
"""Letters of a word before the brackets; and how many words are looked up, as each takes half a millisecond."""
_EXPLAINED = re.compile(rf"(?P<kana>[{_KANA}]{{2,12}}){_OPEN}(?P<word>[{_KANJI}][{_KANJI}{_KANA}]{{0,7}}){_CLOSE}")
"""The other way round: しょうゆ（醤油）."""


def said_once(text: str) -> str:
    """The text; what stands in brackets and can be read as the word before them is no longer said for itself."""
    if not re.search(_OPEN, text):
        return text
    return _EXPLAINED.sub(_without_kanji, _GIVEN.sub(_as_given, text))


def _as_given(found: Found) -> str:
    return _read_as(found["before"], _katakana(found["kana"]), found["after"]) or found[0]


@lru_cache(1024)
def _read_as(before: str, kana: str, after: str) -> str:
    """The text before the brackets, its last word in kana unless it is read so anyway; empty if it cannot be."""
    words = [before[kanji.start() :] for kanji in _KANJI_LETTER.finditer(before)]
    likely = sorted((word for word in words if _fits(word, kana)), key=lambda word: abs(2 * len(word) - len(kana)))
    stems = ((word, after) for word in likely[:_TRIED] if after and _KANJI_LETTER.match(before[-1]))
    for word, ending in [*((word, "") for word in likely[:_TRIED]), *stems]:
        said = sound(kana + _katakana(ending))
        if said == sound(kana_of(word + ending)):
            return before
        if said in map(sound, readings(word + ending)):
            return before.removesuffix(word) + kana
    return ""


def _without_kanji(found: Found) -> str:
    return found["kana"] if _ends_in(sound(_katakana(found["kana"])), found["word"]) else found[0]


@lru_cache(1024)
def _ends_in(kana: str, word: str) -> bool:
    """Whether the kana ends in a reading of the word."""
    return any(len(reading) > 1 and kana.endswith(sound(reading)) for reading in readings(word))


def _fits(word: str, kana: str) -> bool:
    """Whether the kana has the word's own kana at their places, and room for its kanji between them."""
    parts = _KANJI_LETTER.split(_katakana(word))
    has_room = len(word) <= min(len(kana), _LONGEST) and len(kana) <= 3 * len(word) + 2
    return has_room and re.fullmatch(".{1,5}?".join(map(re.escape, parts)), kana) is not None


def _katakana(kana: str) -> str:
    return str(jaconv.hira2kata(kana))
