"""Equations, differences, quotients, roots and powers. Pure.

A hyphen between numbers is a minus in an equation alone: elsewhere it is a range, a score or a date. The sign of minus
itself (U+2212) is one between blanks, and where the second number is the smaller one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_BLANK = "[ \u00a0]?"
_NUMBER = "[0-9]{1,15}(?:[.,][0-9]{1,15})?"
_SIDE = rf"[-−]?{_NUMBER}(?:{_BLANK}[-−–+*×✕·÷/xX^]{_BLANK}[-−]?{_NUMBER}){{0,8}}"
_EQUATION = (
    rf"(?<![\w.,:/−–-])(?:{_SIDE}|[a-zA-Z]){_BLANK}={_BLANK}(?:{_SIDE}|[?xyXY])(?![\w²³]|[.,:/−-]?[0-9]|{_BLANK}[+*×=])"
)
_NO_NAME = re.compile(r"(?:(?<!\w)[a-zß-ÿ][^\W\d_]*|^\W?[^\W\d_]+) $")
"""A word that does not look like one: in small letters, or the first of a text."""
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
_BASE = "(?:[0-9]{1,3}|[0-9]{5,15})(?:[.,][0-9]{1,15})?|[bcnrxyz]"
"""Four raised digits would be a year with a footnote."""


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules, which see all signs as they were typed."""

    def equation(found: Found) -> str:
        text = re.sub(rf"(?<=[0-9]){_BLANK}[-−–]{_BLANK}(?=[-−]?[0-9])", f" {words.subtracted} ", found[0])
        text = re.sub(rf"(?<=[0-9]){_BLANK}[÷/]{_BLANK}(?=[-−]?[0-9])", f" {words.divided} ", text)
        text = re.sub(rf"(?<=[0-9]){_BLANK}[*×✕·xX]{_BLANK}(?=[-−]?[0-9])", f" {words.times} ", text)
        return re.sub(rf"{_BLANK}={_BLANK}(?=\?)", f" {words.equals} ", text)

    def difference(found: Found) -> str:
        first, last = words.parsed(found["first"]), words.parsed(found["last"])
        sign = f" {words.subtracted} " if last.size < first.size else "-"
        return f"{found['first']}{sign}{found['last']}"

    def quotient(found: Found) -> str:
        over, under = (words.number(words.parsed(found[name])) for name in ("over", "under"))
        return f"{over} {words.divided} {under}"

    def ratio(found: Found) -> str:
        # Behind a name it is a verse; two digits would be minutes.
        before = found.string[max(0, found.start() - 24) : found.start()]
        return f"{found['over']} {words.to} {found['under']}" if _NO_NAME.search(before) else found[0]

    def power(found: Found) -> str:
        exponent = (found["typed"] or found["raised"]).translate(_RAISED)
        return words.raised(found["base"], exponent)

    yield re.compile(_EQUATION), equation
    if words.says_ratios:
        yield re.compile(r"(?<=[a-zß-ÿ] )(?P<over>[0-9]{1,3}):(?P<under>[0-9])(?![\w:/-]|[.,][0-9])"), ratio
    yield (
        re.compile(rf"(?<![\w.,:/−-])(?P<first>{_NUMBER})−(?P<last>{_NUMBER})(?![\w°%]|{_BLANK}[°%]|[−/:-]|[.,][0-9])"),
        difference,
    )
    yield re.compile(r"(?<=[0-9)]) − (?=[-−]?\.?[0-9(√])"), lambda found: f" {words.subtracted} "
    yield re.compile(r"(?<=\w)−(?=\w)| − "), lambda found: found[0].replace("−", "-")
    yield (
        re.compile(
            rf"(?<![\w.,−-])(?P<over>{_NUMBER}){_BLANK}÷{_BLANK}(?P<under>{_NUMBER})(?![\w]|[.,][0-9]|{_BLANK}[°%])"
        ),
        quotient,
    )
    yield re.compile(rf"(?<=[\w)²³]){_BLANK}÷{_BLANK}(?=[-−]?[\w(√])"), lambda found: f" {words.divided} "
    yield re.compile(rf"√ ?(?P<of>{_NUMBER}|[a-z](?!\w))"), lambda found: words.root.format(found["of"])
    yield (
        re.compile(
            rf"(?<![\w.,^])(?P<base>{_BASE}|[0-9]{{4}}(?=\^))"
            r"(?:\^(?P<typed>[-−]?[0-9]{1,3}|[a-z](?![a-z]))|(?P<raised>⁻?[⁰¹²³⁴-⁹]{1,3}))(?![\w²³]|[.,][0-9])"
        ),
        power,
    )
