"""Readings that a Japanese text gives in brackets, behind their word: 憂鬱（ゆううつ）. They are said once."""

from __future__ import annotations

import itertools
import re

import jaconv

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found
from kokoro_wyoming.pronunciation.open_jtalk import kana as kana_of
from kokoro_wyoming.pronunciation.open_jtalk import readings, sound

_KANJI, _KANA = "々〆〇㐀-鿿", "ぁ-ゖァ-ヺー"
_OPEN, _CLOSE = "[（(《]", "[）)》]"
_GIVEN = re.compile(
    rf"(?P<before>[{_KANJI}][{_KANJI}{_KANA}]{{0,11}}){_OPEN}(?P<kana>[{_KANA}]{{1,20}}){_CLOSE}(?=(?P<after>[ぁ-ゖ]{{0,3}}))"
)
"""`after` are the first letters behind the brackets, which may end the word: 込（こ）む."""
_EXPLAINED = re.compile(rf"(?P<kana>[{_KANA}]{{2,12}}){_OPEN}(?P<word>[{_KANJI}][{_KANJI}{_KANA}]{{0,7}}){_CLOSE}")
"""The other way round: しょうゆ（醤油）."""


def said_once(text: str) -> str:
    """The text; what stands in brackets and can be read as the word before them is no longer said for itself."""
    if not re.search(_OPEN, text):
        return text
    return _EXPLAINED.sub(_without_kanji, _GIVEN.sub(_as_given, text))


def _as_given(found: Found) -> str:
    before, kana = found["before"], _katakana(found["kana"])
    starts = [at for at, letter in enumerate(before) if re.match(f"[{_KANJI}]", letter)]
    ends = (found["after"][:length] for length in range(len(found["after"]) + 1))
    for end, start in itertools.product(ends, starts):
        word = before[start:]
        if _fits(word, kana):
            likely, *others = map(sound, (kana_of(word + end), *readings(word + end)))
            said = sound(kana + _katakana(end))
            if said == likely:
                return before
            if said in others:
                return before[:start] + kana
    return found[0]


def _without_kanji(found: Found) -> str:
    kana = sound(_katakana(found["kana"]))
    is_reading = any(len(reading) > 1 and kana.endswith(sound(reading)) for reading in readings(found["word"]))
    return found["kana"] if is_reading else found[0]


def _fits(word: str, kana: str) -> bool:
    """Whether the kana has the word's own kana at their places, and room for its kanji between them."""
    parts = re.split(f"[{_KANJI}]", _katakana(word))
    return re.fullmatch(".{1,5}?".join(map(re.escape, parts)), kana) is not None


def _katakana(kana: str) -> str:
    return str(jaconv.hira2kata(kana))
