"""A listening socket with real sessions behind it and an engine that beeps; events, and clients that send them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, read_event, write_event

from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.protocols.wyoming.session import Session
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.requests import SpeechOptions
from kokoro_wyoming.utterances.service import SpeechService
from tests.stand_ins.beep_engine import BeepEngine, heard


@dataclass
class House:
    """A listening server that has sessions and nothing else: no admission, no model."""

    engine: BeepEngine
    port: int = 0
    service: SpeechService = field(init=False)
    sessions: list[Session] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def client(self) -> AsyncTcpClient:
        """wyoming's own client; a reply that does not come fails the test instead of hanging it."""
        return AsyncTcpClient("127.0.0.1", self.port, connect_timeout=10, read_timeout=10)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection for raw bytes."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, events: Iterable[Event] | bytes, *, half_close: bool = True) -> list[Event]:
        """Send all events, and read the replies until the connection closes."""
        reader, writer = await self.connect()
        writer.write(events if isinstance(events, bytes) else to_bytes(events))
        if half_close:
            writer.write_eof()
        replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
        writer.close()
        return replies


@contextlib.asynccontextmanager
async def open_house(
    engine: BeepEngine | None = None,
    limits: WireLimits | None = None,
    *,
    through: SpeechEngine | None = None,
    options: SpeechOptions | None = None,
    waiting_utterances: int = 16,
) -> AsyncIterator[House]:
    """Open the server. At the end no task and no place with the engine may be left, and no exception unhandled.

    `through` is an engine between the sessions and the beeping engine, if any.
    """
    house = House(engine or BeepEngine())
    house.service = SpeechService(through or house.engine, options)
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer, house.service, limits, waiting_utterances=waiting_utterances)
        task = asyncio.current_task()
        assert task is not None
        house.sessions.append(session)
        house.tasks.append(task)
        await session.run()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    house.port = server.sockets[0].getsockname()[1]
    try:
        yield house
    finally:
        server.close()
        for task in house.tasks:
            task.cancel()
        await asyncio.gather(*house.tasks, return_exceptions=True)
    assert unhandled == []
    assert house.engine.taken == 0
    await no_task_left()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until the condition holds; fails after `seconds`."""

    async def turn() -> None:
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)

    await asyncio.wait_for(turn(), seconds)


async def no_task_left(seconds: float = 10) -> None:
    """Wait until the caller's task is the only one; fails after `seconds`."""
    end = time.monotonic() + seconds
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        assert time.monotonic() < end, left
        await asyncio.sleep(0.005)


def to_bytes(events: Iterable[Event]) -> bytes:
    """The events as the wyoming package writes them."""
    buffer = io.BytesIO()
    for event in events:
        write_event(event, buffer)
    return buffer.getvalue()


def from_bytes(data: bytes) -> list[Event]:
    """The events as the wyoming package reads them; fails if bytes are left."""
    buffer = io.BytesIO(data)
    events = []
    while buffer.tell() < len(data):
        event = read_event(buffer)
        assert event is not None, data[-200:]
        events.append(event)
    return events


def kinds(events: Iterable[Event]) -> list[str]:
    """The types of the events, a run of chunks as one."""
    types = [event.type for event in events]
    return [kind for at, kind in enumerate(types) if kind != "audio-chunk" or types[at - 1 : at] != [kind]]


def text_of(events: Iterable[Event]) -> str:
    """The text that all audio of the events spells."""
    return heard(b"".join(event.payload or b"" for event in events))


def error_codes(events: Iterable[Event]) -> list[str]:
    """The codes of the error events, in order."""
    return [event.data["code"] for event in events if event.type == "error"]


def start(voice: object = ..., **data: object) -> Event:
    """synthesize-start; without a voice it has no data on the wire."""
    return Event("synthesize-start", data if voice is ... else {"voice": voice, **data})


def chunk(text: object) -> Event:
    """synthesize-chunk"""
    return Event("synthesize-chunk", {"text": text})


def stop() -> Event:
    """synthesize-stop"""
    return Event("synthesize-stop")


def synthesize(text: object, voice: object = ..., **data: object) -> Event:
    """synthesize"""
    return Event("synthesize", {"text": text, **({} if voice is ... else {"voice": voice}), **data})


def as_home_assistant(*deltas: str, voice: str = "beep") -> list[Event]:
    """A reply as Home Assistant streams it, with the whole text once more for old servers."""
    whole = synthesize("".join(deltas), {"name": voice})
    return [start({"name": voice}), *map(chunk, deltas), whole, stop()]


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The messages that were logged as a warning or worse."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
