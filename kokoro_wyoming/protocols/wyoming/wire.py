"""The events of one client, read and written within limits.

What hurts a server that trusts its clients: half an event that is never completed, a listener that never reads,
a client that has gone while it is spoken to. Each ends here, by name, after a bounded time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, NamedTuple, TypeVar

from wyoming.event import Event

from kokoro_wyoming import awake
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.wyoming.frames import FrameParser, WireLimits, frame

_T = TypeVar("_T")


class EventTimeoutError(PeerError):
    """An event that was begun and not finished in time, or a stream that nobody went on with."""

    code: ClassVar[str] = "timeout"


class TooManyEventsError(PeerError):
    """More events than any speaker of text can mean."""

    code: ClassVar[str] = "too-many-events"


class PeerGoneError(Exception):
    """The client is no longer there: nobody to tell, nothing to log."""


class CutOffError(PeerGoneError):
    """The input ended inside an event."""


class StalledError(PeerGoneError):
    """The client has not read for too long; its connection is aborted."""


class IdleError(Exception):
    """No event was begun for the idle time; reading may go on."""


async def _within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """As asyncio.wait_for, which before Python 3.12 loses a cancellation that meets the result: the task that was
    told to end then goes on for ever. Time in which this process was suspended is nobody's fault and is not counted."""
    over_at_seconds = awake.seconds() + seconds
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=seconds)
        while not task.done() and (left_seconds := over_at_seconds - awake.seconds()) > 0:
            await asyncio.wait((task,), timeout=left_seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # or asyncio reports it as never retrieved when this is cancelled
    if task.cancelled():
        raise asyncio.TimeoutError
    return task.result()


class _EventBudget:
    """A bucket of events that refills with time."""

    def __init__(self, limits: WireLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._left = float(limits.events_burst)
        self._filled_at = clock()

    def spend(self) -> None:
        now = self._clock()
        refill = (now - self._filled_at) * self._limits.events_per_second
        self._left = min(self._left + refill, self._limits.events_burst) - 1
        self._filled_at = now
        if self._left < 0:
            raise TooManyEventsError(f"At most {self._limits.events_per_second:,} events per second, please.")


_READ_BYTES = 64 * 1024


class EventReader:
    """The events of one client."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        limits: WireLimits,
        clock: Callable[[], float] = awake.seconds,
    ) -> None:
        self._reader = reader
        self._limits = limits
        self._clock = clock
        self._parser = FrameParser(limits)
        self._budget = _EventBudget(limits, clock)
        self._begun_at = clock()
        self.received_at = time.monotonic()
        """Monotonic: when bytes last came."""

    async def read(self) -> Event | None:
        """The next event, or None where the input ended between events.

        Raises PeerError for what the client did wrong (then nothing more can be read), CutOffError where the
        input ended inside an event, PeerGoneError where the connection broke, and IdleError after the idle
        time without a byte (then reading may go on). Does not yield to the loop while events are at hand.
        """
        while (event := self._parser.next_event()) is None:
            data = await self._receive()
            if not data and self._parser.mid_event:
                raise CutOffError
            if not data:
                return None
            self._parser.feed(data)
        # What is left was begun by now at the latest.
        self._begun_at = self._clock()
        self._budget.spend()
        return event

    async def _receive(self) -> bytes:
        mid_event = self._parser.mid_event
        seconds = self._limits.idle_seconds
        if mid_event:
            seconds = self._begun_at + self._limits.event_timeout_seconds - self._clock()
        try:
            data = await _within(max(seconds, 0.0), self._reader.read(_READ_BYTES))
        except asyncio.TimeoutError:
            if self._reader.exception() is not None:  # the network's own timeout, not ours
                raise PeerGoneError from None
            if not mid_event:
                raise IdleError from None
            raise EventTimeoutError("An event was begun and not completed in time.") from None
        except OSError as error:
            raise PeerGoneError from error
        self.received_at = time.monotonic()
        if not mid_event:
            self._begun_at = self._clock()
        return data


class ClosePolicy(NamedTuple):
    """How patiently a connection is closed."""

    linger_seconds: float
    """For the client to read the last and close by itself; what it still sends is dropped."""
    flush_seconds: float
    """For asyncio's own buffer to be taken by the client afterwards."""


CONTENT = ClosePolicy(linger_seconds=0.0, flush_seconds=30.0)
"""After a conversation that ended well."""
WITH_ERROR = ClosePolicy(linger_seconds=2.0, flush_seconds=30.0)
"""For an error event to be read; nginx lingers for 5 s."""
HURRIED = ClosePolicy(linger_seconds=0.25, flush_seconds=0.25)
"""While the server is about to stop, or has more clients than it admits."""


class EventWriter:
    """Sends events to one client. Frames go into the transport whole, so that several tasks may send."""

    def __init__(self, writer: asyncio.StreamWriter, limits: WireLimits) -> None:
        self._writer = writer
        self._limits = limits
        self._put_bytes = 0
        self._draining = asyncio.Lock()
        writer.transport.set_write_buffer_limits(high=limits.write_buffer_bytes)
        connection = writer.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):  # the client may have gone already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.socket_buffer_bytes)

    def put(self, *events: Event | bytes) -> None:
        """Send events, or frames made before; returns at once. Raises PeerGoneError."""
        frames = b"".join(frame(event) if isinstance(event, Event) else event for event in events)
        if self._writer.transport.is_closing():
            raise PeerGoneError
        self._writer.write(frames)
        self._put_bytes += len(frames)

    async def flush(self) -> None:
        """Wait until what is held for the client is below the limit.

        Raises StalledError, and aborts the connection, where the client took nothing for the write timeout,
        PeerGoneError where the connection broke.
        """
        if self._held_bytes() <= self._limits.write_buffer_bytes:
            return
        # Only waiting is done under the lock (older asyncio has room for one waiter): nobody is kept from
        # putting a frame by a listener that has stalled.
        async with self._draining:
            await self._drain()

    async def _drain(self) -> None:
        taken_before = -1
        while taken_before < (taken := self._put_bytes - self._held_bytes()):
            taken_before = taken
            try:
                await _within(self._limits.write_timeout_seconds, self._writer.drain())
                return
            except asyncio.TimeoutError:
                if self._writer.transport.is_closing():
                    raise PeerGoneError from None
            except OSError as error:
                raise PeerGoneError from error
        self.abort()
        raise StalledError

    def _held_bytes(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def check(self) -> None:
        """Raise PeerGoneError if the connection is known to be broken, though nothing is read or written."""
        connection = self._writer.get_extra_info("socket")
        if self._writer.transport.is_closing():
            raise PeerGoneError
        if connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise PeerGoneError

    def abort(self) -> None:
        """Close at once, whatever is still held."""
        self._writer.transport.abort()

    async def close(self, reader: asyncio.StreamReader, farewell: ClosePolicy) -> None:
        """Let the client have all that was sent, then close.

        While lingering, what it still sends is read and dropped: closing a socket with unread input resets the
        connection, and the client would lose the error event that tells it why.
        """
        try:
            if farewell.linger_seconds and not self._writer.transport.is_closing():
                with contextlib.suppress(asyncio.TimeoutError, OSError):
                    self._writer.write_eof()
                    await _within(farewell.linger_seconds, _discard(reader))
            self._writer.close()
            with contextlib.suppress(asyncio.TimeoutError, OSError):
                await _within(farewell.flush_seconds, self._writer.wait_closed())
        finally:
            self.abort()


_DISCARDED_BYTES = 16 * 1024 * 1024


async def _discard(reader: asyncio.StreamReader) -> None:
    left = _DISCARDED_BYTES
    while left > 0 and (data := await reader.read(_READ_BYTES)):
        left -= len(data)
        await asyncio.sleep(0)
