"""The PROXY protocol: its headers as bytes, and at the doors of both faces."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event

from kokoro_wyoming import config
from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.protocols.proxy_header import Introduction, ProxyHeader, ProxyHeaderError, Source
from kokoro_wyoming.server.lifecycle import Server
from tests.stand_ins.beep_house import error_codes, from_bytes, kinds, synthesize, text_of, to_bytes
from tests.stand_ins.beep_program import BeepManager, beep_program, settings

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
IPV4 = ipaddress.ip_address("192.0.2.7").packed + ipaddress.ip_address("198.51.100.1").packed
IPV6 = ipaddress.ip_address("2001:db8::7").packed + ipaddress.ip_address("2001:db8::1").packed
PORTS = struct.pack("!HH", 51000, 10200)
LONG = ":".join(["ffff"] * 8)
TLVS = b"\x03\x00\x04abcd" + b"\x05\x00\x02id"


def binary(command: int, family: int, rest: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(rest)) + rest


GOOD: list[tuple[bytes, Source | None]] = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 10200\r\n", Source("192.0.2.7", 51000)),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 51000 10200\r\n", Source("2001:db8::7", 51000)),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 65535\r\n", Source("192.0.2.7", 1)),
    (b"PROXY TCP6 " + f"{LONG} {LONG}".encode() + b" 65535 65535\r\n", Source(LONG, 65535)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", None),
    (binary(0x21, 0x11, IPV4 + PORTS), Source("192.0.2.7", 51000)),
    (binary(0x21, 0x11, IPV4 + PORTS + TLVS), Source("192.0.2.7", 51000)),
    (binary(0x21, 0x21, IPV6 + PORTS + TLVS), Source("2001:db8::7", 51000)),
    (binary(0x21, 0x11, IPV4 + PORTS + b"\x04" * 4_084), Source("192.0.2.7", 51000)),
    (binary(0x20, 0x00, b""), None),
    (binary(0x20, 0x11, IPV4 + PORTS), None),
    (binary(0x20, 0x00, TLVS), None),
    (binary(0x21, 0x00, TLVS), None),
    (binary(0x21, 0x31, b"/tmp/a".ljust(216, b"\0")), None),
]
BAD = [
    b'{"type": "ping"}\n',
    b"GET / HTTP/1.1\r\n\r\n",
    b"proxy TCP4 192.0.2.7 198.51.100.1 51000 10200\r\n",
    b"PROXY\r\n" + b" " * 20 + b"\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51000\r\n",
    b"PROXY TCP4  192.0.2.7 198.51.100.1 51000 10200\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 10200 \r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 65536\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 051000 1\r\n",
    b"PROXY TCP4 192.0.2.007 198.51.100.1 51000 10200\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 51000 10200\r\n",
    b"PROXY TCP6 192.0.2.7 198.51.100.1 51000 10200\r\n",
    b"PROXY UDP4 192.0.2.7 198.51.100.1 51000 10200\r\n",
    b"PROXY UNKNOWN" + b" x" * 60 + b"\r\n",
    b"PROXY " + b"x" * 120,
    binary(0x11, 0x11, IPV4 + PORTS),
    binary(0x22, 0x11, IPV4 + PORTS),
    binary(0x21, 0x12, IPV4 + PORTS),
    binary(0x21, 0x22, IPV6 + PORTS),
    binary(0x21, 0x41, IPV4 + PORTS),
    binary(0x21, 0x11, IPV4),
    binary(0x21, 0x21, IPV4 + PORTS),
    binary(0x21, 0x11, IPV4 + PORTS + b"\x04" * 4_085),
    SIGNATURE[:-1] + b"X" + binary(0x21, 0x11, IPV4 + PORTS)[12:],
]
BEHIND = b'{"type": "ping"}\n'


@pytest.mark.parametrize(("header", "source"), GOOD)
def test_a_header_names_the_client_however_it_is_cut_and_leaves_what_is_behind_it(
    header: bytes, source: Source | None
) -> None:
    for size in (1, 2, 7, 16, len(header) - 1, len(header), 10_000):
        parser, behind, wire = ProxyHeader(), b"", header + BEHIND
        for at in range(0, len(wire), size):
            assert bool(parser.wanted) == (at < len(header))
            behind += parser.feed(wire[at : at + size])
        assert (behind, parser.source, parser.wanted) == (BEHIND, source, 0), size


@pytest.mark.parametrize("header", BAD)
def test_what_is_no_header_is_refused(header: bytes) -> None:
    with pytest.raises(ProxyHeaderError):
        ProxyHeader().feed(header)


@pytest.mark.parametrize(("header", "_"), GOOD)
def test_a_header_never_wants_more_than_is_its_own(header: bytes, _: object) -> None:
    parser, at = ProxyHeader(), 0
    while parser.wanted:
        assert at + parser.wanted <= len(header)
        taken = header[at : at + parser.wanted]
        at += len(taken)
        assert parser.feed(taken) == b""
    assert at == len(header)


_PARTS = [SIGNATURE, b"PROXY ", b"TCP4 ", b"\r\n", b"\x21\x11"]


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(_PARTS))))
def test_whatever_comes_is_a_header_or_refused_within_its_bound(parts: list[bytes]) -> None:
    parser = ProxyHeader()
    try:
        behind = parser.feed(b"".join(parts))
    except ProxyHeaderError:
        return
    assert parser.wanted <= 16 + 4_096
    assert behind == b"" or parser.wanted == 0


def test_the_socket_file_is_in_front_of_a_proxy() -> None:
    proxies = ("", "10.0.0.1")
    first = b"PROXY TCP4 10.0.0.1 10.0.0.2 5 6\r\n"
    second = b"PROXY TCP4 10.0.0.1 10.0.0.2 7 8\r\n"
    introduction = Introduction("", proxies.__contains__)
    assert introduction.feed(first + second + BEHIND) == BEHIND
    assert (introduction.client, introduction.wanted) == (Source("10.0.0.1", 7), 0)


# At the doors


@pytest.fixture(autouse=True)
def beeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", "kokoro_wyoming")
    return caplog


async def _ask(server: Server, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(server.uri).rpartition(":")[2]))
    writer.write(data)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


HELLO = to_bytes([synthesize("Hello")])


def line(host: str) -> bytes:
    return f"PROXY TCP{6 if ':' in host else 4} {host} {'::1' if ':' in host else '10.0.0.1'} 5000 10200\r\n".encode()


async def test_behind_a_named_proxy_the_client_is_who_the_header_says(tmp_path: Path) -> None:
    only: dict[str, Any] = {"server__allow": ["192.0.2.0/24", "2001:db8::/32"], "server__proxies": ["127.0.0.1"]}
    async with beep_program(tmp_path, **only) as server:
        for header in (line("192.0.2.7"), line("2001:db8::7"), GOOD[7][0]):
            assert text_of(from_bytes(await _ask(server, header + HELLO))) == "Hello"
        for header in (line("203.0.113.9"), b"PROXY UNKNOWN\r\n", binary(0x20, 0, b"")):
            assert error_codes(from_bytes(await _ask(server, header + HELLO))) == ["not-allowed"]


async def test_limits_are_about_the_client_behind_the_proxy(tmp_path: Path) -> None:
    only: dict[str, Any] = {"limits__connections_per_address": 1, "server__proxies": "127.0.0.0/8"}
    async with beep_program(tmp_path, **only) as server:
        port = int(str(server.uri).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(line("192.168.0.1") + to_bytes([Event("ping")]))
        assert b"pong" in await asyncio.wait_for(reader.readline(), 10)
        assert error_codes(from_bytes(await _ask(server, line("192.168.0.1") + HELLO))) == ["busy"]
        assert text_of(from_bytes(await _ask(server, line("192.168.0.2") + HELLO))) == "Hello"
        writer.close()


async def test_a_named_proxy_without_a_header_is_closed_with_one_line_in_the_log(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    async with beep_program(tmp_path, server__proxies=["127.0.0.1"]) as server:
        logged.clear()
        assert await _ask(server, HELLO) == b""
        assert await _ask(server, b"") == b""
        told = [record.getMessage() for record in logged.records if "PROXY" in record.getMessage()]
        assert len(told) == 1
        assert "127.0.0.1" in told[0]
        assert "send-proxy-v2" in told[0]


async def test_a_proxy_s_header_that_does_not_come_whole_in_time_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for face in ("wyoming.server", "http.connections"):
        monkeypatch.setattr(f"kokoro_wyoming.protocols.{face}.HEADER_SECONDS", 0.1)
    async with beep_program(tmp_path, server__proxies=["127.0.0.1"], http__uri="tcp://127.0.0.1:0") as server:
        assert server.http is not None
        for uri in (server.uri, server.http.uri):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(str(uri).rpartition(":")[2]))
            writer.write(b"PROXY TCP4 192.0.2.7")
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()


async def test_a_header_from_anybody_else_is_garbage(tmp_path: Path) -> None:
    async with beep_program(tmp_path, server__proxies=["192.0.2.1"]) as server:
        assert error_codes(from_bytes(await _ask(server, line("192.168.0.1") + HELLO))) == ["invalid-request"]
        assert kinds(from_bytes(await _ask(server, HELLO))) == ["audio-start", "audio-chunk", "audio-stop"]


async def test_the_http_face_believes_the_same_proxies(tmp_path: Path) -> None:
    only: dict[str, Any] = {"server__allow": "192.0.2.0/24", "server__proxies": ["127.0.0.1"]}
    get = b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    async with beep_program(tmp_path, http__uri="tcp://127.0.0.1:0", **only) as server:
        assert server.http is not None
        port = int(str(server.http.uri).rpartition(":")[2])

        async def ask(*parts: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            try:
                return await asyncio.wait_for(reader.read(), 10)
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

        assert b" 200 " in await ask(line("192.0.2.7") + get)
        header = GOOD[7][0]
        assert b" 200 " in await ask(header[:5], header[5:20], header[20:] + get[:9], get[9:])
        assert b" 403 " in await ask(line("203.0.113.9") + get)
        assert await ask(get) == b""
        assert server.http.connections == 0


@pytest.mark.parametrize("written", ["home", ["any"], "10.0.0.1/8", "balancer"])
def test_whom_to_believe_must_be_named(written: object, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        settings(tmp_path, server__proxies=written)


def test_a_socket_file_and_networks_may_be_named(tmp_path: Path) -> None:
    named = settings(tmp_path, server__proxies=["socket", "10.0.0.0/24", "::1"])
    assert isinstance(named, config.Config)
    assert named.server.proxies == ("socket", "10.0.0.0/24", "::1")
