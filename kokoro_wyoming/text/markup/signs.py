"""Signs as the voices know them: emoji, dashes, quotes, repeated punctuation, drawings made of characters."""

from __future__ import annotations

import unicodedata
from itertools import groupby

import emoji

from kokoro_wyoming.text.marks import BEGIN, CLOSE, EMOJI, OPEN, SAID, named, said

_RUN_CHARS = 64
"""Longest run that is kept: a longer one says nothing more."""

_STOPS = frozenset(".!?…。！？｡")
_COMMAS = frozenset(",;:、，；：")
_DASHES = frozenset("-–—―−")
_SYMBOLS = frozenset("#$%&*+/<=>@\\^_|~")
_DRAWN_WITH = frozenset("#*+<=>@\\^_|~/")

_NOT_AS_EMOJI = frozenset("0123456789#*©®™‼⁉")
_EMOJI_STARTS = frozenset(sequence[0] for sequence in emoji.EMOJI_DATA) - _NOT_AS_EMOJI
_EMOJI_PARTS = frozenset(map(chr, (0xFE0E, 0xFE0F, 0x20E3, *range(0xE0020, 0xE0080))))
_JOINER = "\u200d"
_BEGIN_RUNS = _EMOJI_STARTS | _STOPS | _COMMAS | _DASHES | _SYMBOLS

_SAME = str.maketrans(
    {
        "„": "“",
        "‟": "“",
        "‚": "'",
        "´": "'",
        "‼": "!",
        "⁉": "?",
        "―": "—",
        **dict.fromkeys("‐‑", "-"),
        # Box drawing, blocks, shapes and braille make pictures, stars and ticks make ornaments.
        **{chr(code): " " for code in (*range(0x2500, 0x2600), 0x2605, 0x2606, *range(0x2800, 0x2900))},
        **{chr(code): " " for code in range(0x2701, 0x27BF) if not unicodedata.category(chr(code)).startswith("P")},
        # "Bold" letters of mathematics.
        **{chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x1D400, 0x1D800)},
    }
)


_IN_LANGUAGE = "language "


class Signs:
    """Puts signs in their spoken form; holds a run of them until it ends.

    In a span of another language the words are treated so, too; all other spans stay as they are. Emoji are marked for
    `pronunciation` to name, or left out.
    """

    def __init__(self, *, name_emoji: bool) -> None:
        self._name_emoji = name_emoji
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._run = ""
        self._last = "\n"
        self._last_ink = "\n"
        self._in_break = False
        self._language = ""
        """The language of the span whose words are read; empty outside of spans."""
        self._span = ""
        """The span that has begun, up to its end."""
        self._out: list[str] = []

    def add(self, text: str) -> str:
        """What is certain of the text so far and was not given before."""
        for character in text:
            self._take(character)
        return self._given()

    def finish(self) -> str:
        """What was held back; then all starts afresh."""
        text = self.settle()
        self._start_afresh()
        return text

    @property
    def held(self) -> str:
        """The run of signs that may yet go on."""
        return self._run

    def settle(self) -> str:
        """What was held back, as the run of signs ends here."""
        self._settle("")
        return self._given()

    def _given(self) -> str:
        text, self._out = "".join(self._out), []
        return text

    def _take(self, character: str) -> None:
        if self._span or character == BEGIN:
            self._span += character
            if character == CLOSE:
                self._end_span()
            return
        if self._in_break or character == OPEN:
            self._settle(character)
            self._in_break = character != CLOSE
            self._out.append(character)
            self._last = self._last_ink = "a"
            return
        if character not in _EMOJI_STARTS:
            character = character.translate(_SAME)
        if self._run and _goes_on(self._run, character):
            self._run += character if len(self._run) < _RUN_CHARS else ""
            return
        self._settle(character)
        if character in _BEGIN_RUNS:
            self._run = character
        elif character not in _EMOJI_PARTS:
            self._say(character)

    def _end_span(self) -> None:
        words, _, manner = self._span[1:].partition(SAID)
        self._span = ""
        self._settle(words[:1])
        if manner.startswith(_IN_LANGUAGE):
            self._say_in_language(words, manner[len(_IN_LANGUAGE) : -1])
        else:
            self._out.append(f"{BEGIN}{words}{SAID}{manner}")
        self._last = self._last_ink = "a"

    def _say_in_language(self, words: str, language: str) -> None:
        """Give out the words of a span; emoji in it are spans of their own."""
        before, self._out, self._language = self._out, [], language
        for character in words:
            self._take(character)
        self._settle("")
        parts, self._out, self._language = self._out, before, ""
        for is_mark, group in groupby(parts, key=lambda part: part[0] == BEGIN):
            text = "".join(group)
            self._out.append(text if is_mark else said(text, "language", language))

    def _settle(self, following: str) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        if run[0] in _STOPS:
            self._say(_stops(run))
        elif run[0] in _COMMAS:
            self._say(run[0])
        elif run[0] in _DASHES:
            self._say(_dash(run, self._last, self._last_ink, following))
        elif run[0] in _SYMBOLS:
            self._say(" " if _is_drawing(run) else run)
        elif self._name_emoji and emoji.emoji_count(run):
            self._say(" ")
            self._out.append(named(run, EMOJI, self._language))
            self._last = self._last_ink = "a"
            self._say(" ")
        elif self._last.isalnum() and following.isalnum():
            self._say(", " if following.isdigit() or following.isupper() else " ")

    def _say(self, text: str) -> None:
        if text == " " and self._last in " \n":
            return
        if text:
            self._out.append(text)
            self._last = text[-1]
            if not self._last.isspace():
                self._last_ink = self._last


def _goes_on(run: str, character: str) -> bool:
    first = run[0]
    if first in _EMOJI_STARTS:
        return character in _EMOJI_STARTS or character in _EMOJI_PARTS or character == _JOINER
    if first in _COMMAS:
        return character == first
    return any(first in kind and character in kind for kind in (_STOPS, _DASHES, _SYMBOLS))


def _stops(run: str) -> str:
    """ "!!!!" as "!", "?!?!" as "?!", "....." as "…"."""
    if run.strip(".") == "" and len(run) > 1:
        return "…"
    return "".join(dict.fromkeys(run.replace("...", "…").replace("..", "…")))


def _dash(run: str, last: str, last_ink: str, following: str) -> str:
    """A pause between words; the dash itself between numbers, within a word and before an option ("--help")."""
    after_blank, before_blank = last.isspace(), not following or following.isspace()
    if run == "−" and last_ink.isdigit() and after_blank == before_blank:
        return run
    run = run.replace("−", "-")
    if len(run) > 1 and last == "\n" and before_blank:
        return ""
    if after_blank and following.isalnum():
        return run[:2] if set(run) == {"-"} else "—"
    if len(run) > 1 or run == "—":
        return "—"
    if after_blank and before_blank:
        return run if last_ink.isdigit() else "—"
    between_digits = last.isdigit() and following.isdigit()
    return "—" if run == "–" and not between_digits else run


def _is_drawing(run: str) -> bool:
    return len(run) > 3 or (len(run) == 3 and run[0] in _DRAWN_WITH and len(set(run)) == 1)
