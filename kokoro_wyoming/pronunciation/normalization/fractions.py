"""Fractions: of figures and a slash, or of Unicode's signs, alone and before a unit. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.units import UNIT_AFTER_NUMBER, unit_of
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_SIGNS = {sign: unicodedata.normalize("NFKC", sign) for sign in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}
_NEVER_A_FRACTION = {(24, 7), (50, 50), (9, 11), (4, 4)}
_GAP = "[ \u00a0\u202f\u2009]?"
_SLASHED = (
    r"(?<![\w/.,])(?:(?P<whole>[0-9]{1,3})[ \u00a0])?(?P<over>[0-9]{1,3})[/⁄](?P<under>[0-9]{1,3})(?![\w/⁄]|[.,][0-9])"
)
_SIGNED = rf"(?:(?<![\w/.,])(?P<ones>[0-9]{{1,3}}){_GAP})?(?P<sign>[{''.join(_SIGNS)}])"
WRITTEN = rf"(?:{_SLASHED}|{_SIGNED})"
"""A regular expression for a fraction, with or without whole ones before it; `value_of` says what was found."""


def value_of(found: Found) -> tuple[int, int, int]:
    """The whole ones, the numerator and the denominator of what WRITTEN has matched."""
    if found["sign"]:
        over, under = _SIGNS[found["sign"]].split("⁄")
        return int(found["ones"] or 0), int(over), int(under)
    return int(found["whole"] or 0), int(found["over"]), int(found["under"])


def is_proper(over: int, under: int, words: Verbalizer) -> bool:
    """Whether it is less than one, and has a name in the language."""
    return 0 < over < under and (under <= 10 or under in words.fine_parts)


def rules_before_units(words: Verbalizer) -> Iterator[Rule]:
    """The rules that come before those of amounts, which would take the denominator for the whole number."""

    def of_unit(found: Found) -> str:
        whole, over, under = value_of(found)
        if not is_proper(over, under, words):
            return found[0]
        return words.fraction_of(whole, over, under, unit_of(found["unit"]), found["article"])

    yield re.compile(rf"(?:(?P<article>{words.articles}) )?{WRITTEN}{_GAP}(?P<unit>{UNIT_AFTER_NUMBER})"), of_unit


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules of fractions that stand alone."""

    def fraction(found: Found) -> str:
        whole, over, under = value_of(found)
        said = words.mixed(whole, over, under) if whole else words.fraction(over, under)
        return words.joined(words.minus if found["minus"] else "", said)

    def slashed(found: Found) -> str:
        whole, over, under = value_of(found)
        before = f"{found['whole']} " if found["whole"] else ""
        if (over, under) in _NEVER_A_FRACTION:
            return f"{before}{words.integer(over)} {words.integer(under)}"
        if is_proper(over, under, words) and 1 < under < 10:
            return words.mixed(whole, over, under) if whole else words.fraction(over, under)
        return before + (words.slash_over(over, under) if over > under else words.share(over, under))

    yield re.compile(_SLASHED + "(?P<sign>)"), slashed
    yield re.compile(rf"(?P<minus>(?<![^\s(])[-−])?{_SIGNED}"), fraction
