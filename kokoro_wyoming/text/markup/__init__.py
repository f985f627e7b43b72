"""Reads markup as a person would read it aloud: Markdown, left-over HTML, addresses, emoji, signs.

Markdown libraries such as markdown-it-py want a paragraph whole before they say anything of its first word, whereas
here a sentence leaves as soon as it is certain. So this reads character by character. It holds back only what may still
be markup, and that for a limited number of characters.
"""

from __future__ import annotations

from kokoro_wyoming.text.markup.lines import LineReader
from kokoro_wyoming.text.markup.signs import Signs

__all__ = ["Markup", "Signs"]


class Markup:
    """Text in, in any chunks; out comes what is to be said, with `marks` for pauses, phonemes, emoji and addresses, and
    line breaks only where a sentence ends.

    Each character is taken by itself, so where the chunks end cannot change what comes out.
    """

    def __init__(self, *, name_emoji: bool = False) -> None:
        self._lines = LineReader()
        self._signs = Signs(name_emoji=name_emoji)

    def add(self, chunk: str) -> str:
        """What is certain now that more text has come; the text is clean, so that no mark in it is forged."""
        return self._signs.add(self._lines.add(chunk))

    @property
    def held(self) -> str:
        """The text that was not given yet. Text behind a blank is left out, as it belongs to the next words."""
        return self._signs.held + (" " if self._lines.after_blank else self._lines.held)

    def settle(self) -> str:
        """The text that is `held`, as no more comes for now; later text goes on behind it."""
        said = "" if self._lines.after_blank else self._signs.add(self._lines.settle())
        return said + self._signs.settle()

    def finish(self) -> str:
        """The text that was held back, as no more comes; then all starts afresh."""
        return self._signs.add(self._lines.finish()) + self._signs.finish()
