"""How loud each voice is by itself: known beforehand, of its parts, or learned from what it says."""

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
"""Release, voice, loudness; scripts/measure_loudness.py makes it."""
_ENOUGH_SECONDS = 10.0
"""Of speech: after so much a voice's loudness moves by less than half a decibel."""
_LEARNED = 256
"""Voices: their names are the clients', who could name them without end."""


class VoiceLoudness:
    """Loudness by release and voice, blends included."""

    def __init__(self) -> None:
        self._heard: OrderedDict[tuple[str, str], _Heard] = OrderedDict()

    def of(self, version: str, name: str) -> float:
        """In LUFS; of a blend the weighted mean, and of a voice that was never heard what is typical."""
        if is_plain(name):
            return self._voice(version, name)
        parts = parse(name).parts
        total = sum(part.weight for part in parts)
        return sum(self._voice(version, part.name) * part.weight for part in parts) / total

    def wants(self, voice: SpokenVoice) -> bool:
        """Whether something is to be learned of a voice."""
        key = (voice.version, voice.name)
        heard = self._heard.get(key)
        return is_plain(voice.name) and key not in measured() and (heard is None or heard.seconds < _ENOUGH_SECONDS)

    def learn(self, voice: SpokenVoice, samples: NDArray[np.float32]) -> None:
        """A sentence of a voice: float32, shape (n_samples,), 24 kHz."""
        key = (voice.version, voice.name)
        lufs = integrated_lufs(samples, SAMPLE_RATE_HZ)
        if lufs is not None:
            self._heard[key] = self._heard.get(key, _Heard()).and_also(lufs, seconds_of(samples))
            self._heard.move_to_end(key)
        if len(self._heard) > _LEARNED:
            self._heard.popitem(last=False)

    def _voice(self, version: str, name: str) -> float:
        heard = self._heard.get((version, name))
        return measured().get((version, name), TYPICAL_LUFS if heard is None else heard.lufs)


class _Heard:
    """The mean over what was heard, in energy."""

    def __init__(self, energy: float = 0.0, seconds: float = 0.0) -> None:
        self._energy = energy
        self.seconds = seconds

    @property
    def lufs(self) -> float:
        return float(10 * np.log10(self._energy / self.seconds))

    def and_also(self, lufs: float, seconds: float) -> _Heard:
        return _Heard(self._energy + 10 ** (lufs / 10) * seconds, self.seconds + seconds)


@cache
def measured() -> dict[tuple[str, str], float]:
    """What was measured beforehand: LUFS by release and voice."""
    rows = [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    return {(version, name): float(lufs) for version, name, lufs in rows}
