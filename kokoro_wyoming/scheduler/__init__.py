"""One thread does all G2P and inference in turns, and this is the rule for whose turn is next.

There is one thread because espeak keeps its state in the process, and because torch already uses every core. A job is
an iterator; one `next()` of it is one turn. After each turn the thread chooses the most urgent listener anew: a short
answer is heard while a long text is being read, and a listener who leaves costs at most one turn. docs/turns.md has an
example.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

from kokoro_wyoming import awake
from kokoro_wyoming.processor import Waiting
from kokoro_wyoming.scheduler.listener import Listener
from kokoro_wyoming.scheduler.load import Load, Pace

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)

PIECES_AHEAD = 2
"""A job rests while its listener has this many pieces that it did not take: sound that nobody reads costs bounded
memory."""
_FULL = 0.8
"""A newcomer starts only if all listeners together need less than this share of the thread over the next
`listener.HORIZON_SECONDS`; the rest pays for starts. Most answers are over within the horizon."""
_BETWEEN_SECONDS = 1.0
"""Time after a sentence in which its listener still counts: the next sentence of a text is asked for sooner."""
_IDLE_LOOK_SECONDS = 1.0
"""How often a thread without work looks at what other programs take of the processor."""


class _Job(Generic[T]):
    """An iterator whose steps are turns, and the queue by which its pieces go back to the event loop."""

    def __init__(
        self,
        listener: Listener,
        make_steps: Callable[[], Iterator[T | None]],
        seconds_of: Callable[[T], float],
        asked_at: float,
    ) -> None:
        self.listener = listener
        self.make_steps = make_steps
        self.seconds_of = seconds_of
        self.asked_at = asked_at
        self.steps: Iterator[T | None] | None = None
        self.loop = asyncio.get_running_loop()
        self.pieces: asyncio.Queue[T | BaseException | None] = asyncio.Queue()
        self.untaken = 0
        self.cancelled = False

    @property
    def rests(self) -> bool:
        """Whether it makes no more until its listener takes what was made."""
        return self.untaken >= PIECES_AHEAD

    @property
    def is_for_nobody(self) -> bool:
        """Whether nobody listens, so that it runs only while no listener wants a turn."""
        return math.isinf(self.listener.due)

    @property
    def begun(self) -> bool:
        """Whether its first turn was, or its listener has sound of a sentence before."""
        return self.steps is not None or self.listener.hears

    def forget(self) -> None:
        """Drop the steps and all that they hold: the thread keeps this job until the next, which may be long."""
        self.steps, self.make_steps = None, lambda: iter(())

    def send(self, item: T | BaseException | None) -> None:
        """Hand an item to the event loop, from the model thread. A loop that is closed gets nothing."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.pieces.put_nowait, item)


class ModelThread:
    """Runs jobs in turns on one daemon thread; the next turn is for the listener whose sound runs out first."""

    def __init__(
        self, name: str = "model", *, waiting: Waiting | None = None, clock: Callable[[], float] = awake.seconds
    ) -> None:
        """`waiting` looks before each turn, and once a second without work, at what other programs are doing.

        `clock` measures how long turns and waits last; it stands still while this process is suspended. When sound
        runs out is monotonic time, as a player plays on.
        """
        self._waiting = waiting
        self._clock = clock
        self._jobs: list[_Job[Any]] = []
        self._changed = threading.Condition()
        self._pace = Pace()
        self._load = Load(self._pace)
        self._between: dict[Listener, float] = {}
        """Listeners whose sentence was made, and since when: they may soon ask for the next."""
        self._closed = False
        self.turn_started: float | None = None
        """Time by the clock when the current turn began; None between turns."""
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def stream(
        self,
        make_steps: Callable[[], Iterator[T | None]],
        *,
        listener: Listener | None = None,
        seconds_of: Callable[[T], float] = lambda piece: 0.0,
    ) -> AsyncGenerator[T, None]:
        """Yield what the steps make, as they make it; a step that gives None made no sound.

        `make_steps` and every step run on the model thread. What a step raises is raised here. Closing this
        iterator ends the job before its next turn.
        """
        job = _Job(listener or Listener(), make_steps, seconds_of, self._clock())
        job.listener.wants_more()
        self._add(job)
        try:
            while (item := await job.pieces.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                self._taken(job)
                yield item
        finally:
            self._abandon(job)

    async def run(self, work: Callable[[], T]) -> T:
        """Do a piece of work on the model thread, as one turn."""

        def steps() -> Iterator[list[T]]:
            yield [work()]

        async with contextlib.aclosing(self.stream(steps)) as results:
            async for result in results:
                return result[0]
        raise RuntimeError("the model thread was closed before the work was done")

    async def run_for_nobody(self, make_steps: Callable[[], Iterator[None]]) -> None:
        """Do work on the model thread, in turns that no listener wants; cancel it at any time."""
        # Nobody is due, so any listener's turn comes first.
        silence: AsyncGenerator[None, None] = self.stream(make_steps, listener=Listener(due=math.inf))
        async with contextlib.aclosing(silence):
            async for _ in silence:
                pass

    @property
    def makes_way(self) -> bool:
        """Whether it computes beside busy programs, as its OpenMP threads do not wait for a core."""
        return self._waiting is not None and self._waiting.sleeps

    def close(self, timeout_seconds: float = 0.0) -> bool:
        """Stop after the current turn; True when the thread has ended within the time."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def turn_seconds(self) -> float:
        """How long the current turn has lasted; 0 between turns."""
        started, now = self.turn_started, self._clock()
        return 0.0 if started is None else now - started

    def fail_all(self, make_error: Callable[[], Exception]) -> None:
        """Raise an error for every job: the thread is stuck in a turn."""
        with self._changed:
            for job in self._jobs:
                job.cancelled = True
                job.send(make_error())

    @property
    def waiting(self) -> int:
        """Jobs that are not finished."""
        return len(self._jobs)

    @property
    def load(self) -> float:
        """The part of this thread's time that all listeners need; more than 1 is more than it can make."""
        with self._changed:
            return self._load.of({job.listener for job in self._jobs if not (job.cancelled or job.is_for_nobody)})

    @property
    def longest_wait_seconds(self) -> float:
        """How long the first of the newcomers who would hear sound now has waited for a turn; 0 where there is none."""
        with self._changed:
            newcomers = [job for job in self._jobs if not (job.begun or job.cancelled or job.is_for_nobody)]
        asked_at = [job.asked_at for job in newcomers if not job.listener.fetches]
        return self._clock() - min(asked_at) if asked_at else 0.0

    def others_wait(self, listener: Listener) -> bool:
        """Whether any other listener wants a turn."""
        with self._changed:
            return any(
                job.listener is not listener and not (job.is_for_nobody or job.cancelled or job.rests)
                for job in self._jobs
            )

    def _add(self, job: _Job[T]) -> None:
        with self._changed:
            if self._closed:
                raise RuntimeError("the model thread is closed")
            self._jobs.append(job)
            self._changed.notify()

    def _taken(self, job: _Job[T]) -> None:
        with self._changed:
            job.untaken -= 1
            self._changed.notify()

    def _abandon(self, job: _Job[T]) -> None:
        with self._changed:
            job.cancelled = True
            self._changed.notify()

    def _next_job(self) -> _Job[Any] | None:
        """Wait for the most urgent job that may run, or for one that was cancelled; None when closed."""
        with self._changed:
            while not self._closed:
                ready = [job for job in self._jobs if job.cancelled or not job.rests]
                if ready:
                    return most_urgent(ready, self._room(ready))
                if not self._changed.wait(_IDLE_LOOK_SECONDS):
                    self._look()
            return None

    def _look(self) -> None:
        if self._waiting is not None:
            self._waiting.look()

    def _room(self, ready: Sequence[_Job[Any]]) -> Room:
        """For whom there is room beside the listeners who have sound, as these keep it."""
        now, pace = time.monotonic(), self._pace.seconds_a_second
        self._between = {who: since for who, since in self._between.items() if now - since < _BETWEEN_SECONDS}
        speaking = {job.listener for job in ready if job.begun and not (job.cancelled or job.is_for_nobody)}
        hearing = speaking | self._between.keys()

        def is_full(listeners: Iterable[Listener]) -> bool:
            wanted = pace * sum(listener.wanted_share for listener in listeners)
            return wanted > 0 and wanted + pace > _FULL

        live = [listener for listener in hearing if not listener.fetches]
        return Room(for_live=not is_full(live), for_fetching=not is_full(hearing))

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            self._look()
            self.turn_started = self._clock()
            was_wanted = not job.cancelled  # whoever was given the end may have left by the end of the turn
            if not self._turn(job):
                with self._changed:
                    self._jobs.remove(job)
                    if job.listener.hears and was_wanted and not job.is_for_nobody:
                        self._between[job.listener] = time.monotonic()
                        self._load.served(job.listener, job.listener.due)
                job.forget()
            self.turn_started = None
        if self._waiting is not None:
            self._waiting.close()
        for job in list(self._jobs):
            _close_steps(job)
            job.send(RuntimeError("the model thread was closed"))

    def _step(self, job: _Job[Any]) -> Any:
        """What the next step gives; its listener's measures are noted before any other thread knows of it."""
        listener = job.listener
        if listener.waited_seconds is None:
            listener.waited_seconds = self._clock() - job.asked_at
        try:
            if job.steps is None:
                job.steps = job.make_steps()
            return next(job.steps)
        finally:
            listener.worked_seconds += self.turn_seconds

    def _turn(self, job: _Job[Any]) -> bool:
        """Do one step of a job; False when it was the last."""
        if job.cancelled:
            _close_steps(job)
            return False
        is_first = job.steps is None
        try:
            piece = self._step(job)
            seconds = 0.0 if piece is None else job.seconds_of(piece)
        except StopIteration:
            job.send(None)
            return False
        except BaseException as error:  # whatever it is, it is raised where the job was asked for: the thread lives on
            job.send(error)
            return False
        if not (is_first or job.is_for_nobody):  # a first turn may load a language, which says nothing about the pace
            self._pace.add(self.turn_seconds, seconds)
        if piece is not None:
            job.listener.given(seconds)
            with self._changed:
                job.untaken += 1
            job.send(piece)
        return True


class Room(NamedTuple):
    """For which newcomers there is room."""

    for_live: bool = True
    """For those who hear the sound as it comes. Clients that fetch take no room from them."""
    for_fetching: bool = True

    def lets(self, job: _Job[Any]) -> bool:
        """Whether a job may have a turn while others want one."""
        if job.is_for_nobody:
            return False
        if job.listener.fetches:
            return self.for_live and (job.begun or self.for_fetching)
        return job.begun or self.for_live


def most_urgent(jobs: Sequence[_Job[Any]], room: Room) -> _Job[Any]:
    """The job whose turn is next: one that was cancelled, else that of the listener whose sound runs out first.

    Those for whom there is no room have a turn only if nobody else wants one.
    """
    abandoned = [job for job in jobs if job.cancelled]
    chosen = abandoned or [job for job in jobs if room.lets(job)] or jobs
    return min(chosen, key=lambda job: (job.listener.wanted_by, job.listener.due))


_apart: weakref.WeakSet[ModelThread] = weakref.WeakSet()
"""The threads of `on_own_thread`. One whose caller was cancelled works on."""


async def on_own_thread(work: Callable[[], T]) -> T:
    """Do a piece of work beside the model thread, on a thread that ends after it.

    torch makes an OpenMP team for each thread. A thread that stayed would keep its team, and where the teams have more
    threads than there are cores, their threads sleep after every step: all speech would take a third longer.
    """
    thread = ModelThread("apart")
    _apart.add(thread)
    try:
        return await thread.run(work)
    finally:
        thread.close()


def apart_ended(timeout_seconds: float) -> bool:
    """Whether all work of `on_own_thread` has ended within the time."""
    until = time.monotonic() + timeout_seconds
    return all(thread.close(max(0.0, until - time.monotonic())) for thread in list(_apart))


def leave(status: int) -> NoReturn:
    """End the process at once, with the log written.

    Native code that runs on a thread cannot be interrupted, and the interpreter must not be torn down under it.
    """
    logging.shutdown()
    os._exit(status)


def _close_steps(job: _Job[Any]) -> None:
    close = getattr(job.steps, "close", None)
    if close is not None:
        try:
            close()
        except Exception:
            _LOGGER.exception("A job that was abandoned did not end cleanly")
