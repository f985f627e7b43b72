"""The relay over real sockets: whatever a server does, its client has whole events, and is told what is missing."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event

from kokoro_wyoming.cli import main
from kokoro_wyoming.config import TcpAddress
from kokoro_wyoming.server.relay import Events, Relay
from tests.stand_ins.beep_house import error_codes, from_bytes, kinds, synthesize, to_bytes

REPLY = to_bytes(
    [
        AudioStart(24_000, 2, 1, timestamp=0).event(),
        AudioChunk(24_000, 2, 1, audio=b"\n{\0" * 20, timestamp=0).event(),
        AudioStop(timestamp=1).event(),
        Event("synthesize-stopped"),
    ]
)
_SOUND_ENDS = len(to_bytes(from_bytes(REPLY)[:3]))
_AT_ONCE = 100  # of relays; each has six sockets
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries as often as ever, after shorter pauses."""
    monkeypatch.setattr("kokoro_wyoming.server.relay._PAUSES_SECONDS", (0.0, 0.01, 0.05, 0.1))


@contextlib.asynccontextmanager
async def relayed(serve: Serve) -> AsyncIterator[tuple[Relay, int]]:
    """A relay before a server that does as the test says."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()).startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 ")
        await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    relay = Relay(TcpAddress("127.0.0.1", server.sockets[0].getsockname()[1]))
    front = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    try:
        yield relay, front.sockets[0].getsockname()[1]
    finally:
        front.close()
        server.close()
        for task in list(relay.clients):
            task.cancel()
        await asyncio.gather(*relay.clients, return_exceptions=True)


async def ask(port: int, data: bytes = to_bytes([synthesize("Hello")])) -> list[Event]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    replies = from_bytes(await asyncio.wait_for(reader.read(), 20))
    writer.close()
    return replies


def ends_after(count: int, *, resets: bool) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(REPLY[:count])
        await writer.drain()
        if resets:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(1, 13, linger)  # SOL_SOCKET, SO_LINGER
            await asyncio.sleep(0.01)
            writer.transport.abort()

    return serve


@pytest.mark.slow
async def test_wherever_a_server_dies_its_client_has_whole_events_and_is_told() -> None:
    async def one(count: int) -> None:
        async with relayed(ends_after(count, resets=False)) as (_, port):
            replies = await ask(port)
            if count < _SOUND_ENDS:
                assert error_codes(replies) == ["server-lost"], count
                assert REPLY.startswith(to_bytes(replies[:-1]))
            else:
                assert kinds(replies)[:3] == ["audio-start", "audio-chunk", "audio-stop"]
                assert error_codes(replies) == []

    for at in range(0, len(REPLY) + 1, _AT_ONCE):
        await asyncio.gather(*(one(count) for count in range(at, min(at + _AT_ONCE, len(REPLY) + 1))))


async def test_a_reset_is_told_too() -> None:
    async with relayed(ends_after(len(REPLY) - 100, resets=True)) as (_, port):
        assert error_codes(await ask(port)) == ["server-lost"]


async def test_an_error_of_the_server_is_the_last_word() -> None:
    told = [AudioStart(24_000, 2, 1).event(), Event("error", {"text": "Enough.", "code": "shutting-down"})]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(to_bytes(told))

    async with relayed(serve) as (_, port):
        assert error_codes(await ask(port)) == ["shutting-down"]


async def test_who_got_no_answer_at_all_is_served_by_the_next_and_not_told() -> None:
    questions: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        questions.append(await reader.read() if len(questions) < 2 else await reader.readline())
        writer.write(REPLY[: [0, 7, len(REPLY)][len(questions) - 1]])

    async with relayed(serve) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        question = to_bytes([synthesize("Hello")])
        writer.write(question)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 20) == REPLY
        writer.close()
    assert questions[:2] == [question, question]


async def test_a_server_that_ends_before_the_question_is_read_is_not_the_last_one() -> None:
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        if served > 1:
            await reader.readline()
            writer.write(REPLY)

    async with relayed(serve) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.05)  # so that the first server has ended
        writer.write(to_bytes([synthesize("Hello")]))
        assert await asyncio.wait_for(reader.readexactly(len(REPLY)), 20) == REPLY
        writer.close()


async def test_who_asked_nothing_is_told_nothing() -> None:
    async def serve(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        """It ends at once."""

    async with relayed(serve) as (_, port):
        assert await ask(port, b"") == []


async def test_without_a_server_the_client_is_told() -> None:
    relay = Relay(TcpAddress("127.0.0.1", 1))
    front = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    assert error_codes(await ask(front.sockets[0].getsockname()[1])) == ["server-lost"]
    front.close()


@pytest.mark.parametrize("noise", [b"HTTP/1.1 200 OK\r\n\r\n", b"[]\n", b'{"type": 1, "data_length": "x"}\n', b"{}\n"])
async def test_what_is_no_event_is_not_handed_on(noise: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(noise)

    async with relayed(serve) as (_, port):
        assert error_codes(await ask(port)) == ["server-lost"]


async def test_a_client_that_leaves_is_gone_for_the_server() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async with relayed(serve) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"type": "ping"}\n')
        await writer.drain()
        writer.close()
        await asyncio.wait_for(gone.wait(), 20)


def test_events_are_whole_however_they_are_cut() -> None:
    for size in (1, 3, 64, 1_000):
        events, passed = Events(), b""
        for at in range(0, len(REPLY), size):
            passed += events.take(REPLY[at : at + size])
        assert passed == REPLY
        assert not events.owes()


@pytest.mark.parametrize("uri", ["unix:///run/kokoro.sock", "tcp://:10200", "haproxy"])
def test_where_to_must_be_a_tcp_address_with_a_host(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relay", "--to", uri]) == 2
    assert "--to" in capsys.readouterr().err
