"""Start and stop of the server, with real processes and signals."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from wyoming.client import AsyncClient, AsyncUnixClient
from wyoming.tts import Synthesize

from kokoro_wyoming.assets import Store
from tests.conftest import RunningServer
from tests.listening import client_of, hear, say
from tests.stand_ins import beep_program
from tests.stand_ins.beep_engine import heard as text_of_pcm
from tests.stand_ins.beep_house import until


def _running(store: Store, *arguments: str) -> RunningServer:
    folders = (f"--models={store.models}", f"--voices-folder={store.voices}")
    return RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", *folders, *arguments)


def _log_of_failed(running: RunningServer) -> str:
    assert running.process.wait(60) == 1
    running.followed()
    return "".join(running.log)


@pytest.mark.slow
def test_missing_weights_are_named_with_the_remedy(tmp_path: Path) -> None:
    log = _log_of_failed(_running(Store(models=tmp_path / "models", voices=tmp_path / "voices")))
    assert "kokoro-v1_0.pth" in log
    assert "fetch" in log
    assert "Traceback" not in log


@pytest.mark.weights
def test_a_port_in_use_is_told_before_the_model_is_loaded(model_data: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        log = _log_of_failed(_running(model_data, f"--uri={address}"))
    assert f"Cannot listen on {address}: another program already listens there" in log
    assert "Loading" not in log
    assert "Traceback" not in log


@pytest.mark.weights
async def test_a_signal_lets_what_is_being_said_be_finished(model_data: Store) -> None:
    running = _running(model_data)
    uri = running.wait_until_ready()
    async with client_of(uri) as client:
        await _begin(client, "This sentence is finished, whatever happens.")
        running.process.send_signal(signal.SIGTERM)
        heard = await hear(client, "audio-stop")
    assert heard.types[-1] == "audio-stop"
    assert await asyncio.to_thread(running.process.wait, 60) == 0
    running.followed()
    assert "Traceback" not in "".join(running.log)
    with socket.create_server(("127.0.0.1", int(uri.rpartition(":")[2]))):
        pass  # the port is free again


# In this process, with a network that beeps


@pytest.fixture
def slow_beeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each half of a sentence takes 0.1 s."""
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", beep_program.BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})
    monkeypatch.setattr(beep_program, "PAUSE_SECONDS", 0.1)


async def _begin(client: AsyncClient, text: str) -> None:
    await client.write_event(Synthesize(text).event())
    event = await client.read_event()
    assert event is not None
    assert event.type == "audio-start"


@pytest.mark.slow
@pytest.mark.usefixtures("slow_beeps")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_either_signal_ends_it_after_what_is_being_said(number: signal.Signals, tmp_path: Path) -> None:
    async with beep_program.beep_program(tmp_path) as server, client_of(str(server.uri)) as client:
        await _begin(client, "To its end")
        os.kill(os.getpid(), number)
        heard = await hear(client, "audio-stop")
    assert heard.types[-1] == "audio-stop"
    assert text_of_pcm(heard.pcm) == "To its end"


@pytest.mark.usefixtures("slow_beeps")
async def test_the_deadline_ends_even_a_long_text_and_tells_why(tmp_path: Path) -> None:
    drain: dict[str, Any] = {"server__drain_seconds": 0.2}
    async with beep_program.beep_program(tmp_path, **drain) as server, client_of(str(server.uri)) as client:
        await _begin(client, "This is a very long announcement indeed. " * 2000)
        os.kill(os.getpid(), signal.SIGTERM)
        heard = await hear(client, "audio-stop")
    assert heard.types[-1] == "error"
    assert heard.events[-1].data["code"] == "shutting-down"


@pytest.mark.usefixtures("slow_beeps")
async def test_one_client_too_many_is_told_and_let_in_when_there_is_room(tmp_path: Path) -> None:
    async with beep_program.beep_program(tmp_path, limits__connections=1) as server:
        uri = str(server.uri)
        async with client_of(uri) as first, client_of(uri) as second:
            await first.write_event(Synthesize("One.").event())
            assert (await hear(first, "audio-stop")).types[-1] == "audio-stop"
            refused = await hear(second, "audio-stop")
            assert refused.events[0].data["code"] == "busy"
        await until(lambda: server._serving is not None and not server._serving.wyoming.connections)
        assert (await say(uri, "Two.")).types[-1] == "audio-stop"


@pytest.mark.usefixtures("slow_beeps")
async def test_a_socket_file_serves_too_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "kokoro.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))  # left behind by a server that was killed
    async with (
        beep_program.beep_program(tmp_path, server__uri=f"unix://{path}"),
        AsyncUnixClient(path, read_timeout=60) as client,
    ):
        await client.write_event(Synthesize("Hello.").event())
        assert (await hear(client, "audio-stop")).types[-1] == "audio-stop"
    assert not path.exists()
