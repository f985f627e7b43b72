"""A stand-in for the engine that beeps: the level of each short tone is the number of a character.

So a test reads the spoken text from the sound, character by character.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.word_times import Clock, SpokenWord
from kokoro_wyoming.errors import BusyError, UnknownLanguageError, UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.pronunciation.readings import Reading, WordReading
from kokoro_wyoming.scheduler.listener import Listener
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceDescription, VoiceRequest

VOICES = {"beep": "en-US", "boop": "en-GB", "pii": "ja-JP"}
SAMPLES_PER_CHAR = 240
"""10 ms."""
_FULL_SCALE = 32767
_PROGRAM = "Beeps"


def beep(text: str) -> NDArray[np.float32]:
    """float32, shape (240 * n_chars,); characters of the basic plane up to U+7FFF only."""
    levels = np.array([ord(character) for character in text], dtype=np.float32) / _FULL_SCALE
    return np.repeat(levels, SAMPLES_PER_CHAR)


def heard(pcm: bytes) -> str:
    """The text that was beeped, from 16-bit PCM."""
    return "".join(chr(level) for level in np.frombuffer(pcm, dtype="<i2")[::SAMPLES_PER_CHAR])


@dataclass
class BeepEngine:
    """Implements SpeechEngine."""

    places: int = 64
    """Most utterances at a time."""
    failures: dict[str, BaseException] = field(default_factory=dict)
    """Errors by sentence: each is raised in place of the sentence's second half."""
    gate: asyncio.Event | None = None
    """An event that each half of a sentence waits for."""
    said: list[tuple[str, SpokenVoice]] = field(default_factory=list)
    """The sentences that were begun, in order, and their voices."""
    abandoned: list[str] = field(default_factory=list)
    """The sentences that were closed before their end."""
    stuck: str | None = None
    """Why nothing can be spoken; None: all is well."""
    taken: int = 0
    """Utterances that are open now."""
    delivered_seconds: float = 0.0
    """Length of the sound that utterances reported as sent."""

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        if program not in (None, _PROGRAM):
            raise UnknownVersionError(f"There is no program {program}.")
        language = "en-US" if request.language is None else match_language(request.language)
        if language not in VOICES.values():
            raise UnknownLanguageError(f"Nobody beeps in {request.language}.")
        name = request.name or next(name for name, spoken in VOICES.items() if spoken == language)
        if name not in VOICES:
            raise UnknownVoiceError(f'There is no voice "{name}".')
        return SpokenVoice("v1.0", name, VOICES[name], 1.0)

    def utterance(self, *, patient: bool = False, fetched: bool = False) -> BeepUtterance:
        if patient:
            return BeepUtterance(self, takes_place=False)
        if self.taken >= self.places:
            raise BusyError("Too many beeps.")
        self.taken += 1
        return BeepUtterance(self)

    def trouble(self) -> str | None:
        return self.stuck

    def programs(self) -> tuple[ProgramDescription, ...]:
        voices = tuple(VoiceDescription(name, f"The {name}", (tag,), "v1.0") for name, tag in VOICES.items())
        return (ProgramDescription(_PROGRAM, "Beeps, not speech", "v1.0", voices),)


class BeepUtterance:
    """Implements EngineSlot."""

    def __init__(self, engine: BeepEngine, *, takes_place: bool = True) -> None:
        self._engine = engine
        self._takes_place = takes_place
        self._closed = False

    async def speak(
        self, part: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[NDArray[np.float32], None]:
        assert not self._closed
        sentence = part.text
        if clock is not None:
            clock.count([SpokenWord(sentence, 0, 1)], [0, len(sentence), 0])
        self._engine.said.append((sentence, voice))
        ended = False
        try:
            for samples in self._halves(sentence):
                if self._engine.gate is not None:
                    await self._engine.gate.wait()
                await asyncio.sleep(0)
                yield samples
                if sentence in self._engine.failures:
                    raise self._engine.failures[sentence]
            ended = True
        finally:
            if not ended:
                self._engine.abandoned.append(sentence)

    async def read(self, part: Sentence, voice: SpokenVoice) -> Reading:
        assert not self._closed
        if self._engine.gate is not None:
            await self._engine.gate.wait()
        text = part.text
        words = tuple(WordReading(word, word.upper()) for word in text.split())
        return Reading(voice.language, text.upper(), tuple(map(ord, text)), words)

    def _halves(self, sentence: str) -> Iterable[NDArray[np.float32]]:
        if not any(character.isalnum() for character in sentence):
            return
        half = len(sentence) // 2
        yield from map(beep, filter(None, (sentence[:half], sentence[half:])))

    def delivered(self, seconds: float) -> None:
        assert not self._closed
        self._engine.delivered_seconds += seconds

    @property
    def work(self) -> Listener:
        """Nothing: no model works here."""
        return Listener()

    def close(self) -> None:
        assert not self._closed
        self._closed = True
        self._engine.taken -= self._takes_place
