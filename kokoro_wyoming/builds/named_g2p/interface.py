"""`NamedG2P`: what a release needs of any G2P, and the map of symbols that a release's file may have."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from kokoro_wyoming.audio.word_times import SpokenWord, paired
from kokoro_wyoming.pronunciation.phonemes import Phonemes


class SymbolMap:
    """Replaces symbols by others: the longest first, each place once, so that two can change places."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = {old: new for old, new in symbols.items() if old}
        longest_first = sorted(self._symbols, key=lambda symbol: (-len(symbol), symbol))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def __bool__(self) -> bool:
        return bool(self._symbols)

    def __call__(self, phonemes: str) -> str:
        return self._pattern.sub(lambda found: self._symbols[found[0]], phonemes)


class NamedG2P(ABC):
    """The G2P of one language. It belongs on the one model thread, but for its making."""

    @abstractmethod
    def pieces(self, text: str) -> Iterator[Phonemes]:
        """Every phoneme of a text, once and in order, in pieces that the network can speak; the text is in words.

        ModelError where the G2P fails.
        """

    def words_of(self, piece: Phonemes) -> list[SpokenWord]:
        """Where each word of a piece is among its phonemes; where that is unclear, each clause."""
        return paired(piece.graphemes, piece.phonemes)

    @abstractmethod
    def close(self) -> None:
        """End what was started. May be called more than once; from any thread."""
