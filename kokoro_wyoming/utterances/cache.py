"""An in-memory cache of spoken sentences in front of the engine; neither sessions nor the engine know of it.

Kept is a sentence's whole sound, under a digest of all that decides how it is spoken. Texts are not kept. What failed,
was abandoned or is half made leaves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.utterances.interface import EngineSlot, SpeechEngine
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceRequest

Samples = NDArray[np.float32]

ENTRY_BYTES = 512
"""What an entry takes beside its samples: digest, array, place in the order."""


def digest(sentence: Sentence, voice: SpokenVoice, weights: str) -> bytes:
    """32 bytes that stand for a sentence, spoken by a voice with these weights."""
    # As JSON, so that the border between two parts is not lost. What the sentence asks for of voice, language and pace
    # is in the voice; its gain comes after the cache, and so does that for the voice's loudness, which is learned.
    parts = [[astuple(run) for run in sentence.runs], weights, voice.version, voice.name, voice.language, voice.speed]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=32).digest()


class AudioCache:
    """At most so many bytes of sound; what was not heard for longest goes first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sounds: OrderedDict[bytes, Samples] = OrderedDict()
        self._pinned: dict[bytes, Samples] = {}
        self._pinned_bytes = 0
        self.held_bytes = 0
        """Never more than the maximum; the pinned ones are in it."""
        self.forgotten = 0
        """How often all was let go."""

    def __len__(self) -> int:
        return len(self._sounds) + len(self._pinned)

    def get(self, key: bytes) -> Samples | None:
        """The sound, float32, shape (n_samples,), not to be written to; now the last to go."""
        if key in self._sounds:
            self._sounds.move_to_end(key)
            return self._sounds[key]
        return self._pinned.get(key)

    def keep(self, key: bytes, sound: Samples) -> bool:
        """Take a sound, if need be by letting others go; False when even that is not enough."""
        if key in self._pinned:
            return True
        if self._pinned_bytes + _bytes(sound) > self._max_bytes:
            return False
        if key in self._sounds:
            self.held_bytes -= _bytes(self._sounds.pop(key))
        sound.setflags(write=False)
        self._sounds[key] = sound
        self.held_bytes += _bytes(sound)
        while self.held_bytes > self._max_bytes:
            self.held_bytes -= _bytes(self._sounds.popitem(last=False)[1])
        return True

    def pin(self, key: bytes) -> bool:
        """Never let a sound go that is here; False when it is not."""
        if key in self._sounds:
            self._pinned[key] = self._sounds.pop(key)
            self._pinned_bytes += _bytes(self._pinned[key])
        return key in self._pinned

    def forget(self) -> None:
        """Let everything go, pinned or not: voices have changed under their names."""
        self._sounds.clear()
        self._pinned.clear()
        self.held_bytes = self._pinned_bytes = 0
        self.forgotten += 1


class CachedEngine:
    """A SpeechEngine that has another one speak only what it has not heard it say."""

    def __init__(self, engine: SpeechEngine, cache: AudioCache, *, weights: str) -> None:
        """`weights` says which weights run."""
        self._engine = engine
        self._cache = cache
        self._weights = weights

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        return self._engine.resolve(request, program)

    def programs(self) -> tuple[ProgramDescription, ...]:
        return self._engine.programs()

    def trouble(self) -> str | None:
        return self._engine.trouble()

    def utterance(self, *, patient: bool = False) -> CachedUtterance:
        """A place with the engine, even if all will turn out to be at hand: BusyError comes early or never."""
        return CachedUtterance(self._engine.utterance(patient=patient), self._cache, self._weights)

    async def pin(self, sentence: Sentence, voice: SpokenVoice) -> bool:
        """Have a sentence ready for ever, made while nobody waits; False when it does not fit."""
        with contextlib.closing(self.utterance(patient=True)) as utterance:
            async with contextlib.aclosing(utterance.speak(sentence, voice)) as sound:
                async for _ in sound:
                    pass
        return self._cache.pin(digest(sentence, voice, self._weights))


class CachedUtterance:
    """One listener's utterance, of which the engine makes what is not at hand."""

    def __init__(self, utterance: EngineSlot, cache: AudioCache, weights: str) -> None:
        self._utterance = utterance
        self._cache = cache
        self._weights = weights
        self._begun_at = cache.forgotten

    async def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[Samples, None]:
        """Yield a sentence's sound: float32, shape (n_samples,), 24 kHz. One whose words are timed is made anew."""
        # The engine goes on with the voices that it began with, and what is kept since may be of others.
        if self._begun_at != self._cache.forgotten:
            async with contextlib.aclosing(self._utterance.speak(sentence, voice, clock)) as sound:
                async for piece in sound:
                    yield piece
            return
        key = digest(sentence, voice, self._weights)
        kept = self._cache.get(key) if clock is None else None
        if kept is not None:
            for at in range(0, len(kept), SAMPLE_RATE_HZ):
                # Nothing else here waits, and others want the loop too.
                await asyncio.sleep(0)
                yield kept[at : at + SAMPLE_RATE_HZ]
            return
        forgotten, pieces = self._cache.forgotten, []
        async with contextlib.aclosing(self._utterance.speak(sentence, voice, clock)) as sound:
            async for piece in sound:
                # A copy, as whoever made the piece may use its memory again, or hold much more of it.
                pieces.append(piece.copy())
                yield piece
        # Only here has the listener stayed to the end, and the engine made all of it.
        if pieces and clock is None and forgotten == self._cache.forgotten:
            self._cache.keep(key, np.concatenate(pieces))

    def delivered(self, seconds: float) -> None:
        self._utterance.delivered(seconds)

    def close(self) -> None:
        self._utterance.close()


def _bytes(sound: Samples) -> int:
    return sound.nbytes + ENTRY_BYTES
