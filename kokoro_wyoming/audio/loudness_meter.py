"""How loud speech is to the ear: integrated loudness after ITU-R BS.1770-4, of one channel.

Own lines, as the libraries for it bring SciPy along, a hundred megabytes for two filters of second order.
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
"""The standard's: a sine of 997 Hz at full scale is -3.01 LUFS."""


class Biquad(NamedTuple):
    """A filter of second order, its a0 being 1."""

    b: tuple[float, float, float]
    a: tuple[float, float, float]

    def response(self, turns: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Complex gain at these frequencies, in turns per sample."""
        delay = np.exp(-2j * np.pi * turns)
        above, below = (c[0] + c[1] * delay + c[2] * delay**2 for c in (self.b, self.a))
        return np.asarray(above / below, dtype=np.complex128)


def k_weighting(rate_hz: int) -> tuple[Biquad, Biquad]:
    """The head's shelf and the high-pass: the standard's filters, given there for 48 kHz, at another rate."""
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
    """Loudness of sound of shape (n_samples,), [-1, 1], pauses left out; None for less than 0.4 s or near silence."""
    block, step = round(_BLOCK_SECONDS * rate_hz), round(_STEP_SECONDS * rate_hz)
    if len(samples) < block:
        return None
    energy = np.concatenate([[0.0], np.cumsum(_weighted(samples, rate_hz) ** 2)])
    starts = np.arange(0, len(samples) - block + 1, step)
    powers = (energy[starts + block] - energy[starts]) / block
    heard = powers[_lufs(powers) > _ABSOLUTE_GATE_LUFS]
    if not len(heard):
        return None
    heard = heard[_lufs(heard) > _lufs(heard.mean()) + _RELATIVE_GATE_LU]
    return float(_lufs(heard.mean()))


def _weighted(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    # By Fourier transform, as numpy has no recursion: after a quarter of a second the filters have rung out.
    size = 1 << (len(samples) + rate_hz // 4 - 1).bit_length()
    turns = np.arange(size // 2 + 1) / size
    shelf, high_pass = k_weighting(rate_hz)
    spectrum = np.fft.rfft(samples, size) * shelf.response(turns) * high_pass.response(turns)
    return np.fft.irfft(spectrum, size)[: len(samples)]


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(_OFFSET_LU + 10 * np.log10(np.maximum(power, 1e-12)))
