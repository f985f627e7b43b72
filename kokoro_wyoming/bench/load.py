"""Many listeners at once: how many a server keeps in sound, and whether it still answers describe meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from kokoro_wyoming.bench.children import BenchError
from kokoro_wyoming.bench.figures import Arrival, Playback, Reply, is_disturbing
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.proc import Neighbours
from kokoro_wyoming.bench.texts import LISTENED, WORD

COUNTS = (*range(1, 11), 12, 16, 20, 24, 32)
"""Listeners at once, as far as it goes."""
_ARRIVE_WITHIN_SECONDS = 2.0
"""Not all in the same instant: a newcomer must not take the sound from those who listen already."""
_FIRST_SOUND_SECONDS = 3.0
"""Whoever waits longer for it is not served, though there be no gap: a queue is no feat."""
_TRIES, _MOST_TRIES = 2, 4
"""In peace, and in all: another program on the machine may spoil some."""
_TRIAL_SECONDS = 120.0
_DESCRIBE_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Trial:
    """So many listeners at once, each playing about 20 s of speech as it comes."""

    listeners: int
    failure: str | None
    """Why they were not all served, soon and without a gap."""
    ttfa_seconds: tuple[float, ...] = ()
    others_share: float | None = None
    """What other programs took of the processor meanwhile, 0 to 1; None where that is not known."""

    @property
    def is_disturbed(self) -> bool:
        return is_disturbing(self.others_share)

    @property
    def is_served(self) -> bool:
        return self.failure is None


@dataclass
class Load:
    """What came of it."""

    trials: list[Trial] = field(default_factory=list)
    describe_seconds: list[float] = field(default_factory=list)
    describe_failures: int = 0

    @property
    def listeners(self) -> int | None:
        """The most that were served without a gap; None when nobody tried."""
        served = [trial.listeners for trial in self.trials if trial.is_served]
        return max(served, default=0) if self.trials else None

    @property
    def is_disturbed(self) -> bool:
        """Whether it ended where nobody could be served in peace."""
        last = [trial for trial in self.trials if trial.listeners == self.trials[-1].listeners]
        return bool(last) and all(trial.is_disturbed and not trial.is_served for trial in last)


async def put_under_load(
    server: Wyoming,
    most: int,
    *,
    go_on: Callable[[], bool],
    watch: Callable[[], Neighbours | None],
    report: Callable[[str], None],
) -> Load:
    """Raise the number of listeners until one hears a gap; the first number is always tried."""
    load = Load()
    async with _described(server, load):
        for count in (count for count in COUNTS if count <= most):
            if load.trials and not go_on():
                break
            if not await _are_served(server, count, load, watch, report):
                break
    return load


async def _are_served(
    server: Wyoming, count: int, load: Load, watch: Callable[[], Neighbours | None], report: Callable[[str], None]
) -> bool:
    """Whether so many are, once in a few tries."""
    in_peace = 0
    for attempt in range(_MOST_TRIES):
        neighbours = watch()
        trial = await _trial(server, count, attempt)
        trial = replace(trial, others_share=neighbours.share() if neighbours else None)
        load.trials.append(trial)
        disturbed = " (disturbed)" if trial.is_disturbed else ""
        report(f"{server.name}: {count} listening at once: {trial.failure or 'no gap'}{disturbed}")
        if trial.is_served:
            return True
        await server.speak(WORD.spoken_to(attempt))  # whatever was abandoned is over when this is said
        in_peace += not trial.is_disturbed
        if in_peace == _TRIES:
            break
    return False


async def _trial(server: Wyoming, count: int, attempt: int) -> Trial:
    listeners = [asyncio.ensure_future(_listen(server, number, count, attempt)) for number in range(count)]
    try:
        replies = await asyncio.wait_for(asyncio.gather(*listeners), _TRIAL_SECONDS)
    except BenchError as error:
        return Trial(count, str(error))
    except asyncio.TimeoutError:
        return Trial(count, f"not over after {_TRIAL_SECONDS:.0f} s")
    finally:
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    return Trial(count, None, tuple(reply.ttfa_seconds for reply in replies))


async def _listen(server: Wyoming, number: int, count: int, attempt: int) -> Reply:
    """Listen to one speech; BenchError at the first gap, or where it begins late."""
    await asyncio.sleep(_ARRIVE_WITHIN_SECONDS * number / count)
    playback, asked_at = Playback(), time.perf_counter()

    def hear(arrival: Arrival) -> None:
        if not playback.begun and arrival.at - asked_at > _FIRST_SOUND_SECONDS:
            raise BenchError(f"a first sound after {arrival.at - asked_at:.1f} s")
        playback.hear(arrival)
        if playback.gaps_seconds:
            raise BenchError(f"a gap of {playback.gaps_seconds[0]:.2f} s")

    return await server.speak(LISTENED.spoken_to(number + attempt), hear)


@contextlib.asynccontextmanager
async def _described(server: Wyoming, load: Load) -> AsyncIterator[None]:
    """Ask what the server offers all the while."""

    async def ask() -> None:
        while True:
            try:
                load.describe_seconds.append(await server.describe_seconds())
            except BenchError:
                load.describe_failures += 1
            await asyncio.sleep(_DESCRIBE_EVERY_SECONDS)

    asking = asyncio.ensure_future(ask())
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
