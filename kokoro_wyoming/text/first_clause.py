"""The first clause of a long sentence: a piece of its own, whose sound does not wait for the rest. Pure."""

from __future__ import annotations

import unicodedata

from kokoro_wyoming.text.breaths import breaths

FIRST_CLAUSE_WIDTH = 40
"""The first piece of an utterance may end at a clause after so many characters, about 2.5 s, for an early first
sound."""
FOLLOWING_WIDTH = 24
"""A clause is cut off only if so many characters of the sentence follow it: less would sound torn off."""
FOLLOWING_AFTER_FEW_WORDS = 80
"""The same where a short sentence stands before it: only of a long sentence the making is heard as a gap."""
BREATHLESS_WIDTH = 120
"""After so many characters without the end of a clause, about 8 s, the first piece may end where a speaker would take a
breath."""
_WIDE = 3
"""The width of a Chinese or Japanese letter: it is spoken about as long as three others."""
_CLAUSE_ENDS, _WIDE_CLAUSE_ENDS = frozenset(",;:،؛–—"), frozenset("，、；：—")


class FirstClause:
    """Finds the end of a sentence's first clause, character by character."""

    def __init__(self, following_width: int = FOLLOWING_WIDTH) -> None:
        """So many characters have to follow a clause's end."""
        self._following_width = following_width
        self._text = ""
        self._counts: list[int] = []
        """For each character of the text, how many characters of the piece had come with it."""
        self._width = 0
        self._end = 0
        self._end_width = 0

    def end_after(self, character: str, count: int) -> int:
        """The clause's end once `count` characters have come, the last of them `character`; 0 for not yet."""
        last = self._text[-1:]
        is_end = last in _CLAUSE_ENDS and character.isspace()
        if not self._end and self._width >= FIRST_CLAUSE_WIDTH and (is_end or last in _WIDE_CLAUSE_ENDS):
            self._end, self._end_width = count - 1, self._width
        self._text += character
        self._counts.append(count)
        self._width += width_of(character)
        if self._end:
            return self._end if self._width - self._end_width >= self._following_width else 0
        is_long = self._width >= BREATHLESS_WIDTH and (character.isspace() or width_of(character) > 1)
        return self._breath() if is_long else 0

    def _breath(self) -> int:
        """How many characters stand before the best place for a breath; 0 where there is none."""
        places = (place for place in breaths(self._text) if self._is_far_from_both_ends(place))
        return next((self._counts[place] - 1 for place in places), 0)

    def _is_far_from_both_ends(self, place: int) -> bool:
        width = width_of(self._text[:place])
        return width >= FIRST_CLAUSE_WIDTH and self._width - width >= FOLLOWING_WIDTH


def width_of(text: str) -> int:
    """How long a text is spoken, in characters of an alphabet."""
    return sum(_WIDE if unicodedata.east_asian_width(character) == "W" else 1 for character in text)
