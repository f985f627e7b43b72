"""The phases that every contender goes through, in order, with a limit on the time for repetitions."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import psutil

from kokoro_wyoming.bench.children import started
from kokoro_wyoming.bench.contenders import OURS, PLAIN, Contender, PlainPipeline, Setup, our_server, plain_pipeline
from kokoro_wyoming.bench.figures import Reply
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.load import MOST_LISTENERS, Trial, trials
from kokoro_wyoming.bench.machine import Neighbours, cpu_seconds, peak_followed
from kokoro_wyoming.bench.texts import FOUR_SENTENCES, ONE_SENTENCE, SECONDS_3, Text

_SETTLED_SECONDS = 2.0
"""Time between the start of the busy programs and the request: the server has noticed them then."""
_MOST_TRIES = 3
"""Measurements of one text, where other programs disturb it."""

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    repeat: int = 5
    texts: tuple[Text, ...] = (*ONE_SENTENCE, FOUR_SENTENCES)
    busy_programs: tuple[int, ...] = (1, 2, 4)
    """Numbers of endless loops beside which a sentence of 3 s is spoken."""
    most_listeners: int = MOST_LISTENERS
    seconds: float = 1200.0
    """No repetition begins later than this."""
    calm_seconds: float = 4.5
    """The pause before each of our replies. Right after plain's work our server still makes way for it, 4 s at most."""


@dataclass
class Record:
    """All measurements of one contender."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    """By the text's label."""
    beside: dict[int, list[Reply]] = field(default_factory=dict)
    """A sentence of 3 s, by how many busy programs ran beside it."""
    trials: list[Trial] = field(default_factory=list)

    def of(self, text: Text) -> list[Reply]:
        """The replies to a text; none where it was not spoken."""
        return self.replies.get(text.label, [])


@dataclass
class Results:
    """All measurements of a run."""

    threads: int = 0
    torch: str = ""
    device: str = ""
    processor: str = "native"
    """What the machine was measured as."""
    records: dict[str, Record] = field(default_factory=lambda: {OURS: Record(), PLAIN: Record()})
    """By the contender's name."""
    seconds: float = 0.0
    others_share: float | None = None
    """The share of all processor time that other programs took, 0 to 1; None where it is not known."""


class Course:
    """The phases, and the results as they grow. BenchError when a contender fails."""

    def __init__(self, plan: Plan, setup: Setup, report: Callable[[str], None] = lambda _: None) -> None:
        self.plan = plan
        self.setup = setup
        self.report = report
        self.results = Results(processor=setup.processor)
        self.contenders: list[Contender] = []
        self._began = time.monotonic()

    async def run(self) -> Results:
        """Measure everything."""
        neighbours, results = Neighbours(), self.results
        async with plain_pipeline(self.setup) as plain:
            results.threads, results.torch, results.device = plain.facts
            async with our_server(self.setup, results.threads) as ours:
                self.contenders = [ours, plain]
                await self.measure(ours, plain)
        results.seconds, results.others_share = time.monotonic() - self._began, neighbours.share()
        return results

    async def measure(self, ours: Wyoming, _plain: PlainPipeline) -> None:
        """All phases."""
        await self.speak_whole()
        await self.speak_beside()
        await self.raise_listeners(ours)

    async def each(self, do: Callable[[Contender], Awaitable[None]]) -> None:
        """Have every contender do something, one after the other."""
        for contender in self.contenders:
            await do(contender)

    async def speak_whole(self) -> None:
        """Every text."""
        for repetition, text in self.repetitions(self.plan.repeat, self.plan.texts, share=0.6):
            self.report(f"{text.label}, repetition {repetition + 1}")
            await asyncio.sleep(self.plan.calm_seconds)

            async def speak(contender: Contender, text: Text = text, repetition: int = repetition) -> None:
                reply = await self.measured(contender, lambda: contender.speak(text.spoken_to(repetition)))
                self.results.records[contender.name].replies.setdefault(text.label, []).append(reply)

            await self.each(speak)

    async def speak_beside(self) -> None:
        """A sentence of 3 s beside busy programs."""
        for repetition, count in self.repetitions(min(self.plan.repeat, 3), self.plan.busy_programs, share=0.85):
            self.report(f"beside busy programs: {count}, repetition {repetition + 1}")

            async def speak(contender: Contender, count: int = count, repetition: int = repetition) -> None:
                reply = await contender.speak(SECONDS_3.spoken_to(repetition))
                self.results.records[contender.name].beside.setdefault(count, []).append(reply)

            with contextlib.ExitStack() as stack:
                for number in range(count):
                    stack.enter_context(started(f"busy program {number + 1}")).tell(be_busy)
                await asyncio.sleep(_SETTLED_SECONDS)
                await self.each(speak)

    async def raise_listeners(self, server: Wyoming) -> None:
        """More and more listeners at once."""
        found = self.results.records[server.name].trials
        async for trial in trials(server, self.plan.most_listeners, self._processes()):
            found.append(trial)
            disturbed = " (disturbed)" if trial.is_disturbed else ""
            self.report(f"{server.name}: {trial.listeners} listening: {trial.failure or 'no gap'}{disturbed}")

    async def measured(self, contender: Contender, speak: Callable[[], Awaitable[Reply]]) -> Reply:
        """The reply with the processor time and memory that it took; measured again where other programs disturb it."""
        process = contender.process
        if process is None:
            return await speak()
        for _ in range(_MOST_TRIES):
            neighbours, began_seconds = Neighbours(self._processes()), cpu_seconds(process)
            async with peak_followed(process) as peaks:
                reply = await speak()
            used_seconds = cpu_seconds(process) - began_seconds
            reply = replace(reply, cpu_seconds=used_seconds, peak_mib=peaks[-1], others_share=neighbours.share())
            if not reply.is_disturbed:
                break
        return reply

    def repetitions(self, wanted: int, things: Sequence[T], share: float) -> Iterator[tuple[int, T]]:
        """Each thing with the number of its repetition: the first repetition always, further ones while `share` of
        the plan's time is not over.
        """
        for repetition in range(wanted):
            if repetition and time.monotonic() - self._began > share * self.plan.seconds:
                self.report(f"time is short: no more after {repetition}")
                return
            yield from ((repetition, thing) for thing in things)

    def _processes(self) -> list[psutil.Process]:
        return [one.process for one in self.contenders if one.process is not None]


def be_busy() -> None:
    """Keep one core busy until the process is ended."""
    while True:
        pass
