"""A connection as Home Assistant has one, that says what it would have suffered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from wyoming.event import Event, async_read_event, async_write_event

_QUIET_SECONDS = 0.3
"""How long is listened for what nobody asked for."""


class FaultError(Exception):
    """What the server did wrong, and what comes of it."""


class RefusedError(Exception):
    """The server answered with an `error` event."""


@dataclass
class Sound:
    """What was heard."""

    seconds: float = 0.0
    format: tuple[int, int, int] | None = None
    """Rate in Hz, bytes a sample, channels."""
    playing: bool = False
    """Between audio-start and audio-stop."""

    def take(self, event: Event) -> None:
        """An audio event, as it comes. Raises FaultError."""
        if event.type == "audio-start":
            self._start(_format_of(event))
        elif not self.playing:
            raise FaultError(f"{event.type} outside of audio-start and audio-stop: Home Assistant drops it")
        elif event.type == "audio-stop":
            self.playing = False
        else:
            self._add(event.payload or b"", _format_of(event))

    def _start(self, sound_format: tuple[int, int, int]) -> None:
        if self.playing:
            raise FaultError("audio-start twice without audio-stop between")
        if self.format not in (None, sound_format):
            raise FaultError(f"the format changes from {self.format} to {sound_format}: it is heard at a wrong pitch")
        self.format, self.playing = sound_format, True

    def _add(self, audio: bytes, sound_format: tuple[int, int, int]) -> None:
        if sound_format != self.format:
            raise FaultError(f"a chunk is {sound_format} where audio-start said {self.format}: heard at a wrong pitch")
        rate, width, channels = sound_format
        if len(audio) % (width * channels):
            raise FaultError("a chunk ends within a sample: what follows it is heard as noise")
        self.seconds += len(audio) / (rate * width * channels)


def _format_of(event: Event) -> tuple[int, int, int]:
    told = [event.data.get(key) for key in ("rate", "width", "channels")]
    match [value for value in told if isinstance(value, int) and value > 0]:
        case [rate, width, channels]:
            return rate, width, channels
    raise FaultError(f"{event.type} does not say its format: {told}")


@dataclass
class Line:
    """Events to and from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    patience_seconds: float
    sound: Sound = field(default_factory=Sound)

    async def send(self, *events: Event) -> None:
        """Send; a server that has closed is noticed when its answer is read."""
        with contextlib.suppress(OSError):
            for event in events:
                await async_write_event(event, self.writer)

    async def event(self, seconds: float | None = None) -> Event | None:
        """The next event, None at the end. Raises FaultError when nothing comes in time."""
        patience = self.patience_seconds if seconds is None else seconds
        try:
            return await asyncio.wait_for(async_read_event(self.reader), patience)
        except asyncio.TimeoutError:
            raise FaultError(f"nothing came for {patience:g} s: Home Assistant would wait for ever") from None
        except (OSError, EOFError):
            return None

    async def info(self, seconds: float | None = None) -> dict[str, list[dict[str, object]]]:
        """The answer to describe."""
        await self.send(Event("describe"))
        while (event := await self.event(seconds)) is not None:
            if event.type == "info":
                return event.data
        raise FaultError("the connection was closed instead of an answer to describe")

    async def first_sound(self) -> None:
        """Read to the first chunk. Raises RefusedError and FaultError."""
        while not self.sound.seconds:
            await self._take_one()

    async def reply(self, *, streamed: bool) -> Sound:
        """Read a whole reply as Home Assistant does; what it would bear is borne, what it would suffer is not."""
        end = "synthesize-stopped" if streamed else "audio-stop"
        while await self._take_one() != end:
            pass
        if self.sound.playing:
            raise FaultError("synthesize-stopped came before audio-stop")
        if not self.sound.seconds:
            raise FaultError("the reply has no sound: Home Assistant stores a broken file of it for ever")
        heard, self.sound = self.sound, Sound()
        return heard

    async def _take_one(self) -> str:
        event = await self.event()
        if event is None:
            raise FaultError("the connection ended quietly in the middle: Home Assistant stores the half for ever")
        if event.type == "error":
            raise RefusedError(event.data.get("text") or "without a word")
        if event.type.startswith("audio-"):
            self.sound.take(event)
        return event.type

    async def expect_nothing(self) -> None:
        """Raises FaultError for whatever comes unasked."""
        with contextlib.suppress(asyncio.TimeoutError):
            event = await asyncio.wait_for(async_read_event(self.reader), _QUIET_SECONDS)
            if event is not None:
                raise FaultError(f"{event.type} came after the end of the reply: the next one is taken for it")

    async def expect_end(self) -> None:
        """After an error. Raises FaultError when the connection stays open."""
        try:
            while await self.event() is not None:
                pass
        except FaultError:
            raise FaultError("error without closing: Home Assistant before 2026.8 waits for ever") from None

    def vanish(self) -> None:
        """As a listener who is gone."""
        self.writer.transport.abort()


def address_of(uri: str) -> tuple[str, int]:
    """Host and port. Raises ValueError for what is not tcp://HOST:PORT."""
    with contextlib.suppress(ValueError):  # a port that is no number, an IPv6 address without its bracket
        address = urlsplit(uri)
        if address.scheme == "tcp" and address.hostname and address.port:
            return address.hostname, address.port
    raise ValueError(f"the address must be tcp://HOST:PORT, not {uri!r}")


@dataclass
class Server:
    """The one that is tried."""

    host: str
    port: int
    patience_seconds: float = 30.0
    """Without any event where one is due."""

    @contextlib.asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A new connection, closed at the end."""
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(self.host, self.port), self.patience_seconds
            )
        except (OSError, asyncio.TimeoutError) as error:
            raise FaultError(f"cannot be connected to: {error or type(error).__name__}") from error
        try:
            yield Line(reader, writer, self.patience_seconds)
        finally:
            writer.close()
