"""Stand-ins for Wyoming `snd` services: one that plays through a program, as wyoming-snd-external does, and bad ones.

They are written on the `wyoming` package alone, so that the client is tested against other events than ours.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.info import Describe, Info
from wyoming.snd import Played

from tests.stand_ins.service import Serve, service


@dataclass
class Speaker:
    """A service on a free port of this machine, and the events that it was sent."""

    uri: str = ""
    events: list[Event] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def pcm(self) -> bytes:
        return b"".join(event.payload or b"" for event in self.events)


@contextlib.asynccontextmanager
async def snd_service(behaviour: Callable[[Speaker], Serve] | None = None) -> AsyncIterator[Speaker]:
    """A service with this behaviour; `playing` is the default."""
    speaker = Speaker()
    serve = (behaviour or playing)(speaker)

    async def until_hung_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            speaker.hung_up.set()

    async with service(until_hung_up) as speaker.uri:
        yield speaker


def playing(speaker: Speaker) -> Serve:
    """Plays nowhere, and says that it has played as soon as all sound has come."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (event := await async_read_event(reader)) is not None:
            speaker.events.append(event)
            if AudioStop.is_type(event.type):
                await async_write_event(Played().event(), writer)

    return serve


def playing_by(*program: str) -> Callable[[Speaker], Serve]:
    """Hands PCM to a program, which is ended when the client hangs up, or the service ends."""

    def behaviour(speaker: Speaker) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            player: asyncio.subprocess.Process | None = None
            try:
                while (event := await async_read_event(reader)) is not None:
                    speaker.events.append(event)
                    if AudioStart.is_type(event.type):
                        player = await asyncio.create_subprocess_exec(*program, stdin=asyncio.subprocess.PIPE)
                    elif AudioChunk.is_type(event.type):
                        assert player is not None
                        assert player.stdin is not None
                        player.stdin.write(AudioChunk.from_event(event).audio)
                        await player.stdin.drain()
                    elif AudioStop.is_type(event.type):
                        await async_write_event(Played().event(), writer)
            finally:
                if player is not None:
                    player.terminate()
                    await player.communicate()  # which closes the pipe, too

        return serve

    return behaviour


def silent(speaker: Speaker) -> Serve:
    """Takes all events, says nothing, and closes after the client."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (event := await async_read_event(reader)) is not None:
            speaker.events.append(event)

    return serve


def old(speaker: Speaker) -> Serve:
    """As satellites of 2023: does not know `played`, answers describe, and does not close after the client."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (event := await async_read_event(reader)) is not None:
            if Describe.is_type(event.type):
                await async_write_event(Info().event(), writer)
            else:
                speaker.events.append(event)
        await asyncio.Event().wait()

    return serve


def deaf(speaker: Speaker) -> Serve:
    """Accepts, and never reads."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()
        await asyncio.Event().wait()

    return serve


def dying(speaker: Speaker) -> Serve:
    """Breaks the connection at the first sound."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (event := await async_read_event(reader)) is not None:
            speaker.events.append(event)
            if AudioChunk.is_type(event.type):
                writer.transport.abort()
                return

    return serve


def leaving(speaker: Speaker) -> Serve:
    """Closes after the end of the sound without having said that it played."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (event := await async_read_event(reader)) is not None and not AudioStop.is_type(event.type):
            speaker.events.append(event)

    return serve


def refusing(speaker: Speaker) -> Serve:
    """Has no sound card."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await async_read_event(reader)
        await async_write_event(Error("There is no sound card.").event(), writer)
        await asyncio.Event().wait()

    return serve


def babbling(speaker: Speaker) -> Serve:
    """Speaks JSON, but not Wyoming."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await async_read_event(reader)
        writer.write(b"[1, 2]\n")
        await asyncio.Event().wait()

    return serve
