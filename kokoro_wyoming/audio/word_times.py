"""When each word is heard, from how long the network says that each of its phonemes lasts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

FRAME_SECONDS = 1 / 40
"""What durations are counted in."""
LEAD_SECONDS = 0.07
"""What is predicted is heard so much earlier: bursts after silence come 33 to 108 ms before their phoneme's turn, and
hissing first of all, in six voices at paces from 0.7 to 1.4."""
_MARKS = ' ;:,.!?—…"()“”«»¡¿、。，！？；：।॥'
_WORD = re.compile(r"\S+")
_CLAUSE = re.compile(r"[^;:,.!?—…、。，！？；：।॥]+")


@dataclass(frozen=True)
class SpokenWord:
    """A word of the text and its phonemes' places among those of a sentence."""

    text: str
    first: int
    count: int

    def among(self, is_spoken: Sequence[bool]) -> SpokenWord:
        """The same among those symbols alone that are spoken."""
        end = self.first + self.count
        return SpokenWord(self.text, sum(is_spoken[: self.first]), sum(is_spoken[self.first : end]))


@dataclass(frozen=True)
class WordTime:
    """When a word is heard, in seconds from the beginning of the sound."""

    text: str
    start_seconds: float
    end_seconds: float

    def later(self, seconds: float) -> WordTime:
        """The same where the sound begins later; nothing begins before 0."""
        return WordTime(self.text, max(0.0, self.start_seconds + seconds), max(0.0, self.end_seconds + seconds))


@dataclass
class Clock:
    """The words of a sentence as they become known: always before the sound that they are in."""

    words: list[WordTime] = field(default_factory=list)
    """In seconds from the beginning of the sentence's sound."""
    _at_frames: int = 0
    _taken: int = 0

    def count(self, words: Sequence[SpokenWord], durations: Sequence[int]) -> None:
        """Take the next part of the sentence: its words, and its tokens' durations in frames, both pads included."""
        at_seconds = self._at_frames * FRAME_SECONDS
        self.words.extend(word.later(at_seconds) for word in word_times(words, durations))
        self._at_frames += sum(durations)

    def fresh(self) -> list[WordTime]:
        """Those that were not yet taken; another thread may count meanwhile."""
        words = self.words[self._taken :]
        self._taken += len(words)
        return words


def word_times(words: Sequence[SpokenWord], durations: Sequence[int]) -> list[WordTime]:
    """When each word is heard; `durations` are in frames of 1/40 s, one for each phoneme, and a pad at either end."""
    edges = [frames * FRAME_SECONDS for frames in accumulate(durations, initial=0)]
    last = len(edges) - 1
    times = [(edges[min(1 + w.first, last)], edges[min(1 + w.first + w.count, last)], w.text) for w in words]
    return [WordTime(text, start, end).later(-LEAD_SECONDS) for start, end, text in times]


def paired(text: str, phonemes: str, units: Sequence[str] | None = None) -> list[SpokenWord]:
    """The words of a text whose phonemes are known only as a whole.

    Words (`units`, else what stands between blanks) where there are as many of them in both; else clauses; else the
    text as one. So nothing is ever told of a word that may be another's.
    """
    words = [word.strip(_MARKS) for word in units or _WORD.findall(text)]
    clauses = [clause.strip() for clause in _CLAUSE.findall(text)]
    for parts, pattern in ((words, _WORD), (clauses, _CLAUSE)):
        named, places = [part for part in parts if part], list(_places(phonemes, pattern))
        if len(named) == len(places):
            return [SpokenWord(part, *place) for part, place in zip(named, places, strict=True)]
    return [SpokenWord(text.strip(), 0, len(phonemes))]


def _places(phonemes: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """First and count of what the pattern finds, marks around it left out."""
    for found in pattern.finditer(phonemes):
        bare = found[0].lstrip(_MARKS)
        if bare.rstrip(_MARKS):
            yield found.end() - len(bare), len(bare.rstrip(_MARKS))
