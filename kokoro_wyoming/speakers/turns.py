"""Whose announcement a speaker plays: one at a time, the most urgent first."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator
from enum import IntEnum


class Priority(IntEnum):
    """How urgent an announcement is."""

    LOW = 0
    """Waits for all others; not in quiet hours."""
    NORMAL = 1
    """Not in quiet hours."""
    ALARM = 2
    """Ends what is being announced with less priority, and is heard in quiet hours."""


class InterruptedByAlarmError(Exception):
    """An announcement ended, as a more urgent one is waiting."""


class Turns:
    """Those of one speaker."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._running: tuple[Priority, asyncio.Event] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether somebody has the turn."""
        return self._running is not None

    @contextlib.asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[asyncio.Event]:
        """Wait for the turn. It lasts as long as the block; the event is set when a more urgent one waits."""
        if self._running is not None:
            if priority is Priority.ALARM and self._running[0] < priority:
                self._running[1].set()
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (-priority, next(self._numbers), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._next()
                raise
        interrupted = asyncio.Event()
        self._running = (priority, interrupted)
        try:
            yield interrupted
        finally:
            self._next()

    def _next(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)  # `_running` stays set, so that nobody comes between
                return
        self._running = None
