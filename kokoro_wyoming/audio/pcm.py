"""Sound from the engine's floats to the PCM of the wire: one gain, one limiter, chunks of one size."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop

SAMPLE_RATE_HZ = 24_000
"""Both Kokoro releases speak mono at this rate."""

SAMPLE_WIDTH_BYTES = 2
CHANNELS = 1
CHUNK_MS = 50
"""Nothing of a chunk is heard before all of it is there; below 20 ms the events cost more than the sound."""

_CHUNK_BYTES = SAMPLE_RATE_HZ * CHUNK_MS // 1000 * SAMPLE_WIDTH_BYTES
_MADE_SAMPLES = SAMPLE_RATE_HZ
"""So much is made at a time, a second: less costs more, and more would hold whoever waits for the loop."""
_FULL_SCALE = 32767.0


_KNEE = 0.9
"""Of full scale, -0.9 dB: what is below leaves the limiter as it came."""


def limited(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sound that never exceeds full scale: exact up to the knee, bent smoothly from there on.

    Sample by sample, so that nothing has to be awaited and no gain pumps; loud peaks are a little rounder.
    """
    over = np.maximum(np.abs(samples) - _KNEE, 0.0)
    bent = np.copysign(_KNEE + (1 - _KNEE) * np.tanh(over / (1 - _KNEE)), samples)
    return np.where(over > 0, np.clip(bent, -1.0, 1.0), samples)


def to_pcm16(samples: ArrayLike, gain: float = 1.0) -> bytes:
    """Little-endian 16-bit PCM of float samples, shape (n_samples,), about [-1, 1].

    Louder samples are limited (a bare cast would wrap them round into a crack), NaN is silence.
    Raises ValueError for anything but one dimension.
    """
    mono = np.asarray(samples, dtype=np.float32)
    if mono.ndim != 1:
        raise ValueError(f"sound must have shape (n_samples,), not {mono.shape}")
    # Before the gain, as infinity times nothing is NaN once more.
    finite = np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)
    scaled = np.rint(limited(finite.astype(np.float64) * gain) * _FULL_SCALE)
    return scaled.astype("<i2").tobytes()


def silence(seconds: float) -> NDArray[np.float32]:
    """float32 zeros, shape (n_samples,), 24 kHz."""
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def seconds_of(samples: Sized) -> float:
    """How long samples at 24 kHz last."""
    return len(samples) / SAMPLE_RATE_HZ


class PcmStream:
    """The sound of one utterance: pieces of any size in, chunks out, all of one size but the last."""

    def __init__(self, gain: float = 1.0) -> None:
        self._gain = gain
        self._left = b""
        self._samples_in = 0
        self._samples_out = 0

    @property
    def seconds(self) -> float:
        """Length of the sound taken so far."""
        return self._samples_in / SAMPLE_RATE_HZ

    def start(self) -> AudioStart:
        """The event that gives the format, before the first chunk."""
        return AudioStart(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS, timestamp=0)

    def add(self, samples: ArrayLike) -> Iterator[AudioChunk]:
        """Take the next piece, as in `to_pcm16`; yield the chunks that are full. A long one is made as it is taken."""
        sound = np.asarray(samples, dtype=np.float32)
        self._samples_in += len(sound)
        for begin in range(0, len(sound), _MADE_SAMPLES):
            pcm = self._left + to_pcm16(sound[begin : begin + _MADE_SAMPLES], self._gain)
            full = len(pcm) - len(pcm) % _CHUNK_BYTES
            self._left = pcm[full:]
            for at in range(0, full, _CHUNK_BYTES):
                yield self._chunk(pcm[at : at + _CHUNK_BYTES])

    def finish(self) -> Iterator[AudioChunk]:
        """The sound has ended: yield what is left, if anything."""
        left, self._left = self._left, b""
        if left:
            yield self._chunk(left)

    def stop(self) -> AudioStop:
        """The event after the last chunk."""
        return AudioStop(timestamp=self._timestamp_ms())

    def _chunk(self, pcm: bytes) -> AudioChunk:
        timestamp_ms = self._timestamp_ms()
        self._samples_out += len(pcm) // SAMPLE_WIDTH_BYTES
        return AudioChunk(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS, audio=pcm, timestamp=timestamp_ms)

    def _timestamp_ms(self) -> int:
        return self._samples_out * 1000 // SAMPLE_RATE_HZ
