"""Splits text into sentences as it arrives, and gives each as soon as its end is certain.

How the text is cut into chunks never changes the sentences. No character is lost but white space and markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from sentence_stream import SentenceBoundaryDetector

from kokoro_wyoming.text import full_stops
from kokoro_wyoming.text.breaths import breaths
from kokoro_wyoming.text.cleaning import Composer, clean
from kokoro_wyoming.text.first_clause import FIRST_CLAUSE_WIDTH, FOLLOWING_AFTER_FEW_WORDS, FirstClause, width_of
from kokoro_wyoming.text.marks import BEGIN, CLOSE, OPEN, SAID
from kokoro_wyoming.text.markup import Markup, Signs

MAX_PIECE_CHARS = 300
"""Longest piece given to the engine, about 20 s of English. A longer one would make other listeners and a shutdown
wait longer."""
_MAX_MARKED_CHARS = 5 * MAX_PIECE_CHARS
"""Longest piece with its marks and the values of its spans: a cut looks at no more than this."""

_SLICE_CHARS = 256
"""Markup is read so many characters at a time, so that the first sentence does not wait for all of a long text."""
_SEEN_AS = str.maketrans(
    {
        # Its Chinese rule takes an ellipsis for a boundary before it has seen what follows, so that "Really…?"
        # splits differently when it comes in parts. As this it is a boundary where a capital follows.
        "…": "!",
        # The half-width full stop of Japanese, which it does not know.
        "｡": "。",
        # It asks for a letter after a boundary, and these are not: as letters they begin a sentence.
        **dict.fromkeys("¿¡«“", "あ"),
    }
)
"""What the boundary detector sees in place of a character."""

_TIED = "\ue004"
"""What the detector sees in place of a character that is not cut from the one before it; `cleaning` drops it."""

# No boundary is certain at one of these, so the detector sees them together with what follows: each look at a
# long row of full stops costs its length squared.
_NEVER_DECISIVE = frozenset(".!?…؟।॥。！？｡'\")]}”»") | {_TIED}
_BEFORE_DECISION = _NEVER_DECISIVE | frozenset("’」』）》】〕〉")
"""A character behind one of these may make a boundary certain. Behind a blank, only a letter that is not small may."""

_SENTENCE_ENDS = frozenset(".!?…؟।॥。！？｡")
_CLOSERS = frozenset("\"'”’»)]}」』*_~` \n\r\t")
_CLOSING_CATEGORIES = frozenset(("So", "Sk", "Mn", "Me", "Cf", "Pe", "Pf", "Zs"))
"""Brackets, quotes, blanks and emoji with their parts."""

_CLAUSE_MARK = re.compile(r"[.!?,;:،؛–](?=\s)|[—、，；：。！？]")

_CONTEXT_CHARS = 24
"""What stands before and behind a full stop tells what it is."""
_DOUBTFUL = (full_stops.PART, full_stops.OPEN)

_JOINERS = "\u200c\u200d\u094d"
"""Non-joiner, joiner and the virama that ties two consonants of Devanagari."""


@dataclass(frozen=True)
class MarkupOptions:
    """How markup in plain text is read."""

    enabled: bool = True
    """Whether Markdown, HTML, emoji and addresses are read as a person would read them; else all is said as written."""
    emoji: Literal["drop", "name"] = "drop"


DEFAULT_MARKUP = MarkupOptions()


class MarkupReader(Protocol):
    """Makes text for splitting from text in any chunks; the chunks do not change it."""

    @property
    def held(self) -> str: ...

    def add(self, chunk: str) -> str: ...

    def settle(self) -> str: ...

    def finish(self) -> str: ...


class _AsWritten:
    """Takes nothing for markup."""

    held = ""

    def settle(self) -> str:
        return ""

    def add(self, chunk: str) -> str:
        return chunk

    def finish(self) -> str:
        return ""


class SentenceSplitter:
    """Gives sentences, at most MAX_PIECE_CHARS long, from text that comes in any chunks.

    Where the boundaries are is sentence_stream's judgement, but that it takes every capitalised word of up to three
    letters for an abbreviation. It is fed character by character, which makes the law hold by construction (it takes
    1 to 4 microseconds each), and never keeps more than one piece: on a long text without boundaries it would search
    the whole of it again at each chunk. A line break always is a boundary.

    A break of `marks` is a piece of its own. A span is never cut: its words count toward a piece's length, how they are
    said does not, and a span whose words are longer than a piece is a longer piece. A piece that is too long is cut at
    the next place outside a span, whatever stands there: what is looked at again has a bounded length.

    Of a long first sentence the first clause is a piece of its own, if `clause_first`: nobody hears anything before it
    is made. Where no clause ends, it is what stands before a breath (`breaths`). So it is with a long sentence behind a
    few words, whose sound ends too soon. Where it ends depends on the text alone, so the law holds for it too.
    """

    def __init__(self, *, clause_first: bool = True, markup: MarkupOptions = DEFAULT_MARKUP) -> None:
        self._clause_first = clause_first
        self._clause = FirstClause() if clause_first else None
        self._given_width = 0
        """The width of all pieces so far."""
        self._composer = Composer()
        self._markup = _markup_reader(markup)
        self.begins_paragraph = False
        """Whether an empty line stood before the sentence that was given last."""
        self._line_breaks = 0
        """How many line breaks stand between the last words and the pending text."""
        self._start_afresh()

    def add(self, chunk: str) -> Iterator[str]:
        """Take more text; yield each sentence that is now certain. Nothing is taken until it is iterated."""
        text = self._composer.add(clean(chunk))
        for begin in range(0, len(text), _SLICE_CHARS):
            yield from self.add_marked(self._markup.add(text[begin : begin + _SLICE_CHARS]))

    def finish(self) -> Iterator[str]:
        """The text has ended: yield what is left of it and start afresh."""
        yield from self.add_marked(self._markup.add(self._composer.finish()))
        yield from self.add_marked(self._markup.finish())
        rest = self._pending
        self._start_afresh()
        self._clause = FirstClause() if self._clause_first else None
        yield from self._given(rest)
        self._line_breaks = self._given_width = 0

    @property
    def is_complete(self) -> bool:
        """Whether the pending text looks like a whole sentence."""
        held = self._markup.held + self._composer.held
        is_undecided = bool(self._within) or any(letter.isalnum() for letter in held)
        return not is_undecided and _is_sentence(self._pending + held)

    def settle(self) -> Iterator[str]:
        """No more text comes for now: yield what is pending if it is complete, and go on behind it."""
        if not self.is_complete:
            return
        yield from self.add_marked(self._markup.settle())
        piece = self._pending
        self._start_afresh()
        self._clause = self._clause_behind(piece)
        yield from self._given(piece)

    def add_marked(self, text: str) -> Iterator[str]:
        """Take more text that is clean, without markup, and may have marks; yield each sentence that is now certain."""
        ahead = deque(text)
        while ahead:
            end = self._boundary_after(ahead.popleft())
            if end:
                piece, rest = self._pending[:end], self._pending[end:]
                self._start_afresh()
                self._clause = self._clause_behind(piece)
                ahead.extendleft(reversed(rest))
                yield from self._given(piece)

    def _given(self, piece: str) -> Iterator[str]:
        breaks, self._line_breaks = self._line_breaks, piece[len(piece.rstrip()) :].count("\n")
        for sentence in _spoken(piece):
            self.begins_paragraph = breaks > 1
            yield sentence

    def _clause_behind(self, piece: str) -> FirstClause | None:
        """What finds the first clause of the next sentence; None where enough is said to hear until it is made."""
        self._given_width += width_of(piece)
        if not self._clause_first or self._given_width >= FIRST_CLAUSE_WIDTH:
            return None
        return FirstClause(FOLLOWING_AFTER_FEW_WORDS)

    def _start_afresh(self) -> None:
        self._pending = ""
        self._seen = ""
        """The pending text as the detector sees it, of the same length."""
        self._unseen = ""
        self._within = ""
        """The mark that is open: OPEN, BEGIN or SAID, or none."""
        self._unsaid_chars = 0
        self._doubtful = 0
        """The end of the last full stop that may end the sentence if a word such as "The" follows; or 0."""
        self._detector = SentenceBoundaryDetector()

    def _boundary_after(self, character: str) -> int:
        """Where to cut the pending text now that it has one more character; 0 for nowhere."""
        if not self._pending and character.isspace():
            self._line_breaks += character == "\n"
            return 0
        self._pending += character
        if character == OPEN or self._within == OPEN:
            return self._break_end(character)
        seen, before = self._as_seen(character), self._seen[-1:]
        self._seen += seen
        self._unseen += seen
        if character in "\r\n" and not self._within:
            return len(self._pending)
        if _may_decide(before, seen) and (decided := self._decided_chars()):
            return decided
        if self._doubtful and not character.isalpha() and (ended := self._end_before_opener(character)):
            return ended
        if seen in _DOUBTFUL and character == "." and full_stops.may_end(self._pending[:-1][-_CONTEXT_CHARS:]):
            self._doubtful = len(self._pending)
        is_said = self._within != SAID
        if (
            self._clause is not None
            and is_said
            and (end := self._clause.end_after(character if character == "." else seen, len(self._pending)))
        ):
            return end
        return 0 if self._within or not self._is_too_long() else _last_break(self._seen)

    def _end_before_opener(self, character: str) -> int:
        """Where the sentence with the last doubtful full stop ends, once the word behind it is whole; 0 for nowhere."""
        behind = self._pending[self._doubtful : -1]
        if character == "'" or (not behind[-1:].isalpha() and len(behind) < _CONTEXT_CHARS):
            return 0
        end, self._doubtful = self._doubtful, 0
        more = full_stops.end_before_opener(behind) if character.isspace() or character == "," else -1
        return end + more if more >= 0 else 0

    def _is_too_long(self) -> bool:
        chars = len(self._pending)
        return chars - self._unsaid_chars > MAX_PIECE_CHARS or chars > _MAX_MARKED_CHARS

    def _break_end(self, character: str) -> int:
        """A break begins by ending what stands before it, and ends by itself."""
        if character == OPEN and len(self._pending) > 1:
            return len(self._pending) - 1
        self._within = OPEN if character != CLOSE else ""
        return len(self._pending) if character == CLOSE else 0

    def _as_seen(self, character: str) -> str:
        """What the boundary detector sees in place of a character. It sees a span as one word."""
        if character == BEGIN:
            self._within = BEGIN
            self._unsaid_chars += 1
            return " " if self._seen[-1:].isspace() else BEGIN
        if character == SAID:
            self._within = SAID
        if self._within == SAID:
            self._unsaid_chars += 1
            self._within = "" if character == CLOSE else SAID
            return _TIED
        if self._within == BEGIN:
            return character if self._pending[-2] == BEGIN and character.isalnum() else _TIED
        if character == "." and (kind := full_stops.kind(self._pending[:-1][-_CONTEXT_CHARS:])):
            return kind
        return character.translate(_SEEN_AS)

    def _decided_chars(self) -> int:
        # Only where it cuts is taken from the detector: what it yields has lost characters.
        for _ in self._detector.add_chunk(self._unseen):
            pass
        self._unseen = ""
        return len(self._pending) - len(self._detector.current_sentence) - len(self._detector.remaining_text)


def _markup_reader(markup: MarkupOptions) -> MarkupReader:
    return Markup(name_emoji=markup.emoji == "name") if markup.enabled else _AsWritten()


def signs_reader(markup: MarkupOptions) -> MarkupReader:
    """A reader for text that has marks and no other markup."""
    return Signs(name_emoji=markup.emoji == "name") if markup.enabled else _AsWritten()


def _may_decide(before: str, character: str) -> bool:
    """Whether the detector may find a boundary now. It reads all of a piece again each time, so it is asked seldom."""
    if before.isspace():
        return character.isalpha() and unicodedata.category(character) != "Ll"
    return before in _BEFORE_DECISION and character not in _NEVER_DECISIVE


def _is_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does. A full stop may turn out to be a decimal point or an abbreviation's."""
    end = len(text)
    while end and (text[end - 1] in _CLOSERS or unicodedata.category(text[end - 1]) in _CLOSING_CATEGORIES):
        end -= 1
    sign, before = text[end - 1 : end], text[: end - 1]
    if sign != ".":
        return sign in _SENTENCE_ENDS
    if kind := full_stops.kind(before[-_CONTEXT_CHARS:]):
        return kind == full_stops.END
    return not before[-1:].isdigit() or end < len(text)


def _last_break(text: str) -> int:
    """Where to cut a text just grown longer than a piece: after a clause, else at a breath, a word, a letter.

    0 where all of it is one span: the next character is outside, and it is cut there.
    """
    clauses = [mark.end() for mark in _CLAUSE_MARK.finditer(text) if mark.end() < len(text)]
    if clauses and clauses[-1] >= len(text) // 2:
        return clauses[-1]
    if breath := next((place for place in breaths(text) if len(text) // 2 <= place < len(text)), 0):
        return breath
    spaces = [index for index, character in enumerate(text) if character.isspace()]
    return spaces[-1] if spaces and spaces[-1] else _last_letter(text)


def _last_letter(text: str) -> int:
    """The last place that does not part a letter from its marks; where there is none, the last outside a span."""
    last = 0
    for end in range(len(text) - 1, 0, -1):
        if text[end] == _TIED or text[end - 1] == BEGIN:
            continue
        last = last or end
        if not _belongs_to_previous(text[end]) and text[end - 1] not in _JOINERS:
            return end
    return last


def _belongs_to_previous(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character).startswith("M")


def _spoken(piece: str) -> Iterator[str]:
    text = piece.strip()
    if text:
        yield text
