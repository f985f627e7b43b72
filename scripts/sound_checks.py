"""What can be told of a sound without knowing what it should be: opinion scores, length, silence, clicks.

Needs `pip install speechmos librosa scipy`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from tests.clicks import clicks

RATE_HZ = 24_000
Sound = NDArray[np.float32]
_FRAME_SAMPLES = 240
"""10 ms."""
_QUIET_DB = -50.0
"""Against the loudest frame: a frame below is silence."""
_LEAST_SECONDS_FOR_OPINION = 0.3


class Opinion:
    """DNSMOS: a network's guess of what people would score, 1 to 5."""

    def __init__(self) -> None:
        from speechmos import dnsmos

        self._dnsmos = dnsmos

    def of(self, sound: Sound) -> dict[str, float | None]:
        """Overall (P.835) and P.808; None for less than 0.3 s. A short sound is repeated to the 9 s it listens to."""
        if len(sound) < _LEAST_SECONDS_FOR_OPINION * RATE_HZ:
            return {"dnsmos": None, "dnsmos_p808": None}
        at_16_khz = np.clip(resample_poly(sound.astype(np.float64), 2, 3), -1, 1).astype(np.float32)
        scores = self._dnsmos.run(at_16_khz, sr=16_000)
        return {"dnsmos": float(scores["ovrl_mos"]), "dnsmos_p808": float(scores["p808_mos"])}


def check(sound: Sound, opinion: Opinion) -> dict[str, Any]:
    """All figures of a sound: float32, shape (n_samples,), 24 kHz."""
    first, last = silence_at_ends_seconds(sound)
    return {
        "seconds": len(sound) / RATE_HZ,
        "silence_before_seconds": first,
        "silence_after_seconds": last,
        "clicks": len(clicks(sound)),
        "clipped": int(np.sum(np.abs(sound) > 0.999)),
        "loudness_db": loudness_db(sound),
        **opinion.of(sound),
    }


def _levels_db(sound: Sound) -> NDArray[np.float64]:
    """The level of each whole frame in dB."""
    frames = sound[: len(sound) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES).astype(np.float64)
    return np.asarray(10 * np.log10(np.square(frames).mean(axis=1) + 1e-10))


def _loudest_db(levels: NDArray[np.float64]) -> float:
    return max([-100.0, *levels.tolist()])


def loudness_db(sound: Sound) -> float:
    """Mean level of what is not silence, in dB against full scale."""
    levels = _levels_db(sound)
    loud = levels[levels > _loudest_db(levels) + _QUIET_DB]
    return float(10 * np.log10(np.mean(10 ** (loud / 10)))) if len(loud) else -100.0


def silence_at_ends_seconds(sound: Sound) -> tuple[float, float]:
    """Before the first frame that is no silence, and after the last."""
    levels = _levels_db(sound)
    loud = np.flatnonzero(levels > max(_loudest_db(levels) + _QUIET_DB, -70.0))
    if not len(loud):
        return len(sound) / RATE_HZ, 0.0
    return float(loud[0] * 0.01), float((len(levels) - 1 - loud[-1]) * 0.01)
