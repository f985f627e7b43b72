"""English text as v0.19 was trained to hear it from espeak, which reads "1984" as a quantity. Pure.

It comes after `wording`, which knows numbers of every other kind; each rule here is for what that leaves alone.
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


def spoken_form(text: str) -> str:
    """The text with its titles, years and initials in words: one line, no tabs, no curly quotes."""
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


def _decimals(found: re.Match[str]) -> str:
    """The decimals digit by digit: ".14" is " point 1 4"."""
    return f" point {' '.join(found[1])}"


def _initials(found: re.Match[str]) -> str:
    return found[0].replace(".", "-")


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\b([DM][Rr]|M[Ss])\.(?= [A-Z])"), _title),
    (re.compile(r"\b(?:Mrs|MRS)\.(?= [A-Z])"), "Mrs"),
    (re.compile(r"\betc\.(?! [A-Z])"), "etc"),
    (re.compile(r"(?<![\d.,$£])(\d\d)(\d\d)(s?)\b(?![.,]\d)"), _year),
    (re.compile(r"\.(\d+)"), _decimals),
    (re.compile(r"(?<=\d)S\b"), " S"),
    # A run of initials is looked at from its beginning only: from each letter a long one would take for ever.
    (re.compile(r"(?<![\w.])(?:[A-Za-z]\.){2,}(?= [a-z])"), _initials),
    (re.compile(r"(?<=[A-Z])\.(?=[A-Z])"), "-"),
)
"""In this order: years before decimals, which would make years of what is behind the point."""
