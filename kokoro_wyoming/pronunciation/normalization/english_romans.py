"""Roman numerals in English: "Henry the eighth", but "chapter eight". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.numerals import ROMAN, roman
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_PARTS = (
    "chapters? acts? parts? volumes? vols?\\.? books? scenes? articles? titles? cantos? episodes? appendix "
    "appendices wars? lessons? units? figures? tables?"
).split()
"""Things whose numbers are Roman, and no letters."""
_THINGS = (
    "sections? phases? stages? types? class(?:es)? levels? grades? marks? modules? series seasons? steps? rounds? "
    "groups? divisions? categor(?:y|ies) tiers? bowl wrestlemania apollo gemini saturn rocky rambo fantasy "
    "civilization auto quest olympiad vatican symphony sonatas? concerto opus factor factors schedule ages? edition "
    "region zone"
).split()
"""Things that may have letters as well: "section C"."""
_NAMES = frozenset(
    (
        "Adrian Akbar Albert Alexander Alfonso Alfred Andrew Anne Anthony Antiochus Augustus Baldwin Basil Benedict "
        "Boniface Canute Carlos Casimir Catherine Celestine Charles Christian Christopher Clement Constantine Darius "
        "David Edgar Edmund Edward Eleanor Elizabeth Eric Ernest Eugene Felipe Ferdinand Francis Franz Frederick "
        "Friedrich George Gregory Gustav Haakon Harald Harold Henry Herbert Howard Hugh Innocent Isabella Ivan James "
        "Jean John Joseph Juan Julius Justinian Karl Kenneth Leo Leopold Lothair Louis Lucius Maria Mary Martin "
        "Matthias Maximilian Mehmed Michael Murad Napoleon Nero Nicholas Olaf Oliver Oscar Osman Otto Pahlavi "
        "Patrick Paul Pedro Peter Philip Pius Ptolemy Rama Ramesses Rameses Ramses Raymond Reza Richard Robert "
        "Rudolf Rudolph Samuel Selim Seti Sigismund Simon Sixtus Stephen Suleiman Theodore Theodosius Thomas "
        "Thurston Thutmose Umberto Urban Valentinian Victor Victoria Vladimir Walter Wilhelm William Xerxes Yohannes"
    ).split()
)
_TITLES = (
    "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Sultan|Prince|Princess|Pharaoh|Shah|Duke|Count|Patriarch|Saint"
)
_NO_NAMES = frozenset(
    "The A An In At On Of And Or To For With By From Is Was My Your Our Use See Start Give Take".split()
)
_PERHAPS_WORDS = frozenset(
    ("IV", "VI", "XI", "IX", "XX", "XL", "MIX", "DIV", "LIV", "CIV", "MI", "DI", "CV", "DVI", "LI")
)
"""They are abbreviations and words as well."""

_LETTERS = frozenset("CDLM")
_IS_PART = re.compile("|".join(_PARTS), re.IGNORECASE)
_IS_THING = re.compile("|".join(_THINGS), re.IGNORECASE)
_IS_TITLE = re.compile(_TITLES)
_IS_NAME = re.compile(r"[A-ZÀ-Þ][^\W\d_]{2,20}")
_TIME = re.compile(r" (?:century|centuries|olympics|olympic games|olympiad)\b", re.IGNORECASE)
_BEHIND_I = re.compile(r"\s*$|['’]s\b|[.,;:)!?]|\s?[-–—]|\s(?:of|and|to|ruled|reigned|died)\b")
_BEHIND_FIRST_I = re.compile(r"\s(?:was|had|became|began|ended)\b")

_ONE = rf"{ROMAN}(?!\w)"
_SEVERAL = rf"{_ONE}(?:(?:, (?:and |or )?| and | or | to | through | ?[-–—] ?){_ONE}){{0,9}}"
_CONTEXT_CHARS = 50


class _Reader:
    """Says Roman numerals in the words of one English."""

    def __init__(self, integer: Callable[[int], str], ordinal: Callable[[int], str]) -> None:
        self._integer = integer
        self._ordinal = ordinal

    def capitals(self, found: Found) -> str:
        """One numeral or a row of them, by the words before and behind it."""
        written, words = found[0], _words_before(found)
        first = re.split("[^A-Z\u2160-\u2188]", written)[0]
        if _TIME.match(found.string, found.end()):
            return self._all(written, self._ordinal)
        if not words or first in _LETTERS or (first == written == "I" and not _may_be_i(found, words)):
            return written
        if _is_thing(words[-1], first):
            return self._all(written, self._integer)
        if not _IS_NAME.fullmatch(words[-1]):
            return written
        said = self._of_name(words, first)
        return said + written[len(first) :] if said else written

    def small(self, found: Found) -> str:
        """A numeral in small letters: "chapter iv"."""
        words = _words_before(found)
        is_number = bool(words) and _IS_PART.fullmatch(words[-1]) and re.fullmatch(ROMAN, found[0].upper())
        return self._integer(roman(found[0])) if is_number else found[0]

    def _all(self, written: str, say: Callable[[int], str]) -> str:
        return re.sub(ROMAN, lambda one: say(roman(one[0])), re.sub(" ?[-–—] ?", " to ", written))

    def _of_name(self, words: list[str], written: str) -> str:
        """What is said behind a capitalised word; nothing where it is no numeral."""
        is_ruler = words[-1].capitalize() in _NAMES or any(_IS_TITLE.fullmatch(word) for word in words[-2:-1])
        if is_ruler or any(word in _NAMES for word in words[-3:-1]):
            return f"the {self._ordinal(roman(written))}" if is_ruler or len(written) > 1 else ""
        return self._integer(roman(written)) if _may_be_number(words, written) else ""


def rules(integer: Callable[[int], str], ordinal: Callable[[int], str]) -> Iterator[Rule]:
    """In the order in which they are tried; `integer` and `ordinal` say numbers."""
    reader = _Reader(integer, ordinal)
    yield re.compile(rf"(?:(?<=[\w.] )|^){_SEVERAL}(?!\.[0-9]|-[A-Z])"), reader.capitals
    yield re.compile(r"(?<=[A-Za-z] )[ivx]{2,6}\b"), reader.small


def _words_before(found: Found) -> list[str]:
    """The words before it, without a sign between them, the last one last."""
    before = found.string[max(0, found.start() - _CONTEXT_CHARS) : found.start()]
    return re.split(r"[^\w. '’-]", before)[-1].split()


def _is_thing(word: str, written: str) -> bool:
    if _IS_PART.fullmatch(word):
        return len(written) > 1 or word[0].isupper() or not written.isascii()
    return _IS_THING.fullmatch(word) is not None and (len(written) > 1 or not written.isascii())


def _may_be_i(found: Found, words: list[str]) -> bool:
    """Whether "I" may be a numeral by what stands around it; else it is the speaker."""
    has_title = any(_IS_TITLE.fullmatch(word) for word in words[-2:-1])
    is_subject = (len(words) == 1 or words[-1] not in _NAMES) and _BEHIND_FIRST_I.match(
        found.string, found.end()
    ) is not None
    return has_title or is_subject or _BEHIND_I.match(found.string, found.end()) is not None


def _may_be_number(words: list[str], written: str) -> bool:
    """Whether a capitalised word that is no known name may have a Roman numeral."""
    name = words[-1]
    if name in _NO_NAMES or name.isupper() or (written.isascii() and len(written) == 1):
        return False
    is_letters = written.isascii() and not set(written) & set("IVX")
    return not is_letters and (written not in _PERHAPS_WORDS or len(words) > 1)
