"""Judges the beginning of a line: headings, lists, quotes, tables, rules, fences of code. Pure: no state."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from kokoro_wyoming.text.markup import hidden

BULLETS = frozenset("•◦▪‣")
SIGNS = frozenset("#>-*+_=~|`[–0123456789") | BULLETS
"""A line that begins with anything else is text."""

_RULE_CHARS = 80
"""Longest row of signs that is judged at once."""

_HEADING = re.compile(r"#{1,6}[ \t]")
_NUMBER = re.compile(r"([0-9]{1,3})[.)][ \t]+(?=\S)")
_PERHAPS_NUMBER = re.compile(r"[0-9]{1,3}(?:[.)][ \t]{0,8})?")
_RULE = re.compile(r"[-*_=+~ \t]+")
_TABLE_RULE = re.compile(r"[|:+=\- \t]+")
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*[\w+#.{}=\", -]{0,60}")
_PERHAPS_FENCE = re.compile(r"`{1,2}|~{1,2}|" + _FENCE.pattern)
_TASK = re.compile(r"\[[ xX]\][ \t]")
_PERHAPS_TASK = re.compile(r"\[(?:[ xX]\]?)?")
_NOTE = re.compile(r"\[\^[^\s\]]{1,40}\]:")
_PERHAPS_NOTE = re.compile(r"\[(?:\^[^\s\]]{0,40}\]?)?")
_COMPARED = re.compile(r"[=0-9$£€¥₹.,+\u2212-]")
_REFERENCE = re.compile(r"\[[^\[\]\n]{1,60}\]:[ \t]*<?(?:https?://|www\.|mailto:)")
_PERHAPS_REFERENCE = re.compile(r"\[(?:[^\[\]\n]{1,60}(?:\](?::[ \t]{0,8}<?[htpsw.:/mailo]{0,8})?)?)?")


class Kind(enum.Enum):
    TEXT = enum.auto()
    """No structure (any more) before the rest."""
    SIGN = enum.auto()
    """A sign that is not said; another one may follow."""
    NUMBER = enum.auto()
    HEADING = enum.auto()
    ROW = enum.auto()
    """A row of a table."""
    FENCE = enum.auto()
    """Code begins; `said` is the fence."""
    SILENT_FENCE = enum.auto()
    """The same, but nobody says what is in it."""
    FENCE_END = enum.auto()
    REFERENCE = enum.auto()
    """A link's definition; its address follows."""


class Start(NamedTuple):
    kind: Kind
    again: str = ""
    """Text that is read again as if it came now."""
    said: str = ""


def start(held: str, ended: bool) -> Start | None:
    """Judge the beginning of a line, as far as it has come; None while it is not certain."""
    for judge in _JUDGES[held[0]]:
        found = judge(held, ended)
        if found is None or found.kind is not Kind.TEXT:
            return found
    return Start(Kind.TEXT, held)


def fence_end(held: str, ended: bool, fence: str) -> Start | None:
    """Judge a line of code that begins like the fence that ends it."""
    line = held.rstrip()
    if set(line) == {fence[0]} and len(held) < _RULE_CHARS:
        if not ended and held[-1] != "\n":
            return None
        if len(line) >= len(fence):
            return Start(Kind.FENCE_END, "\n")
    return Start(Kind.TEXT, held)


def _fence(held: str, ended: bool) -> Start | None:
    line = held.rstrip("\n")
    fence = _FENCE.fullmatch(line)
    if fence and (ended or line != held):
        return Start(Kind.SILENT_FENCE if hidden.FENCES.match(line) else Kind.FENCE, "\n", fence[1])
    is_open = not ended and len(held) < 2 * _RULE_CHARS and _PERHAPS_FENCE.fullmatch(held)
    return None if is_open else Start(Kind.TEXT)


def _rule_or_bullet(held: str, ended: bool) -> Start | None:
    line = held.rstrip("\n")
    is_rule = _RULE.fullmatch(line)
    if line != held or ended:
        return Start(Kind.SIGN if is_rule else Kind.TEXT, "\n")
    if held[1:].isspace() and held[0] in "-*+":
        return Start(Kind.SIGN)
    if not is_rule:
        return Start(Kind.TEXT)
    return Start(Kind.SIGN, held[-1]) if len(held) > _RULE_CHARS else None


def _row(held: str, ended: bool) -> Start | None:
    line = held.rstrip("\n")
    if _TABLE_RULE.fullmatch(line):
        if line != held or ended:
            return Start(Kind.SIGN, "\n")
        if len(held) <= 4 * _RULE_CHARS:
            return None
    return Start(Kind.ROW, held[1:])


def _heading(held: str, ended: bool) -> Start | None:
    if held.strip("#") == "" and len(held) <= 6 and not ended:
        return None
    return Start(Kind.HEADING if _HEADING.fullmatch(held) else Kind.TEXT)


def _definition(held: str, ended: bool) -> Start | None:
    if _TASK.fullmatch(held) or _NOTE.fullmatch(held):
        return Start(Kind.SIGN)
    if _REFERENCE.fullmatch(held):
        return Start(Kind.REFERENCE)
    is_open = any(form.fullmatch(held) for form in (_PERHAPS_TASK, _PERHAPS_NOTE, _PERHAPS_REFERENCE))
    return None if is_open and not ended else Start(Kind.TEXT)


def _number(held: str, ended: bool) -> Start | None:
    number = _NUMBER.match(held)
    if number:
        return Start(Kind.NUMBER, " " + held[-1], f"{number[1]}:")
    return None if _PERHAPS_NUMBER.fullmatch(held) and not ended else Start(Kind.TEXT)


def _quote(held: str, ended: bool) -> Start | None:
    if len(held) == 1 and not ended:
        return None
    # Before a number it is no quotation, but more than it.
    return Start(Kind.TEXT) if _COMPARED.match(held[1:]) else Start(Kind.SIGN, held[1:])


def _bullet(held: str, ended: bool) -> Start | None:
    if len(held) == 1 and not ended:
        return None
    return Start(Kind.TEXT) if held[0] == "–" and not held[1:].isspace() else Start(Kind.SIGN, held[1:])


_JUDGES = {
    **dict.fromkeys("-*+_=", (_rule_or_bullet,)),
    "~": (_fence, _rule_or_bullet),
    "`": (_fence,),
    "|": (_row,),
    "#": (_heading,),
    "[": (_definition,),
    ">": (_quote,),
    **dict.fromkeys("0123456789", (_number,)),
    **dict.fromkeys((*BULLETS, "–"), (_bullet,)),
}
