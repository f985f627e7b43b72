"""How many listeners at once a server can serve without gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

import psutil

from kokoro_wyoming.bench.children import BenchError
from kokoro_wyoming.bench.figures import Reply, is_disturbing
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.machine import Neighbours
from kokoro_wyoming.bench.texts import LISTENED

MOST_LISTENERS = 32
_COUNTS = (*range(1, 11), 12, 16, 20, 24, MOST_LISTENERS)
"""Numbers of listeners that are tried, until one fails."""
_ARRIVE_WITHIN_SECONDS = 2.0
"""Time over which listeners start: some already have sound when others ask."""
_FIRST_SOUND_SECONDS = 3.0
"""A first sound later than this counts as not served, even without gaps."""
_TRIES, _MOST_TRIES = 2, 4
"""Failures that end the search: without other programs that disturb it, and in all."""
_TRIAL_SECONDS = 120.0


@dataclass(frozen=True)
class Trial:
    """One attempt with a number of listeners, each playing about 20 s of speech as it comes."""

    listeners: int
    failure: str | None = None
    """Why they were not all served, soon and without a gap."""
    ttfa_seconds: tuple[float, ...] = ()
    others_share: float | None = None
    """What other programs took of the processor meanwhile, 0 to 1; None where that is not known."""

    @property
    def is_disturbed(self) -> bool:
        return is_disturbing(self.others_share)


def most_served(trials: Sequence[Trial]) -> int | None:
    """The most listeners that were served without a gap; None when nobody tried."""
    return max((trial.listeners for trial in trials if trial.failure is None), default=0) if trials else None


async def trials(server: Wyoming, most: int, measured: Sequence[psutil.Process]) -> AsyncGenerator[Trial, None]:
    """Attempts with more and more listeners, up to `most` or until one hears a gap.

    `measured` are the processes that do not count as other programs.
    """
    for count in (count for count in _COUNTS if count <= most):
        tried: list[Trial] = []
        while sum(not trial.is_disturbed for trial in tried) < _TRIES and len(tried) < _MOST_TRIES:
            neighbours = Neighbours(measured)
            trial = await _trial(server, count, len(tried))
            tried.append(replace(trial, others_share=neighbours.share() if server.process else None))
            yield tried[-1]
            if trial.failure is None:
                break
        else:
            return


async def _trial(server: Wyoming, count: int, attempt: int) -> Trial:
    async def listen(number: int) -> Reply:
        await asyncio.sleep(_ARRIVE_WITHIN_SECONDS * number / count)
        return await server.speak(LISTENED.spoken_to(number + attempt))

    listeners = [asyncio.ensure_future(listen(number)) for number in range(count)]
    try:
        over, late = await asyncio.wait(listeners, timeout=_TRIAL_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    try:
        replies = [listener.result() for listener in over]
    except BenchError as error:
        return Trial(count, str(error))
    if late:
        return Trial(count, f"not over after {_TRIAL_SECONDS:.0f} s")
    return Trial(count, _failure(replies), tuple(reply.ttfa_seconds for reply in replies))


def _failure(replies: Sequence[Reply]) -> str | None:
    gap_seconds = max((gap for reply in replies for gap in reply.gaps_seconds), default=0.0)
    if gap_seconds:
        return f"a gap of {gap_seconds:.2f} s"
    last_seconds = max(reply.ttfa_seconds for reply in replies)
    return f"a first sound after {last_seconds:.1f} s" if last_seconds > _FIRST_SOUND_SECONDS else None
