"""Chemical formulas and particles, letter by letter: CO2, H₂O, PM2.5. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_KNOWN = "CO2|NO2|SO2|N2O|H2O2|H2O|H2S|CH4|NH3|H2SO4|C6H12O6"
"""What is typed without low figures; else a letter and a figure may be a name."""
_LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ELEMENT = "[A-Z][a-z]?"
_TYPED_LOW = rf"(?:{_ELEMENT}[₀-₉]{{0,2}}){{0,6}}{_ELEMENT}[₀-₉]{{1,2}}(?:{_ELEMENT}[₀-₉]{{0,2}}){{0,6}}"

WRITTEN = rf"(?<![A-Za-z0-9_.₀-₉])e?(?:{_KNOWN}|{_TYPED_LOW})(?![A-Za-z0-9_₀-₉])"
PARTICLES = r"(?<![A-Za-z0-9_])(?:PM|pm)(?P<size>2[.,]5|10|1(?:[.,]0)?)(?![A-Za-z0-9_]|[.,]?[0-9])"


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules, which come before those of numbers."""

    def formula(found: Found) -> str:
        return words.spelled(re.findall("[A-Za-z]|[0-9]+", found[0].translate(_LOW)))

    def particle(found: Found) -> str:
        return words.spelled(["P", "M", found["size"]])

    yield re.compile(WRITTEN), formula
    yield re.compile(PARTICLES), particle
