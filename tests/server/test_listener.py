"""The port and the socket file: every address by default; a file of another server is left alone."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kokoro_wyoming.config import TcpAddress, UnixAddress, parse_uri
from kokoro_wyoming.server import listener as listening
from kokoro_wyoming.server.listener import Listener, ListenError, bind, listen_error
from tests.conftest import CHECKOUT
from tests.namespaces import NAMESPACES, needs_namespaces

HAS_IPV6 = Path("/proc/net/if_inet6").exists() and "lo" in Path("/proc/net/if_inet6").read_text()
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="needs IPv6 on loopback")


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    writer.close()


@contextlib.asynccontextmanager
async def opened(uri: str) -> AsyncIterator[Listener]:
    listener = await bind(parse_uri(uri), greet)
    try:
        await listener.open()
        yield listener
    finally:
        listener.close()


async def heard(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await reader.read()
    finally:
        writer.close()


def port_of(listener: Listener) -> int:
    assert isinstance(listener.address, TcpAddress)
    return listener.address.port


# --- both families ---


@needs_ipv6
async def test_no_host_is_every_address_of_both_families_with_one_port() -> None:
    async with opened("tcp://:0") as listener:
        port = port_of(listener)
        assert port
        assert listener.places == [f"tcp://0.0.0.0:{port}", f"tcp://[::]:{port}"]
        assert await heard("127.0.0.1", port) == b"hello"
        assert await heard("::1", port) == b"hello"


@needs_ipv6
@pytest.mark.parametrize(("host", "other"), [("0.0.0.0", "::1"), ("[::]", "127.0.0.1")])
async def test_a_host_of_one_family_is_not_the_other(host: str, other: str) -> None:
    async with opened(f"tcp://{host}:0") as listener:
        assert listener.places == [f"tcp://{host}:{port_of(listener)}"]
        with pytest.raises(ConnectionRefusedError):
            await heard(other, port_of(listener))


class _Lacking(socket.socket):
    """A machine without one address family: the kernel does not have it, or no interface has such an address."""

    lacks = socket.AF_INET6
    number = errno.EAFNOSUPPORT

    def __init__(self, family: int = socket.AF_INET, *rest: Any, **options: Any) -> None:
        if family == self.lacks and self.number == errno.EAFNOSUPPORT:
            raise OSError(self.number, "lacking")
        super().__init__(family, *rest, **options)

    def bind(self, address: Any) -> None:
        if self.family == self.lacks:
            raise OSError(self.number, "lacking")
        super().bind(address)


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
@pytest.mark.parametrize("lacks", [socket.AF_INET, socket.AF_INET6])
async def test_a_machine_with_one_family_listens_on_that(
    lacks: socket.AddressFamily, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Lacking, "lacks", lacks)
    monkeypatch.setattr(_Lacking, "number", number)
    monkeypatch.setattr(socket, "socket", _Lacking)
    listener = await bind(TcpAddress("", 0), greet)
    assert [sock.family == lacks for sock in listener.sockets] == [False]
    listener.close()
    wanted = TcpAddress("::" if lacks == socket.AF_INET6 else "0.0.0.0", 10200)
    with pytest.raises(ListenError, match=r"tcp://:10200"):
        await bind(wanted, greet)


def test_a_machine_without_ipv6_is_told_what_to_write() -> None:
    error = listen_error(TcpAddress("::", 10200), OSError(errno.EAFNOSUPPORT, "not supported"))
    assert str(error) == ("Cannot listen on tcp://[::]:10200: this machine has no IPv6; use tcp://:10200.")


@needs_ipv6
async def test_a_port_that_is_free_in_one_family_alone_is_in_use() -> None:
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6) as taken,
        pytest.raises(ListenError, match="another program already listens there"),
    ):
        await bind(TcpAddress("", taken.getsockname()[1]), greet)


@needs_ipv6
async def test_any_port_is_one_that_is_free_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    class Unlucky(socket.socket):
        """The port that IPv4 was given first is in use in IPv6."""

        def bind(self, address: Any) -> None:
            if self.family == socket.AF_INET6:
                tries.append(address[1])
                if len(tries) == 1:
                    raise OSError(errno.EADDRINUSE, "in use")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Unlucky)
    listener = await bind(TcpAddress("", 0), greet)
    assert len({sock.getsockname()[1] for sock in listener.sockets}) == 1
    assert len(tries) == 2
    listener.close()


async def test_a_name_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    with pytest.raises(ListenError, match="Cannot listen on tcp://attic:1: its name is not known here"):
        await bind(TcpAddress("attic", 1), greet)


_SERVED = """
import asyncio, json, subprocess, sys
from pathlib import Path
from kokoro_wyoming.cli import main
from tests.stand_ins import beep_program

async def served():
    settings = {"server__uri": "tcp://:10200", "discovery__enabled": True}
    async with beep_program.beep_program(Path(sys.argv[2]), **settings) as server:
        return {"places": server._listener.places, "health": await asyncio.to_thread(main, ["health"])}

subprocess.run(sys.argv[1], shell=True, check=True)
beep_program.stand_in()
print(json.dumps(asyncio.run(served())))
"""
"""Runs in a network namespace, after a command that sets it up: serves the default address, and runs `health`."""


@needs_namespaces
@pytest.mark.long
@pytest.mark.parametrize(
    ("network", "status", "told"),
    [
        ("ip link set lo up && ip addr del 127.0.0.1/8 dev lo", 0, "tcp://[::1]:10200 answers"),
        ("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up", 0, "tcp://127.0.0.1:10200 answers"),
        ("true", 1, "nobody answers at tcp://127.0.0.1:10200 (network is unreachable)"),
    ],
    ids=["IPv6 alone", "IPv4 alone", "not even loopback"],
)
def test_with_half_a_network_or_none_the_default_address_is_served(
    network: str, status: int, told: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*NAMESPACES, sys.executable, "-c", _SERVED, network, str(tmp_path)],
        cwd=CHECKOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert told in done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["health"] == status
    assert "tcp://0.0.0.0:10200" in result["places"]


# --- socket files ---


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kokoro.sock"


def die_at(path: Path) -> None:
    """Leave a socket file as a killed server does."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


def replace_by_dead(path: Path) -> None:
    path.unlink()
    die_at(path)


def lies_at(path: Path) -> bool:
    """Whether there is a file of any kind."""
    return os.path.lexists(path)


async def heard_at(path: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_a_server_that_ends_leaves_its_successor_s_file(path: Path) -> None:
    async with opened(f"unix://{path}") as old:
        old.close()
        async with opened(f"unix://{path}"):
            old.close()  # as at the end of its drain
            assert await heard_at(path) == b"hello"
    assert not lies_at(path)


async def test_a_file_that_somebody_else_put_in_its_place_is_left(path: Path) -> None:
    async with opened(f"unix://{path}"):
        replace_by_dead(path)
    assert lies_at(path)


async def test_a_live_server_s_file_is_not_taken(path: Path) -> None:
    async with opened(f"unix://{path}"):
        with pytest.raises(ListenError, match="another program already listens there"):
            await bind(UnixAddress(str(path)), greet)
        assert await heard_at(path) == b"hello"


async def test_a_server_that_is_still_loading_is_not_taken_for_dead(path: Path) -> None:
    first = await bind(UnixAddress(str(path)), greet)
    with pytest.raises(ListenError, match="another program already listens there"):
        await bind(UnixAddress(str(path)), greet)
    # Whoever calls meanwhile waits, and is answered.
    waiting = asyncio.ensure_future(heard_at(path))
    await first.open()
    assert await waiting == b"hello"
    first.close()


async def test_a_listener_with_too_many_callers_lives(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, contextlib.ExitStack() as callers:
        busy.bind(str(path))
        busy.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                caller = callers.enter_context(socket.socket(socket.AF_UNIX))
                caller.setblocking(False)
                caller.connect(str(path))
        with pytest.raises(ListenError, match="another program already listens there"):
            await bind(UnixAddress(str(path)), greet)
        assert lies_at(path)


async def test_of_two_that_start_on_a_dead_file_one_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die_at(path)
    unlink = Path.unlink

    def slowly(self: Path, missing_ok: bool = False) -> None:
        time.sleep(0.2)  # the other finds it dead as well
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", slowly)
    outcomes: list[object] = []

    async def start() -> None:
        try:
            outcomes.append(await bind(UnixAddress(str(path)), greet))
        except ListenError as error:
            outcomes.append(error)

    both = [threading.Thread(target=lambda: asyncio.run(start())) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        await asyncio.to_thread(thread.join)
    refused = [str(outcome) for outcome in outcomes if isinstance(outcome, ListenError)]
    assert refused == [
        f"Cannot listen on unix://{path}: another program already listens there; stop it or choose another address "
        "with --uri."
    ]


async def test_a_folder_that_somebody_else_holds_is_no_wait_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_FOLDER_SECONDS", 0.05)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_SH)
        async with opened(f"unix://{path}"):
            assert await heard_at(path) == b"hello"
    finally:
        os.close(folder)


def _file(path: Path) -> None:
    path.write_text("mine")


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("put", [_file, _folder, _link])
async def test_what_is_no_socket_is_left_and_told(put: Callable[[Path], None], path: Path) -> None:
    put(path)
    with pytest.raises(ListenError, match="the file there is not a socket; move it away"):
        await bind(UnixAddress(str(path)), greet)
    assert lies_at(path)


async def test_a_folder_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(ListenError, match="there is no such folder"):
        await bind(UnixAddress(str(path / "below")), greet)
