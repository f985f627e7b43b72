"""The app as a process: it serves with its options, and the stand-in Supervisor is told where it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from wyoming.client import AsyncTcpClient
from wyoming.event import Event

from kokoro_wyoming.server import lifecycle
from kokoro_wyoming.server import supervisor as telling
from tests.conftest import CHECKOUT
from tests.stand_ins.beep_house import synthesize, text_of, until
from tests.stand_ins.beep_program import BeepManager, beep_program, put_voice
from tests.stand_ins.supervisor import TOKEN, Supervisor, supervisor

PROGRAM = """
import sys
from tests.stand_ins import beep_program
from kokoro_wyoming.cli import app_options, main
beep_program.stand_in()
app_options.OF_THE_APP = {**app_options.OF_THE_APP, "server.uri": sys.argv[1], "http.uri": sys.argv[2]}
sys.exit(main(sys.argv[3:]))
"""
"""`kokoro-wyoming` with beeps, at ports that are free here."""


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@dataclass
class App:
    """The running program."""

    process: asyncio.subprocess.Process
    port: int
    http_port: int
    log: list[str] = field(default_factory=list)

    async def follow(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode())

    def logged(self, words: str) -> int:
        return sum(words in line for line in self.log)


@contextlib.asynccontextmanager
async def running(folder: Path, asked: Supervisor, **options: Any) -> AsyncIterator[App]:
    """The app until the end of the block; it must end well."""
    put_voice(folder / "voices", "af_heart")
    put_voice(folder / "voices", "bf_emma")
    put_voice(folder / "voices", "ff_siwis")
    (folder / "options.json").write_text(json.dumps(options))
    port, http_port = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, f"tcp://127.0.0.1:{port}", f"tcp://127.0.0.1:{http_port}", "app"),
        *(f"--options={folder / 'options.json'}", f"--config={folder / 'settings.yaml'}", f"--supervisor={asked.url}"),
        cwd=CHECKOUT,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "KOKORO_WYOMING_HOME": str(folder), "SUPERVISOR_TOKEN": TOKEN},
    )
    app = App(process, port, http_port)
    following = asyncio.create_task(app.follow())
    try:
        await until(lambda: bool(app.logged("Ready after")) or process.returncode is not None, 60)
        yield app
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(process.wait(), 30)
        await following
    log = "".join(app.log)
    assert status == 0, log
    assert "Traceback" not in log, log
    assert "never retrieved" not in log, log


@pytest.mark.long
async def test_the_app_serves_with_its_options_and_is_offered_once(tmp_path: Path) -> None:
    async with supervisor() as asked:
        async with running(tmp_path, asked, voice="bf_emma", languages=["en-GB", "fr-FR"], log_level="debug") as app:
            await until(lambda: bool(asked.messages))
            uri = f"tcp://{socket.gethostname()}:{app.port}"
            assert [message["config"] for message in asked.messages] == [{"uri": uri}]
            async with AsyncTcpClient("127.0.0.1", app.port) as client:
                await client.write_event(synthesize("Hello there"))
                events: list[Event] = []
                while not events or events[-1].type != "audio-stop":
                    event = await asyncio.wait_for(client.read_event(), 10)
                    assert event is not None
                    events.append(event)
            assert text_of(events)
        assert asked.asked == 1
        assert app.logged("Settings > Devices & services") == 1
        assert app.logged("3 voices") == 0
        assert app.logged("2 voices in 2 languages") == 1
        assert not app.logged("announced")


async def test_the_port_is_told_once_clients_are_accepted_and_until_the_server_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "kokoro_wyoming")
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})
    ends: list[str] = []

    async def tell(port: int) -> None:
        try:
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(synthesize("Hello"))
                event = await client.read_event()
                ends.append(event.type if event else "nothing")
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")

    monkeypatch.setattr(lifecycle, "Server", partial(lifecycle.Server, tell=tell))
    async with beep_program(tmp_path):
        await until(lambda: bool(ends))
        assert ends == ["audio-start"]
    assert ends == ["audio-start", "cancelled"]
    # Home Assistant finds an app by another name than its machine's address.
    assert "this machine's address" not in caplog.text


async def test_a_supervisor_that_starts_later_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "FIRST_PAUSE_SECONDS", 0.01)
    async with supervisor() as asked:
        asked.failures = 3
        await telling.offer(10200, supervisor=asked.url, token=TOKEN)
        assert (asked.asked, len(asked.messages)) == (4, 1)


@pytest.mark.parametrize(
    ("services", "token", "reason"), [((), TOKEN, "status 403"), (("wyoming",), "x", "status 401")]
)
async def test_failures_are_one_line_that_says_what_to_do_by_hand(
    services: tuple[str, ...],
    token: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(telling, "FIRST_PAUSE_SECONDS", 0.01)
    caplog.set_level("INFO", "kokoro_wyoming")
    async with supervisor() as asked:
        asked.services = services
        task = asyncio.create_task(telling.offer(10200, supervisor=asked.url, token=token))
        await until(lambda: asked.asked > 2)
        task.cancel()
        await asyncio.wait([task])
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert reason in told[0]
    assert f"host {socket.gethostname()}, port 10200" in told[0]


@pytest.mark.long
async def test_nobody_at_the_supervisor_s_address_disturbs_no_listener(tmp_path: Path) -> None:
    nobody = Supervisor(url=f"http://127.0.0.1:{free_port()}")
    async with running(tmp_path, nobody, api=True) as app, aiohttp.ClientSession() as session:
        await until(lambda: app.logged("By hand: Add integration") == 1)
        assert (await session.get(f"http://127.0.0.1:{app.http_port}/health")).status == 200


async def test_the_same_app_started_again_is_the_same_offer() -> None:
    async with supervisor() as asked:
        await telling.offer(10200, supervisor=asked.url, token=TOKEN)
        first = dict(asked.messages[0])
        await telling.offer(10200, supervisor=asked.url, token=TOKEN)
        assert asked.messages == [first]
