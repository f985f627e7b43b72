"""The events of one client, read and written within limits.

A client may send half an event, never read, or vanish while it is spoken to. Each case ends here after a bounded time,
with an error of its own.
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
    """The client began an event or a stream and did not complete it in time."""

    code: ClassVar[str] = "timeout"


class TooManyEventsError(PeerError):
    """The client sends more events than the limits allow."""

    code: ClassVar[str] = "too-many-events"


class PeerGoneError(Exception):
    """The client has gone. It can be told nothing, and this is no error to log."""


class CutOffError(PeerGoneError):
    """The input ended inside an event."""


class StalledError(PeerGoneError):
    """The client did not read for too long; its connection is aborted."""


class IdleError(Exception):
    """No event began within the idle time; reading may go on."""


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """As asyncio.wait_for, with two differences. Time in which this process was suspended is not counted. And a
    cancellation at the moment of the result is not lost, as it is before Python 3.12: the task would never end."""
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
            task.exception()  # or asyncio logs the exception as never retrieved where this is cancelled
    if task.cancelled():
        raise asyncio.TimeoutError
    return task.result()


class _EventBudget:
    """Limits events to `events_per_second` in the long run, and to `events_burst` at once (a token bucket)."""

    def __init__(self, limits: WireLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._left = float(limits.events_burst)
        self._filled_at_seconds = clock()

    def spend(self) -> None:
        """Count one event. Raises TooManyEventsError."""
        now = self._clock()
        refill = (now - self._filled_at_seconds) * self._limits.events_per_second
        self._left = min(self._left + refill, self._limits.events_burst) - 1
        self._filled_at_seconds = now
        if self._left < 0:
            raise TooManyEventsError(f"At most {self._limits.events_per_second:,} events per second, please.")


_READ_BYTES = 64 * 1024


class EventReader:
    """Reads the events of one client."""

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
        self._begun_at_seconds = clock()
        """Time by the clock when the current event began."""
        self.received_at_seconds = time.monotonic()
        """Monotonic time when the last bytes came."""

    async def read(self) -> Event | None:
        """The next event, or None where the input ended between events.

        Raises PeerError for the client's mistakes (then nothing more can be read), CutOffError where the input ended
        inside an event, PeerGoneError where the connection broke, and IdleError after the idle time without a byte
        (then reading may go on). Does not yield to the event loop while complete events are buffered.
        """
        while (event := self._parser.next_event()) is None:
            data = await self._receive()
            if not data and self._parser.mid_event:
                raise CutOffError
            if not data:
                return None
            self._parser.feed(data)
        # If the next event has begun, it has begun by now.
        self._begun_at_seconds = self._clock()
        self._budget.spend()
        return event

    async def _receive(self) -> bytes:
        mid_event = self._parser.mid_event
        seconds = self._limits.idle_seconds
        if mid_event:
            seconds = self._begun_at_seconds + self._limits.event_timeout_seconds - self._clock()
        try:
            data = await within(max(seconds, 0.0), self._reader.read(_READ_BYTES))
        except asyncio.TimeoutError:
            if self._reader.exception() is not None:  # the network's timeout, not the one above
                raise PeerGoneError from None
            if not mid_event:
                raise IdleError from None
            raise EventTimeoutError("An event was begun and not completed in time.") from None
        except OSError as error:
            raise PeerGoneError from error
        self.received_at_seconds = time.monotonic()
        if not mid_event:
            self._begun_at_seconds = self._clock()
        return data


class ClosePolicy(NamedTuple):
    """How patiently a connection is closed."""

    linger_seconds: float
    """Time for the client to read the last event and to close by itself. Bytes that it still sends are dropped."""
    flush_seconds: float
    """Time after that for the client to take what asyncio still holds."""


ENDED_WELL = ClosePolicy(linger_seconds=0.0, flush_seconds=30.0)
"""After a conversation without an error."""
ENDED_WITH_ERROR = ClosePolicy(linger_seconds=2.0, flush_seconds=30.0)
"""After an error event, so that the client can read it; nginx lingers for 5 s."""
HURRIED = ClosePolicy(linger_seconds=0.25, flush_seconds=0.25)
"""While the server stops, or for a client that is not admitted."""


class EventWriter:
    """Sends events to one client. Several tasks may send: each frame goes into the transport whole."""

    def __init__(self, writer: asyncio.StreamWriter, limits: WireLimits) -> None:
        self._writer = writer
        self._limits = limits
        self._put_bytes = 0
        """Bytes put so far."""
        self._drain_lock = asyncio.Lock()
        writer.transport.set_write_buffer_limits(high=limits.write_buffer_bytes)
        connection = writer.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):  # the client may have gone already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.socket_buffer_bytes)

    def put(self, *events: Event | bytes) -> None:
        """Send events, or frames that were made before, without waiting. Raises PeerGoneError."""
        frames = b"".join(frame(event) if isinstance(event, Event) else event for event in events)
        if self._writer.transport.is_closing():
            raise PeerGoneError
        self._writer.write(frames)
        self._put_bytes += len(frames)

    async def flush(self) -> None:
        """Wait until asyncio holds no more than `write_buffer_bytes` for the client.

        Where the client takes no byte for the write timeout, aborts the connection and raises StalledError. Raises
        PeerGoneError where the connection broke.
        """
        if self._held_bytes() <= self._limits.write_buffer_bytes:
            return
        # The lock is only for waiting, as older asyncio lets one task wait at a time. `put` does not need it: a stalled
        # listener keeps no task from sending.
        async with self._drain_lock:
            await self._drain()

    async def _drain(self) -> None:
        taken_before = -1
        while taken_before < (taken := self._put_bytes - self._held_bytes()):
            taken_before = taken
            try:
                await within(self._limits.write_timeout_seconds, self._writer.drain())
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
        """Raise PeerGoneError if the connection is known to be broken, without reading or writing."""
        connection = self._writer.get_extra_info("socket")
        if self._writer.transport.is_closing():
            raise PeerGoneError
        if connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise PeerGoneError

    def abort(self) -> None:
        """Close at once, and drop what is still held."""
        self._writer.transport.abort()

    async def close(self, reader: asyncio.StreamReader, policy: ClosePolicy) -> None:
        """Let the client take all that was sent, then close.

        While lingering, input is read and dropped. To close a socket with unread input resets the connection: the
        client would lose the error event that says why.
        """
        try:
            if policy.linger_seconds and not self._writer.transport.is_closing():
                with contextlib.suppress(asyncio.TimeoutError, OSError):
                    self._writer.write_eof()
                    await within(policy.linger_seconds, _discard(reader))
            self._writer.close()
            with contextlib.suppress(asyncio.TimeoutError, OSError):
                await within(policy.flush_seconds, self._writer.wait_closed())
        finally:
            self.abort()


_DISCARDED_BYTES = 16 * 1024 * 1024
"""Most input that is read and dropped while lingering."""


async def _discard(reader: asyncio.StreamReader) -> None:
    left = _DISCARDED_BYTES
    while left > 0 and (data := await reader.read(_READ_BYTES)):
        left -= len(data)
        await asyncio.sleep(0)
