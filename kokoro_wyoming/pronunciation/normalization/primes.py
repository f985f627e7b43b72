"""What primes and quotation marks mean behind numbers: feet and inches, minutes and seconds of arc. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.fractions import WRITTEN, is_proper, value_of
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_START = r"(?<![\w.,/'′\"″”])"
_FOOT, _INCH = "['′’]", "(?:[\"″”]|''|′′)"
_NUMBER = "[0-9]{1,4}(?:[.,][0-9]{1,2})?"
_LONG = "tall|long|wide|deep|high|by|x|×"
_QUOTE = re.compile('(?P<number>(?<=[0-9¼-¾⅐-⅞]))?"|[“”]')
_NEAR_CHARS = 120
"""How far back a quotation mark may stand that the one behind a number closes."""


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules, which come before those of fractions and numbers."""

    def measured(count: str, unit: str) -> str:
        return words.measured(words.parsed(count), unit)

    def arc(found: Found) -> str:
        minute = "arc-minute" if "arc-minute" in words.units_own else "minute"
        parts = [measured(found["degrees"], "degree"), measured(found["minutes"], minute)]
        parts += [measured(found["seconds"], "second")] if found["seconds"] else []
        return words.joined(*parts, words.directions.get(found["side"] or "", found["side"] or ""))

    def feet_and_inches(found: Found) -> str:
        return words.feet_and_inches(Number(int(found["feet"])), words.parsed(found["inches"]))

    def feet(found: Found) -> str:
        said = words.measure_before(found, words.parsed(found["feet"]), words.single_prime)
        return said + (words.word_gap if found.string[found.end() :][:1].isdigit() else "")

    def inches(found: Found) -> str:
        before = found.string[max(0, found.start() - _NEAR_CHARS) : found.start()]
        if found["mark"] in '"”' and _is_quoting(before):
            return found[0]
        if found["sign"] is None and not found["over"]:
            return words.measure_before(found, words.parsed(found["inches"]), "inch")
        whole, over, under = value_of(found)
        return (
            words.fraction_of(whole, over, under, "inch", found["article"])
            if is_proper(over, under, words)
            else found[0]
        )

    yield re.compile(r"(?<=[0-9¼-¾⅐-⅞][\"″”'′]) ?[xX×] ?(?=[0-9])"), lambda found: f" {words.by} "
    yield (
        re.compile(
            rf"(?<![\w.,])(?P<degrees>[0-9]{{1,3}}) ?° ?(?P<minutes>[0-9]{{1,2}}(?:[.,][0-9]{{1,5}})?) ?{_FOOT}"
            rf"(?: ?(?P<seconds>[0-9]{{1,2}}(?:[.,][0-9]{{1,5}})?) ?{_INCH})?(?: ?(?P<side>[NSEWO])(?!\w))?"
        ),
        arc,
    )
    yield (
        re.compile(rf"{_START}(?P<feet>[0-9]{{1,3}}){_FOOT}[ -]?(?P<inches>[0-9]{{1,2}}(?:\.[0-9])?){_INCH}(?!\w)"),
        feet_and_inches,
    )
    yield (
        re.compile(rf"{_START}(?P<feet>[3-8]){_FOOT}(?P<inches>1[01]|[0-9])(?![\w'′\"″”]|[.,][0-9]| [0-9]{{1,2}}/)"),
        feet_and_inches,
    )
    before = rf" (?:{_LONG})(?!\w)|[ -]?[0-9]{{1,2}}[ -][0-9]{{1,2}}/[0-9]{{1,2}}{_INCH}"
    yield re.compile(rf"{_START}(?P<feet>{_NUMBER})(?:′(?![\w′])|['’](?={before}))"), feet
    yield re.compile(rf"(?<= by )(?P<feet>{_NUMBER})['’](?!\w)"), feet
    yield (
        re.compile(
            rf"(?:(?:(?P<article>{words.articles}) )?{WRITTEN}|{_START}(?P<inches>{_NUMBER}))"
            r"(?P<mark>[\"″”]|''|′′)(?![a-zA-Z0-9\"″”])"
        ),
        inches,
    )


def _is_quoting(before: str) -> bool:
    """Whether a quotation is open at the end; a mark behind a number means inches if none is."""
    is_open = False
    for quote in _QUOTE.finditer(before):
        is_open = not is_open if is_open or quote["number"] is None else False
    return is_open
