"""What an utterance needs of the engine that speaks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.pronunciation.readings import Reading
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceRequest


class ModelWork(Protocol):
    """What the model did for one utterance so far."""

    @property
    def waited_seconds(self) -> float | None:
        """From the first wish for a turn to that turn; None before."""
        ...

    @property
    def worked_seconds(self) -> float:
        """How long all turns together took."""
        ...

    @property
    def made_seconds(self) -> float:
        """Length of the sound that was made."""
        ...


class EngineSlot(Protocol):
    """The place of one utterance with the engine. Its sentences are spoken in order, in turns with other listeners."""

    def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[NDArray[np.float32], None]:
        """Yield the sentence's sound as it is made: float32, shape (n_samples,), 24 kHz, about [-1, 1].

        `voice` already has the voice, language and pace that the sentence asks for. The caller applies the sentence's
        gain. `clock` gets each word's times before the sound that the word is in.

        Closing the iterator abandons the work at the next window.
        """
        ...

    async def read(self, sentence: Sentence, voice: SpokenVoice) -> Reading:
        """How the sentence would be read; makes no sound. `voice` is as for `speak`."""
        ...

    def delivered(self, seconds: float) -> None:
        """Note that so much sound was sent to the listener, pauses included: who runs out of sound first is next."""
        ...

    @property
    def work(self) -> ModelWork:
        """What the model did for this utterance so far."""
        ...

    def close(self) -> None:
        """Give up the place."""
        ...


class SpeechEngine(Protocol):
    """Speaks sentences for many listeners."""

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        """Choose voice, language and release; quick and pure.

        Raises UnknownVoiceError, UnknownLanguageError or UnknownVersionError.
        """
        ...

    def utterance(self, *, patient: bool = False, fetched: bool = False) -> EngineSlot:
        """Take a place for one utterance. Raises BusyError where too many wait, and StuckError.

        A patient utterance takes no listener's place: it is spoken only while no listener wants a turn. A fetched one
        is not heard as it comes, so it waits for those that are.
        """
        ...

    def programs(self) -> tuple[ProgramDescription, ...]:
        """The programs and their voices, the default program first."""
        ...

    def trouble(self) -> str | None:
        """Why nothing can be spoken at present, as the end of a sentence; None when all is well."""
        ...
