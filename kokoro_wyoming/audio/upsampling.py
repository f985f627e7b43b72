"""PCM in a multiple of its rate and with more channels, piece by piece, for receivers that take no other format."""

from __future__ import annotations

import numpy as np

from kokoro_wyoming.audio.pcm_format import PcmFormat

_REACH = 16
"""Samples of the slower rate to each side that a new sample is made of."""


class Upsampler:
    """One sound of 16-bit samples. What it gives is late by half of its filter (0.6 ms from 24 to 48 kHz)."""

    def __init__(self, given: PcmFormat, wanted: PcmFormat) -> None:
        """Raises ValueError where the wanted rate is no multiple of the given one, or samples have not 16 bits."""
        factor, rest = divmod(wanted.rate_hz, given.rate_hz)
        if rest or {given.width_bytes, wanted.width_bytes} != {2} or given.channels not in (1, wanted.channels):
            raise ValueError(f"{given} is not made {wanted}")
        self._factor, self._given, self._wanted = factor, given, wanted
        at = np.arange(-_REACH * factor + 1, _REACH * factor) / factor
        self._taps = np.sinc(at) * np.kaiser(len(at), 8)
        self._before = np.zeros((2 * _REACH - 1, given.channels))

    def add(self, pcm: bytes) -> bytes:
        """The next piece, in whole frames."""
        samples = np.frombuffer(pcm, "<i2").reshape(-1, self._given.channels)
        if self._factor > 1 and len(samples):
            samples = self._interpolated(samples)
        if self._given.channels != self._wanted.channels:
            samples = np.repeat(samples, self._wanted.channels, axis=1)
        return samples.astype("<i2").tobytes()

    def _interpolated(self, samples: np.ndarray) -> np.ndarray:
        heard = np.concatenate([self._before, samples])
        self._before = heard[len(samples) :]
        spread = np.zeros((len(heard) * self._factor, heard.shape[1]))
        spread[:: self._factor] = heard
        made = [np.convolve(channel, self._taps, "valid") for channel in spread.T]
        size = len(samples) * self._factor
        return np.clip(np.rint(np.stack(made, axis=1)[:size]), -32_768, 32_767)
