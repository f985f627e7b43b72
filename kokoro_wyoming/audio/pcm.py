"""Sound from float samples to 16-bit PCM: one limiter, chunks of one size."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kokoro_wyoming.audio.pcm_format import PcmFormat

SAMPLE_RATE_HZ = 24_000
"""Both Kokoro releases speak mono at this rate."""

SAMPLE_WIDTH_BYTES = 2
CHANNELS = 1
PCM_FORMAT = PcmFormat(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS)
CHUNK_MS = 50
"""Length of a chunk. A chunk is heard only when all of it has come; below 20 ms events cost more than sound."""

_CHUNK_BYTES = SAMPLE_RATE_HZ * CHUNK_MS // 1000 * SAMPLE_WIDTH_BYTES
_MADE_SAMPLES = SAMPLE_RATE_HZ
"""Samples that are converted at a time, one second: fewer cost more time, more would block the event loop."""
_FULL_SCALE = 32767.0
_KNEE = 0.9
"""-0.9 dB of full scale: the limiter leaves quieter samples as they are."""


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


def seconds_of_pcm(pcm: bytes) -> float:
    """Length of PCM as `to_pcm16` makes it."""
    return len(pcm) / (SAMPLE_WIDTH_BYTES * SAMPLE_RATE_HZ)


class PcmStream:
    """The sound of one utterance: float samples of any number in, PCM of CHUNK_MS out, the last of it shorter."""

    def __init__(self) -> None:
        self._rest = b""
        self._samples = 0

    @property
    def seconds(self) -> float:
        """Length of the sound taken so far."""
        return self._samples / SAMPLE_RATE_HZ

    def add(self, samples: ArrayLike) -> Iterator[bytes]:
        """Take more samples, as in `to_pcm16`; yield the PCM of each full chunk. A long sound is made bit by bit."""
        sound = np.asarray(samples, dtype=np.float32)
        self._samples += len(sound)
        for begin in range(0, len(sound), _MADE_SAMPLES):
            pcm = self._rest + to_pcm16(sound[begin : begin + _MADE_SAMPLES])
            full = len(pcm) - len(pcm) % _CHUNK_BYTES
            self._rest = pcm[full:]
            for at in range(0, full, _CHUNK_BYTES):
                yield pcm[at : at + _CHUNK_BYTES]

    def finish(self) -> Iterator[bytes]:
        """The sound has ended: yield the rest, if there is any."""
        rest, self._rest = self._rest, b""
        if rest:
            yield rest
