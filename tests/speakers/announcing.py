"""Announcements by the real announcer, for tests of the kinds of speakers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli.offering import offering
from kokoro_wyoming.speakers import addresses
from kokoro_wyoming.speakers.announcer import Announcement, Announcer, Outcome
from kokoro_wyoming.speakers.book import Target
from kokoro_wyoming.speakers.interface import Means
from kokoro_wyoming.speakers.journal import Journal
from kokoro_wyoming.speakers.kinds import KINDS, speaker_at

SPEECH = "Dinner is ready. Please come to the kitchen, the soup is getting cold."
KOKORO = PcmFormat(24_000, 2, 1)


@contextlib.asynccontextmanager
async def announcer(folder: Path, patience_seconds: float = 10.0) -> AsyncIterator[Announcer]:
    """An announcer with a real HTTP server for the speakers that pull; its journal is in the folder."""
    async with offering() as host:
        yield Announcer(speaker_at, Means(host, patience_seconds), Journal(folder / "journal"))


def target(uri: str, name: str | None = None, volume: float | None = None) -> Target:
    """The speaker at this address."""
    return Target(name or uri, addresses.parse(uri, KINDS), volume)


async def as_made(pcm: bytes, piece_seconds: float = 0.05, pace: float = 3.0) -> AsyncIterator[tuple[PcmFormat, bytes]]:
    """PCM as a server makes it: in pieces, `pace` times as fast as it is heard."""
    size = round(KOKORO.rate_hz * piece_seconds) * KOKORO.frame_bytes
    for at in range(0, len(pcm), size):
        yield KOKORO, pcm[at : at + size]
        await asyncio.sleep(piece_seconds / pace)


async def announce_on(uri: str, pcm: bytes, folder: Path, **wishes: Any) -> Outcome:
    """Announce PCM on one speaker."""
    async with announcer(folder) as announcing:
        (outcome,) = await announcing.announce(Announcement([target(uri)], **wishes), as_made(pcm))
    return outcome


def tone(hz: float, seconds: float, rate_hz: int = 44_100, channels: int = 2, amplitude: float = 0.2) -> bytes:
    """Music, for tests: 16-bit PCM of one tone."""
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    wave = np.rint(amplitude * 32_767 * np.sin(2 * np.pi * hz * at)).astype("<i2")
    return np.repeat(wave[:, None], channels, axis=1).tobytes()


def samples_of(pcm: bytes, rate_hz: int, channels: int = 2, wanted_hz: int = 24_000) -> NDArray[np.float32]:
    """16-bit PCM that was captured, as mono float samples at another rate, which whisper's helper takes."""
    frames = np.frombuffer(pcm[: len(pcm) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels)
    mono = frames.mean(axis=1) / 32_768
    at = np.arange(0, len(mono), rate_hz / wanted_hz)
    return np.interp(at, np.arange(len(mono)), mono).astype(np.float32)


def loudness_of_tone(
    samples: NDArray[np.float32], hz: float, rate_hz: int = 24_000, window_seconds: float = 0.1
) -> NDArray[np.float64]:
    """How loud a tone is in each window of samples, so that one sees where music played, paused or was ducked."""
    size = round(rate_hz * window_seconds)
    windows = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    probe = np.exp(-2j * np.pi * hz * np.arange(size) / rate_hz) / size
    return 2 * np.abs(windows @ probe)
