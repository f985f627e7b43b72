"""A short sound before the speech, from a WAV file or our own, in whatever format the speech has."""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.pcm import SAMPLE_WIDTH_BYTES, to_pcm16
from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.errors import KokoroWyomingError

MAX_SECONDS = 30
MAX_RATE_HZ = 384_000
_REMEDY = "make one with: ffmpeg -i FILE -c:a pcm_s16le chime.wav"
_PADDING_SECONDS = 0.05
"""Silence behind the sound: the transform takes it for a ring, and its end would be heard in its beginning."""

_GENTLE_RATE_HZ = 24_000
_GENTLE_SECONDS = 0.9
_GENTLE_FADE_SECONDS = 0.15
_GENTLE_TONES = ((783.99, 0.0), (587.33, 0.28))
"""Hz of each tone, and the second in which it begins: G5, D5."""
_GENTLE_AMPLITUDE = 0.2


@dataclass(frozen=True)
class Chime:
    samples: NDArray[np.float32]
    """Shape (n_samples, n_channels), [-1, 1)."""
    rate_hz: int

    def as_pcm(self, sound: PcmFormat) -> bytes:
        """16-bit PCM in the rate and channels of the sound. KokoroWyomingError when that is not of 16 bits."""
        if sound.width_bytes != SAMPLE_WIDTH_BYTES:
            raise KokoroWyomingError(f"a chime goes with speech of 16 bits, and this has {8 * sound.width_bytes}")
        return to_pcm16(resampled(_mixed(self.samples, sound.channels), self.rate_hz, sound.rate_hz).reshape(-1))


def gentle() -> Chime:
    """Two soft tones, one after the other, of 0.9 s; as loud as speech at -23 LUFS, the default of the settings."""
    at = np.arange(round(_GENTLE_SECONDS * _GENTLE_RATE_HZ)) / _GENTLE_RATE_HZ
    sound = sum(_struck(hz, at - begin_seconds) for hz, begin_seconds in _GENTLE_TONES)
    fade = np.clip((_GENTLE_SECONDS - at) / _GENTLE_FADE_SECONDS, 0, 1)
    return Chime((_GENTLE_AMPLITUDE * sound * fade).astype(np.float32)[:, None], _GENTLE_RATE_HZ)


def _struck(hz: float, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A tone that begins softly at 0 s and dies away, with a little of its octave."""
    envelope = np.where(at < 0, 0, np.clip(at / 0.01, 0, 1) * np.exp(-at / 0.22))
    return envelope * (np.sin(2 * np.pi * hz * at) + 0.25 * np.sin(4 * np.pi * hz * at))


def read(path: Path) -> Chime:
    """Raises KokoroWyomingError when it is no PCM WAV, empty, or longer than MAX_SECONDS."""
    try:
        with wave.open(str(path)) as file:
            rate_hz, width_bytes, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            pcm = file.readframes(MAX_SECONDS * min(rate_hz, MAX_RATE_HZ) + 1)
    except OSError as error:
        raise KokoroWyomingError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except Exception as error:
        raise KokoroWyomingError(f"{path} is not a plain WAV file; {_REMEDY}") from error
    if width_bytes > 4 or not 0 < rate_hz <= MAX_RATE_HZ:
        raise KokoroWyomingError(
            f"{path} has samples of {8 * width_bytes} bits, {rate_hz:,} of them a second; {_REMEDY}"
        )
    frames = len(pcm) // (width_bytes * channels)
    if not frames or frames > MAX_SECONDS * rate_hz:
        raise KokoroWyomingError(f"{path} is empty or longer than {MAX_SECONDS} seconds; a chime is short")
    return Chime(_samples(pcm[: frames * width_bytes * channels], width_bytes).reshape(frames, channels), rate_hz)


def _samples(pcm: bytes, width_bytes: int) -> NDArray[np.float32]:
    """WAV's samples as float32, [-1, 1): one byte is unsigned, more are signed and little-endian."""
    if width_bytes == 1:
        return ((np.frombuffer(pcm, np.uint8).astype(float) - 128) / 128).astype(np.float32)
    octets = np.frombuffer(pcm, np.uint8).reshape(-1, width_bytes)
    wide = np.zeros((len(octets), 4), np.uint8)
    wide[:, 4 - width_bytes :] = octets
    return (wide.view("<i4").reshape(-1) / 2.0**31).astype(np.float32)


def _mixed(samples: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Any number of channels as another: all mixed to one, and that on each, unless there are as many already."""
    if samples.shape[1] == channels:
        return samples
    mono: NDArray[np.float32] = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(mono, channels, axis=1)


def resampled(samples: NDArray[np.float32], rate_hz: int, wanted_hz: int) -> NDArray[np.float32]:
    """The sound, shape (n_samples, n_channels), at another rate. Frequencies above half of the lower rate are removed.

    By way of its spectrum, which is exact where the whole sound is at hand.
    """
    if rate_hz == wanted_hz:
        return samples
    # The smallest numbers of samples that last equally long at both rates.
    step, wanted_step = rate_hz // math.gcd(rate_hz, wanted_hz), wanted_hz // math.gcd(rate_hz, wanted_hz)
    steps = math.ceil((len(samples) + _PADDING_SECONDS * rate_hz) / step)
    spectrum = np.fft.rfft(samples, steps * step, axis=0)
    wanted_bins = steps * wanted_step // 2 + 1
    fitting = np.zeros((wanted_bins, samples.shape[1]), complex)
    common = min(wanted_bins, len(spectrum))
    fitting[:common] = spectrum[:common]
    sound = np.fft.irfft(fitting, steps * wanted_step, axis=0) * (wanted_step / step)
    return sound[: math.ceil(len(samples) * wanted_hz / rate_hz)].astype(np.float32)
