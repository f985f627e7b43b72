"""A Wyoming client with a clock: asks a server for speech and writes down when which sound came."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from kokoro_wyoming.bench.children import ANSWER_SECONDS, BenchError
from kokoro_wyoming.bench.figures import Arrival, Reply, reply_of
from kokoro_wyoming.bench.proc import cpu_seconds
from kokoro_wyoming.bench.texts import bursts

_CONNECT_SECONDS = 5.0
_REPLY_SECONDS = 300.0
"""For a whole one: nobody's stream keeps the benchmark for ever."""


class Wyoming:
    """A Wyoming server, ours or another; every request has a connection of its own, as Home Assistant's have."""

    def __init__(self, name: str, uri: str, wanted_voice: str, pid: int | None = None) -> None:
        """`pid` is the process to look at, for a server whose process is known; `wanted_voice` is used if offered."""
        self.name = name
        self.uri = uri
        self.pid = pid
        self.streams = False
        """Whether it takes text in pieces."""
        self._wanted_voice = wanted_voice
        self._voice: SynthesizeVoice | None = None

    async def meet(self) -> None:
        """Find out what it offers."""
        info = await self._info()
        programs = info.data.get("tts") or []
        names = {voice.get("name") for program in programs for voice in program.get("voices") or []}
        self._voice = SynthesizeVoice(name=self._wanted_voice) if self._wanted_voice in names else None
        self.streams = any(program.get("supports_synthesize_streaming") for program in programs)

    async def describe_seconds(self) -> float:
        """How long it takes to say what it offers."""
        began = time.perf_counter()
        await self._info()
        return time.perf_counter() - began

    async def speak(self, text: str, hear: Callable[[Arrival], None] = lambda _: None) -> Reply:
        """Have a text spoken whole; `hear` is told of each sound as it comes."""
        async with self._connected() as client:
            cpu_began, asked_at = self._cpu_seconds(), time.perf_counter()
            await client.write_event(Synthesize(text, voice=self._voice).event())
            arrivals = await self._listen(client, AudioStop.is_type, hear)
            return self._reply(arrivals, asked_at, cpu_began)

    async def speak_deltas(self, deltas: list[str], speakable_after: int) -> Reply:
        """Have a text spoken that arrives in bursts; time counts from the delta that made it speakable.

        A server that does not take text in pieces gets the whole text when it is there, as from Home Assistant.
        """
        is_last = SynthesizeStopped.is_type if self.streams else AudioStop.is_type
        speakable_at = asyncio.get_running_loop().create_future()
        async with self._connected() as client:
            cpu_began = self._cpu_seconds()
            listening = asyncio.ensure_future(self._listen(client, is_last))
            sending = asyncio.ensure_future(self._send(client.write_event, deltas, speakable_after, speakable_at))
            try:
                await sending
                arrivals = await listening
            finally:
                for task in (sending, listening):
                    task.cancel()
                await asyncio.gather(sending, listening, return_exceptions=True)
            return self._reply(arrivals, speakable_at.result(), cpu_began)

    async def _send(
        self,
        write: Callable[[Event], Awaitable[None]],
        deltas: list[str],
        speakable_after: int,
        speakable_at: asyncio.Future[float],
    ) -> None:
        if self.streams:
            await write(SynthesizeStart(voice=self._voice).event())
        sent = 0
        for burst, pause_seconds in bursts(deltas):
            for delta in burst:
                if self.streams:
                    await write(SynthesizeChunk(delta).event())
                sent += 1
                if sent == speakable_after:
                    speakable_at.set_result(time.perf_counter())
            await asyncio.sleep(pause_seconds)
        await write(Synthesize("".join(deltas), voice=self._voice).event())
        if self.streams:
            await write(SynthesizeStop().event())

    async def _listen(
        self,
        client: AsyncClient,
        is_last: Callable[[str], bool],
        hear: Callable[[Arrival], None] = lambda _: None,
    ) -> list[Arrival]:
        arrivals: list[Arrival] = []

        async def listen() -> None:
            while not is_last((event := await self._receive(client)).type):
                if AudioChunk.is_type(event.type) and event.payload:
                    arrivals.append(_arrival(event))
                    hear(arrivals[-1])

        await asyncio.wait_for(listen(), _REPLY_SECONDS)
        return arrivals

    async def _receive(self, client: AsyncClient) -> Event:
        event = await client.read_event()
        if event is None:
            raise BenchError(f"{self.name} closed the connection before the end of its answer")
        if Error.is_type(event.type):
            raise BenchError(f"{self.name} refused: {event.data.get('text')}")
        return event

    async def _info(self) -> Event:
        async with self._connected() as client:
            await client.write_event(Describe().event())
            while not Info.is_type((event := await self._receive(client)).type):
                pass
            return event

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncClient]:
        """A connection whose every failure is told as a BenchError."""
        client = AsyncClient.from_uri(self.uri, connect_timeout=_CONNECT_SECONDS, read_timeout=ANSWER_SECONDS)
        try:
            await client.connect()
            try:
                yield client
            finally:
                with contextlib.suppress(OSError):
                    await client.disconnect()
        except (OSError, EOFError, asyncio.TimeoutError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise BenchError(f"{self.name} at {self.uri} does not answer ({error!r})") from error

    def _cpu_seconds(self) -> float | None:
        return None if self.pid is None else cpu_seconds(self.pid)

    def _reply(self, arrivals: list[Arrival], asked_at: float, cpu_began: float | None) -> Reply:
        ended_at, cpu_ended = time.perf_counter(), self._cpu_seconds()
        used = None if cpu_began is None or cpu_ended is None else cpu_ended - cpu_began
        return reply_of(arrivals, asked_at=asked_at, ended_at=ended_at, cpu_seconds=used)


def _arrival(event: Event) -> Arrival:
    bytes_a_second = event.data["rate"] * event.data["width"] * event.data["channels"]
    return Arrival(time.perf_counter(), len(event.payload or b"") / bytes_a_second)
