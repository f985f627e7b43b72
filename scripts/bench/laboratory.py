"""The product's course with more phases and more contenders."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from kokoro_wyoming.bench.children import BenchError, started
from kokoro_wyoming.bench.contenders import OURS, PLAIN, Contender, PlainPipeline, Setup, our_server, plain_pipeline
from kokoro_wyoming.bench.course import Course, Plan, Record, Results
from kokoro_wyoming.bench.figures import Reply
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.texts import SECONDS_30, Text
from kokoro_wyoming.languages import TAGS
from scripts.bench import first_utterances, flop, parts, piper
from scripts.bench.first_utterances import FirstUtterances
from scripts.bench.server import Server
from scripts.bench.texts import ONE_SENTENCE, SEVERAL_SENTENCES, STREAMED, StreamedText

_IDLE_DESCRIBES = 10
_DESCRIBE_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class LongPlan(Plan):
    """How much more is done."""

    texts: tuple[Text, ...] = (*ONE_SENTENCE, *SEVERAL_SENTENCES)
    streamed: tuple[StreamedText, ...] = STREAMED
    starts: int = 2
    """Starts in fresh processes, each speaking the longest text once."""
    packs: int = 54
    """Voices that are read in a start whose parts are timed; 0 leaves that out."""
    speaks_languages: bool = True
    """Whether first utterances are timed, each in a fresh process."""


SHORT_PLAN = LongPlan(texts=Plan.texts, streamed=STREAMED[:1], starts=1, packs=0, speaks_languages=False)


@dataclass
class Findings:
    """What the product does not measure; most of it by the contender's name."""

    gflop_per_audio_second: float = 0.0
    matrix_peak_gflops: dict[str, float] = field(default_factory=dict)
    """The machine's best, by number format."""
    streamed: dict[str, dict[str, list[Reply]]] = field(default_factory=dict)
    """Then by the text's label."""
    describe_seconds: dict[str, list[float]] = field(default_factory=dict)
    """With nothing else to do."""
    describe_under_load_seconds: dict[str, list[float]] = field(default_factory=dict)
    describe_failures: dict[str, int] = field(default_factory=dict)
    """Under load, without an answer."""
    start_seconds: dict[str, list[float]] = field(default_factory=dict)
    """From nothing to ready: interpreter, libraries, weights, a few words to nobody."""
    fresh: dict[str, list[Reply]] = field(default_factory=dict)
    """The longest text as the first one of a process."""
    parts: parts.Parts | None = None
    """The parts of our start."""
    first_utterances: dict[str, FirstUtterances] = field(default_factory=dict)
    """By language."""
    gave_up: dict[str, str] = field(default_factory=dict)
    """Why there are no further figures."""


class Laboratory(Course):
    """Another server that fails only drops out."""

    def __init__(
        self,
        plan: LongPlan,
        setup: Setup,
        report: Callable[[str], None] = lambda _: None,
        against: Sequence[str] = (),
        with_piper: bool = False,
    ) -> None:
        """`against` are addresses of other servers; `with_piper` starts wyoming-piper as one more."""
        super().__init__(plan, setup, report)
        self.long_plan = plan
        self.findings = Findings()
        self._others = [Server(uri, uri, setup.voice) for uri in against]
        self._with_piper = with_piper

    async def run(self) -> Results:
        await super().run()
        await self._start_afresh()
        if self.long_plan.packs:
            self.report("parts of a start, each alone")
            with started("the timing of parts", self.setup.environment) as child:
                asked = self.setup, self.results.threads, TAGS, self.long_plan.packs
                self.findings.parts = await child.ask(parts.measure, *asked)
        if self.long_plan.speaks_languages:
            async for tag, found in first_utterances.measured(self.setup, self.results.threads, self.report):
                self.findings.first_utterances[tag] = found
        return self.results

    async def measure(self, ours: Wyoming, plain: PlainPipeline) -> None:
        async with contextlib.AsyncExitStack() as stack:
            if self._with_piper:
                self.report("starting wyoming-piper; the first time it is installed")
                self._others.append(await stack.enter_async_context(piper.piper_server()))
            await self._measure(ours, plain)

    async def _measure(self, ours: Wyoming, plain: PlainPipeline) -> None:
        self.findings.gflop_per_audio_second = await plain.child.ask(flop.gflop_per_audio_second, self.setup)
        self.results.records |= {other.name: Record() for other in self._others}
        self.contenders = [Server(OURS, ours.uri, self.setup.voice, ours.process), plain, *self._others]
        await self.each(self._meet)
        await self._measure_peaks(plain)
        await self.speak_whole()
        await self._measure_peaks(plain)
        await self._stream()
        await self.speak_beside()
        await self._measure_peaks(plain)
        await self.each(self._load)

    async def each(self, do: Callable[[Contender], Awaitable[None]]) -> None:
        for contender in list(self.contenders):
            try:
                await do(contender)
            except BenchError as error:
                if contender.name in (OURS, PLAIN):
                    raise
                self.contenders.remove(contender)
                self.findings.gave_up[contender.name] = str(error)
                self.report(f"{contender.name} drops out: {error}")

    async def _meet(self, server: Contender) -> None:
        if isinstance(server, Server):
            await server.meet()
            seconds = [await server.describe_seconds() for _ in range(_IDLE_DESCRIBES)]
            self.findings.describe_seconds[server.name] = seconds

    async def _measure_peaks(self, plain: PlainPipeline) -> None:
        """Keep the best: the machine may be busy with something else now, or have been before."""
        peaks = self.findings.matrix_peak_gflops
        for kind, gflops in (await plain.child.ask(flop.matrix_peaks, self.results.device)).items():
            peaks[kind] = max(gflops, peaks.get(kind, 0.0))

    async def _stream(self) -> None:
        for repetition, text in self.repetitions(min(self.plan.repeat, 3), self.long_plan.streamed, share=0.75):
            self.report(f"streamed: {text.label}, repetition {repetition + 1}")

            async def speak(server: Contender, text: StreamedText = text, repetition: int = repetition) -> None:
                if isinstance(server, Server):
                    deltas, after = text.deltas(repetition), text.speakable_after(repetition)
                    reply = await self.measured(server, lambda: server.speak_deltas(deltas, after))
                    self.findings.streamed.setdefault(server.name, {}).setdefault(text.label, []).append(reply)

            await self.each(speak)

    async def _load(self, server: Contender) -> None:
        if isinstance(server, Server):
            async with self._described(server):
                await self.raise_listeners(server)

    @contextlib.asynccontextmanager
    async def _described(self, server: Server) -> AsyncIterator[None]:
        """Ask what the server offers all the while."""
        seconds = self.findings.describe_under_load_seconds.setdefault(server.name, [])
        self.findings.describe_failures[server.name] = 0

        async def ask() -> None:
            while True:
                try:
                    seconds.append(await server.describe_seconds())
                except BenchError:
                    self.findings.describe_failures[server.name] += 1
                await asyncio.sleep(_DESCRIBE_EVERY_SECONDS)

        asking = asyncio.ensure_future(ask())
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _start_afresh(self) -> None:
        """Ours and plain in fresh processes in turns: time to ready, and memory with the longest text."""
        for repetition, name in self.repetitions(self.long_plan.starts, (OURS, PLAIN), share=1.0):
            async with contextlib.AsyncExitStack() as stack:
                began = time.monotonic()
                if name == OURS:
                    server = our_server(self.setup, self.results.threads)
                    contender: Contender = await stack.enter_async_context(server)
                else:
                    contender = await stack.enter_async_context(plain_pipeline(self.setup))
                seconds = time.monotonic() - began
                self.report(f"{name}: started afresh, ready after {seconds:.1f} s")
                self.findings.start_seconds.setdefault(name, []).append(seconds)
                self.contenders = [contender]
                speak = partial(contender.speak, SECONDS_30.spoken_to(repetition))
                self.findings.fresh.setdefault(name, []).append(await self.measured(contender, speak))
