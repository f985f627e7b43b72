"""The values and faces between a session and the engine that speaks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.text.sentences import Sentence

SAMPLE_RATE_HZ = 24_000
"""Both Kokoro releases speak mono at this rate."""

TYPICAL_LUFS = -24.0
"""Of the voices of both releases: what one counts as that has not been measured."""


@dataclass(frozen=True)
class VoiceRequest:
    """What a client asked for, as it came: any part may be absent, unknown or nonsense."""

    name: str | None = None
    language: str | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class SpokenVoice:
    """A request resolved against the catalogue."""

    version: str
    """Kokoro release, "v1.0" or "v0.19"."""
    name: str
    """Name of a voice that the release has."""
    language: str
    """Advertised language tag, such as "en-US"."""
    speed: float
    """1.0 is the voice's own pace, 2.0 twice as fast."""
    loudness_lufs: float = field(default=TYPICAL_LUFS, compare=False)
    """How loud it is by itself (BS.1770), as far as is known: two that differ in it alone are one voice."""


@dataclass(frozen=True)
class VoiceDescription:
    """A voice as describe offers it."""

    name: str
    label: str
    """What a person reads in a list; the best voice of a language sorts first."""
    languages: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class ProgramDescription:
    """A Kokoro release as describe offers it."""

    name: str
    description: str
    version: str
    voices: tuple[VoiceDescription, ...]


class Utterance(Protocol):
    """One listener's utterance: its sentences are spoken in order, in turns with other listeners."""

    def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[NDArray[np.float32], None]:
        """Yield the sentence's sound as it is made: float32, shape (n_samples,), 24 kHz, about [-1, 1].

        `voice` has what the sentence asks for of voice, language and pace already; its gain is the caller's.
        `clock` is told of words before the sound that they are in.

        Closing the iterator abandons the work at the next window.
        """
        ...

    def delivered(self, seconds: float) -> None:
        """Be told that so much sound is on its way to the listener, pauses included: whoever runs out first is next."""
        ...

    def close(self) -> None:
        """Give up the place in the queue."""
        ...


class SpeechEngine(Protocol):
    """What a session needs of whoever speaks."""

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        """Choose voice, language and release; quick and pure.

        Raises UnknownVoiceError, UnknownLanguageError or UnknownVersionError.
        """
        ...

    def utterance(self, *, patient: bool = False) -> Utterance:
        """Take a place for one utterance; raises BusyError when too many wait.

        A patient one takes nobody's place, and is spoken while no one else has anything to be made.
        """
        ...

    def programs(self) -> tuple[ProgramDescription, ...]:
        """What describe offers, the default program first."""
        ...

    def trouble(self) -> str | None:
        """Why nothing can be spoken at present, as the end of a sentence; None when all is well."""
        ...
