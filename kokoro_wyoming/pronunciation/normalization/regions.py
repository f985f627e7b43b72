"""How a region types numbers, dates and money, where it differs from its language's own way: CLDR's, from Babel. Pure.

Mexico types 1,000.5 where Spain types 1.000,5, and its $ is a peso; an Australian 3/4 is in April.
"""

from __future__ import annotations

from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol, get_territory_currencies


class Region(NamedTuple):
    """One language in one region."""

    decimal_comma: bool
    month_first: bool | None
    """None where the year is first."""
    currency: str
    """ISO 4217."""
    sign: str
    """What is typed for the currency there."""


def known_regions() -> frozenset[str]:
    """Codes of ISO 3166: two letters each."""
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


def region_code(written: str) -> str:
    """A code in any case, in capitals; ValueError says what is wrong with "speech.region"."""
    code = written.strip().upper()
    if code not in known_regions():
        raise ValueError("is no region: write the two letters of a country, such as MX or GB, or null")
    return code


def region_of(language: str, code: str) -> Region | None:
    """A language, as two letters, in a region, as two letters of ISO 3166; None where CLDR has no such pair."""
    try:
        locale = Locale.parse(f"{language}_{code}")
    except UnknownLocaleError:
        return None
    date = locale.date_formats["short"].pattern
    currencies = get_territory_currencies(code)
    currency = currencies[-1] if currencies else ""
    sign = get_currency_symbol(currency, locale) if currency else ""
    is_comma = locale.number_symbols["latn"]["decimal"] == ","
    month_first = None if date.startswith("y") else date.startswith("M")
    return Region(is_comma, month_first, currency, sign)
