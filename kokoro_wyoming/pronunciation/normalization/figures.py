"""Figures that are said one by one: codes, numbers to call, and thousands that a blank parts, which are not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_SEAM = "[ :：\u00a0\u2063]{0,3}"
_FIGURES = r"(?P<figures>[0-9]{3,12}(?:[ -][0-9]{2,4}){0,3}|[0-9]{2}(?: [0-9]{2}){1,3})(?!\w|[.,:/-][0-9]|[%°€$])"

_BOOK = r"(?<![\w.,:/-])97[89](?:[ -][0-9]{1,7}){3}[ -][0-9](?![\w/-]|[.,:][0-9])"
"""An ISBN."""
_NUMBERED = re.compile(
    r"\b(?:room|bus|line|channel|floor|page|gate|day|table|zone|step|chapter|number|at|on|since|by) $", re.IGNORECASE
)


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules, which come before those of telephone numbers and of numbers."""
    if words.code_words:
        yield (
            re.compile(rf"(?:{words.code_words}){_SEAM}{_FIGURES}"),
            lambda found: _said(found, words.code(found["figures"])),
        )
    if words.call_words:
        end = r"(?![\w%°€$]|[.,:/-]?[0-9]|[ -][0-9])"
        short = rf"(?P<figures>{words.short_numbers}){end}"
        yield (
            re.compile(rf"(?:{words.call_words}){_SEAM}{short}"),
            lambda found: _said(found, words.code(found["figures"])),
        )
        long = r"(?P<figures>[0-9]{5,12}|[0-9]{3,5}(?:[ -][0-9]{3,4}){1,2}|[0-9]{2,4}(?:[ -][0-9]{2,4}){2,4})" + end
        yield (
            re.compile(rf"(?:{words.call_words}){_SEAM}{long}"),
            lambda found: _said(found, words.phone(found["figures"])),
        )
    if words.flight_words:
        yield (
            re.compile(
                rf"(?<!\w)(?i:{words.flight_words}) (?P<line>[A-Z]{{2}}|[A-Z][0-9]|[0-9][A-Z]) ?"
                r"(?P<figures>[0-9]{3,4})(?!\w|[.,:-][0-9])"
            ),
            lambda found: f"{_said(found, '').rstrip()} {words.flight(found['figures'])}",
        )
    # "1'234.50", as in Switzerland
    yield re.compile(r"(?<=[0-9])(?<![0-9]{4})['’](?=[0-9]{3}(?![0-9]))"), lambda found: "\u00a0"
    yield re.compile(_BOOK), lambda found: words.code(found[0])
    yield _of_thousands(words)


def _said(found: Found, figures: str) -> str:
    start = found.start("figures") - found.start()
    return f"{found[0][:start]}{figures}"


def _is_number_of_something(found: Found) -> bool:
    """Whether the first figures belong to the word before them: "in room 12 300 people wait"."""
    return (
        not found[0].endswith(" 000")
        and _NUMBERED.search(found.string, max(0, found.start() - 12), found.start()) is not None
    )


def _of_thousands(words: Verbalizer) -> Rule:
    """Thousands become one number. What may be two numbers or a telephone number stays.

    Where blanks are usual they count before any hundreds; elsewhere before 000, or behind two or three figures.
    """
    phones = "".join(rf"(?!{phone}(?!\w))" for phone in words.phones)
    one_group = (
        "[1-9][0-9]{0,2}[ ][0-9]{3}" if words.plain_spaces else "[1-9][0-9]{1,2}[ ][1-9][0-9]{2}(?= [a-z]{2,20}s\\b)"
    )
    return (
        re.compile(
            rf"(?<![\w.,:/-])(?<![0-9][ ]){phones}(?:[1-9][0-9]{{0,2}}(?:[ ][0-9]{{3}}){{0,3}}[ ]000|{one_group})"
            r"(?!\w|[ ]?[0-9]|[.:/-][0-9])"
        ),
        lambda found: found[0] if _is_number_of_something(found) else found[0].replace(" ", "\u00a0"),
    )
