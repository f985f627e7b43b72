"""Which words a number counts, and their gender, in Spanish, French, Italian and Portuguese. Pure.

A noun's ending tells its gender, but for the words that are listed. A number behind a noun is its name ("zona 1").
"""

from __future__ import annotations

import copy
import re

from kokoro_wyoming.pronunciation.normalization.units import SYMBOLS

WORD = r"[^\W\d_]{1,24}"
_LAST_WORD = re.compile(rf"({WORD})[ \u00a0]$")
_IN_A_LIST = re.compile(r"s [0-9]{1,4}(?:, [0-9]{1,4})*,? [eyo] $")
"""What stands before the last of several names: "ventanas 1 y"."""


class Nouns:
    def __init__(
        self,
        *,
        feminine: str,
        masculine: str,
        known: str,
        plural: str,
        adjectives: str,
        never: str,
        one: str,
        names: str,
    ) -> None:
        """`feminine`, `plural`: regular expressions of whole words; `masculine`: that of exceptions to `feminine`.

        The others are words with blanks between them. `known`: nouns that are counted wherever they stand behind a
        number. `adjectives` stand before a noun of either gender. `never` are no nouns. A 1 counts a noun if a word of
        `one` is before it; no number counts if one of `names` is.
        """
        self._feminine, self._masculine, self._plural = map(re.compile, (feminine, masculine, plural))
        self._known, self._adjectives, self._never, self._one, self._names = (
            frozenset(words.split()) for words in (known, adjectives, never, one, names)
        )

    def also(self, *, one: str) -> Nouns:
        """The same with more words before a 1 that counts."""
        more = copy.copy(self)
        more._one = self._one | frozenset(one.split())
        return more

    def is_feminine(self, before: str, number: int, noun: str, second: str | None) -> bool | None:
        """The gender of what a number counts, by what is before it and the two words after it; None: it counts none."""
        if second and noun in self._adjectives:
            noun = second
        found = _LAST_WORD.search(before[-40:])
        word = found[1].lower() if found else ""
        if word in self._names or not (noun in self._known or self._is_counted(before, word, number, noun)):
            return None
        return bool(self._feminine.fullmatch(noun)) and not self._masculine.fullmatch(noun)

    def _is_counted(self, before: str, word: str, number: int, noun: str) -> bool:
        if noun in self._never or noun in SYMBOLS or len(noun) < 3 or not noun.islower():
            return False
        if number == 1:
            return word in self._one or not before.strip() or before.rstrip()[-1] in ".,:;!?¡¿("
        return self._plural.fullmatch(noun) is not None and _IN_A_LIST.search(before[-40:]) is None
