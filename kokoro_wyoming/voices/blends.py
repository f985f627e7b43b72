"""The grammar of voice expressions such as `af_heart(2)+am_michael@0.95`. Pure.

    expression = [release "/"] part {"+" part} ["@" speed]
    part       = name ["(" weight ")"]

Weights are relative to each other; a part without a weight has 1. A speed of 1 is the voice's own pace.
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
"""Enough for eight long names with weights, a release and a speed."""
MIN_WEIGHT, MAX_WEIGHT = 0.001, 1000.0
MIN_SPEED, MAX_SPEED = 0.5, 2.0
"""Outside these limits Kokoro becomes unintelligible."""

_BLANKS = re.compile(r"\s*")
_NAME = re.compile(r"[^\W_]\w*")
_RELEASE = re.compile(r"\s*(\w[\w.\-]*)\s*/")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


class BlendError(UnknownVoiceError):
    """An expression that breaks the grammar or a limit; the message names the character."""


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
    """None where the expression has no speed; then the configured speed applies."""
    version: str | None = None
    """The release before the "/", or None."""

    @property
    def name(self) -> str:
        """The canonical spelling of the parts, without release and speed: equal blends have equal names."""
        return "+".join(str(part) for part in self.parts)

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Give the voices other names; parts that get the same name become one part with the sum of their weights."""
        return replace(self, parts=_joined([replace(part, name=names[part.name]) for part in self.parts]))

    def __str__(self) -> str:
        speed = "" if self.speed is None else f"@{_short(self.speed)}"
        return (f"{self.version}/" if self.version else "") + self.name + speed


def parse(text: str) -> Expression:
    """Parse an expression; BlendError names the fault and the character, UnknownVersionError an unknown release."""
    if len(text) > MAX_EXPRESSION_CHARS:
        what = f"A voice may have {MAX_EXPRESSION_CHARS} characters; this one has {len(text)}"
        raise BlendError(f"{what}: `kokoro-wyoming voices` lists the voices.")
    return _Parser(text).expression()


def is_plain(name: str) -> bool:
    """Whether a name is one word: a single voice, without release, weight or speed."""
    return len(name) <= MAX_NAME_CHARS and _NAME.fullmatch(name) is not None


def _short(number: float) -> str:
    return f"{number:.12g}" if abs(number) >= 1e-4 else f"{number:.15f}".rstrip("0")


class _Parser:
    """Parses from left to right; `_at` is the position of the next character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def expression(self) -> Expression:
        version = self._release()
        parts = [self._part()]
        while self._accept("+"):
            if len(parts) == MAX_PARTS:
                raise self._error(f"a blend has at most {MAX_PARTS} voices")
            parts.append(self._part())
        speed = self._number("a speed", MIN_SPEED, MAX_SPEED) if self._accept("@") else None
        if self._at < len(self._text):
            expected = "the end" if speed is not None else '"+", "@" or the end'
            raise self._error(f"{expected} was expected")
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
        self._skip_blanks()
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise self._error("the name of a voice was expected")
        if len(found[0]) > MAX_NAME_CHARS:
            raise self._error(f"a name has at most {MAX_NAME_CHARS} characters")
        if _RELEASE.match(self._text, self._at):
            raise self._error("a release may stand only before the first voice, as a blend has one release")
        self._at = found.end()
        self._skip_blanks()
        if not self._accept("("):
            return Part(found[0])
        weight = self._number("a weight", MIN_WEIGHT, MAX_WEIGHT)
        if not self._accept(")"):
            raise self._error('")" was expected')
        return Part(found[0], weight)

    def _number(self, what: str, low: float, high: float) -> float:
        self._skip_blanks()
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._error(f"{what} was expected, a number from {low:g} to {high:g}")
        number = float(found[0])
        if not low <= number <= high:
            raise self._error(f"{what} is from {low:g} to {high:g}")
        self._at = found.end()
        self._skip_blanks()
        return number

    def _accept(self, sign: str) -> bool:
        """Go past the sign and blanks; False where the next character is another one."""
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        self._skip_blanks()
        return True

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        assert blanks is not None, "the pattern matches an empty text too"
        self._at = blanks.end()

    def _error(self, what: str) -> BlendError:
        found = f'"{self._text[self._at]}"' if self._at < len(self._text) else "the end"
        where = f"at character {self._at + 1}, {found}"
        return BlendError(f'The voice "{self._text[:80]}" is not understood: {what} {where}.')


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Join parts with the same voice and add their weights. A single voice needs no weight."""
    weights: dict[str, float] = {}
    for part in parts:
        weights[part.name] = weights.get(part.name, 0.0) + part.weight
    if len(weights) == 1:
        return (Part(parts[0].name),)
    return tuple(Part(name, weight) for name, weight in weights.items())
