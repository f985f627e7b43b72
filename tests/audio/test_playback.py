"""How long a player plays on."""

from __future__ import annotations

import pytest

from kokoro_wyoming.audio.playback import PlaybackClock


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, which stands still until a test sets it."""
    seconds = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    return seconds


def test_sound_follows_the_sound_before_it(now: list[float]) -> None:
    clock = PlaybackClock()
    clock.add(2.0)
    clock.add(0.5)
    assert clock.ends_at_seconds == 102.5
    now[0] = 101.0
    assert clock.left_seconds == 1.5


def test_after_a_gap_sound_is_heard_at_once(now: list[float]) -> None:
    clock = PlaybackClock()
    clock.add(2.0)
    now[0] = 110.0
    assert clock.left_seconds == 0.0
    clock.add(1.0)
    assert clock.ends_at_seconds == 111.0
