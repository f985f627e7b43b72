"""Roman numerals in English: "Henry the eighth", but "chapter eight". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.numerals import ROMAN, ROMAN_SIGNS, roman
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

_SEVERAL = rf"{ROMAN}(?:(?:, (?:and |or )?| and | or | to | through | ?[-–—] ?){ROMAN}(?!\w)){{0,9}}"


def rules(integer: Callable[[int], str], ordinal: Callable[[int], str]) -> Iterator[Rule]:
    """In the order in which they are tried; the numbers' words are those of one English."""

    def numbers(found: Found) -> str:
        written = found["numbers"]
        is_letter = re.fullmatch("[CDLM]", written) or (written == "I" and not _is_numeral_i(found))
        if is_letter or (len(written) == 1 and written.isascii() and not found["noun"][0].isupper()):
            return found[0]
        said = re.sub(ROMAN, lambda one: integer(roman(one[0])), re.sub(" ?[-–—] ?", " to ", written))
        return f"{found['noun']} {said}"

    def of_a_person(found: Found) -> str:
        name, written = found["name"], found["number"]
        is_known = name.capitalize() in _NAMES or found["title"]
        if not is_known and not _may_be_number(found, name, written):
            return found[0]
        if written == "I" and not found["title"] and not _is_numeral_i(found):
            return found[0]
        if re.fullmatch("[CDLM]", written):
            return found[0]
        said = f"the {ordinal(roman(written))}" if is_known or _is_of_family(found) else integer(roman(written))
        return f"{found['title'] or ''}{name} {said}"

    parts, things = "|".join(_PARTS), "|".join(_THINGS)
    several = rf"(?P<numbers>{_SEVERAL})(?![\w])(?!\.[0-9]|-[A-Z])"
    yield re.compile(rf"\b(?P<noun>(?i:{parts})) {several}"), numbers
    letters = r"(?=[IVXLCDM]{2}|[" + ROMAN_SIGNS + "])"
    yield re.compile(rf"\b(?P<noun>(?i:{things})) {letters}{several}"), numbers
    small = r"(?=[ivx]{2}(?:[ivx]|\b))(?P<number>x{0,2}(?:ix|iv|v?i{0,3}))\b"
    yield (
        re.compile(rf"\b(?P<noun>(?i:{parts})) {small}"),
        (lambda found: f"{found['noun']} {integer(roman(found['number']))}" if found["number"] else found[0]),
    )
    yield (
        re.compile(rf"\b(?P<number>{ROMAN})(?= (?i:century|centuries|olympics|olympic games|olympiad)\b)"),
        (lambda found: ordinal(roman(found["number"]))),
    )
    yield (
        re.compile(
            rf"(?P<title>\b(?:{_TITLES}) )?(?<![\w'’.-])(?P<name>[A-ZÀ-Þ][^\W\d_]{{2,20}}) (?P<number>{ROMAN})"
            r"(?![\w.-]\w|\w)"
        ),
        of_a_person,
    )


def _is_numeral_i(found: Found) -> bool:
    """Whether "I" is a numeral by what stands behind it; else it is the speaker."""
    behind = found.string[found.end() : found.end() + 12]
    return (
        re.match(r"\s*$|['’]s\b|[.,;:)!?]|\s?[-–]|\s(?:of|and|to|was|ruled|reigned|died|became|began|ended)\b", behind)
        is not None
    )


def _may_be_number(found: Found, name: str, written: str) -> bool:
    """Whether a capitalised word that is no known name may have a Roman number."""
    if name in _NO_NAMES or (len(written) == 1 and written.isascii()) or name.isupper():
        return False
    if not re.search("[IVX]", written) and written.isascii():
        return False
    return written not in _PERHAPS_WORDS or re.search(r"\w $", found.string[: found.start()][-2:]) is not None


def _is_of_family(found: Found) -> bool:
    """Whether a known first name stands before the name: "John Smith III"."""
    names = re.findall(r"[A-ZÀ-Þ][^\W\d_]+", found.string[max(0, found.start() - 40) : found.start()])
    return any(name in _NAMES for name in names[-2:]) and found.string[: found.start()].endswith(" ")
