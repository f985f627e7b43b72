"""Sentences, runs and pauses: the values that the text wing makes and all others take."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kokoro_wyoming.text import marks

_LOGGER = logging.getLogger(__name__)

_MAX_MARKED_SECONDS = 1e6
"""The longest silence of one mark; `joining` limits the sum of pauses that stand together."""
MIN_RATE, MAX_RATE = 0.25, 4.0
MAX_GAIN = 4.0
"""12 dB."""

_BREAK = re.compile(f"{marks.OPEN}(?P<key>[a-z]+) (?P<value>[^{marks.OPEN}{marks.CLOSE}]*){marks.CLOSE}")
_SPAN = re.compile(
    f"{marks.BEGIN}(?P<words>[^{marks.BEGIN}{marks.SAID}]*){marks.SAID}"
    f"(?P<key>[a-z]+) (?P<value>[^{marks.SAID}{marks.CLOSE}]*){marks.CLOSE}"
)
_IN_NAME = "".join(filter(str.isalnum, map(chr, range(0x250)))) + "-_+"
"""The characters of an address's first word."""
_WITHOUT_MARKS = str.maketrans(dict.fromkeys(marks.ALL, ""))


@dataclass(frozen=True)
class Run:
    """Part of a sentence that is said in one way."""

    text: str
    """As it was written."""
    language: str | None = None
    """Advertised tag, or that of a foreign script; None is the voice's."""
    phonemes: str | None = None
    """IPA or Kokoro's symbols, said in place of the G2P's phonemes."""
    words: str | None = None
    """The words that the G2P reads; None is the text itself."""
    say_as: str | None = None
    """What the text is, as `kind|format`: SSML's say-as such as "date|dmy", or `marks.EMOJI`, `marks.WEB_ADDRESS`."""

    @property
    def is_named(self) -> bool:
        """Whether it is emoji or a web address: the language decides how it is said."""
        return (self.say_as or "").partition("|")[0] in (marks.EMOJI, marks.WEB_ADDRESS)


@dataclass(frozen=True)
class Sentence:
    """A sentence or a clause, which the engine speaks in one go."""

    runs: tuple[Run, ...]
    rate: float = 1.0
    """A factor on the pace that the client asks for."""
    gain: float = 1.0
    """A factor on the volume."""
    voice: str | None = None
    """A voice's name that markup asks for, or a tag for the best voice of that language; None is the client's voice."""
    language: str | None = None
    """The tag that markup asks for; None is the client's language."""

    @property
    def text(self) -> str:
        """The text of all runs, as it was written."""
        return "".join(run.text for run in self.runs)

    @property
    def prose(self) -> str:
        """The text without emoji and addresses: the letters that tell its language."""
        return "".join(run.text for run in self.runs if not run.is_named)


@dataclass(frozen=True)
class Pause:
    """Silence between sentences."""

    seconds: float


def plain(text: str) -> Sentence:
    """A sentence without any mark."""
    return Sentence((Run(text),))


@dataclass
class Parser:
    """Makes sentences and pauses from pieces of marked text. Rate, gain, voice and language last to the next piece."""

    _manner: dict[str, str] = field(default_factory=dict)

    def parse(self, piece: str) -> Iterator[Sentence | Pause]:
        """The sentences and pauses of one piece of `splitting.SentenceSplitter`, in order."""
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
            # `markup` had given out the address's first word before the full stop or @ showed that it is one.
            name = before[len(before.rstrip(_IN_NAME)) :]
            before, words = before[: len(before) - len(name)], name + words
        yield from _plain_runs(before)
        if words:
            yield _said(words, span["key"], span["value"])
        at = span.end()
    yield from _plain_runs(text[at:])


def _plain_runs(text: str) -> Iterator[Run]:
    # A mark that is not whole loses its private characters; its words stay.
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
    # NaN is not equal to itself.
    return min(max(number, low), high) if number == number else otherwise
