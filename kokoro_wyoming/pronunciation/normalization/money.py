"""Signs of currencies as people type them, and short names of currencies. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

SIGNS = {
    **{"US$": "USD", "R$": "BRL", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD"},
    **{"$": "USD", "＄": "USD", "£": "GBP", "￡": "GBP", "€": "EUR", "¥": "JPY", "￥": "JPY", "₹": "INR", "₩": "KRW"},
    **{"₽": "RUB", "₺": "TRY", "₴": "UAH", "₿": "XBT"},
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
        )
    },
}
SIGN = rf"(?:{'|'.join(re.escape(sign) for sign in sorted(SIGNS, key=lambda sign: (-len(sign), sign)))})"
"""A regular expression without groups."""


@dataclass(frozen=True)
class Currency:
    one: str
    many: str
    coin: str = ""
    coins: str = ""
    feminine: bool = False
    feminine_coin: bool = False
