"""Sound that was made once and is given again: a memory between sessions and the engine, of neither's knowledge.

Kept is a sentence's whole sound, under a digest of all that decides how it is spoken. Texts are not kept. What failed,
was abandoned or is half made leaves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.script import Sentence
from kokoro_wyoming.speech import (
    SAMPLE_RATE_HZ,
    ProgramDescription,
    SpeechEngine,
    SpokenVoice,
    Utterance,
    VoiceRequest,
)
from kokoro_wyoming.timing import Clock

Samples = NDArray[np.float32]

ENTRY_BYTES = 512
"""What an entry takes beside its samples: digest, array, place in the order."""


def digest(sentence: Sentence, voice: SpokenVoice, weights: str) -> bytes:
    """32 bytes that stand for a sentence, spoken by a voice with these weights."""
    # As JSON, so that the border between two parts is not lost. What the sentence asks for of voice, language and pace
    # is in the voice; its gain comes after the cache, and so does that for the voice's loudness, which is learned.
    parts = [[astuple(run) for run in sentence.runs], weights, voice.version, voice.name, voice.language, voice.speed]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=32).digest()


@dataclass(frozen=True)
class _Entry:
    samples: Samples
    pinned: bool

    @property
    def bytes(self) -> int:
        return self.samples.nbytes + ENTRY_BYTES


class AudioCache:
    """At most so many bytes of sound, recordings under way included; what was not heard for longest goes first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self.forgotten = 0
        """How often everything was let go."""
        self.held_bytes = 0
        """Never more than the maximum."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Samples | None:
        """The sound, float32, shape (n_samples,), not to be written to; now the last to go."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.samples

    def pin(self, key: bytes) -> bool:
        """Never let a sound go that is here; False when it is not."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        self._entries[key] = _Entry(entry.samples, pinned=True)
        return True

    def forget(self) -> None:
        """Let everything go, pinned or not, and what is being recorded too: voices have changed under their names."""
        self.held_bytes -= sum(entry.bytes for entry in self._entries.values())
        self._entries.clear()
        self.forgotten += 1

    def record(self) -> Recording:
        """Begin to take a sound."""
        return Recording(self)

    def _reserve(self, size_bytes: int) -> bool:
        """Make room, if need be by letting others go; False when even that is not enough."""
        while self.held_bytes + size_bytes > self._max_bytes:
            oldest = next((key for key, entry in self._entries.items() if not entry.pinned), None)
            if oldest is None:
                return False
            self.held_bytes -= self._entries.pop(oldest).bytes
        self.held_bytes += size_bytes
        return True

    def _release(self, size_bytes: int) -> None:
        self.held_bytes -= size_bytes

    def _put(self, key: bytes, entry: _Entry) -> None:
        """Take an entry whose bytes are reserved, in place of one of the same key."""
        before = self._entries.pop(key, None)
        if before is not None:
            self.held_bytes -= before.bytes
        self._entries[key] = entry if before is None else _Entry(entry.samples, entry.pinned or before.pinned)


class Recording:
    """A sound on its way into the cache: kept whole or not at all."""

    def __init__(self, cache: AudioCache) -> None:
        self._cache = cache
        self._pieces: list[Samples] = []
        self._reserved_bytes = 0
        self._begun_at = cache.forgotten
        self._open = True

    def add(self, samples: Samples) -> None:
        """Take the next piece; a recording that has no room gives up."""
        if not self._open:
            return
        if not self._reserve(samples.nbytes):
            self.drop()
            return
        # A copy, as whoever made the piece may use its memory again, or hold much more of it.
        self._pieces.append(samples.copy())

    def keep(self, key: bytes) -> bool:
        """The sound is complete: put it into the cache. False when there is no room, no sound, or no use for it."""
        wanted = bool(self._pieces) and self._begun_at == self._cache.forgotten
        kept = wanted and self._reserve(ENTRY_BYTES)
        if kept:
            samples = np.concatenate(self._pieces)
            samples.setflags(write=False)
            self._cache._put(key, _Entry(samples, pinned=False))
            self._reserved_bytes = 0
        self.drop()
        return kept

    def drop(self) -> None:
        """Forget what was taken; a second time, or after `keep`, does nothing."""
        self._cache._release(self._reserved_bytes)
        self._reserved_bytes = 0
        self._pieces.clear()
        self._open = False

    def _reserve(self, size_bytes: int) -> bool:
        if not self._cache._reserve(size_bytes):
            return False
        self._reserved_bytes += size_bytes
        return True


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

    def __init__(self, utterance: Utterance, cache: AudioCache, weights: str) -> None:
        self._utterance = utterance
        self._cache = cache
        self._weights = weights
        self._begun_at = cache.forgotten

    async def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[Samples, None]:
        """Yield a sentence's sound: float32, shape (n_samples,), 24 kHz. One whose words are timed is made anew."""
        # The engine goes on with the voices that it began with, and what is kept since may be of others.
        if clock is not None or self._begun_at != self._cache.forgotten:
            async with contextlib.aclosing(self._utterance.speak(sentence, voice, clock)) as sound:
                async for piece in sound:
                    yield piece
            return
        key = digest(sentence, voice, self._weights)
        kept = self._cache.get(key)
        if kept is None:
            async with contextlib.aclosing(self._recorded(key, sentence, voice)) as sound:
                async for piece in sound:
                    yield piece
            return
        for piece in _seconds(kept):
            # Nothing else here waits, and others want the loop too.
            await asyncio.sleep(0)
            yield piece

    def delivered(self, seconds: float) -> None:
        self._utterance.delivered(seconds)

    def close(self) -> None:
        self._utterance.close()

    async def _recorded(self, key: bytes, sentence: Sentence, voice: SpokenVoice) -> AsyncGenerator[Samples, None]:
        recording = self._cache.record()
        try:
            async with contextlib.aclosing(self._utterance.speak(sentence, voice)) as sound:
                async for piece in sound:
                    recording.add(piece)
                    yield piece
            # Only here has the listener stayed to the end, and the engine made all of it.
            recording.keep(key)
        finally:
            recording.drop()


def _seconds(samples: Samples) -> Iterator[Samples]:
    return (samples[at : at + SAMPLE_RATE_HZ] for at in range(0, len(samples), SAMPLE_RATE_HZ))
