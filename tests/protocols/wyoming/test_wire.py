"""Reading and writing over a socket, within limits of time and size."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from wyoming.event import Event

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.wyoming import wire
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from tests.stand_ins.beep_house import to_bytes, until

IMPATIENT = WireLimits(
    event_timeout_seconds=0.05, idle_seconds=0.05, write_timeout_seconds=0.1, socket_buffer_bytes=8192
)
ONE = to_bytes([Event("describe", {"a": 1})])


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _reader(
    limits: WireLimits, data: bytes = b"", *, ended: bool = False
) -> tuple[asyncio.StreamReader, wire.EventReader]:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    if ended:
        stream.feed_eof()
    return stream, wire.EventReader(stream, limits)


@contextlib.asynccontextmanager
async def _line(
    limits: WireLimits,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, wire.EventWriter]]:
    """The reader and writer of a client, and the server's writer to it, over a real socket."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, server.sockets[0].getsockname())
    reader, writer = await asyncio.open_connection(sock=client, limit=1024)
    await until(lambda: bool(writers))
    try:
        yield reader, writer, wire.EventWriter(writers[0], limits)
    finally:
        for end in (writer, *writers):
            end.transport.abort()
        server.close()


async def test_the_input_may_end_between_events() -> None:
    _, events = _reader(WireLimits(), ONE, ended=True)
    assert await events.read() == Event("describe", {"a": 1})
    assert await events.read() is None
    assert await events.read() is None


@pytest.mark.parametrize("length", range(1, len(ONE)))
async def test_the_end_of_input_inside_an_event_is_told_apart(length: int) -> None:
    _, events = _reader(WireLimits(), ONE[:length], ended=True)
    with pytest.raises(wire.CutOffError):
        await events.read()


@pytest.mark.parametrize("length", [1, len(ONE) - 3])
async def test_half_an_event_is_not_waited_for_for_ever(length: int) -> None:
    _, events = _reader(IMPATIENT, ONE[:length])
    with pytest.raises(wire.EventTimeoutError):
        await events.read()


async def test_half_an_event_behind_a_whole_one_times_out_too() -> None:
    _, events = _reader(IMPATIENT, ONE + ONE[:5])
    await events.read()
    with pytest.raises(wire.EventTimeoutError):
        await events.read()


async def test_an_event_that_drips_in_has_one_time_limit_for_all_of_it() -> None:
    clock = Clock()
    stream = asyncio.StreamReader()
    events = wire.EventReader(stream, WireLimits(event_timeout_seconds=10), clock)
    reading = asyncio.ensure_future(events.read())
    for byte in ONE[:5]:
        stream.feed_data(bytes([byte]))
        await asyncio.sleep(0.001)
        clock.seconds += 3
    with pytest.raises(wire.EventTimeoutError):
        await asyncio.wait_for(reading, 5)


async def test_being_idle_is_no_fault_and_reading_may_go_on() -> None:
    stream, events = _reader(IMPATIENT)
    for _ in range(2):
        with pytest.raises(wire.IdleError):
            await events.read()
    stream.feed_data(ONE)
    assert await events.read() is not None


async def test_a_broken_connection_is_a_peer_that_is_gone() -> None:
    for error in (ConnectionResetError(), BrokenPipeError(), TimeoutError(110, "timed out")):
        stream, events = _reader(WireLimits())
        stream.set_exception(error)
        with pytest.raises(wire.PeerGoneError):
            await events.read()


async def test_events_are_limited_in_number_by_the_second() -> None:
    clock = Clock()
    stream = asyncio.StreamReader()
    events = wire.EventReader(stream, WireLimits(events_per_second=10, events_burst=20), clock)
    stream.feed_data(ONE * 100)
    for _ in range(20):
        await events.read()
    clock.seconds += 1
    for _ in range(10):
        await events.read()
    with pytest.raises(wire.TooManyEventsError):
        await events.read()


async def test_what_is_put_arrives_whole_and_in_order() -> None:
    async with _line(WireLimits()) as (reader, _, out):
        out.put(Event("a"), ONE)
        out.put(Event("c", payload=b"xyz"))
        await out.flush()
        expected = to_bytes([Event("a")]) + ONE + to_bytes([Event("c", payload=b"xyz")])
        assert await reader.readexactly(len(expected)) == expected


async def test_a_listener_that_does_not_read_holds_little_and_is_dropped() -> None:
    async with _line(IMPATIENT) as (_, __, out):

        async def write_on() -> None:
            while out._held_bytes() <= IMPATIENT.write_buffer_bytes:
                out.put(b"x" * 4096)
                await out.flush()

        with pytest.raises(wire.StalledError):
            await write_on()
        with pytest.raises(wire.PeerGoneError):
            out.put(b"x")


async def test_a_listener_that_reads_slowly_is_not_dropped() -> None:
    limits = WireLimits(write_timeout_seconds=0.2, socket_buffer_bytes=4096, write_buffer_bytes=400_000)
    async with _line(limits) as (reader, _, out):

        async def read_slowly() -> int:
            count = 0
            while count < 800_000:
                count += len(await reader.read(8192))
                await asyncio.sleep(0.005)
            return count

        reading = asyncio.ensure_future(read_slowly())
        out.put(b"x" * 800_000)
        await out.flush()
        assert await reading == 800_000


async def test_a_stalled_listener_keeps_nobody_from_putting_a_frame() -> None:
    async with _line(WireLimits(socket_buffer_bytes=4096)) as (reader, _, out):
        out.put(b"x" * 400_000)
        flushing = [asyncio.ensure_future(out.flush()) for _ in range(3)]
        await asyncio.sleep(0)
        out.put(ONE)
        assert not any(flush.done() for flush in flushing)
        assert (await reader.readexactly(400_000 + len(ONE))).endswith(ONE)
        await asyncio.gather(*flushing)


async def test_a_client_that_resets_is_seen_without_reading_or_writing() -> None:
    async with _line(WireLimits()) as (_, writer, out):
        out.check()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        writer.transport.abort()

        def gone() -> bool:
            try:
                out.check()
            except wire.PeerGoneError:
                return True
            return False

        await until(gone)


def test_every_fault_of_a_peer_has_its_code() -> None:
    faults = (wire.EventTimeoutError, wire.TooManyEventsError)
    assert [fault.code for fault in faults] == ["timeout", "too-many-events"]
    assert all(issubclass(fault, PeerError) for fault in faults)
    assert not issubclass(wire.PeerGoneError, PeerError)
