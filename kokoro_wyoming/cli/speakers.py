"""One speaker of many: a Wyoming `snd` service that plays what it is sent, or is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, async_read_event, async_write_event
from wyoming.info import Describe, Info
from wyoming.snd import Played

from kokoro_wyoming.audio.playback import PlaybackClock
from kokoro_wyoming.cli.client import reason
from kokoro_wyoming.cli.wav import Sound
from kokoro_wyoming.config import TcpAddress, UnixAddress
from kokoro_wyoming.errors import KokoroWyomingError

TAIL_SECONDS = 2.0
"""`played` comes when the service has handed all sound to its player program, which holds as much as a pipe does
(64 KiB, 1.4 s) and is ended when we hang up."""


class SpeakerError(KokoroWyomingError):
    """The speaker cannot be reached, broke off, or does not play."""


@dataclass(frozen=True)
class Patience:
    """How long a speaker is waited for."""

    silent_seconds: float
    """For a connection, for sound to be taken, and for a sign of life after the end."""
    behind_seconds: float
    """Sound that waits here for it; with more it has fallen too far behind."""


class Speaker:
    """Sound given to it waits here until the service takes it; giving never waits.

    Made within the event loop that `play` runs in.
    """

    def __init__(self, address: TcpAddress | UnixAddress, patience: Patience) -> None:
        self._address = address
        self._patience = patience
        self._waiting: asyncio.Queue[tuple[Sound, bytes] | None] = asyncio.Queue()
        self._waiting_seconds = 0.0
        self._too_late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._over = False
        self._clock = PlaybackClock()
        self._played = asyncio.Event()
        self._described = asyncio.Event()
        self.seconds = 0.0
        """Sound sent so far."""

    def give(self, sound: Sound, pcm: bytes) -> None:
        """More sound, of one format; a speaker that is over takes none."""
        if self._over:
            return
        self._waiting_seconds += sound.seconds(pcm)
        if self._waiting_seconds > self._patience.behind_seconds and not self._too_late.done():
            self._too_late.set_exception(SpeakerError("it plays too slowly, and fell too far behind the speech"))
        self._waiting.put_nowait((sound, pcm))

    def end(self) -> None:
        """All sound was given."""
        self._waiting.put_nowait(None)

    async def play(self) -> bool:
        """Have the service play what is given, to its end.

        Returns whether it said that it has played; one that is only known to have taken all need not say so.
        Raises SpeakerError.
        """
        try:
            reader, writer = await self._connect()
            try:
                return await self._play(reader, writer)
            except asyncio.TimeoutError as error:
                raise SpeakerError(f"it took no sound for {self._patience.silent_seconds:g} seconds") from error
            except OSError as error:
                raise SpeakerError("it broke the connection off in the middle") from error
        finally:
            self._over = True
            self._waiting = asyncio.Queue()
            if not self._too_late.cancel():
                self._too_late.exception()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self._address
        connecting: Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        if isinstance(address, TcpAddress):
            connecting = asyncio.open_connection(address.host, address.port)
        else:
            connecting = asyncio.open_unix_connection(address.path)
        try:
            return await asyncio.wait_for(connecting, self._patience.silent_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"nobody answers there within {self._patience.silent_seconds:g} seconds") from error
        except OSError as error:
            raise SpeakerError(f"nobody answers there ({reason(error)})") from error

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        hearing = asyncio.ensure_future(self._hear(reader))
        sending = asyncio.ensure_future(self._send_all(writer))
        try:
            events: set[asyncio.Future[Any]] = {hearing, sending, self._too_late}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if self._too_late.done():
                self._too_late.result()
            # A service may close after it has played, before we have seen that all is sent.
            if hearing.done() and not (sending.done() and self._played.is_set()):
                hearing.result()
            if not sending.done():
                raise SpeakerError("it closed the connection before the end; a satellite in use takes nobody else")
            if not sending.result():
                return False
            return await self._wait_until_played(hearing, writer)
        finally:
            # Aborted, not closed: a service that does not read would never take the rest. And first: before Python
            # 3.12 `wait_for` may swallow a cancellation, and writing would go on until its time limit.
            writer.transport.abort()
            for task in (hearing, sending):
                task.cancel()
            await asyncio.gather(hearing, sending, return_exceptions=True)

    async def _send_all(self, writer: asyncio.StreamWriter) -> bool:
        """Send all sound; False when there was none."""
        sent_bytes, at_ms = 0, 0
        while (item := await self._waiting.get()) is not None:
            sound, pcm = item
            if not sent_bytes:
                await self._send(writer, AudioStart(sound.rate_hz, sound.width_bytes, sound.channels, timestamp=0))
            chunk = AudioChunk(sound.rate_hz, sound.width_bytes, sound.channels, pcm, timestamp=at_ms)
            await self._send(writer, chunk)
            sent_bytes += len(pcm)
            self._waiting_seconds -= sound.seconds(pcm)
            self._clock.add(sound.seconds(pcm))
            self.seconds += sound.seconds(pcm)
            at_ms = round(self.seconds * 1000)
        if sent_bytes:
            self._played.clear()
            await self._send(writer, AudioStop(timestamp=at_ms))
        return bool(sent_bytes)

    async def _send(self, writer: asyncio.StreamWriter, event: Eventable) -> None:
        await asyncio.wait_for(async_write_event(event.event(), writer), self._patience.silent_seconds)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Take the service's events until it closes."""
        while (event := await _event_from(reader)) is not None:
            if Played.is_type(event.type):
                self._played.set()
            elif Info.is_type(event.type):
                self._described.set()
            elif Error.is_type(event.type):
                raise SpeakerError(f"it refused: {event.data.get('text')}")

    async def _wait_until_played(self, hearing: asyncio.Future[None], writer: asyncio.StreamWriter) -> bool:
        playing = asyncio.ensure_future(self._played.wait())
        try:
            events: set[asyncio.Future[Any]] = {hearing, playing}
            patience_seconds = self._clock.left_seconds + self._patience.silent_seconds
            await asyncio.wait(events, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            playing.cancel()
        if self._played.is_set():
            await asyncio.wait({hearing}, timeout=self._clock.left_seconds + TAIL_SECONDS)
            return True
        if hearing.done():
            hearing.result()
            raise SpeakerError("it closed the connection without having said that it played")
        await self._see_it_read_all(hearing, writer)
        return False

    async def _see_it_read_all(self, hearing: asyncio.Future[None], writer: asyncio.StreamWriter) -> None:
        """Ask for a sign of life of a service that may not know of `played`.

        Satellites answer describe, others at least hang up after us; both come to it only after the sound. One that
        is stuck does neither.
        """
        await self._send(writer, Describe())
        writer.write_eof()
        answering = asyncio.ensure_future(self._described.wait())
        try:
            events: set[asyncio.Future[Any]] = {hearing, answering}
            patience_seconds = self._patience.silent_seconds
            await asyncio.wait(events, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
        if hearing.done():
            hearing.result()
        elif not self._described.is_set():
            raise SpeakerError(f"it gave no sign of life for {self._patience.silent_seconds:g} seconds; is it stuck?")


async def _event_from(reader: asyncio.StreamReader) -> Event | None:
    try:
        return await async_read_event(reader)
    except EOFError as error:
        raise ConnectionResetError from error
    # What the package raises for lines that are JSON but no event.
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SpeakerError("it answers, but not as a Wyoming service does") from error
