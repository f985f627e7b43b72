"""A real Squeezebox player, squeezelite, with its sound in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.speakers.announcing import samples_of

WHY_NOT = (
    None
    if shutil.which("squeezelite")
    else "speech on a Squeezebox is not tested: squeezelite is not here; Debian has it"
)
RATE_HZ = 44_100
_FRAME_BYTES = 4
_STEP_SECONDS = 0.05


class Squeezelite:
    """One player. It would play as fast as its output is read, so that it is read as fast as one hears."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._pcm = bytearray()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def samples(self) -> NDArray[np.float32]:
        """What it has played so far, at 24 kHz."""
        return samples_of(bytes(self._pcm), RATE_HZ)

    @property
    def seconds(self) -> float:
        """How much it has played so far, silence included."""
        return len(self._pcm) / _FRAME_BYTES / RATE_HZ

    def since(self, seconds: float) -> NDArray[np.float32]:
        """What it has played since it had played so much."""
        return samples_of(bytes(self._pcm[round(seconds * RATE_HZ) * _FRAME_BYTES :]), RATE_HZ)

    def is_sounding(self) -> bool:
        """Whether the last tenth of a second was not silent."""
        return bool(np.abs(self.samples[-2_400:]).max(initial=0) > 0.003)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        size = round(_STEP_SECONDS * RATE_HZ) * _FRAME_BYTES
        at = time.monotonic()
        while pcm := os.read(self.process.stdout.fileno(), size):
            self._pcm += pcm
            at = max(at + len(pcm) / _FRAME_BYTES / RATE_HZ, time.monotonic() - _STEP_SECONDS)
            time.sleep(max(0.0, at - time.monotonic()))


@contextlib.contextmanager
def squeezelite(port: int, name: str) -> Iterator[Squeezelite]:
    """A player of the server at this port of the loopback."""
    number = sum(name.encode()) % 256
    command = ["squeezelite", "-s", f"127.0.0.1:{port}", "-n", name, "-m", f"02:00:00:00:00:{number:02x}"]
    process = subprocess.Popen(
        [*command, "-o", "-", "-a", "16", "-r", f"{RATE_HZ}-{RATE_HZ}", "-R"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    player = Squeezelite(process)
    try:
        yield player
    finally:
        player.end()
