"""Loudness: the meter has the standard's figures, and voices have measured or learned values."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kokoro_wyoming.audio.joining import SoundOptions
from kokoro_wyoming.audio.loudness_meter import integrated_lufs, k_weighting
from kokoro_wyoming.voices.descriptions import TYPICAL_LUFS, SpokenVoice
from kokoro_wyoming.voices.loudness import VoiceLoudness, measured

Sound = NDArray[np.float32]


def sine(hz: float, seconds: float, amplitude: float, rate_hz: int = 24_000) -> Sound:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def test_the_filters_are_those_of_the_standard_at_its_own_rate() -> None:
    shelf, high_pass = k_weighting(48_000)
    assert shelf.b == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285), abs=1e-9)
    assert shelf.a == pytest.approx((1.0, -1.69065929318241, 0.73248077421585), abs=1e-9)
    assert high_pass.b == (1.0, -2.0, 1.0)
    assert high_pass.a == pytest.approx((1.0, -1.99004745483398, 0.99007225036621), abs=1e-9)


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
@pytest.mark.parametrize("amplitude", [1.0, 0.1])
def test_a_sine_of_997_hz_at_full_scale_is_3_lu_below_zero(rate_hz: int, amplitude: float) -> None:
    expected = -3.01 + 20 * np.log10(amplitude)
    assert integrated_lufs(sine(997, 5, amplitude, rate_hz), rate_hz) == pytest.approx(expected, abs=0.05)


def test_pauses_and_sound_10_lu_below_are_not_counted() -> None:
    loud, soft = sine(997, 10, 0.1), sine(997, 10, 0.01)
    expected = integrated_lufs(loud, 24_000)
    for rest in (np.zeros(240_000, dtype=np.float32), soft):
        assert integrated_lufs(np.concatenate([loud, rest]), 24_000) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(9000), np.zeros(48_000), np.full(48_000, 1e-6)])
def test_inaudible_or_short_sound_has_no_loudness(sound: Sound) -> None:
    assert integrated_lufs(sound.astype(np.float32), 24_000) is None


def test_every_voice_of_v1_0_was_measured() -> None:
    assert len([name for version, name in measured() if version == "v1.0"]) == 54
    assert all(-32 < lufs < -15 for lufs in measured().values())


def test_a_blend_s_loudness_is_the_weighted_mean_of_its_voices() -> None:
    heart, nova = (measured()["v1.0", name] for name in ("af_heart", "af_nova"))
    assert VoiceLoudness().of("v1.0", "af_heart(3)+af_nova") == pytest.approx((3 * heart + nova) / 4)


def test_the_loudness_of_the_owner_s_voice_is_learned_from_its_sentences() -> None:
    levels, voice = VoiceLoudness(), SpokenVoice("v1.0", "af_mine", "en-US", 1.0)
    assert levels.of("v1.0", "af_mine") == TYPICAL_LUFS
    assert not levels.wants(SpokenVoice("v1.0", "af_heart", "en-US", 1.0))
    sentence = sine(997, 4, 0.1)
    while levels.wants(voice):
        levels.learn(voice, sentence)
    assert levels.of("v1.0", "af_mine") == pytest.approx(-23.01, abs=0.1)
    at_target = sentence * SoundOptions(loudness_lufs=-16).gain(levels.of("v1.0", "af_mine"))
    assert integrated_lufs(at_target.astype(np.float32), 24_000) == pytest.approx(-16, abs=0.1)


@pytest.mark.slow
def test_any_number_of_names_costs_bounded_memory() -> None:
    levels = VoiceLoudness()
    for number in range(300):
        levels.learn(SpokenVoice("v1.0", f"af_{number}", "en-US", 1.0), sine(997, 0.5, 0.1))
    assert levels.of("v1.0", "af_0") == TYPICAL_LUFS
    assert levels.of("v1.0", "af_299") == pytest.approx(-23.0, abs=0.2)
