"""What is to be said, and how: the values between the rooms that read text and those that speak it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kokoro_wyoming.text import marks

_LOGGER = logging.getLogger(__name__)

_MAX_MARKED_SECONDS = 1e6
"""What one mark may ask for; `joining` bounds all silence that stands together."""
MIN_RATE, MAX_RATE = 0.25, 4.0
MAX_GAIN = 4.0
"""12 dB."""

_BREAK = re.compile(f"{marks.OPEN}(?P<key>[a-z]+) (?P<value>[^{marks.OPEN}{marks.CLOSE}]*){marks.CLOSE}")
_SPAN = re.compile(
    f"{marks.BEGIN}(?P<words>[^{marks.BEGIN}{marks.SAID}]*){marks.SAID}"
    f"(?P<key>[a-z]+) (?P<value>[^{marks.SAID}{marks.CLOSE}]*){marks.CLOSE}"
)
_IN_NAME = "".join(filter(str.isalnum, map(chr, range(0x250)))) + "-_+"
"""What the first part of an address is made of."""
_WITHOUT_MARKS = str.maketrans(dict.fromkeys(marks.ALL, ""))


@dataclass(frozen=True)
class Run:
    """Part of a sentence that is said in one way."""

    text: str
    """As it was written."""
    language: str | None = None
    """Advertised tag, or that of a foreign script; None is the voice's."""
    phonemes: str | None = None
    """Said in place of what the G2P would make of the text: IPA, or Kokoro's symbols."""
    words: str | None = None
    """What the G2P reads, where it is not the text itself."""
    say_as: str | None = None
    """What the text is: `kind|format`, such as "date|dmy". SSML says it, or the text's emoji and addresses do."""

    @property
    def is_named(self) -> bool:
        """Whether it is emoji or a web address, of which it depends on the language how they are said."""
        return (self.say_as or "").partition("|")[0] in (marks.EMOJI, marks.WEB_ADDRESS)


@dataclass(frozen=True)
class Sentence:
    """What the engine speaks in one go: a sentence or a clause."""

    runs: tuple[Run, ...]
    rate: float = 1.0
    """Times the pace asked for."""
    gain: float = 1.0
    """Times the volume."""
    voice: str | None = None
    """Name asked for by markup, or a tag: whoever speaks that language best. None is the client's."""
    language: str | None = None
    """Tag asked for by markup; None is the client's."""

    @property
    def text(self) -> str:
        """The text of all runs, as it was written."""
        return "".join(run.text for run in self.runs)

    @property
    def prose(self) -> str:
        """The text without emoji and addresses, whose letters do not tell in which language it is written."""
        return "".join(run.text for run in self.runs if not run.is_named)


@dataclass(frozen=True)
class Pause:
    """Silence between sentences."""

    seconds: float


def plain(text: str) -> Sentence:
    """A sentence about which nothing more is known."""
    return Sentence((Run(text),))


@dataclass
class Parser:
    """Takes pieces of marked text apart; keeps the manner that breaks asked for from one piece to the next."""

    _manner: dict[str, str] = field(default_factory=dict)

    def parse(self, piece: str) -> Iterator[Sentence | Pause]:
        """What a piece of `splitting.SentenceSplitter` says, in order."""
        at = 0
        for mark in _BREAK.finditer(piece):
            yield from self._sentence(piece[at : mark.start()])
            yield from self._break(mark["key"], mark["value"])
            at = mark.end()
        yield from self._sentence(piece[at:])

    def _break(self, key: str, value: str) -> Iterator[Pause]:
        if key == "pause":
            seconds = _number(value, 0.0, _MAX_MARKED_SECONDS, otherwise=0.0)
            if seconds:
                yield Pause(seconds)
        else:
            self._manner[key] = value

    def _sentence(self, text: str) -> Iterator[Sentence]:
        runs = tuple(_runs(text.strip()))
        if runs:
            manner = self._manner
            yield Sentence(
                runs,
                _number(manner.get("rate", ""), MIN_RATE, MAX_RATE, otherwise=1.0),
                _number(manner.get("gain", ""), 0.0, MAX_GAIN, otherwise=1.0),
                manner.get("voice") or None,
                manner.get("language") or None,
            )


def _runs(text: str) -> Iterator[Run]:
    at = 0
    for span in _SPAN.finditer(text):
        before, words = text[at : span.start()], span["words"]
        if words.startswith((".", "@")) and span["value"].startswith(marks.WEB_ADDRESS):
            # The text before it had been given out when its full stop or @ told that it is one.
            name = before[len(before.rstrip(_IN_NAME)) :]
            before, words = before[: len(before) - len(name)], name + words
        yield from _plain_runs(before)
        if words:
            yield _said(words, span["key"], span["value"])
        at = span.end()
    yield from _plain_runs(text[at:])


def _plain_runs(text: str) -> Iterator[Run]:
    # Of marks that were torn apart nothing but the words is left.
    words = text.translate(_WITHOUT_MARKS)
    if words:
        yield Run(words)


def _said(words: str, key: str, value: str) -> Run:
    match key:
        case "phonemes":
            return Run(words, phonemes=value)
        case "language":
            return Run(words, language=value)
        case "as":
            kind, _, language = value.rpartition("|")
            return Run(words, language=language or None, say_as=kind)
    _LOGGER.debug("Nothing is known of words marked as %s", key)
    return Run(words)


def _number(text: str, low: float, high: float, *, otherwise: float) -> float:
    try:
        number = float(text)
    except ValueError:
        return otherwise
    # Nothing is equal to NaN, so that it is neither.
    return min(max(number, low), high) if number == number else otherwise
