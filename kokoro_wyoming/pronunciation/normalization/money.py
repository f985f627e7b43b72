"""Signs of currencies as people type them, and short names of currencies. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

SIGNS = {
    **{
        "US$": "USD",
        "U$S": "USD",
        "AR$": "ARS",
        "R$": "BRL",
        "C$": "CAD",
        "CA$": "CAD",
        "A$": "AUD",
        "AU$": "AUD",
        "NZ$": "NZD",
        "HK$": "HKD",
    },
    **{"$": "USD", "＄": "USD", "£": "GBP", "￡": "GBP", "€": "EUR", "¥": "JPY", "￥": "JPY", "₹": "INR", "₩": "KRW"},
    **{"₽": "RUB", "₺": "TRY", "₴": "UAH", "₿": "XBT", "₪": "ILS", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP"},
    **{"₡": "CRC", "₸": "KZT", "₾": "GEL", "MX$": "MXN", "S$": "SGD", "NT$": "TWD", "zł": "PLN", "Kč": "CZK"},
    **{"kr": "kr", "kr.": "kr", "Rs": "INR", "Rs.": "INR"},
    **{
        code: code
        for code in (
            "USD",
            "EUR",
            "GBP",
            "JPY",
            "INR",
            "BRL",
            "CNY",
            "CHF",
            "CAD",
            "AUD",
            "SEK",
            "NOK",
            "DKK",
            "PLN",
            "CZK",
            "HUF",
            "UAH",
            "RUB",
            "ILS",
            "THB",
            "VND",
            "KRW",
            "MXN",
            "ARS",
            "CLP",
            "ZAR",
            "NZD",
            "SGD",
            "HKD",
            "TWD",
            "IDR",
            "MYR",
            "AED",
            "SAR",
        )
    },
}
SIGN = rf"(?:{'|'.join(re.escape(sign) for sign in sorted(SIGNS, key=lambda sign: (-len(sign), sign)))})"
CODE = rf"(?:{'|'.join(sorted(sign for sign in SIGNS if re.fullmatch('[A-Z]{3}', sign)))})"
"""Regular expressions without groups."""


@dataclass(frozen=True)
class Currency:
    one: str
    many: str
    coin: str = ""
    coins: str = ""
    feminine: bool = False
    feminine_coin: bool = False
    forms: Mapping[str, str] = field(default_factory=dict)
    """By CLDR's plural forms, in languages that have more than two."""
    coin_forms: Mapping[str, str] = field(default_factory=dict)

    def form(self, plural: str, size: Decimal) -> str:
        """The name for so much of it, in that plural form."""
        return self.forms.get(plural) or (self.one if size == 1 else self.many)

    def coin_form(self, plural: str, size: int) -> str:
        """The name for so many coins, in that plural form."""
        return self.coin_forms.get(plural) or (self.coin if size == 1 else self.coins)


@dataclass(frozen=True)
class Large:
    """What "M" or "million" makes of the number before it: so many times as much, of so many thousands or millions."""

    one: str = ""
    many: str = ""
    factor: int = 1


DOLLARS = frozenset(("CAD", "AUD", "NZD", "SGD", "HKD", "TWD"))
PESOS = frozenset(("MXN", "ARS", "CLP", "COP", "UYU", "DOP", "CUP", "PHP"))
PESO = Currency("peso", "pesos", "centavo", "centavos")
"""In all languages with Latin letters."""
