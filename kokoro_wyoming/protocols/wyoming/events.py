"""The events that a server sends, besides info."""

from __future__ import annotations

from collections.abc import Iterable

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Pong

from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES
from kokoro_wyoming.audio.word_times import WordTime
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.utterances.failures import error_text


class SoundEvents:
    """The events of one utterance's sound: `start`, then a `chunk` for each piece of PCM, then `stop`."""

    def __init__(self) -> None:
        self.is_started = False
        self._bytes = 0

    def start(self) -> Event:
        """`audio-start`, which gives the format."""
        self.is_started = True
        return AudioStart(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS, timestamp=0).event()

    def chunk(self, pcm: bytes) -> Event:
        """`audio-chunk`, with the time of its first sample."""
        timestamp_ms = self._timestamp_ms()
        self._bytes += len(pcm)
        return AudioChunk(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS, audio=pcm, timestamp=timestamp_ms).event()

    def stop(self) -> Event:
        """`audio-stop`, with the length of the sound."""
        return AudioStop(timestamp=self._timestamp_ms()).event()

    def _timestamp_ms(self) -> int:
        return self._bytes * 1000 // (SAMPLE_WIDTH_BYTES * SAMPLE_RATE_HZ)


def pong(text: str | None, trouble: str | None, *, stopping: bool = False) -> Event:
    """The answer to a ping. While nothing can be spoken it also has `trouble`, for `kokoro-wyoming health`.

    Where the server is about to stop it has `stopping`: a balancer should ask another one.
    """
    pong = Pong(text=text).event()
    if trouble is not None:
        pong.data["trouble"] = trouble
    if stopping:
        pong.data["stopping"] = True
    return pong


def word_timings(words: Iterable[WordTime]) -> Event:
    """The words and their times, in seconds from the beginning of the utterance's sound.

    Wyoming has no such event. It goes only to clients that asked for it.
    """
    return Event("word-timings", {"words": [word.as_json() for word in words]})


def error_event(error: Exception) -> Event:
    """The `error` event. For a defect of this server it says "internal" and no more."""
    if isinstance(error, KokoroWyomingError):
        return Error(text=error_text(error), code=error.code).event()
    return Error(text="The server failed; its log says where.", code="internal").event()
