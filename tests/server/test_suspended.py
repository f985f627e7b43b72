"""A suspended process: the time does not count as slowness of the model or of clients. The network is a stand-in."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wyoming.event import Event, read_event

from kokoro_wyoming import awake
from kokoro_wyoming.awake import AwakeClock
from kokoro_wyoming.cli import main
from kokoro_wyoming.protocols.wyoming import wire
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.scheduler.listener import Listener
from kokoro_wyoming.server.discovery import advertiser
from tests.conftest import CHECKOUT
from tests.protocols.wyoming.test_wire import ONE, Clock
from tests.stand_ins.beep_house import synthesize, text_of, to_bytes
from tests.stand_ins.beep_program import AS_MADE, put_voice

HOUR = 3600.0


# The clock


def test_time_that_is_looked_at_is_counted_in_full() -> None:
    now = Clock()
    seconds = AwakeClock(now)
    for step in (0.25, 0.3, 0.01, 0.49):
        now.seconds += step
        seconds()
    assert seconds() == pytest.approx(1.05)


def test_a_suspension_counts_as_half_a_second_at_most() -> None:
    now = Clock()
    seconds = AwakeClock(now)
    now.seconds += 100 * HOUR
    assert seconds() == seconds() == 0.5


# The model thread


class Suspended:
    """A model thread with a clock that the test sets, in a turn that ends when the test says so."""

    def __init__(self) -> None:
        self.now = Clock()
        self.thread = ModelThread(clock=AwakeClock(self.now))
        self.begun, self.released = threading.Event(), threading.Event()

    def turns(self) -> Iterator[str | None]:
        yield None  # the length of a first turn does not count for the pace
        self.begun.set()
        assert self.released.wait(10)
        yield "a second"

    async def listen(self) -> list[str]:
        sound = self.thread.stream(self.turns, listener=Listener(), seconds_of=lambda _: 1.0)
        return [piece async for piece in sound]

    def look(self, times: int) -> None:
        """Look at the clock every quarter of a second, as the watchdog does."""
        for _ in range(times):
            self.now.seconds += awake.LOOK_SECONDS
            assert self.thread.turn_seconds


async def test_the_age_of_a_turn_and_of_a_wait_are_counted_and_a_suspension_is_not() -> None:
    model = Suspended()
    speaking = asyncio.ensure_future(model.listen())
    await asyncio.to_thread(model.begun.wait, 10)
    waiting = asyncio.ensure_future(model.thread.run(lambda: None))
    await asyncio.sleep(0)
    model.now.seconds += HOUR
    assert model.thread.turn_seconds <= 0.5
    assert model.thread.longest_wait_seconds <= 0.5
    model.look(240)
    assert model.thread.turn_seconds == pytest.approx(60, abs=0.5)
    assert model.thread.longest_wait_seconds == pytest.approx(60, abs=0.5)
    model.released.set()
    assert await speaking == ["a second"]
    await waiting
    assert model.thread.turn_seconds == 0
    assert model.thread.close(5)


async def test_a_suspension_does_not_make_the_model_count_as_slow() -> None:
    model = Suspended()
    speaking = asyncio.ensure_future(model.listen())
    await asyncio.to_thread(model.begun.wait, 10)
    model.now.seconds += HOUR
    model.released.set()
    assert await speaking == ["a second"]
    # With a pace of an hour for a second of sound, no new listener would be started for minutes.
    assert model.thread._pace.seconds_a_second <= 0.5
    assert model.thread.close(5)


# Clients


async def test_half_an_event_may_be_completed_after_a_suspension() -> None:
    now = Clock()
    stream = asyncio.StreamReader()
    events = wire.EventReader(stream, WireLimits(), AwakeClock(now))
    reading = asyncio.ensure_future(events.read())
    for at in range(4):
        stream.feed_data(ONE[at : at + 1])
        await asyncio.sleep(0.001)
        now.seconds += HOUR
    stream.feed_data(ONE[4:])
    event = await asyncio.wait_for(reading, 10)
    assert event is not None
    assert event.type == "describe"


async def test_a_deadline_that_passed_while_nothing_ran_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Clock()
    monkeypatch.setattr(awake, "seconds", AwakeClock(now))
    stream = asyncio.StreamReader()
    reading = asyncio.ensure_future(wire.EventReader(stream, WireLimits(idle_seconds=0.05)).read())
    await asyncio.sleep(0.2)  # the loop's own timer has passed some times
    assert not reading.done()
    now.seconds += 0.05
    with pytest.raises(wire.IdleError):
        await asyncio.wait_for(reading, 10)


# The announcement


def test_a_suspension_is_a_reason_to_be_announced_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Clock()
    monkeypatch.setattr(awake, "seconds", AwakeClock(now))
    monkeypatch.setattr(time, "time", now)
    server = advertiser.Advertiser("Kokoro", 10200, ["127.0.0.1"])
    now.seconds += HOUR
    assert server._has_slept()
    assert not server._has_slept()


# The whole program

_LIMITS = {f"{name}_seconds": 3 for name in ("stuck", "idle", "event_timeout", "write_timeout")}


class Program:
    """The program as a process that is ready."""

    def __init__(self, folder: Path) -> None:
        put_voice(folder / "voices", "af_heart")
        (folder / "settings.yaml").write_text(json.dumps({"limits": _LIMITS, "speech": AS_MADE}))
        command = [sys.executable, "-m", "tests.stand_ins.beep_program", "serve", f"--config={folder}/settings.yaml"]
        command += [f"--voices-folder={folder}/voices", "--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--no-http"]
        self.process = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.uri = next((line.split()[-1] for line in self.process.stderr if "Ready after" in line), "")
        self.log: list[str] = []
        self._follower = threading.Thread(target=self.log.extend, args=[self.process.stderr])
        self._follower.start()

    def end(self) -> int:
        """The exit status, after the process has ended and all of its log is read."""
        status = self.process.wait(30)
        self._follower.join(30)
        return status


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.process.kill()
    made.end()


class Line:
    """A client's connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._stream = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def until(self, kind: str) -> list[Event]:
        """The events that come, up to the first one of this kind."""
        events: list[Event] = []
        while not events or events[-1].type != kind:
            event = read_event(self._stream)
            assert event is not None, f"closed, after {[event.type for event in events]}"
            assert event.type != "error", event.data
            events.append(event)
        return events

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


@pytest.mark.long
def test_a_suspension_longer_than_every_limit_is_noticed_by_nobody(program: Program) -> None:
    listener, idle, halfway, newcomer = lines = [Line(int(program.uri.rpartition(":")[2])) for _ in range(4)]
    ping, describe = to_bytes([Event("ping")]), to_bytes([Event("describe")])
    idle.send(ping)
    idle.until("pong")
    halfway.send(describe[:-3])
    listener.send(to_bytes([synthesize("Well. A SLOW turn.")]))
    heard = listener.until("audio-chunk")
    time.sleep(0.2)  # the slow turn is under way

    program.process.send_signal(signal.SIGSTOP)
    newcomer.send(to_bytes([Event("ping"), synthesize("Behind it")]))
    time.sleep(2 * _LIMITS["stuck_seconds"] + 0.5)
    program.process.send_signal(signal.SIGCONT)

    (pong,) = newcomer.until("pong")
    assert not pong.data.get("trouble")
    time.sleep(0.3)  # for timers that have passed
    halfway.send(describe[-3:])
    halfway.until("info")
    idle.send(ping)
    idle.until("pong")
    assert text_of([*heard, *listener.until("audio-stop")]) == "Well.A slow turn."
    assert text_of(newcomer.until("audio-stop")) == "Behind it"
    assert main(["health", "--uri", program.uri]) == 0
    for line in lines:
        line.close()
    program.process.terminate()
    assert program.end() == 0
    assert not [line for line in program.log if "stuck" in line or "come back" in line]
