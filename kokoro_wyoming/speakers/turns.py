"""Whose announcement a speaker plays: one at a time, the most urgent first."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import IntEnum


class Priority(IntEnum):
    """How urgent an announcement is."""

    LOW = 0
    """Waits for all others; not in quiet hours."""
    NORMAL = 1
    """Not in quiet hours."""
    ALARM = 2
    """Ends what is being announced with less priority, and is heard in quiet hours."""


@dataclass(order=True)
class _Turn:
    """Compared by urgency, then by age."""

    rank: int
    number: int
    interrupted: asyncio.Event = field(compare=False, default_factory=asyncio.Event)
    begins: asyncio.Event = field(compare=False, default_factory=asyncio.Event)
    is_left: bool = field(compare=False, default=False)


class Turns:
    """Those of one speaker."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._waiting: list[_Turn] = []
        self._running: _Turn | None = None

    @property
    def is_busy(self) -> bool:
        """Whether somebody has the turn."""
        return self._running is not None

    @contextlib.asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[asyncio.Event]:
        """Wait for the turn. It lasts as long as the block; the event is set when a more urgent one waits."""
        mine = _Turn(-priority, next(self._numbers))
        heapq.heappush(self._waiting, mine)
        if self._running is None:
            self._next()
        elif priority is Priority.ALARM and mine.rank < self._running.rank:
            self._running.interrupted.set()
        try:
            await mine.begins.wait()
            yield mine.interrupted
        finally:
            mine.is_left = True
            if self._running is mine:
                self._next()

    def _next(self) -> None:
        """Give the turn to the most urgent one that still waits for it, at once: nobody comes between."""
        self._running = None
        while self._waiting and self._running is None:
            turn = heapq.heappop(self._waiting)
            if not turn.is_left:
                self._running = turn
                turn.begins.set()
