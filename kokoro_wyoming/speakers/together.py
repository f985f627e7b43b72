"""Speakers that begin at one moment."""

from __future__ import annotations

import asyncio

from kokoro_wyoming.speakers.announced_sound import AnnouncedSound

TOGETHER_SECONDS = 3.0
"""Longest wait of speakers that are ready for those that are not yet. One that is later begins when it can."""


class CommonStart:
    """One announcement's start; each of its speakers has a `Place` in it."""

    def __init__(self, sound: AnnouncedSound, wait_seconds: float = TOGETHER_SECONDS) -> None:
        self._sound = sound
        self._wait_seconds = wait_seconds
        self._awaited: set[Place] = set()
        self._latencies: list[float] = []
        self._all_ready = asyncio.Event()
        self._begins_at: float | None = None
        """By the event loop's clock: when the slowest is heard."""

    def place(self) -> Place:
        """For one more speaker. All are taken before the first one waits."""
        place = Place(self)
        self._awaited.add(place)
        return place

    def arrived(self, place: Place, latency_seconds: float | None) -> None:
        """A speaker is ready, or (None) will not be."""
        if place not in self._awaited:
            return
        self._awaited.remove(place)
        if latency_seconds is not None:
            self._latencies.append(latency_seconds)
        if not self._awaited:
            self._all_ready.set()

    async def wait(self, latency_seconds: float) -> None:
        """Wait for the others and for sound, then for those that take longer to be heard."""
        await self._sound.begun()
        try:
            await asyncio.wait_for(self._all_ready.wait(), self._wait_seconds)
        except asyncio.TimeoutError:
            self._all_ready.set()  # the others have waited as long
        now = asyncio.get_running_loop().time()
        if self._begins_at is None:
            self._begins_at = now + max(self._latencies, default=latency_seconds)
        await asyncio.sleep(max(0.0, self._begins_at - latency_seconds - now))


class Place:
    """One speaker's part of the start."""

    def __init__(self, start: CommonStart) -> None:
        self._start = start
        self.begun_at_seconds: float | None = None
        """By the event loop's clock: when the speaker is heard, as far as its kind knows its latency."""

    async def wait(self, latency_seconds: float = 0.0) -> None:
        """Wait until it is this speaker's time to begin."""
        self._start.arrived(self, latency_seconds)
        await self._start.wait(latency_seconds)
        self.begun_at_seconds = asyncio.get_running_loop().time() + latency_seconds

    def leave(self) -> None:
        """The speaker will not begin, or has ended: nobody waits for it."""
        self._start.arrived(self, None)
