"""The model thread: whose turn is next, what a listener who leaves costs, and that nothing kills the thread."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from kokoro_wyoming.scheduler import PIECES_AHEAD, ModelThread, apart_ended, on_own_thread
from kokoro_wyoming.scheduler.listener import Listener


@pytest.fixture
async def thread() -> AsyncIterator[ModelThread]:
    turns = ModelThread()
    yield turns
    assert turns.close(timeout_seconds=5)


class Gate:
    """A first job that holds the thread until the others have been queued behind it."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def steps(self) -> Iterator[str | None]:
        yield None if self.opened.wait(5) else "nobody opened the gate"


async def _collect(thread: ModelThread, steps: Iterator[str | None], listener: Listener) -> list[str]:
    return [piece async for piece in thread.stream(lambda: steps, listener=listener, seconds_of=lambda _: 1.0)]


async def test_pieces_come_in_order_and_silent_turns_are_not_heard(thread: ModelThread) -> None:
    assert await _collect(thread, iter(["a", None, "b", None, None, "c"]), Listener()) == ["a", "b", "c"]


async def test_everything_runs_on_one_thread(thread: ModelThread) -> None:
    names = await asyncio.gather(*(thread.run(lambda: threading.current_thread().name) for _ in range(5)))
    assert set(names) == {"model"}


async def test_the_loop_is_free_while_a_step_runs(thread: ModelThread) -> None:
    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener()))
    await asyncio.sleep(0.01)
    gate.opened.set()  # would never be reached if the step ran on the loop
    assert await held == []


async def test_a_short_job_is_heard_before_a_long_one_ends(thread: ModelThread) -> None:
    order: list[str] = []

    def spoken(name: str, count: int) -> Iterator[str | None]:
        for _ in range(count):
            order.append(name)
            yield name

    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    long = asyncio.create_task(_collect(thread, spoken("long", 20), Listener()))
    await asyncio.sleep(0)
    short = asyncio.create_task(_collect(thread, spoken("short", 1), Listener()))
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(held, long, short)
    assert order.index("short") == 1  # one turn for the earlier comer, then the one who has heard nothing yet


async def test_the_listener_whose_sound_runs_out_first_is_next(thread: ModelThread) -> None:
    order: list[str] = []

    def spoken(name: str, seconds: list[float]) -> Iterator[tuple[str, float] | None]:
        for length in seconds:
            order.append(name)
            yield name, length

    async def listen(name: str, seconds: list[float]) -> None:
        pieces = thread.stream(lambda: spoken(name, seconds), listener=Listener(), seconds_of=lambda piece: piece[1])
        async for _ in pieces:
            pass

    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    listeners = [asyncio.create_task(listen("ten", [10, 10])), asyncio.create_task(listen("one", [1, 1]))]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(held, *listeners)
    assert order == ["ten", "one", "one", "ten"]


async def test_what_was_delivered_counts_from_the_next_sentence_on_and_not_what_was_made() -> None:
    listener = Listener(due=time.monotonic())
    begun = listener.due
    listener.given(5.0)
    listener.delivered(3.0)
    listener.wants_more()
    assert listener.due - begun == pytest.approx(3.0, abs=0.5)
    nobody = Listener(due=math.inf)
    nobody.delivered(1.0)
    nobody.wants_more()
    assert nobody.due == math.inf


async def test_who_would_hear_a_gap_comes_before_who_hears_nothing_yet(thread: ModelThread) -> None:
    order: list[str] = []

    def spoken(name: str) -> Iterator[str]:
        order.append(name)
        yield name

    newcomer, old = Listener(), Listener()
    old.given(0.05)
    assert newcomer.ahead_seconds == 0 < old.ahead_seconds
    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    both = [asyncio.create_task(_collect(thread, spoken(name), who)) for name, who in (("new", newcomer), ("old", old))]
    await asyncio.sleep(0)
    assert thread.others_wait(newcomer)
    gate.opened.set()
    await asyncio.gather(held, *both)
    assert order == ["old", "new"]


def _says(name: str, times: int, order: list[str]) -> Iterator[str]:
    for _ in range(times):
        order.append(name)
        time.sleep(0.05)  # as long as the loop needs to take what was made, or else the job would rest
        yield name


async def test_nobody_new_is_begun_with_while_the_old_need_the_thread(thread: ModelThread) -> None:
    thread._pace.add(worked_seconds=15.6, sound_seconds=26.0)
    order: list[str] = []
    old = Listener()
    old.given(0.5)
    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    newcomers = [asyncio.create_task(_collect(thread, _says(name, 1, order), Listener())) for name in ("new", "newer")]
    await asyncio.sleep(0)
    listening = asyncio.create_task(_collect(thread, _says("old", 6, order), old))
    await asyncio.sleep(0.01)
    assert 0 < thread.longest_wait_seconds < 60
    gate.opened.set()
    await asyncio.gather(held, listening, *newcomers)
    # Each takes six tenths of the thread: there is room for a second when the first is some four seconds ahead.
    assert order[:3] == ["old"] * 3
    assert order.index("new") < order.index("newer")
    assert thread.longest_wait_seconds == 0


@pytest.mark.slow
async def test_who_asks_to_hear_something_now_comes_before_all_who_fetch(thread: ModelThread) -> None:
    """Ten clients that fetch long texts fill the thread twice over, and each has less sound than it will play."""
    thread._pace.add(worked_seconds=5.2, sound_seconds=26.0)
    order: list[str] = []
    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    fetching = [Listener(fetches=True) for _ in range(10)]
    for listener in fetching:
        listener.given(0.05)
    fetched = [asyncio.create_task(_collect(thread, _says("fetched", 2, order), who)) for who in fetching]
    another = asyncio.create_task(_collect(thread, _says("another", 1, order), Listener(fetches=True)))
    await asyncio.sleep(0)
    live = asyncio.create_task(_collect(thread, _says("live", 2, order), Listener()))
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(held, live, another, *fetched)
    assert order[:2] == ["live"] * 2
    assert order.index("another") > order.index("fetched")


async def test_who_does_not_take_their_sound_keeps_nobody_waiting(thread: ModelThread) -> None:
    thread._pace.add(worked_seconds=27.0, sound_seconds=28.0)
    order: list[str] = []
    slow = thread.stream(lambda: _says("slow", 20, order), listener=Listener(), seconds_of=lambda _: 0.0)
    async with contextlib.aclosing(slow):
        await anext(slow)
        assert await _collect(thread, _says("newcomer", 1, order), Listener()) == ["newcomer"]
    assert len(order) < 20


async def test_work_for_nobody_is_not_done_where_a_newcomer_waits(thread: ModelThread) -> None:
    order: list[str] = []
    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    nobody = asyncio.create_task(_collect(thread, _says("nobody", 2, order), Listener(due=math.inf)))
    newcomer = asyncio.create_task(_collect(thread, _says("newcomer", 2, order), Listener()))
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(held, nobody, newcomer)
    assert order == ["newcomer", "newcomer", "nobody", "nobody"]


async def test_work_for_nobody_keeps_nobody_waiting(thread: ModelThread) -> None:
    gate = Gate()
    held = asyncio.create_task(_collect(thread, gate.steps(), Listener(due=math.inf)))
    await asyncio.sleep(0)
    assert not thread.others_wait(Listener())
    gate.opened.set()
    await held


async def test_a_job_rests_while_nobody_takes_its_pieces(thread: ModelThread) -> None:
    made = 0

    def endless() -> Iterator[str]:
        nonlocal made
        while True:
            made += 1
            yield "piece"

    async with contextlib.aclosing(thread.stream(endless)) as pieces:
        await anext(pieces)
        for _ in range(50):
            await thread.run(lambda: None)  # the thread is free for others meanwhile
        assert made <= PIECES_AHEAD + 1


async def test_a_listener_who_leaves_ends_the_work(thread: ModelThread) -> None:
    closed = threading.Event()

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "piece"
        finally:
            closed.set()

    async with contextlib.aclosing(thread.stream(endless)) as pieces:
        await anext(pieces)
    await thread.run(lambda: None)
    assert closed.is_set()
    for _ in range(1000):  # the job of that `run` itself is taken away just after its result
        if not thread.waiting:
            break
        await asyncio.sleep(0.001)
    assert thread.waiting == 0


async def test_a_failing_step_is_raised_to_its_listener_alone(thread: ModelThread) -> None:
    def failing() -> Iterator[str]:
        yield "first"
        raise MemoryError("no more")

    pieces = thread.stream(failing)
    assert await anext(pieces) == "first"
    with pytest.raises(MemoryError, match="no more"):
        await anext(pieces)
    assert await thread.run(lambda: "alive") == "alive"


async def test_a_step_that_wants_to_exit_does_not_take_the_thread_along(thread: ModelThread) -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await thread.run(leave)
    assert await thread.run(lambda: "alive") == "alive"


async def test_closing_tells_those_who_wait() -> None:
    turns = ModelThread()
    gate = Gate()
    held = asyncio.create_task(_collect(turns, gate.steps(), Listener(due=0)))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(_collect(turns, iter(["never"]), Listener()))
    await asyncio.sleep(0)
    turns.close()
    gate.opened.set()
    with pytest.raises(RuntimeError, match="closed"):
        await waiting
    await asyncio.gather(held, return_exceptions=True)
    with pytest.raises(RuntimeError, match="closed"):
        await turns.run(lambda: None)


async def test_work_beside_the_thread_is_waited_for_though_its_caller_was_cancelled() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)

    asked = asyncio.create_task(on_own_thread(work))
    assert await asyncio.to_thread(begun.wait, 10)
    asked.cancel()
    await asyncio.wait([asked])
    assert not apart_ended(0)
    may_end.set()
    assert apart_ended(10)
