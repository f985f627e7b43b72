"""How a text is read: its phonemes, and those of each word as it was written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate

from kokoro_wyoming.audio.word_times import SpokenWord

_BETWEEN = r"\s;:,.!?—–…\"()\[\]{}“”„«»¡¿、。，！？；：।॥「」『』（）《》"
_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_ATOM = re.compile(rf"[{_UNSPACED}]|[^{_BETWEEN}{_UNSPACED}]+")
"""What two spellings of a text are compared by: a kana, a Han character, or what stands between blanks and marks."""


@dataclass(frozen=True)
class WordReading:
    """A word, and the phonemes that it is read by."""

    text: str
    """As it was written. Where several words are read as one, or one as several, such as 21, these together."""
    phonemes: str
    """Kokoro's symbols, which `[word](/phonemes/)` and the lexicon take."""


@dataclass(frozen=True)
class Reading:
    """How a text is read."""

    language: str
    """The tag of the language that it is read in."""
    phonemes: str
    """Of the whole text, marks included, as the network gets them."""
    token_ids: tuple[int, ...]
    """The network's integers for these, without pads. Symbols that it does not know have none."""
    words: tuple[WordReading, ...]


def joined(readings: Sequence[Reading], language: str) -> Reading:
    """The readings of a text's sentences as that of the text."""
    return Reading(
        language,
        " ".join(reading.phonemes for reading in readings if reading.phonemes),
        tuple(token for reading in readings for token in reading.token_ids),
        tuple(word for reading in readings for word in reading.words),
    )


def as_written(written: str, words: Sequence[SpokenWord], phonemes: str) -> Iterator[WordReading]:
    """The words with the text that was written for them; numbers and signs were put in words before they were read.

    `words` have their places among `phonemes`. They are put together until both spellings have a border at one place.
    """
    atoms = [*_ATOM.finditer(written)]
    ends = [*accumulate(len(_keys(word.text)) for word in words)]
    borders = _Borders([_key(atom[0]) for atom in atoms], [key for word in words for key in _keys(word.text)])
    begin = first = 0
    for number, end in enumerate(ends, 1):
        if not borders.is_at(end) and number < len(ends):
            continue
        own = atoms[borders.begin(begin) : borders.end(end)]
        if not own and number < len(ends):  # nothing is written for it: it is told with what comes next
            continue
        text = written[own[0].start() : own[-1].end()] if own else " ".join(word.text for word in words[first:number])
        yield WordReading(text, phonemes[words[first].first : words[number - 1].first + words[number - 1].count])
        begin, first = end, number


class _Borders:
    """Where a text as it was written has the border that it has as it is spoken."""

    def __init__(self, written: Sequence[str], spoken: Sequence[str]) -> None:
        self._begins: dict[int, int] = {}
        self._ends = {0: 0}
        for at_written, at_spoken, size in SequenceMatcher(None, written, spoken, autojunk=False).get_matching_blocks():
            for offset in range(size):
                self._begins[at_spoken + offset] = at_written + offset
                self._ends[at_spoken + offset + 1] = at_written + offset + 1
        self._begins.setdefault(len(spoken), len(written))

    def is_at(self, spoken: int) -> bool:
        return spoken in self._begins or spoken in self._ends

    def begin(self, spoken: int) -> int:
        """Where what follows the border begins; both differ where something was written that is not read."""
        return self._begins[spoken] if spoken in self._begins else self._ends[spoken]

    def end(self, spoken: int) -> int:
        """Where what stands before the border ends."""
        return self._ends[spoken] if spoken in self._ends else self._begins[spoken]


def _keys(text: str) -> list[str]:
    return [_key(atom) for atom in _ATOM.findall(text)]


def _key(atom: str) -> str:
    return atom.casefold()
