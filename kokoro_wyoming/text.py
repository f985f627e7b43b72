"""Text as it arrives: cleaned, then given out sentence by sentence as soon as each is certain.

The law of this room: how the text is cut into chunks on its way here never changes the sentences, and no
character that is not white space or Markdown's asterisk is lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator

from sentence_stream import SentenceBoundaryDetector

MAX_PIECE_CHARS = 300
"""Longest piece given to the engine: about 20 s of English. Fairness between listeners, the time a departed
one still costs and the time a shutdown takes all hang on it."""

FIRST_CLAUSE_WIDTH = 40
"""An utterance's first piece may end at a clause this far in, about 2.5 s: its first sound then waits for no more."""
FOLLOWING_WIDTH = 24
"""As much of the sentence has to follow: less would sound torn off, and costs next to nothing to wait for."""
_WIDE = 3
"""One letter of Chinese or Japanese is spoken about as long as three others."""

_CLEANED: dict[int, str | None] = {
    # Control characters, except the white space that sentence boundaries are made of.
    **{code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"},
    # Halves of a surrogate pair: valid in JSON, but they cannot be encoded again, so that they would fail in
    # the phonemiser, in logging and once more in the error event that quotes them.
    **dict.fromkeys(range(0xD800, 0xE000)),
    # Invisible marks that split words for a phonemiser: soft hyphen, zero-width space, word joiner, byte
    # order mark, directions. Joiner and non-joiner (U+200C, U+200D) stay: they are spelling in Hindi.
    **dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)),
    # Other line breaks.
    **dict.fromkeys((0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n"),
    # Curly, modifier and full-width apostrophes: dictionaries have the straight one.
    **dict.fromkeys((0x2018, 0x2019, 0x02BC, 0xFF07), "'"),
}

_SEEN_AS = str.maketrans(
    {
        # Its Chinese rule takes an ellipsis for a boundary before it has seen what follows, so that "Really…?"
        # splits differently when it comes in parts. As this it is a boundary where a capital follows.
        "…": "!",
        # The half-width full stop of Japanese, which it does not know.
        "｡": "。",
        # It asks for a letter after a boundary, and these are not: as letters they begin a sentence.
        **dict.fromkeys("¿¡«“", "あ"),
        # "**Done.** Next" is a boundary too, as if the asterisks were quotes.
        "*": '"',
    }
)
"""What the boundary detector sees in place of what is spoken, character for character."""

# No boundary is certain at one of these, so the detector sees them together with what follows: each look at a
# long row of full stops costs its length squared.
_NEVER_DECISIVE = frozenset(".!?…؟।॥。！？｡'\")]}”»")

_CLAUSE_ENDS, _WIDE_CLAUSE_ENDS = frozenset(",;:،؛–—"), frozenset("，、；：—")
_CLAUSE_MARK = re.compile(r"[.!?,;:،؛–](?=\s)|[—、，；：。！？]")

# Emphasis and bullets, but not the times and power signs of "2 * 3", "2*3" and "2**3".
_MARKDOWN_ASTERISK = re.compile(
    r"""(?<![\w*]) \*+ (?=\w)  |  (?<=[^\s*]) \*+ (?![\w*])
    |  (?<![\d*]) \*{2,} (?!\*)  |  (?<!\*) \*{2,} (?![\d*])  |  ^\s* \* (?=\s)""",
    re.MULTILINE | re.VERBOSE,
)

_JOINERS = "\u200c\u200d\u094d"
"""Non-joiner, joiner and the virama that ties two consonants of Devanagari."""


def clean(text: str) -> str:
    """The text without what nobody can speak, one character at a time: surrogates and controls dropped."""
    return text.translate(_CLEANED)


class SentenceSplitter:
    """Gives sentences, at most MAX_PIECE_CHARS long, from text that comes in any chunks.

    Where the boundaries are is sentence_stream's judgement. It is fed character by character, which makes the
    law hold by construction (it takes 2 to 6 microseconds each), and never keeps more than one piece: on a
    long text without boundaries it would search the whole of it again at each chunk.

    Of a long first sentence the first clause is a piece of its own, if `clause_first`: nobody hears anything before it
    is made. Where it ends depends on the text alone, so the law holds for it too.
    """

    def __init__(self, *, clause_first: bool = True) -> None:
        self._clause_first = clause_first
        self._clause = _FirstClause() if clause_first else None
        self.begins_paragraph = False
        """Whether an empty line stood before the sentence that was given last."""
        self._line_breaks = 0
        """Between the last words and what is pending."""
        self._start_afresh()

    def add(self, chunk: str) -> Iterator[str]:
        """Take more text; yield each sentence that is now certain. Nothing is taken until it is iterated."""
        ahead = deque(clean(chunk))
        while ahead:
            end = self._boundary_after(ahead.popleft())
            if end:
                piece, rest = self._pending[:end], self._pending[end:]
                self._start_afresh()
                self._clause = None
                ahead.extendleft(reversed(rest))
                yield from self._given(piece)

    def finish(self) -> Iterator[str]:
        """The text has ended: yield what is left of it and start afresh."""
        rest = self._pending
        self._start_afresh()
        self._clause = _FirstClause() if self._clause_first else None
        yield from self._given(rest)
        self._line_breaks = 0

    def _given(self, piece: str) -> Iterator[str]:
        breaks, self._line_breaks = self._line_breaks, piece[len(piece.rstrip()) :].count("\n")
        for sentence in _spoken(piece):
            self.begins_paragraph = breaks > 1
            yield sentence

    def _start_afresh(self) -> None:
        self._pending = ""
        self._unseen = ""
        self._detector = SentenceBoundaryDetector()

    def _boundary_after(self, character: str) -> int:
        """Where the pending text is to be cut now that it has one more character; 0 for nowhere."""
        if not self._pending and character.isspace():
            self._line_breaks += character == "\n"
            return 0
        self._pending += character
        self._unseen += character.translate(_SEEN_AS)
        decided = 0 if character in _NEVER_DECISIVE else self._decided_chars()
        if decided:
            return decided
        if self._clause is not None and (end := self._clause.end_after(character, len(self._pending))):
            return end
        return _last_break(self._pending) if len(self._pending) > MAX_PIECE_CHARS else 0

    def _decided_chars(self) -> int:
        # Only where it cuts is taken from the detector: what it yields has lost characters.
        for _ in self._detector.add_chunk(self._unseen):
            pass
        self._unseen = ""
        return len(self._pending) - len(self._detector.current_sentence) - len(self._detector.remaining_text)


class _FirstClause:
    """Finds the end of an utterance's first clause, character by character."""

    def __init__(self) -> None:
        self._width = 0
        self._last = ""
        self._end = 0
        self._end_width = 0

    def end_after(self, character: str, count: int) -> int:
        """The clause's end once `count` characters have come, the last of them `character`; 0 for not yet."""
        is_end = self._last in _CLAUSE_ENDS and character.isspace()
        if not self._end and self._width >= FIRST_CLAUSE_WIDTH and (is_end or self._last in _WIDE_CLAUSE_ENDS):
            self._end, self._end_width = count - 1, self._width
        self._last = character
        self._width += _WIDE if unicodedata.east_asian_width(character) == "W" else 1
        return self._end if self._end and self._width - self._end_width >= FOLLOWING_WIDTH else 0


def _last_break(text: str) -> int:
    """Where to cut a text one character longer than a piece: after a clause, else a word, else a letter."""
    clauses = [mark.end() for mark in _CLAUSE_MARK.finditer(text) if mark.end() <= MAX_PIECE_CHARS]
    if clauses and clauses[-1] >= MAX_PIECE_CHARS // 2:
        return clauses[-1]
    spaces = [index for index, character in enumerate(text) if character.isspace()]
    return spaces[-1] if spaces else _last_letter(text)


def _last_letter(text: str) -> int:
    """The last place, at most MAX_PIECE_CHARS in, that does not part a letter from its marks."""
    for end in range(MAX_PIECE_CHARS, 1, -1):
        if not _belongs_to_previous(text[end]) and text[end - 1] not in _JOINERS:
            return end
    return MAX_PIECE_CHARS


def _belongs_to_previous(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character).startswith("M")


def _spoken(piece: str) -> Iterator[str]:
    text = _MARKDOWN_ASTERISK.sub("", piece).strip()
    if text:
        yield text
