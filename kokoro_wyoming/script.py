"""What is to be said, and how: the values between the rooms that read text and those that speak it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Part of a sentence that is said in one way."""

    text: str
    """As it was written."""
    language: str | None = None
    """Advertised tag; None is the voice's."""
    phonemes: str | None = None
    """Said in place of what the G2P would make of the text, in Kokoro's symbols."""


@dataclass(frozen=True)
class Sentence:
    """What the engine speaks in one go: a sentence or a clause."""

    runs: tuple[Run, ...]
    rate: float = 1.0
    """Times the pace asked for."""
    gain: float = 1.0
    """Times the volume."""
    voice: str | None = None
    """Name asked for by markup; None is the client's."""
    language: str | None = None
    """Tag asked for by markup; None is the client's."""

    @property
    def text(self) -> str:
        """The words of all runs."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Pause:
    """Silence between sentences."""

    seconds: float
