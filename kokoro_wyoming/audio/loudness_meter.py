"""Integrated loudness of one channel after ITU-R BS.1770-4.

It is implemented here because the libraries for it need SciPy: a hundred megabytes for two second-order filters.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK_SECONDS, _STEP_SECONDS = 0.4, 0.1
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET_LU = -0.691
"""From the standard: a sine of 997 Hz at full scale has -3.01 LUFS."""


class Biquad(NamedTuple):
    """A second-order filter with a0 = 1."""

    b: tuple[float, float, float]
    a: tuple[float, float, float]

    def response(self, turns: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Complex gain at frequencies in cycles per sample."""
        delay = np.exp(-2j * np.pi * turns)
        above, below = (c[0] + c[1] * delay + c[2] * delay**2 for c in (self.b, self.a))
        return np.asarray(above / below, dtype=np.complex128)


def k_weighting(rate_hz: int) -> tuple[Biquad, Biquad]:
    """The standard's shelf and high-pass filters, converted from 48 kHz to another rate."""
    return _shelf(rate_hz), _high_pass(rate_hz)


def _shelf(rate_hz: int) -> Biquad:
    k, q, gain = math.tan(math.pi * 1681.974450955533 / rate_hz), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416
    a0 = 1 + k / q + k * k
    b = (gain + middle * k / q + k * k, 2 * (k * k - gain), gain - middle * k / q + k * k)
    return Biquad((b[0] / a0, b[1] / a0, b[2] / a0), _poles(k, q))


def _high_pass(rate_hz: int) -> Biquad:
    return Biquad((1.0, -2.0, 1.0), _poles(math.tan(math.pi * 38.13547087602444 / rate_hz), 0.5003270373238773))


def _poles(k: float, q: float) -> tuple[float, float, float]:
    a0 = 1 + k / q + k * k
    return 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0


def integrated_lufs(samples: NDArray[np.float32], rate_hz: int) -> float | None:
    """Loudness of samples in [-1, 1], shape (n_samples,), without pauses; None for less than 0.4 s or near silence."""
    block, step = round(_BLOCK_SECONDS * rate_hz), round(_STEP_SECONDS * rate_hz)
    if len(samples) < block:
        return None
    energy = np.concatenate([[0.0], np.cumsum(_weighted(samples, rate_hz) ** 2)])
    starts = np.arange(0, len(samples) - block + 1, step)
    powers = (energy[starts + block] - energy[starts]) / block
    gated = powers[_lufs(powers) > _ABSOLUTE_GATE_LUFS]
    if not len(gated):
        return None
    gated = gated[_lufs(gated) > _lufs(gated.mean()) + _RELATIVE_GATE_LU]
    return float(_lufs(gated.mean()))


def _weighted(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    # numpy has no recursive filters, so they are applied in the frequency domain. After 0.25 s they have decayed.
    size = 1 << (len(samples) + rate_hz // 4 - 1).bit_length()
    turns = np.arange(size // 2 + 1) / size
    shelf, high_pass = k_weighting(rate_hz)
    spectrum = np.fft.rfft(samples, size) * shelf.response(turns) * high_pass.response(turns)
    return np.fft.irfft(spectrum, size)[: len(samples)]


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(_OFFSET_LU + 10 * np.log10(np.maximum(power, 1e-12)))
