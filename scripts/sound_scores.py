"""Compares two sounds of one sentence: how alike they are, how level, and whether joins can be found.

All sounds are float32 of shape (n_samples,), 24 kHz. Needs `pip install pesq pystoi scipy`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pesq import PesqError, pesq
from pystoi import stoi
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter, resample_poly

RATE_HZ = 24_000
Sound = NDArray[np.float32]

_AROUND_SAMPLES = 600
"""25 ms on each side: the surroundings that a join is held against."""
_NEAR_SAMPLES = 2
_STEP_SAMPLES = 240
"""10 ms before and after: what a step of loudness is taken between."""
_ORDER = 16
_QUIET_DB = 30.0
"""A part so far below the loudest is a pause, and its level is nobody's concern."""


def at_16_khz(sound: Sound) -> NDArray[np.float64]:
    return np.asarray(resample_poly(sound.astype(np.float64), 2, 3))


def pesq_wb(reference: Sound, sound: Sound, silence_seconds: float = 0.5) -> float | None:
    """Wide-band PESQ (ITU-T P.862.2), 1.04 to 4.64; None where it finds no speech.

    PESQ first aligns the two, and wants silence at the ends for it: given none, it gave a whispered two seconds, whose
    levels agree within 1 dB in every tenth of a second, 1.9 instead of 4.4.
    """
    silence = np.zeros(int(16_000 * max(silence_seconds, 0.25 - len(sound) / RATE_HZ / 2)))
    one, other = (np.concatenate([silence, at_16_khz(s), silence]) for s in (reference, sound))
    try:
        return float(pesq(16_000, one, other, "wb"))
    except PesqError:
        return None


def intelligibility(reference: Sound, sound: Sound) -> float | None:
    """STOI, 0 to 1; None for less than the 0.4 s of speech that it needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(stoi(at_16_khz(reference), at_16_khz(sound), 16_000))
        except RuntimeWarning:
            return None


def snr_db(reference: Sound, sound: Sound) -> float:
    return float(10 * (np.log10(np.square(reference).sum()) - np.log10(np.square(reference - sound).sum())))


def level_of_thirds_db(reference: Sound, sound: Sound) -> list[float | None]:
    """How much louder each third is than the reference's; None for a third that is a pause."""
    powers = [np.array([np.square(part).mean() for part in np.array_split(s, 3)]) for s in (reference, sound)]
    loud = powers[0] > powers[0].max() * 10 ** (-_QUIET_DB / 10)
    differences = 10 * np.log10((powers[1] + 1e-12) / (powers[0] + 1e-12))
    return [float(d) if is_loud else None for d, is_loud in zip(differences, loud, strict=True)]


def joins_and_middles(lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """Where windows of these lengths meet, and for comparison where they have their middles, in samples."""
    ends = [int(end) for end in np.cumsum(lengths)]
    middles = [end - length // 2 for end, length in zip(ends, lengths, strict=True)]
    return ends[:-1], middles[: len(ends) - 1]


def bend(sound: Sound, at: int) -> float:
    """The sharpest bend of the curve at a place, over the sharpest around it."""
    return _peak(np.abs(np.diff(sound.astype(np.float64), 2)), at - 1)


def surprise(sound: Sound, at: int) -> float:
    """The worst error of a linear prediction at a place, over the worst around it: phase that jumps is a surprise."""
    low = max(0, at - 2 * _AROUND_SAMPLES)
    part = sound[low : at + 2 * _AROUND_SAMPLES].astype(np.float64)
    windowed = part * np.hanning(len(part))
    correlation = np.array([windowed[lag:] @ windowed[: len(windowed) - lag] for lag in range(_ORDER + 1)])
    correlation[0] = correlation[0] * (1 + 1e-6) + 1e-9
    weights = solve_toeplitz(correlation[:-1], correlation[1:])
    return _peak(np.abs(lfilter([1.0, *-weights], [1.0], part)), at - low)


def _peak(curve: NDArray[np.float64], at: int) -> float:
    near = curve[at - _NEAR_SAMPLES : at + _NEAR_SAMPLES]
    before = curve[max(0, at - _AROUND_SAMPLES) : at - _NEAR_SAMPLES - 1]
    after = curve[at + _NEAR_SAMPLES + 1 : at + _AROUND_SAMPLES]
    return float(np.max(near)) / max(float(np.max(np.concatenate([before, after]))), 1e-9)


def step_db(sound: Sound, at: int) -> float:
    """How much louder it is after a place than before it; what is 60 dB below the loudest counts as silence."""
    floor = 1e-6 * np.square(sound).max()
    before = np.square(sound[max(0, at - _STEP_SAMPLES) : at]).mean() + floor
    after = np.square(sound[at : at + _STEP_SAMPLES]).mean() + floor
    return float(10 * np.log10(after / before))


def joins(reference: Sound, joined: Sound, unjoined: Sound, lengths: Sequence[int]) -> dict[str, Any]:
    """What the detectors find where windows meet: in the joined sound, in the same without a join, in the reference.

    For the steps of loudness, against the reference, the comparison is with the windows' middles.
    """
    places, middles = joins_and_middles(lengths)
    return {
        "bend": [[bend(s, at) for at in places] for s in (joined, unjoined, reference)],
        "surprise": [[surprise(s, at) for at in places] for s in (joined, unjoined, reference)],
        "step_db": [[step_db(joined, at) - step_db(reference, at) for at in where] for where in (places, middles)],
    }
