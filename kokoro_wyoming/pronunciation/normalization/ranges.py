"""Ranges whose dash a G2P would leave out: days, months, prices, hours, years. Pure.

Ranges of bare numbers and of measures are found where these are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.money import SIGN
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_GAP = "[ \u00a0\u202f\u2009]?"
_HAN = "[\u3400-\u9fff]"
_SEAM = "\u2063?"
_DASH = rf"(?: [-–—~～〜] |{_SEAM}[-–—~～〜]{_SEAM})"
_ALREADY_BEGUN = re.compile(r"\b(?:de|du|da|dal|dalla)\s$", re.IGNORECASE)
_HOUR = "(?:1[0-2]|0?[1-9])"


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules, which come before all others of numbers and names."""
    yield from _of_names(words, words.day_names)
    yield from _of_names(words, words.month_names)
    if not words.word_gap:
        yield (
            re.compile(rf"(?<=[0-9]\u2063[年月日号點点时時分度元円人个個]){_DASH}(?=[0-9])"),
            lambda found: words.to,
        )
    yield from _of_prices(words)
    yield from _of_hours(words)
    yield (
        re.compile(
            r"(?<![\w/.,:–-])(?P<century>1[1-9]|20)(?P<first>[0-9]{2})[-–](?P<last>[0-9]{2})"
            r"(?![\w/–-]|[.,:][0-9]| ?[%°])"
        ),
        lambda found: _short_years(words, found),
    )


def _of_names(words: Verbalizer, names: dict[str, str]) -> Iterator[Rule]:
    if not names:
        return
    spellings = sorted(names, key=lambda name: (-len(name), name))
    name = "|".join(re.escape(name) if len(name) > 1 else rf"(?<!{_HAN}){name}(?!{_HAN})" for name in spellings)
    before, after = (r"(?<![\w.–—-])", r"(?![\w–—-])") if words.word_gap else ("", "")

    def say(found: Found) -> str:
        said = words.span_of_names(names[found["first"].lower()], names[found["last"].lower()])
        begun = _ALREADY_BEGUN.search(found.string, max(0, found.start() - 8), found.start())
        return said.partition(" ")[2] if begun else said

    yield (
        re.compile(rf"{before}(?P<first>(?i:{name}))[.॰]?{_DASH}(?P<last>(?i:{name})){after}(?:[.॰](?= ?[a-z0-9,:]))?"),
        say,
    )


def _of_prices(words: Verbalizer) -> Iterator[Rule]:
    number = words.number_pattern
    large = "|".join(map(re.escape, sorted(words.large, key=len, reverse=True)))

    def sign_before(found: Found) -> str:
        return _price_range(words, found, f"{found['currency']}{found['gap']}", "")

    def sign_after(found: Found) -> str:
        return _price_range(words, found, "", f"{found['gap']}{found['currency']}")

    yield (
        re.compile(
            rf"(?<![\w$])(?P<currency>{SIGN})(?P<gap>{_GAP})(?P<first>{number}){_DASH}(?P=currency){_GAP}(?P<last>{number})"
        ),
        sign_before,
    )
    yield (
        re.compile(
            rf"(?P<first>{number})(?P<gap>{_GAP})(?P<currency>{SIGN}){_DASH}(?P<last>{number}){_GAP}(?P=currency)(?!\w)"
        ),
        sign_after,
    )
    if large:
        yield (
            re.compile(rf"(?P<first>(?<![\w$]){SIGN}{_GAP}{number}{_GAP}(?:{large})){_DASH}(?={SIGN}{_GAP}[0-9])"),
            lambda found: f"{found['first']} {words.to} ",
        )


def _price_range(words: Verbalizer, found: Found, before: str, after: str) -> str:
    first, last = found["first"], found["last"]
    if words.parsed(first).fraction or words.parsed(last).fraction:
        return f"{before}{first}{after} {words.to} {before}{last}{after}"
    return f"{before}{first}-{last}{after}"


def _of_hours(words: Verbalizer) -> Iterator[Rule]:
    half = "|".join(words.meridiems)
    if not half:
        return

    def say(found: Found) -> str:
        hour, minute = int(found["hour"]), int(found["minute"] or 0)
        if not words.half_is_first:
            first = words.clock(hour, minute, 0, "") if minute else words.integer(hour, feminine=True)
            return f"{first} {words.to} {found['rest']}"
        # The half of the day is said first, and it is the morning's for 11-1pm.
        until, sense = int(found["until"]), words.half_of(found["half"])
        begins = "am" if hour % 12 > until % 12 and sense == "pm" else sense
        last = words.clock(until, int(found["last_minute"] or 0), 0, sense if begins != sense else "")
        return words.joined(words.clock(hour, minute, 0, begins), words.to, last)

    yield (
        re.compile(
            rf"(?<![\w:.,/$€£¥–-])(?P<hour>{_HOUR})(?::(?P<minute>[0-5][0-9]))?{_DASH}"
            rf"(?P<rest>(?P<until>{_HOUR})(?::(?P<last_minute>[0-5][0-9]))?{_GAP}(?P<half>{half}))(?!\w)"
        ),
        say,
    )


def _short_years(words: Verbalizer, found: Found) -> str:
    first, last = int(found["first"]), int(found["last"])
    if last <= max(first, 12):  # perhaps a month
        return found[0]
    century = 100 * int(found["century"])
    return words.years(century + first, century + last)
