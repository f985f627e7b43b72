"""Sound at another rate, while it is made."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_TAPS = 48
"""Samples of the slower side that each sample is made from: 1 ms to each side at 24 kHz."""
_PASSED = 0.92
"""How much of the band is kept; the rest is where the filter falls."""


class Resampler:
    """One sound, shape (n_samples,), given in pieces. What comes out is as late as half the filter is long."""

    def __init__(self, rate_hz: int, wanted_hz: int) -> None:
        common = math.gcd(rate_hz, wanted_hz)
        self._up, self._down = wanted_hz // common, rate_hz // common
        self._filters = _filters(self._up, self._down)
        self._reach = self._filters.shape[1] // 2
        self._samples = np.zeros(self._reach - 1, np.float32)
        self._at = 0
        """When the next sample is, in steps of 1 / (rate_hz * up) from the first window of `_samples`."""

    def add(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What can be told with these samples."""
        if self._up == self._down:
            return samples
        self._samples = np.concatenate([self._samples, samples])
        windows = len(self._samples) - self._filters.shape[1] + 1
        times = np.arange(self._at, windows * self._up, self._down)
        if windows <= 0 or not len(times):
            return np.zeros(0, np.float32)
        firsts, phases = np.divmod(times, self._up)
        view = np.lib.stride_tricks.sliding_window_view(self._samples, self._filters.shape[1])
        made: NDArray[np.float32] = np.einsum("nt,nt->n", view[firsts], self._filters[phases])
        done, self._at = divmod(int(times[-1]) + self._down, self._up)
        self._samples = self._samples[done:]
        return made

    def finish(self) -> NDArray[np.float32]:
        """The rest."""
        return self.add(np.zeros(self._reach, np.float32))


def _filters(up: int, down: int) -> NDArray[np.float32]:
    """For each of `up` places between two samples, what the samples around it count; shape (up, n_taps)."""
    band = _PASSED * min(1.0, up / down)
    reach = math.ceil(_TAPS / 2 / min(1.0, up / down))
    offsets = np.arange(1 - reach, reach + 1)[None, :] - np.arange(up)[:, None] / up
    window = np.i0(9 * np.sqrt(np.clip(1 - (offsets / reach) ** 2, 0, None))) / np.i0(9)
    weights = band * np.sinc(band * offsets) * window
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
