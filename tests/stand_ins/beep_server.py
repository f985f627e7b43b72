"""A stand-in for a speaking server: it answers a text with a beep, or misbehaves as told.

It is written on the `wyoming` package alone, so that the client is tested against another server than ours.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.tts import SynthesizeStopped

from tests.stand_ins.service import service

RATE_HZ = 24_000
BEEP = b"\x00\x40\x00\xc0" * 600
"""0.05 s of a 12 kHz square wave, 16-bit mono."""

_FORMAT = {"rate": RATE_HZ, "width": 2, "channels": 1}
_INFO = {"tts": [{"name": "beep", "supports_synthesize_streaming": True, "voices": [{"name": "beep_one"}]}]}

Write = Callable[[Event], Awaitable[None]]


@dataclass
class BeepServer:
    """Beeps once for each `synthesize`, or in a stream once for each `synthesize-chunk`."""

    uri: str = ""
    heard: list[Event] = field(default_factory=list)
    """The events that clients sent, without describe."""
    news: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    """The same events, as a queue to wait for."""
    info: dict[str, object] = field(default_factory=lambda: dict(_INFO))
    on_text: Callable[[BeepServer, Write], Awaitable[None]] | None = None
    """The behaviour in place of a beep."""
    is_streaming: bool = False

    def types(self) -> list[str]:
        return [event.type for event in self.heard]

    async def answer(self, event: Event, write: Write) -> None:
        if event.type == "describe":
            await write(Event("info", self.info))
            return
        self.heard.append(event)
        self.news.put_nowait(event)
        if event.type == "synthesize-start":
            self.is_streaming = True
        elif event.type == "synthesize-stop":
            await write(SynthesizeStopped().event())
        elif event.type == "synthesize-chunk" or (event.type == "synthesize" and not self.is_streaming):
            await (self.on_text or BeepServer.beep)(self, write)

    async def beep(self, write: Write) -> None:
        await write(AudioStart(**_FORMAT).event())
        await write(AudioChunk(audio=BEEP, **_FORMAT).event())
        await write(AudioStop().event())


async def refuse(server: BeepServer, write: Write) -> None:
    await write(AudioStart(**_FORMAT).event())
    await write(AudioChunk(audio=BEEP, **_FORMAT).event())
    await write(Error("There is no voice 'nobody'.", "unknown-voice").event())
    raise ConnectionAbortedError


async def die(server: BeepServer, write: Write) -> None:
    await write(AudioStart(**_FORMAT).event())
    await write(AudioChunk(audio=BEEP, **_FORMAT).event())
    raise ConnectionAbortedError


async def say_nothing(server: BeepServer, write: Write) -> None:
    await write(AudioStop().event())


async def change_format(server: BeepServer, write: Write) -> None:
    await write(AudioStart(**_FORMAT).event())
    await write(AudioChunk(rate=16_000, width=2, channels=1, audio=BEEP).event())


async def send_nonsense(server: BeepServer, write: Write) -> None:
    await write(Event("audio-start", {"rate": "high", "width": None}))


@contextlib.asynccontextmanager
async def beep_server(server: BeepServer) -> AsyncIterator[BeepServer]:
    """The server on a free port of this machine, until the block ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while event := await async_read_event(reader):
            await server.answer(event, lambda reply: async_write_event(reply, writer))

    async with service(serve) as server.uri:
        yield server
