"""How much of the server's time one client may take: patience with it, messages a second, turns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from kokoro_wyoming import awake

_T = TypeVar("_T")

MESSAGES_PER_SECOND = 2_000
"""The most messages a second in the long run. Language models send hundreds of deltas a second, the fastest 2,000."""
MESSAGES_BURST = 30_000
"""The most messages at once: the longest utterance, 100,000 characters, in deltas of four characters."""
_TURN_SECONDS = 0.001
"""Longest time to act on messages of one client without a rest: some 25 messages."""
_REST_SECONDS = 0.003
"""Rest after a turn. A client that floods the server gets a quarter of the event loop, about 6,000 a second."""


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """As asyncio.wait_for, with two differences. Time in which this process was suspended is not counted. And a
    cancellation at the moment of the result is not lost, as it is before Python 3.12: the task would never end."""
    over_at_seconds = awake.seconds() + seconds
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=seconds)
        while not task.done() and (left_seconds := over_at_seconds - awake.seconds()) > 0:
            await asyncio.wait((task,), timeout=left_seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # or asyncio logs the exception as never retrieved where this is cancelled
    if task.cancelled():
        raise asyncio.TimeoutError
    return task.result()


class Budget:
    """Limits messages to `per_second` in the long run, and to `burst` at once (a token bucket)."""

    def __init__(
        self,
        per_second: int = MESSAGES_PER_SECOND,
        burst: int = MESSAGES_BURST,
        clock: Callable[[], float] = awake.seconds,
    ) -> None:
        self._per_second, self._burst = per_second, burst
        self._clock = clock
        self._left = float(burst)
        self._filled_at_seconds = clock()

    def spend(self) -> bool:
        """Count one message; returns whether it is within the limits."""
        now = self._clock()
        refill = (now - self._filled_at_seconds) * self._per_second
        self._left = min(self._left + refill, self._burst) - 1
        self._filled_at_seconds = now
        return self._left >= 0


class Turns:
    """Has a client rest whose messages are read one after the other without waiting.

    To yield once after a turn is not enough: the answer to another client takes many steps of the event loop, and needs
    a rest long enough for all of them.
    """

    def __init__(self) -> None:
        self._rested_at_seconds = 0.0

    async def let_others(self, received_at_seconds: float) -> None:
        """Rest, if the turn took its time. It began with the last rest, or when something was last waited for."""
        if time.monotonic() - max(self._rested_at_seconds, received_at_seconds) > _TURN_SECONDS:
            await asyncio.sleep(_REST_SECONDS)
            self._rested_at_seconds = time.monotonic()
