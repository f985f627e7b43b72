"""A mistake in the settings, and how it is told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kokoro_wyoming.errors import ConfigError

KeyPath = tuple[str | int, ...]
"""Keys from the top of the file down; a number is a place in a list, from 0."""

_MAX_SHOWN_CHARS = 80


@dataclass(frozen=True)
class Mistake:
    where: str
    """The file or the flag that the value came from."""
    path: KeyPath
    sentence: str
    line: int | None = None
    """Line in the file, from 1; None for a flag."""

    def __str__(self) -> str:
        where = self.where if self.line is None else f"{self.where}:{self.line}"
        path = dotted(self.path)
        return f"{where}: {path}: {self.sentence}" if path else f"{where}: {self.sentence}"


def dotted(path: Sequence[str | int]) -> str:
    """`speech.speed`, `discovery.advertise_host[0]`; at most a line long."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{_clean(key)}"
    return _cut(text.removeprefix("."))


def shown(value: Any) -> str:
    """A value as one short printable line."""
    return f"`{_cut(_clean(str(value)))}`"


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[: _MAX_SHOWN_CHARS + 1])


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 3]}..."


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a misspelt word most likely means, or None."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.casefold()[:_MAX_SHOWN_CHARS], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def config_error(mistakes: Sequence[Mistake], place: str = "the settings") -> ConfigError:
    """One error that lists all mistakes, one in each line."""
    if len(mistakes) == 1:
        return ConfigError(str(mistakes[0]))
    in_order = sorted(mistakes, key=lambda mistake: (mistake.where, mistake.line or 0))
    lines = "".join(f"\n  {mistake}" for mistake in in_order)
    return ConfigError(f"{len(mistakes)} mistakes in {place}:{lines}")
