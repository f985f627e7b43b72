"""Finds numbers as people type them, and tells their value. Pure.

Digits are the ten of ASCII here. What has more than 15 is no number but a row of digits: num2words and the phonemisers
know names up to 10 ** 15.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_SPACES = "\u00a0\u202f\u2009"
_START = r"(?<!\w)(?<![0-9][.,])"
_GROUPED_BY_COMMAS = r"[0-9]{1,3}(?:,[0-9]{2,3}){0,3},[0-9]{3}(?![0-9])(?:\.[0-9]{1,15}(?![0-9]))?"
_PLAIN = r"[0-9]{1,15}(?:[.,][0-9]{1,15})?(?![0-9])"


@dataclass(frozen=True)
class Number:
    whole: int
    fraction: str = ""
    """Digits after the decimal separator, zeros included."""
    negative: bool = False

    @property
    def size(self) -> Decimal:
        """The value without its sign, for the plural rules of a language."""
        return Decimal(f"{self.whole}.{self.fraction}" if self.fraction else self.whole)

    def rounded(self) -> Number:
        """The number without a fraction of zeros: a sensor's 21.0 is said as 21."""
        return self if self.fraction.strip("0") else Number(self.whole, "", self.negative)


def pattern_of_numbers(*, decimal_comma: bool, plain_spaces: bool) -> str:
    """A regular expression, without groups, for a number without its sign."""
    spaces = f"{_SPACES} " if plain_spaces else _SPACES
    grouped = [rf"[0-9]{{1,3}}(?:[{spaces}][0-9]{{3}}){{1,4}}(?![0-9])(?:[.,][0-9]{{1,15}}(?![0-9]))?"]
    if decimal_comma:
        grouped += [r"[0-9]{1,3}(?:\.[0-9]{3}){1,4}(?![0-9])(?:,[0-9]{1,15}(?![0-9]))?"]
        grouped += [r"[0-9]{1,3}(?:,[0-9]{3}){1,4}\.[0-9]{1,15}(?![0-9])"]
    else:
        grouped += [_GROUPED_BY_COMMAS]
    return rf"{_START}(?:{'|'.join(grouped)}|{_PLAIN})"


def parse(written: str, *, decimal_comma: bool, dot_groups: bool, negative: bool = False) -> Number:
    """The number that one match of `pattern_of_numbers` stands for.

    `dot_groups`: "1.234" is more than a thousand. "0.234" and "21.5" never are.
    """
    text = re.sub(rf"[{_SPACES} ]", "", written)
    if "," in text and "." in text:
        last = max(text.rfind(","), text.rfind("."))
        return _of(text[:last], text[last + 1 :], negative)
    mark = "," if "," in text else "."
    whole, *rest = text.split(mark)
    groups = dot_groups if mark == "." else not decimal_comma
    if len(rest) > 1 or (rest and groups and len(rest[0]) == 3 and len(whole) <= 3 and not whole.startswith("0")):
        return _of(text, "", negative)
    return _of(whole, rest[0] if rest else "", negative)


def _of(whole: str, fraction: str, negative: bool) -> Number:
    return Number(int(re.sub(r"[.,]", "", whole)), fraction, negative)


ROMAN_SIGNS = "\u2160-\u217f"
"""Unicode's characters for whole Roman numerals, as a range of a regular expression. They are never letters."""
ROMAN = (
    r"(?:(?=[IVXLCDM])M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})(?![IVXLCDM])"
    f"|[{ROMAN_SIGNS}]{{1,12}})"
)
"""A regular expression, without groups, for a Roman numeral in capitals, up to 3999. `I` and `MIX` are such, too."""


def roman(written: str) -> int:
    """The value of a Roman numeral, in capitals or small letters, or in characters of their own such as "Ⅲ"."""
    worth = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    values = [worth[letter] for letter in unicodedata.normalize("NFKC", written).upper()]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
