"""English text as it is to be read aloud: what v0.19 was trained to hear from espeak. Pure.

espeak reads "1984" as a quantity, "$3.50" as signs and "7:05" as two numbers. Each rule here puts one kind of
writing into words, and leaves everything else alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_CHARACTERS = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "«": "“",
        "»": "”",
        # The vocabulary knows no brackets; guillemets took their place, and their own the curly quotes.
        "(": "«",
        ")": "»",
        "、": ", ",
        "，": ", ",
        "。": ". ",
        "！": "! ",
        "：": ": ",
        "；": "; ",
        "？": "? ",
    }
)

_TITLES = {"Dr": "Doctor", "Mr": "Mister", "MR": "Mister", "DR": "Doctor", "Ms": "Miss", "MS": "Miss"}
_COINS = {"$": ("dollar", "cent", "cents"), "£": ("pound", "penny", "pence")}


def spoken_form(text: str) -> str:
    """The text with its abbreviations, numbers, times and money in words: one line, no tabs, no curly quotes."""
    text = text.translate(_CHARACTERS)
    for pattern, wording in _RULES:
        text = pattern.sub(wording, text)
    return text.strip()


def _title(found: re.Match[str]) -> str:
    return _TITLES[found[1]]


def _year(found: re.Match[str]) -> str:
    """1984: "19 84", 1905: "19 oh 5", 1900s: "19 hundreds". Round thousands and what is no year are numbers."""
    century, rest, plural = found[1], found[2], found[3]
    if int(century) < 11 or (century[1] == "0" and int(rest) < 10):
        return found[0]
    if rest == "00":
        return f"{century} hundred{plural}"
    return f"{century} {'oh ' if rest[0] == '0' else ''}{int(rest)}{plural}"


def _clock(found: re.Match[str]) -> str:
    """7:30: "7 30", 7:05: "7 oh 5", 7:00: "7 o'clock"."""
    hour, minute = found[1], found[2]
    if minute == "00":
        return f"{hour} o'clock"
    return f"{hour} {'oh ' if minute[0] == '0' else ''}{int(minute)}"


def _money(found: re.Match[str]) -> str:
    """$1: "1 dollar", £3.05: "3 pounds and 5 pence", $2.5 million: "2.5 million dollars"."""
    unit, coin, coins = _COINS[found["sign"]]
    whole, cents, amount = found["whole"].replace(",", ""), found["cents"], found["amount"]
    if amount or (cents and len(cents) != 2):
        return f"{whole}{'.' + cents if cents else ''}{amount} {unit}s"
    units = f"{whole} {unit}{'' if int(whole) == 1 else 's'}"
    if not cents or not int(cents):
        return units
    return f"{units} and {int(cents)} {coin if int(cents) == 1 else coins}"


def _decimals(found: re.Match[str]) -> str:
    """Of 3.14 the end: " point 1 4"."""
    return f" point {' '.join(found[1])}"


def _initials(found: re.Match[str]) -> str:
    return found[0].replace(".", "-")


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\b([DM][Rr]|M[Ss])\.(?= [A-Z])"), _title),
    (re.compile(r"\b(?:Mrs|MRS)\.(?= [A-Z])"), "Mrs"),
    (re.compile(r"\betc\.(?! [A-Z])"), "etc"),
    (re.compile(r"(?<![\d.:])(\d{1,2}):([0-5]\d)(?![\d:])"), _clock),
    (re.compile(r"(?<=\d)-(?=\d)"), " to "),
    (re.compile(r"(?<![\d.,$£])(\d\d)(\d\d)(s?)\b(?![.,]\d)"), _year),
    (
        re.compile(
            r"(?P<sign>[$£])(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.(?P<cents>\d{1,9}))?(?!\d)"
            r"(?P<amount>(?: (?:hundred|thousand|(?:[bm]|tr)illion)\b){0,3})"
        ),
        _money,
    ),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"\.(\d+)"), _decimals),
    (re.compile(r"(?<=\d)S\b"), " S"),
    # A run of initials is looked at from its beginning only: from each letter a long one would take for ever.
    (re.compile(r"(?<![\w.])(?:[A-Za-z]\.){2,}(?= [a-z])"), _initials),
    (re.compile(r"(?<=[A-Z])\.(?=[A-Z])"), "-"),
)
"""In this order: years before the commas of thousands go, which would make years of them, and decimals last."""
