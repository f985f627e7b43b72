"""Sound in twice its rate is the same sound, whatever pieces it comes in."""

from __future__ import annotations

import numpy as np
import pytest

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.audio.upsampling import Upsampler

SLOW, FAST = PcmFormat(24_000, 2, 1), PcmFormat(48_000, 2, 2)


def tone(hz: float, rate_hz: int, seconds: float = 0.5) -> np.ndarray:
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.rint(10_000 * np.sin(2 * np.pi * hz * at)).astype("<i2")


@pytest.mark.parametrize("hz", [100, 1_000, 9_000])
def test_a_tone_keeps_its_pitch_and_loudness(hz: float) -> None:
    upsampler, pcm = Upsampler(SLOW, FAST), tone(hz, 24_000).tobytes()
    made = b"".join(upsampler.add(pcm[at : at + 1_234]) for at in range(0, len(pcm), 1_234))
    frames = np.frombuffer(made, "<i2").reshape(-1, 2)
    assert len(frames) == 24_000
    assert (frames[:, 0] == frames[:, 1]).all()
    late = 31  # half of the filter
    wanted = tone(hz, 48_000)
    assert np.abs(frames[late + 100 : -100, 0] - wanted[100 : len(frames) - late - 100].astype(int)).max() < 30


def test_pieces_make_no_difference() -> None:
    pcm = tone(700, 24_000).tobytes()
    whole, pieces = Upsampler(SLOW, FAST), Upsampler(SLOW, FAST)
    assert whole.add(pcm) == pieces.add(pcm[:2]) + pieces.add(b"") + pieces.add(pcm[2:100]) + pieces.add(pcm[100:])


def test_the_same_format_is_left_alone() -> None:
    pcm = tone(700, 48_000).tobytes()
    assert Upsampler(FAST, FAST).add(pcm) == pcm


@pytest.mark.parametrize("given", [PcmFormat(22_050, 2, 1), PcmFormat(24_000, 4, 1), PcmFormat(24_000, 2, 6)])
def test_other_formats_are_refused(given: PcmFormat) -> None:
    with pytest.raises(ValueError, match="is not made"):
        Upsampler(given, FAST)
