"""The part of a stand-in for a speaker that fetches a URL and plays what is behind it, in time, to a list."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import aiohttp
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 24_000
_STEP_SECONDS = 0.02


class UrlPlayer:
    """One URL: fetched as devices do it (HEAD, then GET with a range), decoded while it comes, played at its pace."""

    def __init__(self, url: str, at_seconds: float = 0.0, pace: float = 1.0) -> None:
        """`pace` is how many seconds are played in one."""
        self.url = url
        self.at_seconds = at_seconds
        self.pace = pace
        self.is_playing = False
        self.is_whole = False
        self.loaded = asyncio.Event()
        """There is something to play, or never will be."""
        self.failed = False
        self.played: list[NDArray[np.float32]] = []
        """24 kHz, as the loudspeaker has it."""
        self.whole_at_begin: bool | None = None
        """Whether all was fetched when the first sound was played."""
        self._samples = np.zeros(0, np.float32)
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, ended: Callable[[], None], is_playing: bool = True) -> None:
        """Fetch it, and play it to its end; `ended` is called then, or when it cannot be fetched."""
        self.is_playing = is_playing
        self._tasks = [asyncio.create_task(self._fetch()), asyncio.create_task(self._play(ended))]

    async def end(self) -> None:
        """Stop at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self) -> None:
        try:
            async with aiohttp.ClientSession() as session:
                async with session.head(self.url) as answer:
                    answer.raise_for_status()
                got = b""
                async with session.get(self.url, headers={"Range": "bytes=0-"}) as answer:
                    answer.raise_for_status()
                    async for data in answer.content.iter_any():
                        got += data
                        self._decode(got)
            self.is_whole = True
            self._decode(got)
        except aiohttp.ClientError:
            self.failed = True
        self.failed = self.failed or not len(self._samples)
        self.is_whole = True
        self.loaded.set()

    def _decode(self, data: bytes) -> None:
        try:
            samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError):
            return  # too little of it yet
        assert rate_hz == RATE_HZ
        self._samples = samples[:, 0]
        if len(self._samples) > RATE_HZ // 10:
            self.loaded.set()

    async def _play(self, ended: Callable[[], None]) -> None:
        await self.loaded.wait()
        while not self.failed and not (self.is_whole and self.at_seconds * RATE_HZ >= len(self._samples) - 1):
            await asyncio.sleep(_STEP_SECONDS)
            if self.is_playing:
                self._step()
        ended()

    def _step(self) -> None:
        first = round(self.at_seconds * RATE_HZ)
        piece = self._samples[first : first + round(_STEP_SECONDS * self.pace * RATE_HZ)]
        if len(piece) and self.whole_at_begin is None:
            self.whole_at_begin = self.is_whole
        self.played.append(piece)
        self.at_seconds = (first + len(piece)) / RATE_HZ
