"""A Wyoming `snd` service: wyoming-snd-external, satellites. It tells nothing of its music and has no volume."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, async_read_event, async_write_event
from wyoming.info import Describe, Info
from wyoming.snd import Played

from kokoro_wyoming.audio.playback import PlaybackClock
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.reaching import reached

TAIL_SECONDS = 2.0
"""`played` comes when the service has handed all sound to its player program, which holds as much as a pipe does
(64 KiB, 1.4 s) and is ended when we hang up."""
_AHEAD_SECONDS = 10.0
"""Sound is sent this much before it can be heard: more would lie in the service's memory."""
_PORT = 10_601

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class WyomingSpeaker(Speaker):
    """Pushes PCM as it is made."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._connection: _Connection | None = None
        self._clock = PlaybackClock()
        self._played = asyncio.Event()
        self._described = asyncio.Event()

    async def open(self) -> None:
        address = self.address
        connecting: Coroutine[Any, Any, _Connection]
        if address.kind == "unix":
            connecting = asyncio.open_unix_connection(address.path)
        else:
            connecting = asyncio.open_connection(address.host, address.port or _PORT)
        self._connection = await reached(connecting, self.means.patience_seconds)

    async def close(self) -> None:
        # Aborted, not closed: a service that does not read would never take the rest.
        if self._connection is not None:
            self._connection[1].transport.abort()

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        assert self._connection is not None
        reader, writer = self._connection
        hearing = asyncio.ensure_future(self._hear(reader))
        sending = asyncio.ensure_future(self._send_all(writer, sound, start))
        try:
            await asyncio.wait({hearing, sending}, return_when=asyncio.FIRST_COMPLETED)
            # A service may close after it has played, before we have seen that all is sent.
            if hearing.done() and not (sending.done() and self._played.is_set()):
                hearing.result()
            if not sending.done():
                raise SpeakerError("it closed the connection before the end; a satellite in use takes nobody else")
            if not sending.result():
                return False
            return await self._wait_until_played(hearing, writer)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it took no sound for {self.means.patience_seconds:g} seconds") from error
        except OSError as error:
            raise SpeakerError("it broke the connection off in the middle") from error
        finally:
            # First: before Python 3.12 `wait_for` may swallow a cancellation, and writing would go on until its limit.
            writer.transport.abort()
            for task in (hearing, sending):
                task.cancel()
            await asyncio.gather(hearing, sending, return_exceptions=True)

    async def _send_all(self, writer: asyncio.StreamWriter, sound: AnnouncedSound, start: Start) -> bool:
        """Send all sound; False when there was none."""
        await start.wait()
        form = await sound.begun()
        if form is None:
            return False
        await self._send(writer, AudioStart(form.rate_hz, form.width_bytes, form.channels, timestamp=0))
        sent_seconds = 0.0
        async for pcm in sound.pieces():
            await asyncio.sleep(self._clock.left_seconds - _AHEAD_SECONDS)
            at_ms = round(sent_seconds * 1000)
            await self._send(writer, AudioChunk(form.rate_hz, form.width_bytes, form.channels, pcm, timestamp=at_ms))
            self._clock.add(form.seconds(pcm))
            sent_seconds += form.seconds(pcm)
        self._played.clear()
        await self._send(writer, AudioStop(timestamp=round(sent_seconds * 1000)))
        return True

    async def _send(self, writer: asyncio.StreamWriter, event: Eventable) -> None:
        await asyncio.wait_for(async_write_event(event.event(), writer), self.means.patience_seconds)

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
            patience_seconds = self._clock.left_seconds + self.means.patience_seconds
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
            patience_seconds = self.means.patience_seconds
            await asyncio.wait(events, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
        if hearing.done():
            hearing.result()
        elif not self._described.is_set():
            raise SpeakerError(f"it gave no sign of life for {self.means.patience_seconds:g} seconds; is it stuck?")


async def _event_from(reader: asyncio.StreamReader) -> Event | None:
    try:
        return await async_read_event(reader)
    except EOFError as error:
        raise ConnectionResetError from error
    # What the package raises for lines that are JSON but no event.
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SpeakerError("it answers, but not as a Wyoming service does") from error
