"""Cutting a text until each part's phonemes fit a network: what every release's G2P needs and none owns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_PHONEMES = 400
"""A longer piece is cut: the networks take 510, and their author finds speech above 400 rushed."""

MAX_WORD_CHARS = 80
"""espeak reads about 160 bytes of a word and drops the rest."""

_ENDINGS = (".!?…。！？।॥", ";:；：", ",，、—", " \u3000")
"""Where a speaker would breathe, best places first."""


@dataclass(frozen=True)
class Phonemes:
    """A piece of text and how it sounds."""

    graphemes: str
    phonemes: str
    """IPA in Kokoro's spelling, at most MAX_PHONEMES symbols where the text can be cut at all."""


def fitting_pieces(
    text: str, phonemes_of: Callable[[str], str], *, words_may_be_endless: bool = False
) -> Iterator[Phonemes]:
    """Every phoneme of a text, once and in order, in pieces that a network can speak.

    The text is cut in two at the best place near its middle until each part fits. `words_may_be_endless` is for
    languages that are written without spaces and read without espeak.
    """
    if words_may_be_endless or not _has_endless_word(text):
        phonemes = phonemes_of(text)
        if len(phonemes) <= MAX_PHONEMES or len(text) < 2:
            if phonemes.strip():
                yield Phonemes(text, phonemes)
            return
    cut = best_cut(text)
    for part in (text[:cut], text[cut:]):
        yield from fitting_pieces(part, phonemes_of, words_may_be_endless=words_may_be_endless)


def _has_endless_word(text: str) -> bool:
    """Whether espeak would fall silent within a word."""
    return any(len(word) > MAX_WORD_CHARS for word in text.split())


def best_cut(text: str) -> int:
    """Where to cut a text in two: behind the best mark of its middle half, else in its very middle."""
    quarter = len(text) // 4
    middle = range(quarter, len(text) - quarter)
    for marks in _ENDINGS:
        places = [at + 1 for at in middle if text[at] in marks and at + 1 < len(text)]
        if places:
            return min(places, key=lambda place: abs(2 * place - len(text)))
    return len(text) // 2
