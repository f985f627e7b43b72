"""Sound at another rate, in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from kokoro_wyoming.audio.resampling import Resampler


@pytest.mark.parametrize(
    ("rate_hz", "wanted_hz"), [(24_000, 44_100), (24_000, 48_000), (48_000, 44_100), (22_050, 24_000)]
)
@pytest.mark.parametrize("piece", [7, 1_000, 100_000])
def test_a_tone_stays_the_same_tone(rate_hz: int, wanted_hz: int, piece: int) -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    resampler = Resampler(rate_hz, wanted_hz)
    made = [resampler.add(tone[at : at + piece]) for at in range(0, len(tone), piece)]
    sound = np.concatenate([*made, resampler.finish()])
    assert abs(len(sound) - wanted_hz) <= 1
    wanted = np.sin(2 * np.pi * 1_000 * np.arange(len(sound)) / wanted_hz)
    inner = slice(wanted_hz // 100, -wanted_hz // 100)
    assert np.abs(sound - wanted)[inner].max() < 0.001


def test_what_the_lower_rate_cannot_hold_is_removed() -> None:
    tone = np.sin(2 * np.pi * 23_500 * np.arange(48_000) / 48_000).astype(np.float32)
    # The first samples are of the tone's beginning, which has all frequencies.
    assert np.abs(Resampler(48_000, 44_100).add(tone)[100:]).max() < 0.001


def test_the_same_rate_is_left_alone() -> None:
    tone = np.ones(10, np.float32)
    assert Resampler(24_000, 24_000).add(tone) is tone
