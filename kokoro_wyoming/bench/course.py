"""The course that every contender runs: phases in order, repetitions in turns, and an end in sight."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kokoro_wyoming.bench.children import BenchError, started
from kokoro_wyoming.bench.contenders import (
    OURS,
    PLAIN,
    Contender,
    PlainPipeline,
    Setup,
    Start,
    measure_parts,
    our_server,
    plain_pipeline,
)
from kokoro_wyoming.bench.figures import Reply
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.load import Load, put_under_load
from kokoro_wyoming.bench.proc import Neighbours
from kokoro_wyoming.bench.texts import (
    ONE_SENTENCE,
    SECONDS_3,
    SECONDS_6,
    SECONDS_20,
    SECONDS_30,
    SEVERAL_SENTENCES,
    STREAMED,
    WORD,
    StreamedText,
    Text,
)
from kokoro_wyoming.languages import TAGS

Report = Callable[[str], None]

_IDLE_DESCRIBES = 10
_SETTLED_SECONDS = 2.0
"""A program that keeps a house's machine busy has done so for a while when somebody speaks."""
_MOST_TRIES = 3
"""Repetitions for each that is wanted, where other programs on the machine spoil some."""


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    texts: tuple[Text, ...]
    repeat: int
    streamed: tuple[StreamedText, ...]
    streamed_repeat: int
    busy_programs: tuple[int, ...]
    """Beside so many endless loops a sentence of 3 s is spoken."""
    starts: int
    """Starts in fresh processes, each speaking the longest text once; 0 takes the figures of the long-lived ones."""
    most_listeners: int
    languages: tuple[str, ...]
    """Whose pipelines are made to be timed; none leaves all parts of a start out."""
    packs: int
    """Voice packs that are read."""
    seconds: float
    """When they have gone by, no further repetition is begun."""

    @classmethod
    def full(cls, repeat: int = 5, seconds: float = 1200.0) -> Plan:
        return cls(
            texts=(*ONE_SENTENCE, *SEVERAL_SENTENCES),
            repeat=repeat,
            streamed=STREAMED,
            streamed_repeat=min(repeat, 3),
            busy_programs=(1, 2, 4),
            starts=2,
            most_listeners=32,
            languages=TAGS,
            packs=54,
            seconds=seconds,
        )

    @classmethod
    def quick(cls, repeat: int = 1, seconds: float = 60.0) -> Plan:
        return cls(
            texts=(WORD, SECONDS_3, SECONDS_6, SECONDS_20, SECONDS_30),
            repeat=repeat,
            streamed=STREAMED[:1],
            streamed_repeat=repeat,
            busy_programs=(1, 2, 4),
            starts=0,
            most_listeners=8,
            languages=(),
            packs=0,
            seconds=seconds,
        )


@dataclass
class Record:
    """All that was seen of one contender."""

    start_seconds: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    """Most memory of a process up to and with the longest text."""
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    """By the text's label."""
    streamed: dict[str, list[Reply]] = field(default_factory=dict)
    beside: dict[int, list[Reply]] = field(default_factory=dict)
    """A sentence of 3 s, by how many busy programs ran beside it."""
    describe_seconds: list[float] = field(default_factory=list)
    """While it had nothing else to do."""
    load: Load = field(default_factory=Load)
    gave_up: str | None = None
    """Why there are no further figures."""


@dataclass
class Results:
    """All that was seen."""

    threads: int = 0
    torch: str = ""
    device: str = ""
    gflop_per_audio_second: float = 0.0
    matrix_peak_gflops: dict[str, float] = field(default_factory=dict)
    """The machine's best, by number format."""
    records: dict[str, Record] = field(default_factory=dict)
    """By the contender's name: ours, plain, then addresses."""
    parts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    others_share: float | None = None
    """Of all processor time there was, what went to programs that were not measured: 0 to 1."""


async def run(plan: Plan, setup: Setup, report: Report = lambda _: None) -> Results:
    """Measure everything; BenchError when ours or plain fails. Another server that fails only drops out."""
    course = _Course(plan, setup, report)
    async with contextlib.AsyncExitStack() as stack:
        plain = await course.enter(stack, plain_pipeline(setup))
        assert isinstance(plain, PlainPipeline)
        await course.learn_machine(plain)
        ours = await course.enter(stack, our_server(setup, course.results.threads))
        await course.run([ours, plain, *(Wyoming(uri, uri, setup.voice) for uri in setup.against)])
    await course.start_afresh()
    await course.time_parts()
    return course.finish()


class _Course:
    """The phases, and the results as they grow."""

    def __init__(self, plan: Plan, setup: Setup, report: Report) -> None:
        self.plan = plan
        self.setup = setup
        self.report = report
        self.results = Results(records={name: Record() for name in (OURS, PLAIN, *setup.against)})
        self._began = time.monotonic()
        self._neighbours = Neighbours()
        self._started: dict[str, Start] = {}

    async def enter(
        self, stack: contextlib.AsyncExitStack, starting: contextlib.AbstractAsyncContextManager[Start]
    ) -> Wyoming | PlainPipeline:
        """Start a contender that stays for all phases."""
        start = await stack.enter_async_context(starting)
        name = start.contender.name
        self.report(f"{name}: ready after {start.seconds:.1f} s")
        self._started[name] = start
        self.results.records[name].start_seconds.append(start.seconds)
        return start.contender

    async def learn_machine(self, plain: PlainPipeline) -> None:
        """What torch tells, what the machine can do at best, and what the network takes."""
        results = self.results
        results.threads, results.torch, results.device = (plain.facts[key] for key in ("threads", "torch", "device"))
        await self._measure_peaks(plain)
        results.gflop_per_audio_second = await plain.gflop_per_audio_second()

    async def run(self, contenders: Sequence[Contender]) -> None:
        """Everything that is done to a contender while it lives."""
        servers = [contender for contender in contenders if isinstance(contender, Wyoming)]
        for server in servers:
            await self._unless_it_fails(self._meet, server)
        for repetition in self._repetitions(_MOST_TRIES * self.plan.repeat, share=0.6):
            texts = [text for text in self.plan.texts if not self._is_known(text)]
            if not texts:
                break
            await self._speak_all(contenders, texts, repetition)
            if repetition == 0 and not self.plan.starts:
                self._note_memory()
            for plain in (contender for contender in contenders if isinstance(contender, PlainPipeline)):
                await self._measure_peaks(plain)
        for repetition in self._repetitions(self.plan.streamed_repeat, share=0.75):
            await self._stream_all(servers, repetition)
        for repetition in self._repetitions(self.plan.streamed_repeat, share=0.85):
            for count in self.plan.busy_programs:
                await self._speak_beside(contenders, count, repetition)
        for server in servers:
            await self._unless_it_fails(self._load, server)

    async def start_afresh(self) -> None:
        """Ours and plain in fresh processes in turns: time to ready, and memory with the longest text."""
        for repetition in self._repetitions(self.plan.starts, share=1.0):
            for starting in (our_server(self.setup, self.results.threads), plain_pipeline(self.setup)):
                async with starting as start:
                    record = self.results.records[start.contender.name]
                    record.start_seconds.append(start.seconds)
                    await start.contender.speak(SECONDS_30.spoken_to(repetition))
                    record.peak_mib.extend(filter(None, [start.peak_mib()]))
                    self.report(f"{start.contender.name}: started afresh, ready after {start.seconds:.1f} s")

    async def time_parts(self) -> None:
        """Pipelines and voices."""
        if not self.plan.languages:
            return
        self.report("parts of a start, each alone")
        plan = self.plan
        self.results.parts = await measure_parts(self.setup, self.results.threads, plan.languages, plan.packs)

    def finish(self) -> Results:
        """The results, now that all children have ended."""
        self.results.seconds = time.monotonic() - self._began
        self.results.others_share = self._neighbours.share()
        return self.results

    def _repetitions(self, wanted: int, share: float) -> Iterator[int]:
        """0, 1, ... up to what is wanted: the first whatever the time, the others while their share lasts."""
        for repetition in range(wanted):
            if repetition and not self._in_time(share):
                self.report(f"time is short: no more after {repetition}")
                return
            yield repetition

    def _in_time(self, share: float) -> bool:
        return time.monotonic() - self._began < share * self.plan.seconds

    def _note_memory(self) -> None:
        for name, start in self._started.items():
            self.results.records[name].peak_mib.extend(filter(None, [start.peak_mib()]))

    def _is_known(self, text: Text) -> bool:
        """Whether every contender has spoken it in peace as often as wanted."""
        return all(
            sum(not reply.is_disturbed for reply in record.replies.get(text.label, [])) >= self.plan.repeat
            for record in self.results.records.values()
            if record.gave_up is None
        )

    async def _measure_peaks(self, plain: PlainPipeline) -> None:
        """Keep the best: the machine may be busy with something else now, or have been before."""
        peaks = self.results.matrix_peak_gflops
        for kind, gflops in (await plain.matrix_peaks()).items():
            peaks[kind] = max(gflops, peaks.get(kind, 0.0))

    def _watch(self, contender: Contender) -> Neighbours | None:
        """Whoever takes the processor from it; None for one whose own work would count among theirs."""
        pids = [start.contender.pid for start in self._started.values()]
        return None if contender.pid is None else Neighbours(filter(None, pids))

    async def _speak_all(self, contenders: Sequence[Contender], texts: Sequence[Text], repetition: int) -> None:
        for text in texts:
            self.report(f"{text.label}, repetition {repetition + 1}")
            for contender in contenders:
                await self._unless_it_fails(self._speak, contender, text, repetition)

    async def _stream_all(self, servers: Sequence[Wyoming], repetition: int) -> None:
        for text in self.plan.streamed:
            self.report(f"streamed: {text.label}, repetition {repetition + 1}")
            for server in servers:
                await self._unless_it_fails(self._stream, server, text, repetition)

    async def _speak_beside(self, contenders: Sequence[Contender], count: int, repetition: int) -> None:
        self.report(f"beside {count} busy programs, repetition {repetition + 1}")
        async with contextlib.AsyncExitStack() as stack:
            for number in range(count):
                await stack.enter_async_context(started(f"busy program {number + 1}", ("-c", "while True: pass")))
            await asyncio.sleep(_SETTLED_SECONDS)
            for contender in contenders:
                await self._unless_it_fails(self._speak_once_beside, contender, count, repetition)

    async def _speak_once_beside(self, contender: Contender, count: int, repetition: int) -> None:
        reply = await contender.speak(SECONDS_3.spoken_to(repetition))
        self.results.records[contender.name].beside.setdefault(count, []).append(reply)

    async def _speak(self, contender: Contender, text: Text, repetition: int) -> None:
        watch = self._watch(contender)
        reply = await contender.speak(text.spoken_to(repetition))
        reply = replace(reply, others_share=watch.share() if watch else None)
        self.results.records[contender.name].replies.setdefault(text.label, []).append(reply)

    async def _stream(self, server: Wyoming, text: StreamedText, repetition: int) -> None:
        watch = self._watch(server)
        reply = await server.speak_deltas(text.deltas(repetition), text.speakable_after(repetition))
        reply = replace(reply, others_share=watch.share() if watch else None)
        self.results.records[server.name].streamed.setdefault(text.label, []).append(reply)

    async def _meet(self, server: Wyoming) -> None:
        await server.meet()
        self.results.records[server.name].describe_seconds += [
            await server.describe_seconds() for _ in range(_IDLE_DESCRIBES)
        ]

    async def _load(self, server: Wyoming) -> None:
        most, record = self.plan.most_listeners, self.results.records[server.name]
        in_time, watch = lambda: self._in_time(1.0), lambda: self._watch(server)
        record.load = await put_under_load(server, most, go_on=in_time, watch=watch, report=self.report)

    async def _unless_it_fails(self, step: Callable[..., Awaitable[None]], contender: Contender, *what: object) -> None:
        """Do a step with a contender; somebody else's server that fails gets no further ones."""
        record = self.results.records[contender.name]
        if record.gave_up is not None:
            return
        try:
            await step(contender, *what)
        except BenchError as error:
            if contender.name in (OURS, PLAIN):
                raise
            record.gave_up = str(error)
            self.report(f"{contender.name} drops out: {error}")
