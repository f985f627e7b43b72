"""Sound is converted to PCM chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.audio.pcm import CHUNK_MS, PcmStream, limited, silence, to_pcm16

_CHUNK_BYTES = 48 * CHUNK_MS


def _levels(pcm: bytes) -> list[int]:
    return np.frombuffer(pcm, dtype="<i2").tolist()


def test_samples_are_rounded_to_the_nearest_level() -> None:
    assert _levels(to_pcm16([0.0, 0.9, -0.9, 0.5, -0.5, 0.6 / 32767, -0.6 / 32767])) == [
        *(0, 29490, -29490),
        *(16384, -16384),
        *(1, -1),
    ]


def test_loud_samples_are_limited_and_do_not_wrap() -> None:
    assert _levels(to_pcm16([2.5, -2.5, 1e30, -1e30])) == [32767, -32767, 32767, -32767]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2), st.floats(0, 100))
def test_the_limiter_cannot_overshoot_keeps_the_order_and_leaves_quiet_samples(
    values: list[float], gain: float
) -> None:
    sound = np.sort(np.array(values)) * gain
    bent = limited(sound)
    assert np.abs(bent).max() <= 1.0
    assert (np.diff(bent) >= 0).all()
    quiet = np.abs(sound) <= 0.9
    assert (bent[quiet] == sound[quiet]).all()


def test_the_limiter_has_no_corner() -> None:
    slope = np.diff(limited(np.linspace(-2, 2, 40_001))) / 1e-4
    assert np.abs(np.diff(slope)).max() < 2e-3


@pytest.mark.parametrize("gain", [0.0, 1.0, 2.0])
def test_nan_is_silent_and_infinity_is_full_scale(gain: float) -> None:
    (loudest,) = _levels(to_pcm16([1.0], gain))
    assert _levels(to_pcm16([np.nan, np.inf, -np.inf], gain)) == [0, loudest, -loudest]


def test_gain_scales_before_the_limiter() -> None:
    assert _levels(to_pcm16([0.25, 30.0], 2.0)) == [16384, 32767]
    assert _levels(to_pcm16([0.5], 0.0)) == [0]


def test_only_one_dimension_is_sound() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        to_pcm16(np.zeros((2, 3)))


def test_silence_has_its_length() -> None:
    assert silence(0.1).shape == (2400,)
    assert not silence(0.1).any()


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_how_sound_is_cut_into_pieces_never_changes_it(sizes: list[int]) -> None:
    sound = np.random.default_rng(7).uniform(-1.2, 1.2, sum(sizes)).astype(np.float32)
    stream = PcmStream()
    chunks = [chunk for piece in np.split(sound, np.cumsum(sizes)[:-1]) for chunk in stream.add(piece)]
    chunks += stream.finish()
    assert b"".join(chunks) == to_pcm16(sound)
    assert all(len(chunk) == _CHUNK_BYTES for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= _CHUNK_BYTES for chunk in chunks)
    assert stream.seconds == sum(sizes) / 24_000
