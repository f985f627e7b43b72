"""The loudness of each voice: from a table, from the parts of a blend, or learned from the voice's sentences."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.loudness_meter import integrated_lufs
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ, seconds_of
from kokoro_wyoming.voices.blends import is_plain, parse
from kokoro_wyoming.voices.descriptions import TYPICAL_LUFS, SpokenVoice

_TABLE = Path(__file__).with_name("loudness.tsv")
"""Release, voice, loudness; made by scripts/measure_loudness.py."""
_ENOUGH_SECONDS = 10.0
"""After this much speech, a voice's mean loudness changes by less than half a decibel."""
_MAX_LEARNED = 256
"""Learned voices are limited, as clients could name any number of voices."""


class VoiceLoudness:
    """Loudness by release and voice, blends included."""

    def __init__(self) -> None:
        self._learned: OrderedDict[tuple[str, str], _Mean] = OrderedDict()

    def of(self, version: str, name: str) -> float:
        """The loudness in LUFS: for a blend the weighted mean of its voices, for an unknown voice the typical value."""
        if is_plain(name):
            return self._voice(version, name)
        parts = parse(name).parts
        total = sum(part.weight for part in parts)
        return sum(self._voice(version, part.name) * part.weight for part in parts) / total

    def wants(self, voice: SpokenVoice) -> bool:
        """Whether `learn` needs more sentences of a voice."""
        key = (voice.version, voice.name)
        learned = self._learned.get(key)
        is_enough = learned is not None and learned.seconds >= _ENOUGH_SECONDS
        return is_plain(voice.name) and key not in measured() and not is_enough

    def learn(self, voice: SpokenVoice, samples: NDArray[np.float32]) -> None:
        """Learn from a sentence of a voice: float32, shape (n_samples,), 24 kHz."""
        key = (voice.version, voice.name)
        lufs = integrated_lufs(samples, SAMPLE_RATE_HZ)
        if lufs is not None:
            self._learned[key] = self._learned.get(key, _Mean()).with_sound(lufs, seconds_of(samples))
            self._learned.move_to_end(key)
        if len(self._learned) > _MAX_LEARNED:
            self._learned.popitem(last=False)

    def _voice(self, version: str, name: str) -> float:
        learned = self._learned.get((version, name))
        return measured().get((version, name), TYPICAL_LUFS if learned is None else learned.lufs)


class _Mean:
    """The mean energy of a voice's sentences, weighted by their length."""

    def __init__(self, energy: float = 0.0, seconds: float = 0.0) -> None:
        self._energy = energy
        self.seconds = seconds

    @property
    def lufs(self) -> float:
        return float(10 * np.log10(self._energy / self.seconds))

    def with_sound(self, lufs: float, seconds: float) -> _Mean:
        return _Mean(self._energy + 10 ** (lufs / 10) * seconds, self.seconds + seconds)


@cache
def measured() -> dict[tuple[str, str], float]:
    """The table of measured voices: LUFS by release and voice."""
    rows = [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    return {(version, name): float(lufs) for version, name, lufs in rows}
