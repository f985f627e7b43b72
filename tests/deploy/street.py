"""A street: replicas that beep, a real HAProxy with deploy/haproxy.cfg before them, and the relay before it.

All are processes on loopback. Of the configuration only ports, addresses and what a test says are replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wyoming.event import Event, async_read_event

from tests.conftest import CHECKOUT
from tests.stand_ins.beep_house import synthesize, text_of, to_bytes
from tests.stand_ins.beep_program import AS_MADE, put_voice

PATIENCE_SECONDS = 180.0
CONFIGURATION = CHECKOUT / "deploy" / "haproxy.cfg"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


class Process:
    """A program of this test, with its log in a file."""

    def __init__(self, log: Path, *command: str, **environment: str) -> None:
        with log.open("ab") as file:
            self._popen = subprocess.Popen(
                command, cwd=CHECKOUT, stderr=file, stdout=file, env={**os.environ, **environment}
            )
        self.log = log

    @property
    def status(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def wait(self) -> int:
        return self._popen.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        if self.status is None:
            self._popen.kill()
        self._popen.wait()


@dataclass
class Replica:
    """One server: its ports stay when it is started anew."""

    folder: Path
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    pause_seconds: float = 0.1
    port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    agent_port: int = field(default_factory=free_port)
    process: Process | None = None

    def start(self) -> None:
        """Start it; `until_ready` waits."""
        server = {
            "uri": f"tcp://127.0.0.1:{self.port}",
            "agent_uri": f"tcp://127.0.0.1:{self.agent_port}",
            "proxies": ["127.0.0.1"],
            "drain_notice_seconds": 6,
            "drain_seconds": 120,
            **self.settings,
        }
        limits = {"connections_per_address": 256, "waiting_utterances_per_address": 64}
        config = self.folder / f"{self.name}.yaml"
        config.write_text(
            json.dumps(
                {
                    "server": server,
                    "http": {"uri": f"tcp://127.0.0.1:{self.http_port}"},
                    "discovery": {"enabled": False},
                    "limits": limits,
                    "speech": AS_MADE,
                    "folders": {"voices": str(self.folder / "voices")},
                }
            )
        )
        self.log.unlink(missing_ok=True)
        module = ("-m", "tests.stand_ins.beep_program", "serve", f"--config={config}")
        environment = {"BEEP_PAUSE_SECONDS": str(self.pause_seconds), "OMP_NUM_THREADS": "1"}
        self.process = Process(self.log, sys.executable, *module, **environment)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def is_ready(self) -> bool:
        return self.log.is_file() and "Ready after" in self.log.read_text()

    def kill(self) -> None:
        """As the system does where memory runs out."""
        assert self.process is not None
        self.process.send(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        if self.process is not None:
            self.process.end()


class Street:
    """Replicas, the balancer and the relay."""

    def __init__(self, folder: Path, replicas: list[Replica], changes: Mapping[str, str] | None = None) -> None:
        """`changes` are words of the configuration and what stands in their place."""
        self.folder = folder
        self.replicas = replicas
        self.port, self.balancer_port, self.http_port = free_port(), free_port(), free_port()
        self._changes = {
            "bind :10200 ": f"bind 127.0.0.1:{self.balancer_port} ",
            "bind :8880": f"bind 127.0.0.1:{self.http_port}",
            **(changes or {}),
        }
        self._relay: Process | None = None
        self._balancer: Process | None = None

    @property
    def configuration(self) -> Path:
        text = CONFIGURATION.read_text()
        for old, new in self._changes.items():
            assert old in text, old
            text = text.replace(old, new)
        text = text.replace("global\n", f"global\n    stats socket {self.folder}/h.sock mode 600 level admin\n", 1)
        for port in ("port", "http_port"):
            servers = (
                f"    server {each.name} 127.0.0.1:{getattr(each, port)} agent-port {each.agent_port}\n"
                for each in self.replicas
            )
            text, count = re.subn(r"    server-template .*\n", "".join(servers), text, count=1)
            assert count
        text = re.sub(r"\nresolvers (.+\n)+", "\n", text)
        path = self.folder / "haproxy.cfg"
        path.write_text(text)
        return path

    def start_balancer(self, *flags: str) -> None:
        self._balancer = Process(self.folder / "haproxy.log", "haproxy", "-db", "-f", str(self.configuration), *flags)

    def reload_balancer(self) -> Process:
        """A new process takes the ports, and the old one ends after its last connection; returns the old one."""
        old = self._balancer
        assert old is not None
        self.start_balancer("-sf", str(old._popen.pid))
        return old

    def kill_balancer(self) -> None:
        assert self._balancer is not None
        self._balancer.end()

    def start_relay(self) -> None:
        flags = ("relay", f"--uri=tcp://127.0.0.1:{self.port}", f"--to=tcp://127.0.0.1:{self.balancer_port}")
        self._relay = Process(self.folder / "relay.log", sys.executable, "-m", "kokoro_wyoming", *flags)

    def start(self) -> None:
        """Start all that it has."""
        put_voice(self.folder / "voices", "af_heart")
        for replica in self.replicas:
            replica.start()
        self.start_balancer()
        self.start_relay()

    def end(self) -> None:
        """End all processes at once."""
        for process in (self._relay, self._balancer):
            if process is not None:
                process.end()
        for replica in self.replicas:
            replica.end()

    def told(self) -> str:
        """All logs, for a test that failed."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def statistics(self, backend: str = "wyoming") -> dict[str, dict[str, str]]:
        """HAProxy's row of each replica."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE_SECONDS)
            line.connect(str(self.folder / "h.sock"))
            line.sendall(b"show stat\n")
            head, *rows = b"".join(iter(lambda: line.recv(65_536), b"")).decode().splitlines()
        keys = head.removeprefix("# ").split(",")
        found = [dict(zip(keys, row.split(","), strict=False)) for row in rows if row]
        return {row["svname"]: row for row in found if row["pxname"] == backend}

    def up(self) -> list[str]:
        """The replicas that get new clients."""
        with contextlib.suppress(OSError):
            rows = self.statistics()
            names = {each.name for each in self.replicas}
            is_there = "Ready" in (self.folder / "relay.log").read_text()
            return sorted(
                name for name, row in rows.items() if is_there and name in names and row["status"].startswith("UP")
            )
        return []

    def busy(self, backend: str = "wyoming") -> list[Replica]:
        """The replicas that somebody is connected to."""
        rows = self.statistics(backend)
        return [each for each in self.replicas if rows[each.name]["scur"] != "0"]

    async def until_up(self, *names: str) -> None:
        """Wait until HAProxy sends new clients to these replicas, and to no others."""
        await until(lambda: self.up() == sorted(names), self)

    # Clients

    async def connect(self, local: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(local, 0))

    async def say(self, text: str, local: str = "127.0.0.1") -> list[Event]:
        """All events of the reply: to its end, to an error, or to the end of the connection."""
        reader, writer = await self.connect(local)
        writer.write(to_bytes([synthesize(text)]))
        try:
            return await hear(reader)
        finally:
            writer.close()

    async def says(self, text: str) -> bool:
        return is_whole(await self.say(text), text)


async def hear(reader: asyncio.StreamReader) -> list[Event]:
    replies: list[Event] = []
    while not replies or replies[-1].type not in ("audio-stop", "error"):
        event = await asyncio.wait_for(async_read_event(reader), PATIENCE_SECONDS)
        if event is None:
            break
        replies.append(event)
    return replies


def is_whole(replies: list[Event], text: str) -> bool:
    """Whether this is all of the text's sound."""
    is_over = bool(replies) and replies[-1].type == "audio-stop"
    return is_over and text_of(replies).replace(" ", "") == text.replace(" ", "")


async def until(condition: Any, street: Street) -> None:
    """Wait until the condition holds; fails with all logs."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, street.told()
        await asyncio.sleep(0.1)
