"""SSML's say-as, and the names of emoji and addresses, in words that a G2P reads. Pure.

Text that does not look like what say-as calls it stays as it is written, and so does text of an unknown kind.
"""

from __future__ import annotations

import datetime
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from babel.dates import format_date, format_skeleton

from kokoro_wyoming.pronunciation import emoji_names
from kokoro_wyoming.pronunciation.normalization import file_names, normalizer_of
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer
from kokoro_wyoming.text import marks
from kokoro_wyoming.text.sentences import Run

_LOGGER = logging.getLogger(__name__)

_MAX_DIGITS = 15
"""The longest number that every language has words for."""

_DATE_PART = re.compile(r"\d+|[^\W\d_]+")


def name(run: Run, language: str) -> str:
    """The words for a run of emoji or an address (`Run.is_named`); `language` is the tag of the words around it."""
    if (run.say_as or "").startswith(marks.EMOJI):
        return ", ".join(filter(None, dict.fromkeys(emoji_names.names(run.text, language))))
    words = file_names.WORDS.get(language[:2], file_names.WORDS["en"])
    return run.text.replace(".", f" {words.dot} ").replace("@", f" {words.at} ")


def say_as(run: Run, language: str, region: str | None = None) -> Iterator[Run]:
    """The run in parts, with the words for what say-as calls it; `language` and `region` are as for `as_words`."""
    kind, _, form = (run.say_as or "").partition("|")
    if kind in ("characters", "spell-out", "verbatim"):
        yield from _letters(run, language)
        return
    make = _KINDS.get(kind)
    if make is None:
        _LOGGER.debug("say-as: nothing is known of %s", kind)
    words = make(run.text.strip(), form, _Language(language, normalizer_of(language, region))) if make else None
    yield replace(run, say_as=None, words=words)


def _letters(run: Run, language: str) -> Iterator[Run]:
    bare = replace(run, say_as=None)
    letters = [letter for letter in run.text if not letter.isspace()]
    for number, letter in enumerate(letters):
        # English G2P takes a lone A for the article.
        phonemes = "ˈeɪ" if letter in "aA" and language.startswith("en") else None
        rest = " " if number + 1 < len(letters) else ""
        yield replace(bare, text=letter + rest, words=letter.upper() + rest, phonemes=phonemes)


class _Language(NamedTuple):
    tag: str
    normalizer: Normalizer | None


def _digits(text: str, _: str, __: _Language) -> str | None:
    return " ".join(letter for letter in text if letter.isalnum()) or None


def _telephone(text: str, _: str, __: _Language) -> str | None:
    groups = re.findall(r"\w+", text)
    plus = "+ " if text.startswith("+") else ""
    return plus + ", ".join(" ".join(group) for group in groups) if groups else None


def _cardinal(text: str, _: str, language: _Language) -> str | None:
    normalizer = language.normalizer
    found = re.fullmatch(rf"([+-]?)({normalizer.number_pattern})", text) if normalizer else None
    if normalizer is None or found is None:
        return None
    return normalizer.number(normalizer.parsed(found[2], negative=found[1] == "-").rounded())


def _ordinal(text: str, _: str, language: _Language) -> str | None:
    found, normalizer = re.match(r"\d+", text.replace(",", "").replace(".", "")), language.normalizer
    return normalizer.ordinal(int(found[0])) if found and normalizer and len(found[0]) <= _MAX_DIGITS else None


def _date(text: str, form: str, language: _Language) -> str | None:
    order = "".join(letter for letter in form.lower() if letter in "dmy") or _usual_order(text, language)
    parts = _DATE_PART.findall(text)
    if len(parts) != len(order) or not all(part.isdecimal() for part in parts):
        return None
    found = dict(zip(order, map(int, parts), strict=True))
    year = found.get("y", 2000)
    try:
        day = datetime.date(year + (2000 if year < 70 else 1900) if year < 100 else year, *_month_and_day(found))
    except ValueError:
        return None
    locale = language.tag.replace("-", "_")
    if "y" in order and "d" in order:
        return str(format_date(day, "long", locale))
    return str(format_skeleton(_SKELETONS.get(frozenset(order), "y"), day, locale=locale))


_SKELETONS = {frozenset("md"): "MMMMd", frozenset("my"): "yMMMM", frozenset("m"): "MMMM", frozenset("d"): "d"}


def _month_and_day(found: dict[str, int]) -> tuple[int, int]:
    return found.get("m", 1), found.get("d", 1)


def _usual_order(text: str, language: _Language) -> str:
    count = len(_DATE_PART.findall(text))
    if re.match(r"\d{4}", text) or language.tag in ("ja-JP", "zh-CN"):
        return "ymd"[:count] if count == 3 or re.match(r"\d{4}", text) else "md"
    return ("mdy" if language.normalizer and language.normalizer.month_first else "dmy")[:count]


def _as_written(text: str, _: str, __: _Language) -> str | None:
    return None


_KINDS: dict[str, Callable[[str, str, _Language], str | None]] = {
    "digits": _digits,
    "telephone": _telephone,
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "date": _date,
    # The normalizer puts these into words, as in every text.
    **dict.fromkeys(("time", "currency", "unit", "fraction", "address", "name"), _as_written),
}
