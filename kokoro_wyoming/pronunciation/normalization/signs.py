"""Signs that are said as words: & + = @ % and, between two words, the slash; and what compares a number. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_LETTER = r"(?:[^\W\d_]|[\u0900-\u0963])"
"""Hindi's signs of vowels are no letters to `re`."""
_LONGEST_WORD = 80
_WORD_BEFORE_SLASH = re.compile(rf"(?:^|[^\w/.:@-]){_LETTER}{{1,{_LONGEST_WORD}}}$")
_WORD_BEHIND_SLASH = re.compile(rf"{_LETTER}{{1,{_LONGEST_WORD}}}(?![\w/@]|[.:-]\w)")


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules that come after those of numbers."""
    # A name such as "2FA" and "4WD", letter by letter, now that units and times are words.
    name = r"(?<![\w.,/-])([0-9]{1,2})(?!ST\b|ND\b|RD\b|TH\b|UP\b)([A-Z]{2,4})(?![\w/-])"
    yield re.compile(name), lambda found: " ".join((words.integer(int(found[1])), *found[2]))
    yield re.compile(r"[ \u00a0]?(?:&amp;|&)[ \u00a0]?(?=\w)"), lambda found: f" {words.ampersand} "
    yield re.compile(r"(?<=[\w)²³%°])[ \u00a0]?\+[ \u00a0]?(?=[\w(])"), lambda found: f" {words.plus} "
    yield re.compile(r"(?<!\S)\+(?=\w)"), lambda found: f"{words.plus} "
    yield re.compile(r"(?<=[\w)²³%°])[ \u00a0]?=[ \u00a0]?(?=[\w(])"), lambda found: f" {words.equals} "
    yield re.compile(r"(?<=\w)[ \u00a0]?@[ \u00a0]?(?=\w)"), lambda found: f" {words.at} "
    yield re.compile(rf"(?<={_LETTER})/(?={_LETTER})"), _slash_between_words
    yield re.compile(r"[ \u00a0]?%"), lambda found: f" {words.percent}"


def rules_of_comparisons(words: Verbalizer) -> Iterator[Rule]:
    """What stands before a number: about, more than."""
    compared = {sign: said for signs, said in words.compared.items() for sign in signs}
    if compared:
        compared |= {">=": compared["≥"], "<=": compared["≤"]}
        sign = rf"(?:[<>]=|[{re.escape(''.join(words.compared))}])"
        pattern = rf"{sign}[ \u00a0]?(?=[-−]?[{re.escape('0123456789$£€¥₹')}])"
        yield re.compile(rf"(?<![\w<>=~%°-]){pattern}"), lambda found: f"{compared[found[0].strip()]} "


def _slash_between_words(found: Found) -> str:
    """A blank for a slash between two words, and the slash itself in a path or address."""
    before = _WORD_BEFORE_SLASH.search(found.string[max(0, found.start() - _LONGEST_WORD) : found.start()])
    return " " if before and _WORD_BEHIND_SLASH.match(found.string, found.end()) else found[0]
