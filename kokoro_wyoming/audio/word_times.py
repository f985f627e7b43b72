"""The time of each word in the sound, from the durations that the network predicts for phonemes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

FRAME_SECONDS = 1 / 40
"""The unit of durations."""
LEAD_SECONDS = 0.07
"""Words begin this much earlier than predicted. Bursts after silence come 33 to 108 ms before their phoneme's time,
fricatives first, in six voices at speeds from 0.7 to 1.4."""
_MARKS = ' ;:,.!?—…"()“”«»¡¿、。，！？；：।॥'
_WORD = re.compile(r"\S+")
_CLAUSE = re.compile(r"[^;:,.!?—…、。，！？；：।॥]+")


@dataclass(frozen=True)
class SpokenWord:
    """A word of the text, and the positions of its phonemes among those of the sentence."""

    text: str
    first: int
    count: int

    def among(self, is_spoken: Sequence[bool]) -> SpokenWord:
        """The word with positions that count spoken symbols only."""
        end = self.first + self.count
        return SpokenWord(self.text, sum(is_spoken[: self.first]), sum(is_spoken[self.first : end]))


@dataclass(frozen=True)
class WordTime:
    """The start and end of a word, in seconds from the beginning of the sound."""

    text: str
    start_seconds: float
    end_seconds: float

    def later(self, seconds: float) -> WordTime:
        """The word shifted by a time; no time is below 0."""
        return WordTime(self.text, max(0.0, self.start_seconds + seconds), max(0.0, self.end_seconds + seconds))

    def as_json(self) -> dict[str, str | float]:
        """As clients are told of it: seconds to the millisecond."""
        return {"text": self.text, "start": round(self.start_seconds, 3), "end": round(self.end_seconds, 3)}


@dataclass
class Clock:
    """Collects the words of a sentence. Words are added before their sound is made."""

    words: list[WordTime] = field(default_factory=list)
    """Times are in seconds from the beginning of the sentence's sound."""
    _at_frames: int = 0
    _taken: int = 0

    def count(self, words: Sequence[SpokenWord], durations: Sequence[int]) -> None:
        """Add the next part of the sentence: its words, and the durations of its tokens in frames, pads included."""
        at_seconds = self._at_frames * FRAME_SECONDS
        self.words.extend(word.later(at_seconds) for word in word_times(words, durations))
        self._at_frames += sum(durations)

    def fresh(self) -> list[WordTime]:
        """The words that no earlier call returned. Another thread may call `count` at the same time."""
        words = self.words[self._taken :]
        self._taken += len(words)
        return words


def word_times(words: Sequence[SpokenWord], durations: Sequence[int]) -> list[WordTime]:
    """The time of each word. `durations` has one for each phoneme and a pad at each end, in frames of 1/40 s."""
    edges = [frames * FRAME_SECONDS for frames in accumulate(durations, initial=0)]
    last = len(edges) - 1
    times = [(edges[min(1 + w.first, last)], edges[min(1 + w.first + w.count, last)], w.text) for w in words]
    return [WordTime(text, start, end).later(-LEAD_SECONDS) for start, end, text in times]


def paired(text: str, phonemes: str, units: Sequence[str] | None = None) -> list[SpokenWord]:
    """Assign the phonemes of a text to its words, when they are known only for the text as a whole.

    If text and phonemes have the same number of words (`units`, else separated by blanks), each word gets its phonemes.
    Else the same is tried with clauses, and with the words of each. Else the whole text counts as one word. So no word
    gets another's phonemes.
    """
    words = _matched(units or _WORD.findall(text), phonemes, _WORD)
    if words is not None:
        return words
    clauses = _matched(_CLAUSE.findall(text), phonemes, _CLAUSE)
    return [SpokenWord(text.strip(), 0, len(phonemes))] if clauses is None else [*_words_in(clauses, phonemes)]


def _words_in(clauses: Sequence[SpokenWord], phonemes: str) -> Iterator[SpokenWord]:
    for clause in clauses:
        sounds = phonemes[clause.first : clause.first + clause.count]
        words = _matched(_WORD.findall(clause.text), sounds, _WORD) or [SpokenWord(clause.text, 0, clause.count)]
        yield from (SpokenWord(word.text, clause.first + word.first, word.count) for word in words)


def _matched(parts: Sequence[str], phonemes: str, pattern: re.Pattern[str]) -> list[SpokenWord] | None:
    """The parts of a text with the matches in its phonemes, if there are as many."""
    named, spans = [part for part in (part.strip(_MARKS) for part in parts) if part], list(_spans(phonemes, pattern))
    if len(named) != len(spans):
        return None
    return [SpokenWord(part, *span) for part, span in zip(named, spans, strict=True)]


def _spans(phonemes: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Start and length of each match, without punctuation around it."""
    for found in pattern.finditer(phonemes):
        bare = found[0].lstrip(_MARKS)
        if bare.rstrip(_MARKS):
            yield found.end() - len(bare), len(bare.rstrip(_MARKS))
