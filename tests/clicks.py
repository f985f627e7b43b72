"""Finds what an ear calls a click: a jump that nothing around it explains, a sound torn off, a shifted zero line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000
_NEAR, _FAR = 4, 192
"""A sample's neighbourhood: 8 ms on either side, without the samples that a jump itself bends."""
_ISOLATED = 6.0
"""Speech bends sharply at a glottal pulse or a burst, but never once: the next bend is near and nearly as sharp."""
_AUDIBLE = 0.004
_EDGE = 24
"""1 ms: nothing that speaks begins or ends within it."""


def clicks(samples: NDArray[np.float32]) -> list[float]:
    """Where there are clicks, in seconds; `samples` float, shape (n_samples,), [-1, 1], 24 kHz."""
    found = {*_jumps(samples), *_torn(samples), *_torn_backwards(samples)}
    return sorted(at / RATE_HZ for at in found)


def offset(samples: NDArray[np.float32]) -> float:
    """The largest mean over any second: speech has none, as no air is moved for good."""
    sums = np.concatenate([[0.0], np.cumsum(samples, dtype=np.float64)])
    span = min(RATE_HZ, len(samples))
    return float(np.abs((sums[span:] - sums[:-span]) / span).max())


def _jumps(samples: NDArray[np.float32]) -> set[int]:
    """Samples whose bend is many times that of all around on both sides."""
    bend = np.abs(np.diff(samples.astype(np.float64), 2, prepend=[0, 0]))
    candidates = np.flatnonzero(bend > _AUDIBLE)
    padded = np.pad(bend, _FAR + 1)
    found = set()
    for at in candidates:
        before, after = padded[at : at + _FAR - _NEAR], padded[at + _FAR + _NEAR + 2 : at + 2 * _FAR + 2]
        if bend[at] > _ISOLATED * max(before.max(), after.max()):
            found.add(int(at))
    return found


def _torn(samples: NDArray[np.float32]) -> set[int]:
    """Ends of sound that is not silent a millisecond before it is nothing at all."""
    nothing = np.abs(samples) < 1e-4
    silent_ahead = _all_of_next(nothing, 5 * _EDGE)
    ends = np.flatnonzero(silent_ahead & ~np.concatenate([[True], silent_ahead[:-1]]))
    return {int(end) for end in ends if _falls(samples[max(0, end - 6 * _EDGE) : end])}


def _falls(ending: NDArray[np.float32]) -> bool:
    """Whether the last millisecond is about as loud as those before it."""
    last = float(np.abs(ending[-_EDGE:]).max(initial=0))
    return last > 4 * _AUDIBLE and last > 0.4 * float(np.abs(ending[:-_EDGE]).max(initial=0))


def _torn_backwards(samples: NDArray[np.float32]) -> set[int]:
    return {len(samples) - at for at in _torn(samples[::-1])}


def _all_of_next(flags: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Whether a flag and those after it, `count` in all, are set; beyond the end all are."""
    unset = np.concatenate([[0], np.cumsum(~flags), np.full(count, np.count_nonzero(~flags))])
    return (unset[count : count + len(flags)] - unset[: len(flags)]) == 0
