"""Common rules of Chinese and Japanese, which have no spaces: a number may follow a letter directly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization.fractions import is_proper
from kokoro_wyoming.pronunciation.normalization.money import Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.units import per_of
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_WIDE = {0xFF10 + digit: str(digit) for digit in range(10)}
_WIDE |= {
    0xFF05: "%",
    0xFF0F: "/",
    0xFF0B: "+",
    0xFF1D: "=",
    0xFF06: "&",
    0xFF20: "@",
    0xFF03: "#",
    0x2103: "°C",
    0x2109: "°F",
}
_WIDE_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[：．](?=[0-9])")

SEAM = "\u2063"
"""Stands between a letter and a number while rules look for the borders of words; `cleaning` drops it from texts."""
LETTERS = "\u3005\u3040-\u30ff\u3400-\u9fff"
_NUMBERS = "0-9A-Za-z$£€¥￥₹%°²³#+\u2212-"
_SEAMS = re.compile(rf"(?<=[{LETTERS}])(?=[{_NUMBERS}])|(?<=[{_NUMBERS}])(?=[{LETTERS}])")
_SPACE_INSIDE = re.compile(rf"(?<=[{LETTERS}])[ \u00a0]+(?=[{LETTERS}0-9])|(?<=[0-9])[ \u00a0]+(?=[{LETTERS}])")


class Unspaced(Normalizer):
    word_gap = ""
    months = tuple(
        f"{name} {number}" for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
    )

    large_letters: Mapping[str, Large] = {
        **dict.fromkeys(("k", "K"), Large(factor=1_000)),
        **dict.fromkeys(("M", "million"), Large(factor=1_000_000)),
        **dict.fromkeys(("B", "bn", "billion"), Large(factor=1_000_000_000)),
    }

    dated = after_dates = "(?!)"
    """Regular expressions for words before and after which "12/25" is a date."""
    of_dates = ""
    """A regular expression for what stands between `dated` and the date."""

    def normalize(self, text: str) -> str:
        text = _WIDE_BETWEEN_DIGITS.sub(lambda found: ":" if found[0] == "：" else ".", text.translate(_WIDE))
        seamed = _SEAMS.sub(SEAM, text)
        return self.finished(super().normalize(seamed).replace(SEAM, ""))

    def rules_of_short_dates(self) -> Iterator[Rule]:
        """Dates without a year. What is a common fraction, such as 1/2, is a date behind a word alone."""
        date = r"(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12][0-9]|0?[1-9])(?![\w/]|[.,-][0-9])"

        def say(found: Found) -> str:
            return f"{found['before']}{self.date(None, int(found['month']), int(found['day']))}"

        def unless_fraction(found: Found) -> str:
            is_fraction = is_proper(int(found["month"]), int(found["day"]), self)
            return found[0] if is_fraction and found.string[found.end()] not in "(（" else say(found)

        gap = rf"[ ：:{SEAM}]{{0,2}}"
        yield re.compile(rf"(?P<before>(?:{self.dated})(?:{self.of_dates}){gap}){date}"), say
        after = rf"{gap}(?:{self.after_dates})"
        yield re.compile(rf"(?P<before>(?<![\w./,-])){date}(?={after})"), unless_fraction

    def rule_of_rates(self, counted: str, per: str) -> Rule:
        """A number with its word, and a slash: "31円/kWh"; the arguments are regular expressions."""
        number = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,12})(?:\.[0-9]{1,9})?"
        return (
            re.compile(rf"(?<![\w.,])(?P<amount>{number}[百千万億亿]?{SEAM}?{counted})/(?P<per>{per})"),
            lambda found: self.money_per(found["amount"], per_of(found["per"])),
        )

    def finished(self, text: str) -> str:
        """The text after all rules, seams gone."""
        return _SPACE_INSIDE.sub("", text)

    def _day_names(self) -> dict[str, str]:
        """Days are said as they are typed."""
        return {name: name for name in super()._day_names()}

    def share(self, part: int, of: int) -> str:
        return self.fraction(part, of)

    def trimmed(self, number: Number) -> Number:
        return Number(number.whole, number.fraction.rstrip("0"), number.negative)
