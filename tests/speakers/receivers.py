"""What tests with real receivers share: ports, captured sound, music whose pitch tells its place, a killed program."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import threading
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import CHECKOUT
from tests.speakers.announcing import samples_of

WAIT_SECONDS = 60.0
"""For a busy machine; no test measures time."""
FIRST_HZ, HZ_A_SECOND = 400.0, 25.0
_WINDOW_SECONDS = 0.2

_ANNOUNCE = """
import asyncio, sys
from pathlib import Path
from tests.speakers.announcing import announce_on

uri, pcm, folder = sys.argv[1:]
asyncio.run(announce_on(uri, Path(pcm).read_bytes(), Path(folder)))
"""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


async def until(is_so: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again and again until the answer is true; that answer."""
    end = asyncio.get_running_loop().time() + WAIT_SECONDS
    while not (answer := await is_so()):
        assert asyncio.get_running_loop().time() < end, "it did not become true"
        await asyncio.sleep(0.05)
    return answer


def sweep(seconds: float, rate_hz: int, channels: int = 2) -> bytes:
    """Music whose pitch tells its place; 16-bit PCM."""
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    samples = 0.2 * np.sin(2 * np.pi * (FIRST_HZ * at + HZ_A_SECOND * at**2 / 2))
    return np.repeat(np.rint(32_767 * samples).astype("<i2")[:, None], channels, axis=1).tobytes()


def places(pcm: bytes, rate_hz: int, channels: int = 2) -> list[float]:
    """The places in seconds of the sweep in a captured sound, for each fifth of a second in which it is loud."""
    size = round(_WINDOW_SECONDS * rate_hz)
    samples = samples_of(pcm, rate_hz, channels, rate_hz)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    loud = windows[np.abs(windows).reshape(len(windows), 4, -1).max(axis=2).min(axis=1) > 0.02]
    hz = np.abs(np.fft.rfft(loud * np.hanning(size), axis=1)).argmax(axis=1) / _WINDOW_SECONDS
    return [float(place) for place in (hz - FIRST_HZ) / HZ_A_SECOND]


def write_wav(path: Path, pcm: bytes, rate_hz: int, channels: int = 2) -> None:
    """A file of 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(pcm)


class Captured:
    """All that a receiver writes into a pipe file."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.pcm = bytearray()
        self._pipe = os.open(path, os.O_RDWR)
        self._is_closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        os.write(self._pipe, bytes(4))  # wakes the reader
        self._thread.join(WAIT_SECONDS)
        os.close(self._pipe)

    def _read(self) -> None:
        while not self._is_closed:
            self.pcm += os.read(self._pipe, 65_536)


async def announce_and_be_killed(uri: str, pcm: bytes, folder: Path, is_time: Callable[[], Awaitable[Any]]) -> None:
    """Announce in a process of its own, which is killed when it is time; its journal stays in the folder."""
    speech = folder / "speech.pcm"
    speech.write_bytes(pcm)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ANNOUNCE, uri, str(speech), str(folder), cwd=CHECKOUT
    )
    try:
        await until(is_time)
        assert process.returncode is None, "it ended before it was killed"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
