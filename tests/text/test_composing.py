"""A text with its marks apart, as a Mac writes it, is the same text as one with composed letters."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.text.cleaning import Composer, composed
from kokoro_wyoming.text.sentences import Pause, Sentence
from kokoro_wyoming.text.text_stream import TextStream

_TEXTS = (
    "La mañana: el niño comió. ¿Qué? Ángel, pingüino y **señor** `c`è`.",
    "L'été, où ça? Çà et là. <b>Noël</b> à l'hôtel: [café](/kafˈe/).",
    "क़लम और ज़मीन, लड़का पढ़ता है। ठीक।",
    "한국어 문장입니다. がぎぐ、パピプ。",
    "<speak>Mañana <sub alias='más'>+</sub>, <lang xml:lang='fr-FR'>été</lang>. É&#x301;</speak>",
)
_LETTERS = st.text(st.sampled_from("aeEqñé ़̧̣́̃कडかが한ᄒ\u1161\u11ab.=>\u0338 \n"), max_size=80)


def _said(*chunks: str) -> list[Sentence | Pause]:
    stream = TextStream()
    return [one for chunk in chunks for one in stream.add(chunk)] + [*stream.finish()]


@pytest.mark.parametrize("text", _TEXTS, ids=ascii)
def test_marks_may_stand_apart_and_come_in_another_chunk(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    whole = _said(unicodedata.normalize("NFC", text))
    assert _said(apart) == _said(*apart) == whole
    for at in (at for at, character in enumerate(apart) if unicodedata.combining(character)):
        assert _said(apart[:at], apart[at:]) == whole


@given(_LETTERS, st.lists(st.integers(0, 80), max_size=6))
def test_where_chunks_end_changes_no_letter(text: str, borders: list[int]) -> None:
    edges = [0, *sorted(border for border in borders if border < len(text)), len(text)]
    composer = Composer()
    found = [composer.add(text[begin:end]) for begin, end in pairwise(edges)]
    assert "".join(found) + composer.finish() == composed(text) == unicodedata.normalize("NFC", text)


def test_what_nobody_can_read_has_no_more_marks_than_a_limit() -> None:
    assert len(composed("q" + "\u0316" * 5_000 + "a")) < 40
    assert composed("\u212b\u00bd\ufb01") == "\u00c5\u00bd\ufb01"  # NFC, as NFKC would change what is said
