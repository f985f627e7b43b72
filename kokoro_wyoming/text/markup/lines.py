"""Reads Markdown and HTML character by character: the beginning of a line, then what stands in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from kokoro_wyoming.text.marks import words_of
from kokoro_wyoming.text.markup import addresses, blocks
from kokoro_wyoming.text.markup.blocks import Kind
from kokoro_wyoming.text.markup.found import Found, as_text
from kokoro_wyoming.text.markup.hidden import Hidden
from kokoro_wyoming.text.markup.inline import (
    ampersand,
    angle,
    bracket,
    emphasis_stays,
    is_citation,
    parenthesis,
    source,
)

_CODE_CHARS = 200
"""Longest code in a line; if it is open for longer it has no end, and markup is read again."""
_RUN_CHARS = 80
"""Longest row of one sign that is judged at once."""
_SOFT_BREAK_CHARS = 50
"""A line at least this long that ends without a full stop may go on in the next."""

Judge: TypeAlias = Callable[[str, bool], Found | None]
"""Takes held text and whether no more will come; gives what it is, or None while that is not certain."""

_EMPHASIS = frozenset("*_~=")
_END_OF_LATIN = "\u0250"
_ARROWS = frozenset("→⇒➡➔⟶←⇐")
_ENDS = frozenset(".!?…:;。！？।")
_SOURCE_ENDS = frozenset(")]】")
_ESCAPED = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class LineReader:
    """Reads Markdown and HTML; one line break comes out where a sentence ends, and nowhere else.

    At most one run of characters is held back, until a judge says what it is. If it is no markup, its first character
    is given out and the rest is read again. A judge stops at its own first sign, so each character is read a few times
    at most.
    """

    def __init__(self) -> None:
        self._judges: dict[str, Judge] = {
            **dict.fromkeys(_EMPHASIS, self._emphasis),
            "`": self._ticks,
            "[": self._bracket,
            "!": self._exclamation,
            "<": self._angle,
            "&": lambda held, ended: ampersand(held),
            "\\": self._escape,
            "-": self._hyphen,
            "·": self._spaced_sign,
            "′": self._prime,
            "【": lambda held, ended: as_text(held) if ended else source(held),
            "(": lambda held, ended: as_text(held) if ended else parenthesis(held),
        }
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._ahead: deque[str] = deque()
        self._held = ""
        self._judge: Judge = self._line_start
        self._last = "\n"
        self._out: list[str] = []
        self._comma = self._soft = False
        self._blank = ""
        self._fence, self._fence_is_silent = "", False
        self._hidden, self._may_hide = Hidden(), True
        self._in_address = self._after_return = False
        self._ink = ""
        self._begin_line()

    def _begin_line(self) -> None:
        self._at_start, self._in_table, self._hard = True, False, False
        self._chars, self._has_blank = 0, False
        self._code, self._code_chars, self._in_badge = "", 0, False
        self._open: set[str] = set()

    def add(self, chunk: str) -> str:
        """What is certain of the text so far and was not given before."""
        for character in chunk:
            if character == "\n" and self._after_return:
                self._after_return = False
                continue
            self._after_return = character == "\r"
            self._ahead.append("\n" if self._after_return else character)
            while self._ahead:
                self._take(self._ahead.popleft())
        return self._given()

    def finish(self) -> str:
        """What was held back; then all starts afresh."""
        said = self.settle()
        if self._hidden.is_open and not self._ink:
            # A house that says nothing at all would seem to be broken.
            self._may_hide = False
            said += self.add(self._hidden.without_end()) + self.settle()
        self._start_afresh()
        return said

    @property
    def held(self) -> str:
        """What is held back until more text tells what it is."""
        return self._held

    @property
    def after_blank(self) -> bool:
        """Whether a blank was read last, before what is held."""
        return bool(self._blank)

    def settle(self) -> str:
        """What was held back, read as if the text ended here; the line goes on behind it."""
        while self._held:
            self._apply(self._judge(self._held, True) or as_text(self._held))
            while self._ahead:
                self._take(self._ahead.popleft())
        return self._given()

    def _given(self) -> str:
        said, self._out = "".join(self._out), []
        return said

    def _take(self, character: str) -> None:
        if self._hidden.is_open:
            self._hidden.take(character)
        elif self._held:
            self._held += character
            found = self._judge(self._held, False)
            if found is not None:
                self._apply(found)
        elif self._in_address:
            self._take_address(character)
        elif character == "\n":
            self._end_line()
        elif self._at_start:
            self._take_start(character)
        else:
            self._take_inline(character)

    def _apply(self, found: Found) -> None:
        held, self._held = self._held, ""
        taken = held.removesuffix(found.again) if found.again else held
        if (taken and taken != held) or not found.again:
            self._last = taken[-1:] or self._last
        self._say(found.said)
        self._in_address = self._in_address or found.address
        # In the middle of a sentence the tag is spoken of.
        is_mention = found.hides and self._chars > 0 and self._ink not in _ENDS
        if found.hides and self._may_hide and not is_mention:
            self._hidden.begin()
        is_block = found.block and not is_mention
        if is_block and not self._in_table:
            self._hard = True
            self._end_line()
        elif is_block or found.cell:
            self._comma = True
        self._ahead.extendleft(reversed(found.again))

    # What comes out ---------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        """Give it out, behind the blank or pause that is due. Blanks wait for the next words."""
        if text.isspace():
            self._blank = text[0]
            return
        if not text or self._fence_is_silent:
            return
        words = words_of(text)
        if self._soft:
            self._out.append(" " if words[0].islower() else "\n")
        elif self._chars and (self._comma or self._blank) and not self._is_behind_source(text):
            self._out.append(", " if self._comma else self._blank)
            self._has_blank = True
        self._soft = self._comma = False
        self._blank = ""
        self._out.append(text)
        self._chars += len(words)
        self._ink = words[-1]

    def _is_behind_source(self, text: str) -> bool:
        """Whether a sign comes behind a source that is not said: the blank was the source's."""
        return text in _ENDS and self._last in _SOURCE_ENDS and self._last != self._ink

    def _end_line(self) -> None:
        self._comma, self._blank = False, ""
        may_go_on = self._chars >= _SOFT_BREAK_CHARS and self._ink not in _ENDS
        if self._chars and may_go_on and not (self._hard or self._fence):
            self._soft = True
        elif self._soft:
            self._out.append("\n\n")
            self._soft = False
        elif self._chars:
            self._out.append("\n")
        elif self._ink and not self._fence:
            self._out.append("\n")  # an empty line, after which a paragraph begins
        self._begin_line()
        self._last = "\n"

    # The start of a line ----------------------------------------------------------------------------------

    def _take_start(self, character: str) -> None:
        if character.isspace():
            self._blank = character if self._chars else ""
        elif character in blocks.SIGNS and (not self._fence or character == self._fence[0]):
            self._hold(character, self._line_start)
        else:
            self._begin_text(character)

    def _begin_text(self, text: str) -> None:
        """The line's beginning is over."""
        self._at_start = False
        self._ahead.extendleft(reversed(text))

    def _hold(self, character: str, judge: Judge) -> None:
        self._held, self._judge = character, judge
        found = judge(character, False)
        if found is not None:
            self._apply(found)

    def _line_start(self, held: str, ended: bool) -> Found | None:
        start = blocks.fence_end(held, ended, self._fence) if self._fence else blocks.start(held, ended)
        if start is None:
            return None
        kind = start.kind
        self._at_start = kind not in (Kind.TEXT, Kind.ROW) and (kind != Kind.NUMBER or start.again[-1] == "[")
        if kind is Kind.TEXT:
            return Found(again=start.again)
        if self._soft:
            self._out.append("\n")
            self._soft = False
        self._in_table = kind is Kind.ROW
        self._hard = kind in (Kind.ROW, Kind.HEADING)
        if kind in (Kind.FENCE, Kind.SILENT_FENCE, Kind.FENCE_END):
            self._fence = start.said
            self._fence_is_silent = kind is Kind.SILENT_FENCE
            return Found(again=start.again)
        return Found(start.said, start.again, address=kind is Kind.REFERENCE)

    # Inside a line ----------------------------------------------------------------------------------------

    def _take_inline(self, character: str) -> None:
        if self._code:
            self._code_chars += 1
            if self._code_chars > _CODE_CHARS:
                self._code = ""
        judge = self._judge_of(character)
        if judge is not None:
            self._hold(character, judge)
        elif character == "|" and self._in_table:
            self._comma, self._blank, self._last = True, "", "|"
        elif (character in _ARROWS or character in blocks.BULLETS) and not self._fence:
            self._comma, self._last = True, " "
        else:
            self._say(character)
            self._last = character

    def _judge_of(self, character: str) -> Judge | None:
        if self._fence:
            return None
        after_word = self._last.isascii() and self._last.isalnum()
        if character in "hwfm" and not after_word:
            return addresses.scheme
        if character == "`":
            return self._ticks
        if self._code:
            return None
        if after_word and character in ".@":
            return addresses.full_stop if character == "." else addresses.at_sign
        if character == "|":
            return None if self._in_table else self._spaced_sign
        if character == "]":
            return self._badge_end if self._in_badge else None
        return self._judges.get(character)

    def _emphasis(self, held: str, ended: bool) -> Found | None:
        run = held.rstrip(held[-1]) if held[-1] != held[0] else held
        if run == held and not ended:
            return Found() if len(held) > _RUN_CHARS else None
        after = held[len(run) :]
        if run == "=" and after == ">":
            return self._arrow(held)
        if emphasis_stays(run, self._before_held(), after, run in self._open):
            return Found(run, after)
        self._open ^= {run}
        return Found("", after)

    def _before_held(self) -> str:
        return "" if self._last.isspace() else self._last

    def _arrow(self, held: str) -> Found:
        self._comma = self._comma or bool(self._blank)
        return Found("" if self._blank else held, "")

    def _hyphen(self, held: str, ended: bool) -> Found | None:
        if held in ("-", "--") and not ended:
            return None
        if held in ("->", "-->"):
            return self._arrow(held)
        run = held if held.strip("-") == "" else held[:-1]
        return Found(run, held[len(run) :])

    def _spaced_sign(self, held: str, ended: bool) -> Found | None:
        """A bar or dot with blanks around it parts like a comma."""
        if len(held) == 1 and not ended:
            return None
        if self._blank and (held[1:].isspace() or ended):
            self._comma = True
            return Found("", held[1:])
        return as_text(held)

    def _ticks(self, held: str, ended: bool) -> Found | None:
        run = held.rstrip(held[-1]) if held[-1] != "`" else held
        if run == held and not ended:
            return Found() if len(held) > _RUN_CHARS else None
        after = held[len(run) :]
        if run == "`" and not self._code and self._is_in_word(after):
            return Found("'", after)
        if not self._code:
            self._code, self._code_chars = run, 0
        elif self._code == run:
            self._code = ""
        return Found("", after)

    def _prime(self, held: str, ended: bool) -> Found | None:
        """A sign of feet and minutes; between letters it is an apostrophe."""
        if len(held) == 1 and not ended:
            return None
        return Found("'", held[1:]) if self._is_in_word(held[1:]) else as_text(held)

    def _is_in_word(self, after: str) -> bool:
        """Whether Latin letters stand before and behind a sign."""
        letters = self._last + after
        return len(letters) == 2 and letters.isalpha() and max(letters) < _END_OF_LATIN

    def _exclamation(self, held: str, ended: bool) -> Found | None:
        if held == "!" and not ended:
            return None
        if held[1:] == "[":
            self._judge = self._bracket
            return None
        return as_text(held)

    def _bracket(self, held: str, ended: bool) -> Found | None:
        if held == "[![":
            self._in_badge = True
            return Found("", "![")
        # Behind a bracket that was said, another one is said, too: "array[1][2]".
        may_cite = (self._has_blank or not self._last.isalnum()) and (self._last, self._ink) != ("]", "]")
        if ended:
            return Found() if may_cite and is_citation(held, self._last) else as_text(held)
        return bracket(held, self._last, may_cite=may_cite)

    def _badge_end(self, held: str, ended: bool) -> Found | None:
        """The target of a link whose text was an image."""
        if held == "]" and not ended:
            return None
        found = as_text(held) if ended else bracket("[" + held, "", may_cite=False)
        if found is not None:
            self._in_badge = False
            return as_text(held) if found.said else Found()
        return None

    def _angle(self, held: str, ended: bool) -> Found | None:
        return None if held == "<" and not ended else as_text(held) if ended else angle(held)

    def _escape(self, held: str, ended: bool) -> Found | None:
        if held == "\\" and not ended:
            return None
        if held[1:] in _ESCAPED:
            return Found(held[1:])
        return Found("", held[1:]) if held[1:] in "\n" else as_text(held)

    # Addresses --------------------------------------------------------------------------------------------

    def _take_address(self, character: str) -> None:
        """Drop the rest of an address behind its host."""
        if character in addresses.PERHAPS_IN_PATH:
            self._hold(character, self._address_end)
        elif character not in addresses.IN_PATH:
            self._in_address = False
            self._ahead.appendleft(character)

    def _address_end(self, held: str, ended: bool) -> Found | None:
        if held[-1] in addresses.PERHAPS_IN_PATH and len(held) < _RUN_CHARS and not ended:
            return None
        if held[-1] in addresses.IN_PATH:
            return Found()
        self._in_address = False
        return Found("", held)
