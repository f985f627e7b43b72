"""The events that answer a client."""

from __future__ import annotations

from kokoro_wyoming.audio.pcm import CHUNK_MS, to_pcm16
from kokoro_wyoming.protocols.wyoming.events import SoundEvents

_CHUNK = to_pcm16([0.1] * (24 * CHUNK_MS))


def test_start_chunks_and_stop_have_the_format_and_their_times() -> None:
    events = SoundEvents()
    start = events.start()
    chunks = [events.chunk(pcm) for pcm in (_CHUNK, _CHUNK, _CHUNK[:48])]
    stop = events.stop()
    assert (start.type, start.data) == ("audio-start", {"rate": 24_000, "width": 2, "channels": 1, "timestamp": 0})
    assert [chunk.payload for chunk in chunks] == [_CHUNK, _CHUNK, _CHUNK[:48]]
    assert [chunk.data["timestamp"] for chunk in chunks] == [0, CHUNK_MS, 2 * CHUNK_MS]
    assert (stop.type, stop.data) == ("audio-stop", {"timestamp": 2 * CHUNK_MS + 1})


def test_times_do_not_drift_in_a_long_sound() -> None:
    events = SoundEvents()
    times = [events.chunk(_CHUNK).data["timestamp"] for _ in range(5_000)]
    assert times == [at * CHUNK_MS for at in range(5_000)]
