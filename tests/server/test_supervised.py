"""A supervisor starts the server anew, after it was really killed, crashed or stuck."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wyoming.error import Error
from wyoming.event import Event, read_event

from tests.conftest import CHECKOUT
from tests.stand_ins.beep_house import synthesize, text_of, to_bytes
from tests.stand_ins.beep_program import AS_MADE, put_voice

_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Hands over a socket as systemd does: as file 3, to the process whose number LISTEN_PID has."""


class Supervisor:
    """Starts the program, and starts it anew whenever it ends, as `Restart=always` does."""

    def __init__(self, folder: Path, listening: socket.socket, settings: str) -> None:
        put_voice(folder / "voices", "af_heart")
        (folder / "settings.yaml").write_text(f"{settings}\nspeech: {json.dumps(AS_MADE)}\n")
        self.statuses: list[int] = []
        self.log = folder / "log"
        self._listening = listening
        self.address: tuple[str, int] = listening.getsockname()
        settings_file = f"--config={folder}/settings.yaml"
        voices = f"--voices-folder={folder}/voices"
        program = (
            sys.executable,
            "-m",
            "tests.stand_ins.beep_program",
            "serve",
            settings_file,
            voices,
            "--no-zeroconf",
            "--no-http",
        )
        self._command = (sys.executable, "-c", _HAND_OVER, str(listening.fileno()), *program)
        self._over = False
        self.process = self._start()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command, stderr=log, cwd=CHECKOUT, pass_fds=[self._listening.fileno()])

    def _watch(self) -> None:
        while not self._over:
            self.statuses.append(self.process.wait())
            time.sleep(0.1)
            if not self._over:
                self.process = self._start()

    def end(self) -> None:
        self._over = True
        self.process.terminate()
        self._thread.join(30)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Supervisor(tmp_path, listening, "limits: {stuck_seconds: 1}\n")
        yield made
        made.end()


def _ask(supervisor: Supervisor, text: str) -> list[Event]:
    """The replies up to the end of the sound or of the connection. Waits while the server starts."""
    events: list[Event] = []
    with socket.create_connection(supervisor.address, timeout=60) as line, line.makefile("rb") as stream:
        try:
            line.sendall(to_bytes([synthesize(text)]))
            while event := read_event(stream):
                events.append(event)
                if event.type in ("audio-stop", "error"):
                    break
        except ConnectionError:
            pass
    return events


@pytest.mark.long
def test_whatever_kills_the_server_it_speaks_again_and_nobody_is_refused_meanwhile(supervisor: Supervisor) -> None:
    assert text_of(_ask(supervisor, "First life")) == "First life"

    os.kill(supervisor.process.pid, signal.SIGKILL)
    assert text_of(_ask(supervisor, "Second life")) == "Second life"

    assert "Halfway.".startswith(text_of(_ask(supervisor, "Halfway. Native code has a CRASH")))
    assert text_of(_ask(supervisor, "Third life")) == "Third life"

    assert [Error.from_event(event).code for event in _ask(supervisor, "Native code is STUCK")] == ["stuck"]
    supervisor.process.wait(60)
    assert text_of(_ask(supervisor, "Fourth life")) == "Fourth life"

    assert supervisor.statuses == [-signal.SIGKILL, -signal.SIGSEGV, 1]
    log = supervisor.log.read_text()
    assert re.search(r"Fatal Python error: Segmentation fault[^$]*in _crash", log)
    assert "stuck for good" in log
    assert "Native code" not in log
