"""Words that were given their phonemes, within a sentence that is read as a whole. Pure.

A G2P that were given what stands before such a word alone would read it as the end of a sentence: Spanish "la" gets a
stress there, and English "the" another vowel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.pronunciation.phonemes import MAX_PHONEMES
from kokoro_wyoming.text.sentences import Run


@dataclass(frozen=True)
class ReadRun(Run):
    """Runs that were read together: their phonemes, and where among these each word is."""

    spoken: tuple[SpokenWord, ...] = ()


def written(runs: Sequence[Run]) -> str:
    """The runs as the G2P reads them, words with phonemes of their own included."""
    return "".join(map(_text, runs))


def together(runs: Sequence[Run], phonemes: str, words: Sequence[SpokenWord]) -> ReadRun | None:
    """The runs as one, with the phonemes that some of them were given in the place of the G2P's.

    `phonemes` and `words` are the G2P's for `written(runs)`. None where it is unclear which of them belong to a run.
    """
    groups = _groups(runs, words)
    if groups is None:
        return None
    said, copied = "", 0
    spoken: list[SpokenWord] = []
    for run, own in groups:
        first, end = own[0].first, own[-1].first + own[-1].count
        said += phonemes[copied:first]
        at, sounds = len(said), phonemes[first:end] if run is None or run.phonemes is None else run.phonemes
        text = own[0].text if run is None else run.text.strip()
        spoken.append(SpokenWord(text, at, len(sounds)))
        said, copied = said + sounds, end
    said += phonemes[copied:]
    if len(said) > MAX_PHONEMES:
        return None
    return ReadRun(written(runs), runs[0].language, phonemes=said, spoken=tuple(spoken))


def _groups(runs: Sequence[Run], words: Sequence[SpokenWord]) -> list[tuple[Run | None, list[SpokenWord]]] | None:
    """Each word, or all words of a run with phonemes of its own together with that run."""
    places = _places(written(runs), words)
    if places is None:
        return None
    left, at = [*zip(words, places, strict=True)], 0
    groups: list[tuple[Run | None, list[SpokenWord]]] = []
    for run in runs:
        begin, at = at, at + len(_text(run))
        if run.phonemes is None:
            continue
        while left and left[0][1].stop <= begin:
            groups.append((None, [left.pop(0)[0]]))
        own: list[SpokenWord] = []
        while left and begin <= left[0][1].start and left[0][1].stop <= at:
            own.append(left.pop(0)[0])
        if not own or (left and left[0][1].start < at):
            return None
        groups.append((run, own))
    return [*groups, *((None, [word]) for word, _ in left)]


def _places(text: str, words: Sequence[SpokenWord]) -> list[range] | None:
    """Where each word is in the text; None where one is not as it is written."""
    places, at = [], 0
    for word in words:
        begin = text.find(word.text, at)
        if begin < 0:
            return None
        at = begin + len(word.text)
        places.append(range(begin, at))
    return places


def _text(run: Run) -> str:
    return run.text if run.words is None else run.words
