"""Marks inside a text that say how it is to be said, so that one string carries text and manner.

Readers of markup set them, the splitter never cuts inside one, and `sentences` takes them apart in the end. They are
characters of Unicode's private use, which `cleaning` drops from what clients send: nobody can forge one.

Two kinds. A *break* `OPEN key " " value CLOSE` stands between sentences: a pause, or another manner from there on. A
*span* `BEGIN words SAID key " " value CLOSE` says of some words how they are said.
"""

from __future__ import annotations

OPEN, CLOSE, BEGIN, SAID = "\ue000", "\ue001", "\ue002", "\ue003"
ALL = frozenset((OPEN, CLOSE, BEGIN, SAID))

EMOJI, WEB_ADDRESS = "emoji", "web-address"
"""Kinds of "as" spans that `pronunciation` names, as it knows the language of the sentence."""


def pause(seconds: float) -> str:
    """A break: silence."""
    return f"{OPEN}pause {seconds:g}{CLOSE}"


def manner(key: str, value: str) -> str:
    """A break: from here on `key` ("rate", "gain", "voice", "language") is `value`; empty, it is the client's own."""
    return f"{OPEN}{key} {value}{CLOSE}"


def said(words: str, key: str, value: str) -> str:
    """A span: `words` are said as `value`.

    `key` is "phonemes" (IPA, or Kokoro's symbols), "language" (an advertised tag) or "as" (`kind|format|language`, what
    SSML says the words are).
    """
    return f"{BEGIN}{words}{SAID}{key} {value}{CLOSE}"


def named(words: str, kind: str, language: str = "") -> str:
    """A span: `words` are EMOJI or a WEB_ADDRESS and are named in `language`, a tag; empty is the sentence's."""
    return said(words, "as", f"{kind}||{language}")


def words_of(text: str) -> str:
    """The words of a text that is one span or has no marks."""
    return text[1:].partition(SAID)[0] if text.startswith(BEGIN) else text
