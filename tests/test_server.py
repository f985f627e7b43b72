"""Birth and death of the server, as a process that gets real signals."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from wyoming.tts import Synthesize

from kokoro_wyoming.assets import Store
from tests.conftest import RunningServer
from tests.listening import client_of, hear, say


def _running(store: Store, *arguments: str) -> RunningServer:
    folders = (f"--models={store.models}", f"--voices-folder={store.voices}")
    return RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", *folders, *arguments)


def _log_of_failed(running: RunningServer) -> str:
    assert running.process.wait(60) == 1
    running.followed()
    return "".join(running.log)


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
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_what_is_being_said_be_finished(
    number: signal.Signals, model_data: Store, tmp_path: Path
) -> None:
    (tmp_path / "patient.yaml").write_text("server: {drain_seconds: 60}\n")
    running = _running(model_data, f"--config={tmp_path / 'patient.yaml'}")
    uri = running.wait_until_ready()
    async with client_of(uri) as client:
        await client.write_event(Synthesize("This sentence is finished, whatever happens.").event())
        event = await client.read_event()
        assert event is not None
        assert event.type == "audio-start"
        running.process.send_signal(number)
        heard = await hear(client, "audio-stop")
    assert heard.types[-1] == "audio-stop"
    assert await asyncio.to_thread(running.process.wait, 60) == 0
    running.followed()
    assert "Traceback" not in "".join(running.log)
    with socket.create_server(("127.0.0.1", int(uri.rpartition(":")[2]))):
        pass  # the port is free again


@pytest.mark.weights
async def test_the_deadline_ends_even_a_long_text_and_tells_why(model_data: Store) -> None:
    running = _running(model_data)
    async with client_of(running.wait_until_ready()) as client:
        await client.write_event(Synthesize("This is a very long announcement indeed. " * 200).event())
        event = await client.read_event()
        assert event is not None
        running.process.send_signal(signal.SIGTERM)
        heard = await hear(client, "audio-stop")
    assert heard.types[-1] == "error"
    assert heard.events[-1].data["code"] == "shutting-down"
    assert await asyncio.to_thread(running.process.wait, 60) == 0


@pytest.mark.weights
async def test_a_hang_up_signal_does_not_end_the_server_and_one_client_too_many_is_told(
    model_data: Store, tmp_path: Path
) -> None:
    (tmp_path / "one.yaml").write_text("limits: {connections: 1}\n")
    running = _running(model_data, f"--config={tmp_path / 'one.yaml'}")
    uri = running.wait_until_ready()
    running.process.send_signal(signal.SIGHUP)
    async with client_of(uri) as first, client_of(uri) as second:
        await first.write_event(Synthesize("One.").event())
        assert (await hear(first, "audio-stop")).types[-1] == "audio-stop"
        refused = await hear(second, "audio-stop")
        assert refused.events[0].data["code"] == "busy"
    for _ in range(50):  # the first one's place is free as soon as its hang-up is seen
        heard = await say(uri, "Two.")
        if heard.types[-1] == "audio-stop":
            break
        await asyncio.sleep(0.1)
    assert heard.types[-1] == "audio-stop"
    assert running.end() == 0


@pytest.mark.weights
async def test_a_socket_file_serves_too_and_is_gone_afterwards(model_data: Store, tmp_path: Path) -> None:
    from wyoming.client import AsyncUnixClient

    path = tmp_path / "kokoro.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))  # left behind by a server that was killed
    running = _running(model_data, f"--uri=unix://{path}")
    running.settled()
    async with AsyncUnixClient(path, read_timeout=60) as client:
        await client.write_event(Synthesize("Hello.").event())
        assert (await hear(client, "audio-stop")).types[-1] == "audio-stop"
    assert running.end() == 0
    assert not path.exists()
