"""The owner's lexicon: words with the spelling or IPA that they are read by. Pure.

An entry is `word: spelling`, or `word: /IPA/` between slashes. A word without capitals stands for itself in any case,
one with capitals for exactly that; several words are one entry, and of two that fit the longer one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.text.cleaning import composed
from kokoro_wyoming.text.sentences import Run

MAX_ENTRIES = 2_000
"""At most so many for a language: comparing a text with all of them then takes less than a millisecond."""
MAX_WORD_CHARS = 64
MAX_SAID_CHARS = 256

EVERY_LANGUAGE = "all"

_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
"""Kana and Han: words stand side by side there, and any place may be the border of one."""
_LETTER = rf"[^\W{_WITHOUT_SPACES}]"


class Lexicon:
    """All entries, by language."""

    def __init__(self, entries: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`entries`: for an advertised tag or EVERY_LANGUAGE, words and what is said for each, checked by `entry`."""
        entries = entries or {}
        every = entries.get(EVERY_LANGUAGE, {})
        self._every = _Table(every)
        self._tables = {tag: _Table({**every, **own}) for tag, own in entries.items() if tag != EVERY_LANGUAGE}

    def split(self, run: Run, language: str) -> Iterator[Run]:
        """The run in parts: a word with an entry is a run of its own. `language` is the tag that it is read in."""
        return self._tables.get(language, self._every).split(run)


def entry(word: str, said: str) -> str:
    """What is said for a word, after checking it. ValueError says what is wrong with "lexicon.en-US.word"."""
    if not any(letter.isalnum() for letter in word) or word != word.strip():
        raise ValueError("is no word: letters or digits make one, with no blanks around them")
    if len(word) > MAX_WORD_CHARS:
        raise ValueError(f"is too long for a word: at most {MAX_WORD_CHARS} characters")
    if len(said) > MAX_SAID_CHARS:
        raise ValueError(f"is too long to be said for one word: at most {MAX_SAID_CHARS} characters")
    if said.startswith("/") != said.endswith("/") or said.strip("/ ") == "":
        raise ValueError("is neither a spelling nor IPA between two slashes, such as /ʃɪvˈɔːn/")
    return said


class _Table:
    """The entries that count for one language."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        entries = {composed(word): composed(said) for word, said in entries.items()}
        self._exact = {_one_blank(word): said for word, said in entries.items() if word != word.lower()}
        self._any_case = {_one_blank(word): said for word, said in entries.items() if word == word.lower()}
        self._pattern = re.compile("|".join(self._alternatives())) if entries else None

    def _alternatives(self) -> Iterator[str]:
        # The longest first; of two of one length the one that says how its letters are written.
        for word in sorted([*self._exact, *self._any_case], key=lambda word: (-len(word), word in self._any_case)):
            letters = r"\s+".join(re.escape(part) for part in word.split(" "))
            begin, end = (_border(word[0], f"(?<!{_LETTER})"), _border(word[-1], f"(?!{_LETTER})"))
            yield f"{begin}{letters if word in self._exact else f'(?i:{letters})'}{end}"

    def split(self, run: Run) -> Iterator[Run]:
        if self._pattern is None:
            yield run
            return
        text, at = run.text, 0
        for found in self._pattern.finditer(text):
            if at < found.start():
                yield Run(text[at : found.start()], run.language)
            yield self._said(found[0], run.language)
            at = found.end()
        if at < len(text):
            yield Run(text[at:], run.language)

    def _said(self, written: str, language: str | None) -> Run:
        word = _one_blank(written)
        said = self._exact.get(word) or self._any_case.get(word.lower())
        if said is None:  # IGNORECASE matches the long s to "S", but lower() does not
            return Run(written, language)
        if said.startswith("/"):
            return Run(written, language, phonemes=said.strip("/"))
        return Run(written, language, words=said)


def _one_blank(text: str) -> str:
    return " ".join(text.split())


def _border(letter: str, border: str) -> str:
    return border if re.match(_LETTER, letter) else ""
