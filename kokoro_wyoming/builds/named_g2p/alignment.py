"""Which phonemes belong to which word, where a G2P says two words as one, or one as two. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from kokoro_wyoming.audio.word_times import SpokenWord

_MOST_TOGETHER = 4
"""Words that are said as one, or parts of one word, at most."""
_LONGEST = 40
"""Words in what is aligned, at most: it takes time by their number times the difference."""
_STRESSES = str.maketrans(dict.fromkeys("ˈˌ", ""))


def aligned(clause: SpokenWord, phonemes: str, alone: Callable[[str], str]) -> list[SpokenWord]:
    """The words of a clause, with their places among the phonemes; those that are said as one are one.

    `phonemes` are those that the clause has its place among; `alone` gives a word's phonemes by itself.
    """
    words = clause.text.split()
    sounds = phonemes[clause.first : clause.first + clause.count].split(" ")
    if (
        not 1 < len(words) <= _LONGEST
        or not 1 < len(sounds) <= _LONGEST
        or abs(len(words) - len(sounds)) > _LONGEST // 4
    ):
        return [clause]
    spans = [(clause.first + len(" ".join(sounds[:at])) + (at > 0), len(sound)) for at, sound in enumerate(sounds)]
    told = []
    for from_word, to_word, from_sound, to_sound in _groups([alone(word) for word in words], sounds):
        first, end = spans[from_sound][0], sum(spans[to_sound - 1])
        told.append(SpokenWord(" ".join(words[from_word:to_word]), first, end - first))
    return told or [clause]


def _groups(words: Sequence[str], sounds: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """The likeliest pairs of words and sounds, as ranges of both; one of the two ranges has one member."""
    bare_words, bare_sounds = ([one.translate(_STRESSES) for one in many] for many in (words, sounds))
    steps = [
        (1, 1),
        *((many, 1) for many in range(2, _MOST_TOGETHER + 1)),
        *((1, many) for many in range(2, _MOST_TOGETHER + 1)),
    ]
    band = abs(len(words) - len(sounds)) + 2

    @lru_cache(None)
    def best(word: int, sound: int) -> tuple[float, tuple[int, int] | None]:
        if word == len(words) and sound == len(sounds):
            return 0.0, None
        found: tuple[float, tuple[int, int] | None] = (float("inf"), None)
        for more_words, more_sounds in steps:
            to_word, to_sound = word + more_words, sound + more_sounds
            if to_word > len(words) or to_sound > len(sounds) or abs(to_word - to_sound) > band:
                continue
            rest = best(to_word, to_sound)[0]
            here, there = "".join(bare_words[word:to_word]), "".join(bare_sounds[sound:to_sound])
            cost = (
                rest
                + 1
                - SequenceMatcher(None, here, there, autojunk=False).ratio()
                + 0.1 * (more_words + more_sounds - 2)
            )
            if cost < found[0]:
                found = (cost, (to_word, to_sound))
        return found

    groups, word, sound = [], 0, 0
    while (step := best(word, sound)[1]) is not None:
        groups.append((word, step[0], sound, step[1]))
        word, sound = step
    return groups
