"""misaki's Japanese with Open JTalk's readings, and without mojimoji, for which many systems have no build."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from types import ModuleType
from typing import Any, Protocol

import jaconv

from kokoro_wyoming.builds.v1_0.word_table import WordTable
from kokoro_wyoming.module_stand_ins import in_place_of
from kokoro_wyoming.pronunciation.open_jtalk import ReadWord, sound, words_read

_QUOTES = str.maketrans("‘’”", "`'\"")
"""mojimoji takes these quotation marks for wide ones; jaconv does not."""


@contextlib.contextmanager
def mojimoji_by_jaconv() -> Iterator[None]:
    """Let misaki import a `mojimoji` whose two functions are jaconv's, while a pipeline is made."""
    stand_in = ModuleType("mojimoji", "The two functions that misaki calls.")
    vars(stand_in).update(zen_to_han=to_half_width, han_to_zen=to_full_width)
    with in_place_of({"mojimoji": stand_in}):
        yield


def to_half_width(text: str, kana: bool = True) -> str:
    """Latin letters, digits and signs of full width in half width; katakana too where `kana` says so."""
    return str(jaconv.z2h(text, kana=kana, ascii=True, digit=True)).translate(_QUOTES)


def to_full_width(text: str, **kinds: bool) -> str:
    """Katakana of half width in full width; `digit` and `ascii` say whether digits and other ASCII are, too."""
    return str(jaconv.h2z(text, kana=True, digit=kinds.get("digit", True), ascii=kinds.get("ascii", True)))


def keep_words_in_table() -> None:
    """Have misaki look its 148,000 words up in a table, where it has a set: 18 MB less. Once misaki is imported."""
    from misaki import cutlet

    if not isinstance(cutlet.JA_WORDS, WordTable):
        cutlet.JA_WORDS = WordTable((word, "") for word in cutlet.JA_WORDS)


_OTHER_THAN_LETTERS = re.compile(
    "[^\u3005-\u3007\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u3400-\u9fff\uf900-\ufaff]"
)
_SMALL = "ぁぃぅぇぉゃゅょァィゥェォャュョ"


class Feature(Protocol):
    """The part of a dictionary's entry that misaki reads."""

    @property
    def pron(self) -> str | None: ...
    @property
    def kana(self) -> str | None: ...


class Word(Protocol):
    """The part of fugashi's word that misaki reads."""

    @property
    def surface(self) -> str: ...
    @property
    def feature(self) -> Feature: ...
    @property
    def char_type(self) -> int: ...
    @property
    def is_unk(self) -> bool: ...


@dataclass(frozen=True)
class _Feature:
    pron: str
    kana: str


@dataclass(frozen=True)
class _Word:
    """A word of Open JTalk as misaki takes one."""

    surface: str
    feature: _Feature
    char_type: int = 2
    is_unk: bool = False


class ReadInContext:
    """A tagger whose words are fugashi's, as Kokoro has learned them, but Open JTalk's where the two read otherwise.

    Open JTalk knows how numbers change with their counters, and the readings of a word by its neighbours.
    """

    def __init__(self, tagger: Callable[[str], Iterable[Word]]) -> None:
        self._tagger = tagger

    def __call__(self, text: str) -> list[Word]:
        words = [*self._tagger(text)]
        others = [word for word in words_read(text) if _letters(word.written)]
        return [word for mine, its in _aligned(words, others) for word in _chosen(mine, its)]


def _aligned(words: list[Word], others: list[ReadWord]) -> Iterator[tuple[list[Word], list[ReadWord]]]:
    """The smallest groups of words that both cut out of the text at the same places."""
    ends = _ends("".join(_letters(word.surface) for word in words), [_letters(word.written) for word in others])
    counts = {end: count for count, end in enumerate(ends, 1)}
    taken = at = 0
    mine: list[Word] = []
    for word in words:
        mine.append(word)
        at += len(_letters(word.surface))
        if at == 0 or at in counts:
            first, taken = taken, counts.get(at, 0)
            yield mine, others[first:taken]
            mine = []


def _ends(text: str, words: list[str]) -> list[int | None]:
    """Where each word ends in the text; None where Open JTalk has written otherwise: 二五 as 二十五, さん as 三."""
    written = "".join(words)
    blocks = [(0, 0, len(text))]
    if text != written:
        blocks = [*SequenceMatcher(None, text, written, autojunk=False).get_matching_blocks()]
    known: dict[int, int] = {second + n: first + n for first, second, size in blocks for n in range(1, size)}
    known[len(written)] = len(text)
    return [known.get(end) for end in accumulate(map(len, words))]


def _chosen(mine: list[Word], its: list[ReadWord]) -> list[Word]:
    before, after = "".join(map(_said, mine)), "".join(word.said for word in its)
    is_same = before == after or sound(before) == sound(after)
    is_whole = not any(word.surface[0] in _SMALL for word in mine)
    has_sign = any(word.surface != _letters(word.surface) for word in mine)
    if (is_same and is_whole) or has_sign or not all(word.said for word in its):
        return mine
    return [_Word(word.written, _Feature(word.said, word.said)) for word in _whole(its)]


def _whole(words: Iterable[ReadWord]) -> list[ReadWord]:
    """The words, without a cut before a small letter, which changes the sound of the letter before it."""
    whole: list[ReadWord] = []
    for word in words:
        if whole and word.said[0] in _SMALL:
            word = ReadWord(whole[-1].written + word.written, whole.pop().said + word.said)
        whole.append(word)
    return whole


def _said(word: Word) -> str:
    return word.feature.pron or word.feature.kana or str(jaconv.hira2kata(word.surface))


def _letters(text: str) -> str:
    return _OTHER_THAN_LETTERS.sub("", text)


def words_between_blanks(cutlet: Any, text: str) -> list[str]:
    """The words of a text, as misaki's `cutlet` puts blanks between their phonemes; for the model's thread alone."""
    romanized: list[tuple[str, str]] = []
    romanize = cutlet._romaji_word

    def noted(word: Any) -> str:
        sounds = str(romanize(word))
        romanized.append((word.surface, sounds.replace("っ", "").strip()))
        return sounds

    cutlet._romaji_word = noted
    try:
        cutlet(text)
    finally:
        del cutlet._romaji_word
    return [*_joined_at_stops(romanized)]


def _joined_at_stops(romanized: Iterable[tuple[str, str]]) -> Iterator[str]:
    """misaki writes no blank at a glottal stop, unless a mark stands there."""
    whole = before = ""
    for surface, sounds in romanized:
        is_joined = before[-1:].isalpha() and sounds[:1].isalpha() and "ʔ" in (before[-1], sounds[0])
        if not is_joined and whole:
            yield whole
            whole = ""
        if sounds:
            whole, before = whole + surface, sounds
    if whole:
        yield whole
