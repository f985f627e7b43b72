"""A Wyoming client that asks a server for speech and notes when each sound comes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import psutil
from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeVoice

from kokoro_wyoming.bench.children import ANSWER_SECONDS, BenchError
from kokoro_wyoming.bench.figures import Arrival, Reply, reply_of

_CONNECT_SECONDS = 5.0


class Wyoming:
    """A Wyoming server; every request has a connection of its own, as Home Assistant's have. Raises BenchError."""

    def __init__(self, name: str, uri: str, voice: str, process: psutil.Process | None = None) -> None:
        self.name = name
        self.uri = uri
        self.process = process
        self.voice: SynthesizeVoice | None = SynthesizeVoice(name=voice)

    async def speak(self, text: str) -> Reply:
        """Have a text spoken whole."""
        async with self.connected() as client:
            asked_at = time.perf_counter()
            await client.write_event(Synthesize(text, voice=self.voice).event())
            arrivals = await self.listen(client, AudioStop.is_type)
            return reply_of(arrivals, asked_at=asked_at, ended_at=time.perf_counter())

    async def listen(self, client: AsyncClient, is_last: Callable[[str], bool]) -> list[Arrival]:
        """What comes up to the last event."""
        arrivals: list[Arrival] = []
        while not is_last((event := await self.receive(client)).type):
            if AudioChunk.is_type(event.type) and event.payload:
                bytes_a_second = event.data["rate"] * event.data["width"] * event.data["channels"]
                arrivals.append(Arrival(time.perf_counter(), len(event.payload) / bytes_a_second))
        return arrivals

    async def receive(self, client: AsyncClient) -> Event:
        """The next event."""
        event = await client.read_event()
        if event is None:
            raise BenchError(f"{self.name} closed the connection before the end of its answer")
        if Error.is_type(event.type):
            raise BenchError(f"{self.name} refused: {event.data.get('text')}")
        return event

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncClient]:
        """A connection; every failure of it becomes a BenchError."""
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
