"""What an utterance needs of whoever speaks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceRequest


class EngineSlot(Protocol):
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

    def utterance(self, *, patient: bool = False) -> EngineSlot:
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
