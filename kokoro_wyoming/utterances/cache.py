"""An in-memory cache of spoken sentences in front of the engine; neither sessions nor the engine know of it.

The cache keeps the whole sound of a sentence under a digest of all that decides how the sentence is spoken. It keeps no
texts, and nothing of a sentence that failed, was abandoned or is not yet complete.
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
from kokoro_wyoming.pronunciation.readings import Reading
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.utterances.interface import EngineSlot, ModelWork, SpeechEngine
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceRequest

Samples = NDArray[np.float32]

ENTRY_BYTES = 512
"""Memory of an entry besides its samples: the digest, the array, the entry's place in the order."""


def digest(sentence: Sentence, voice: SpokenVoice, weights: str) -> bytes:
    """32 bytes that stand for a sentence as this voice speaks it with these weights."""
    # JSON keeps the border between two parts. The voice already has the language and pace that the sentence asks for.
    # Gains are applied after the cache: the sentence's own, and the one for the voice's loudness, which is learned.
    parts = [[astuple(run) for run in sentence.runs], weights, voice.version, voice.name, voice.language, voice.speed]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=32).digest()


class AudioCache:
    """Sounds of at most `max_bytes` together. The least recently used sound is dropped first, a pinned one never."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sounds: OrderedDict[bytes, Samples] = OrderedDict()
        """The sounds that are not pinned, the least recently used first."""
        self._pinned: dict[bytes, Samples] = {}
        self._pinned_bytes = 0
        self.held_bytes = 0
        """Memory of all sounds, pinned or not; never above `max_bytes`."""
        self.times_cleared = 0
        self.hits = self.misses = 0
        """Sentences for a listener that were found here, and that were looked for in vain."""

    def __len__(self) -> int:
        return len(self._sounds) + len(self._pinned)

    def get(self, key: bytes) -> Samples | None:
        """The sound: float32, shape (n_samples,), read-only. It counts as used now."""
        if key in self._sounds:
            self._sounds.move_to_end(key)
            return self._sounds[key]
        return self._pinned.get(key)

    def keep(self, key: bytes, sound: Samples) -> bool:
        """Keep a sound, and drop others where it needs their room. False if it does not fit beside the pinned ones."""
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
        """Keep this sound until the cache is cleared. False if the cache does not have it."""
        if key in self._sounds:
            self._pinned[key] = self._sounds.pop(key)
            self._pinned_bytes += _bytes(self._pinned[key])
        return key in self._pinned

    def clear(self) -> None:
        """Drop all sounds, the pinned ones too: voices may sound otherwise now under the same names."""
        self._sounds.clear()
        self._pinned.clear()
        self.held_bytes = self._pinned_bytes = 0
        self.times_cleared += 1


class CachedEngine:
    """A SpeechEngine that takes a sentence's sound from the cache, and has another engine speak what is not in it."""

    def __init__(self, engine: SpeechEngine, cache: AudioCache, *, weights: str) -> None:
        """`weights` names the weights that the engine speaks with."""
        self._engine = engine
        self._cache = cache
        self._weights = weights

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        return self._engine.resolve(request, program)

    def programs(self) -> tuple[ProgramDescription, ...]:
        return self._engine.programs()

    def trouble(self) -> str | None:
        return self._engine.trouble()

    def utterance(self, *, patient: bool = False, fetched: bool = False) -> CachedUtterance:
        """Take a place with the engine, even if the cache will have every sentence: BusyError comes early or never."""
        slot = self._engine.utterance(patient=patient, fetched=fetched)
        return CachedUtterance(slot, self._cache, self._weights, has_listener=not patient)

    async def pin(self, sentence: Sentence, voice: SpokenVoice) -> bool:
        """Speak a sentence while no listener waits, and pin its sound. False if the sound does not fit, or is none."""
        with contextlib.closing(self.utterance(patient=True)) as utterance:
            async with contextlib.aclosing(utterance.speak(sentence, voice)) as sound:
                async for _ in sound:
                    pass
        return self._cache.pin(digest(sentence, voice, self._weights))


class CachedUtterance:
    """The sentences of one listener: from the cache, or else from the engine."""

    def __init__(self, slot: EngineSlot, cache: AudioCache, weights: str, *, has_listener: bool = True) -> None:
        self._slot = slot
        self._cache = cache
        self._weights = weights
        self._has_listener = has_listener
        self._times_cleared = cache.times_cleared

    async def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[Samples, None]:
        """Yield a sentence's sound: float32, shape (n_samples,), 24 kHz. With a clock the engine always speaks it."""
        key = digest(sentence, voice, self._weights)
        kept = self._look_up(key) if clock is None and self._is_current() else None
        if kept is not None:
            for at in range(0, len(kept), SAMPLE_RATE_HZ):
                await asyncio.sleep(0)  # nothing else here waits, and other clients need the event loop too
                yield kept[at : at + SAMPLE_RATE_HZ]
            return
        pieces: list[Samples] = []
        async with contextlib.aclosing(self._slot.speak(sentence, voice, clock)) as sound:
            async for piece in sound:
                if clock is None and self._is_current():
                    # A copy: the engine may use the piece's memory again, or the piece may hold much more memory.
                    pieces.append(piece.copy())
                yield piece
        # The sound is complete only here: the engine did not fail, and the listener stayed to the end.
        if pieces and self._is_current():
            self._cache.keep(key, np.concatenate(pieces))

    async def read(self, sentence: Sentence, voice: SpokenVoice) -> Reading:
        return await self._slot.read(sentence, voice)

    def _look_up(self, key: bytes) -> Samples | None:
        kept = self._cache.get(key)
        if self._has_listener:
            self._cache.hits += kept is not None
            self._cache.misses += kept is None
        return kept

    def _is_current(self) -> bool:
        """Whether the cache was not cleared since: the engine speaks on with the voices that the utterance began with,
        and the cache may hold sounds of others by now."""
        return self._times_cleared == self._cache.times_cleared

    def delivered(self, seconds: float) -> None:
        self._slot.delivered(seconds)

    @property
    def work(self) -> ModelWork:
        return self._slot.work

    def close(self) -> None:
        self._slot.close()


def _bytes(sound: Samples) -> int:
    return sound.nbytes + ENTRY_BYTES
