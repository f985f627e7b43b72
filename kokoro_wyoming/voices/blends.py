"""What may stand where a voice's name stands: `af_heart(2)+am_michael@0.95`. Pure.

    expression = [release "/"] part {"+" part} ["@" speed]
    part       = name ["(" weight ")"]

A weight counts against the other parts' (1 where none is written), and a speed of 1 is the voice's own pace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kokoro_wyoming.errors import UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.releases import match_version

MAX_PARTS = 8
MAX_NAME_CHARS = 64
MAX_EXPRESSION_CHARS = 256
"""Eight long names with weights, a release and a speed."""
MIN_WEIGHT, MAX_WEIGHT = 0.001, 1000.0
MIN_SPEED, MAX_SPEED = 0.5, 2.0
"""Kokoro mumbles outside."""

_BLANKS = re.compile(r"\s*")
_NAME = re.compile(r"[^\W_]\w*")
_RELEASE = re.compile(r"\s*(\w[\w.\-]*)\s*/")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


class BlendError(UnknownVoiceError):
    """An expression that breaks the grammar or a limit; the message points at the character."""


@dataclass(frozen=True)
class Part:
    """One voice of a blend."""

    name: str
    weight: float = 1.0

    def __str__(self) -> str:
        return self.name if self.weight == 1 else f"{self.name}({_short(self.weight)})"


@dataclass(frozen=True)
class Expression:
    """A voice or a blend of voices, all of one release."""

    parts: tuple[Part, ...]
    speed: float | None = None
    """None: the one that would be spoken anyway."""
    version: str | None = None
    """The release that was named, if any."""

    @property
    def name(self) -> str:
        """The canonical spelling of the parts, without release and speed: equal sounds have equal names."""
        return "+".join(str(part) for part in self.parts)

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """The same with its voices under other names; those that become one have the weight of both."""
        return replace(self, parts=_joined([replace(part, name=names[part.name]) for part in self.parts]))

    def __str__(self) -> str:
        speed = "" if self.speed is None else f"@{_short(self.speed)}"
        return (f"{self.version}/" if self.version else "") + self.name + speed


def parse(text: str) -> Expression:
    """Take an expression apart; BlendError says what is wrong with which character, UnknownVersionError names it."""
    if len(text) > MAX_EXPRESSION_CHARS:
        what = f"A voice may have {MAX_EXPRESSION_CHARS} characters; this one has {len(text)}"
        raise BlendError(f"{what}: `kokoro-wyoming voices` lists what there is.")
    return _Parser(text).expression()


def is_plain(name: str) -> bool:
    """Whether a name is one word: a single voice, without release, weight or speed."""
    return len(name) <= MAX_NAME_CHARS and _NAME.fullmatch(name) is not None


def _short(number: float) -> str:
    return f"{number:.12g}" if abs(number) >= 1e-4 else f"{number:.15f}".rstrip("0")


class _Parser:
    """Reads from left to right; `_at` is the place of the next character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def expression(self) -> Expression:
        version = self._release()
        parts = [self._part()]
        while self._taken("+"):
            if len(parts) == MAX_PARTS:
                raise self._wrong(f"a blend has at most {MAX_PARTS} voices")
            parts.append(self._part())
        speed = self._number("a speed", MIN_SPEED, MAX_SPEED) if self._taken("@") else None
        if self._at < len(self._text):
            expected = "the end" if speed is not None else '"+", "@" or the end'
            raise self._wrong(f"{expected} was expected")
        return Expression(_joined(parts), speed, version)

    def _release(self) -> str | None:
        found = _RELEASE.match(self._text)
        if found is None:
            return None
        try:
            version = match_version(found[1])
        except UnknownVersionError as error:
            raise UnknownVersionError(f'In the voice "{self._text[:80]}": {error}') from None
        self._at = found.end()
        return version

    def _part(self) -> Part:
        self._skip()
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise self._wrong("the name of a voice was expected")
        if len(found[0]) > MAX_NAME_CHARS:
            raise self._wrong(f"a name has at most {MAX_NAME_CHARS} characters")
        if _RELEASE.match(self._text, self._at):
            raise self._wrong("a release stands before the first voice only, as a blend is of one release")
        self._at = found.end()
        self._skip()
        if not self._taken("("):
            return Part(found[0])
        weight = self._number("a weight", MIN_WEIGHT, MAX_WEIGHT)
        if not self._taken(")"):
            raise self._wrong('")" was expected')
        return Part(found[0], weight)

    def _number(self, what: str, low: float, high: float) -> float:
        self._skip()
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._wrong(f"{what} was expected, a number from {low:g} to {high:g}")
        number = float(found[0])
        if not low <= number <= high:
            raise self._wrong(f"{what} is from {low:g} to {high:g}")
        self._at = found.end()
        self._skip()
        return number

    def _taken(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        self._skip()
        return True

    def _skip(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        assert blanks is not None, "no blank at all is a match"
        self._at = blanks.end()

    def _wrong(self, what: str) -> BlendError:
        found = f'"{self._text[self._at]}"' if self._at < len(self._text) else "the end"
        where = f"at character {self._at + 1}, {found}"
        return BlendError(f'The voice "{self._text[:80]}" is not understood: {what} {where}.')


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """A voice that stands twice has both weights; weights of a single voice mean nothing."""
    weights: dict[str, float] = {}
    for part in parts:
        weights[part.name] = weights.get(part.name, 0.0) + part.weight
    if len(weights) == 1:
        return (Part(parts[0].name),)
    return tuple(Part(name, weight) for name, weight in weights.items())
