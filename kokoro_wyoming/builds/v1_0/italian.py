"""Italian in letters that espeak reads rightly: numbers of one long word, and elisions that it takes for letters."""

from __future__ import annotations

import re

_RESPELLED = (
    # It voices the s between two vowels, and closes the o of "nove".
    (
        re.compile(r"(?<=anta|enta|ento|mila|ille)(?=se(?:i|tte|ssant|ttant))|(?<=anta|ento|enti|mila|ille)(?=nove\b)"),
        "-",
    ),
    (re.compile(r"\b([gG]l)['’](?=[iI])"), r"\1"),
    (re.compile(r"\b([cC]h)['’](?=[eèéiìEÈI])"), r"\1"),
    (re.compile(r"\b([cC])h['’](?=[aàoòuùAOU])"), r"\1"),
)


def respelled(text: str) -> str:
    """The text in letters that espeak's Italian says as they should sound."""
    for pattern, spelling in _RESPELLED:
        text = pattern.sub(spelling, text)
    return text
