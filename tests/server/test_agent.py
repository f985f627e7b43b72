"""What balancers are told: by the agent, in pongs, at /ready; and how a server stops. No network speaks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from wyoming.event import Event

from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.scheduler.listener import Listener
from kokoro_wyoming.scheduler.load import Load, Pace
from kokoro_wyoming.server.agent import line
from kokoro_wyoming.server.discovery import Advertiser
from kokoro_wyoming.server.lifecycle import Server
from kokoro_wyoming.server.listener import Listener as Port
from kokoro_wyoming.server.startup import State
from tests.stand_ins.beep_house import error_codes, from_bytes, synthesize, text_of, to_bytes, until
from tests.stand_ins.beep_program import RELEASED, BeepManager, beep_program

AGENT: dict[str, Any] = {"server__agent_uri": "tcp://127.0.0.1:0"}


@pytest.fixture(autouse=True)
def beeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})


def _port(uri: str | None) -> int:
    return int(str(uri).rpartition(":")[2])


async def _told(server: Server) -> str:
    assert server.agent is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(server.agent.uri))
    told = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert told.endswith(b"\n")
    return told.decode().rstrip("\n")


async def _ask(port: int, *events: Event) -> list[Event]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(to_bytes(events))
    writer.write_eof()
    replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
    writer.close()
    return replies


async def _get(server: Server, path: str) -> tuple[int, str]:
    assert server.http is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(server.http.uri))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
    writer.close()
    return int(head.split()[1]), head


# The load


class Told:
    """Stands in for a running engine whose load is known."""

    def __init__(self, load: float) -> None:
        self.load = load


@pytest.mark.parametrize(
    ("load", "told"),
    [
        (0.0, "ready up 100%"),
        (0.25, "ready up 75%"),
        (0.996, "ready up 1%"),
        (1.0, "ready up 1%"),
        (7.0, "ready up 1%"),
    ],
)
def test_the_weight_is_what_the_machine_has_left_and_never_none(load: float, told: str) -> None:
    running: Any = Told(load)
    assert line(State(is_ready=True, running=running)) == told
    assert line(State(is_ready=False, stopping=True, running=running)) == "drain"
    assert line(State(is_ready=False, running=running)) == "stopped"
    assert line(State()) == "stopped"


def test_a_listener_counts_from_the_first_wish_to_the_end_of_what_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("kokoro_wyoming.scheduler.load.time.monotonic", lambda: now[0])
    pace = Pace()
    load = Load(pace)
    assert load.of({"waits"}) == 0  # the pace is not known
    pace.add(0.25, 1.0)
    assert load.of(set()) == 0
    assert load.of({"waits", "too"}) == 0.5
    load.served("waits", now[0] + 3)
    load.served("an hour ahead", now[0] + 3600)
    assert load.of({"too"}) == 0.75
    assert load.of({"waits"}) == 0.5  # one listener is one, whatever was made before
    now[0] += 3
    assert load.of(set()) == 0.25
    now[0] += 7
    assert load.of(set()) == 0


async def test_the_thread_knows_its_listeners_and_leaves_out_who_left_and_work_for_nobody() -> None:
    thread = ModelThread()
    gate = threading.Event()

    def second(_: object) -> float:
        return 3_600.0

    def steps(*pieces: str | None) -> Iterator[str | None]:
        for piece in pieces:
            gate.wait(10)
            time.sleep(0.01)
            yield piece

    async def hear(listener: Listener) -> None:
        async for _ in thread.stream(lambda: steps(None, "a", "b"), listener=listener, seconds_of=second):
            pass

    try:
        gate.set()
        await hear(Listener())
        await until(lambda: thread.waiting == 0 and thread.load > 0)
        pace = thread.load  # of the one who still hears
        gate.clear()
        both = [asyncio.ensure_future(hear(Listener())) for _ in range(2)]
        nobody = asyncio.ensure_future(hear(Listener(due=float("inf"))))
        await until(lambda: thread.waiting == 3)
        assert thread.load == pytest.approx(3 * pace)
        for task in (both[1], nobody):
            task.cancel()
        await until(lambda: thread.load == pytest.approx(2 * pace))
        gate.set()
        await asyncio.gather(*both, nobody, return_exceptions=True)
    finally:
        gate.set()
        assert await asyncio.to_thread(thread.close, 5)


# The agent


async def test_an_idle_server_is_up_with_all_its_weight_and_a_busy_one_with_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beep_program(tmp_path, **AGENT) as server:
        monkeypatch.setattr(ModelThread, "load", 0.0)
        assert await _told(server) == "ready up 100%"
        monkeypatch.setattr(ModelThread, "load", 0.25)
        assert await _told(server) == "ready up 75%"


@pytest.mark.slow
async def test_a_server_whose_model_hangs_is_stopped(tmp_path: Path) -> None:
    async with beep_program(tmp_path, limits__stuck_seconds=1, **AGENT) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", _port(server.uri))
        writer.write(to_bytes([synthesize("It gets STUCK")]))
        told = await _told(server)
        while told != "stopped":
            assert told.startswith("ready up ")
            await asyncio.sleep(0.05)
            told = await _told(server)
        RELEASED.set()
        writer.close()


async def test_a_stranger_is_told_nothing(tmp_path: Path) -> None:
    async with beep_program(tmp_path, server__allow=["192.0.2.1"], **AGENT) as server:
        assert server.agent is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(server.agent.uri))
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


# The announcement


async def test_the_announcement_can_carry_the_balancer_s_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[tuple[int, Sequence[str] | None]] = []

    async def publish(advertiser: Advertiser) -> None:
        announced.append((advertiser._port, advertiser._advertise_hosts))

    monkeypatch.setattr(Advertiser, "publish", publish)
    balancer: dict[str, Any] = {"discovery__advertise_host": "192.0.2.9", "discovery__advertise_port": 10_299}
    async with beep_program(tmp_path, None, discovery__enabled=True, **balancer) as server:
        own = _port(server.uri)
    async with beep_program(tmp_path, None, discovery__enabled=True, server__uri=f"tcp://127.0.0.1:{own}"):
        pass
    assert announced == [(10_299, ("192.0.2.9",)), (own, None)]


# The stop


@pytest.mark.slow
async def test_a_model_that_hangs_while_the_server_stops_holds_nobody_for_an_hour(tmp_path: Path) -> None:
    patient: dict[str, Any] = {"limits__stuck_seconds": 1, "server__drain_seconds": 3_600}
    async with beep_program(tmp_path, None, **patient) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(server.uri))
        writer.write(to_bytes([synthesize("It gets STUCK")]))
        await until(lambda: server._thread.turn_seconds > 0)
        server.stop()
        assert error_codes(from_bytes(await asyncio.wait_for(reader.read(), 20))) == ["stuck"]
        writer.close()
        await until(lambda: server._listener is not None and not server._listener.sockets)


async def test_a_stop_is_told_first_while_whoever_comes_is_served(tmp_path: Path) -> None:
    notice: dict[str, Any] = {**AGENT, "server__drain_notice_seconds": 3_600, "http__uri": "tcp://127.0.0.1:0"}
    async with beep_program(tmp_path, **notice) as server:
        port = _port(server.uri)
        (pong,) = await _ask(port, Event("ping", {"text": "a"}))
        assert pong.data == {"text": "a"}
        assert (await _get(server, "/ready"))[0] == 200
        server.stop()
        await until(lambda: server._serving is not None and server._serving.service.stopping)
        assert await _told(server) == "drain"
        (pong,) = await _ask(port, Event("ping", {"text": "a"}))
        assert pong.data == {"text": "a", "stopping": True}
        assert text_of(await _ask(port, synthesize("Still served"))) == "Still served"
        assert (await _get(server, "/ready"))[0] == 503
        status, head = await _get(server, "/v1/models")
        assert status == 200
        assert "connection: close" in head.lower()
        assert (await _get(server, "/health"))[0] == 200


@pytest.mark.slow
async def test_whoever_waits_at_the_port_when_it_closes_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crowd connects and asks while the event loop does something else, and then the port is closed."""
    many = {"limits__waiting_utterances_per_address": 64, "server__drain_seconds": 20}
    async with beep_program(tmp_path, None, **many) as server:
        at = ("127.0.0.1", _port(server.uri))
        finish = Port.finish

        async def crowded(port: Port) -> None:
            if port.sockets:
                crowd.extend(socket.create_connection(at) for _ in range(60))
                for number, client in enumerate(crowd[:50]):
                    client.sendall(to_bytes([synthesize(f"Number {number}")]))
            await finish(port)

        crowd: list[socket.socket] = []
        monkeypatch.setattr(Port, "finish", crowded)
        server.stop()
        await until(lambda: len(crowd) == 60)
        heard = await asyncio.gather(*(asyncio.to_thread(_read_all, client) for client in crowd))
    assert [text_of(from_bytes(each)) for each in heard[:50]] == [f"Number {number}" for number in range(50)]
    assert [error_codes(from_bytes(each)) for each in heard[50:]] == [["shutting-down"]] * 10


async def test_by_http_too_whoever_waits_at_the_port_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beep_program(tmp_path, None, http__uri="tcp://127.0.0.1:0", server__drain_seconds=20) as server:
        assert server.http is not None
        port = _port(server.http.uri)
        finish = Port.finish

        async def crowded(listener: Port) -> None:
            if not crowd and any(each.getsockname()[1] == port for each in listener.sockets):
                crowd.extend(socket.create_connection(("127.0.0.1", port)) for _ in range(40))
                for client in crowd:
                    client.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            await finish(listener)

        crowd: list[socket.socket] = []
        monkeypatch.setattr(Port, "finish", crowded)
        server.stop()
        await until(lambda: len(crowd) == 40)
        heard = await asyncio.gather(*(asyncio.to_thread(_read_all, client) for client in crowd))
    told = {each.split(b"\r\n")[0] for each in heard}
    assert told <= {b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"}, told


def _read_all(client: socket.socket) -> bytes:
    client.settimeout(20)
    with contextlib.closing(client):
        return b"".join(iter(lambda: client.recv(65_536), b""))
