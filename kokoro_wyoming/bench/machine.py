"""What a process uses, and what other programs take of the processor."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence

import psutil

from kokoro_wyoming.processor import OtherPrograms, cores_at_hand

_LOOK_SECONDS = 0.02


class Neighbours:
    """The other programs on this machine, which are not measured."""

    def __init__(self, measured: Sequence[psutil.Process] = ()) -> None:
        """This process is measured too, as are its children once they have ended."""
        self._others = OtherPrograms(lambda: sum(os.times()[:4]) + sum(map(cpu_seconds, measured)))

    def share(self) -> float | None:
        """Their share of all processor time since the beginning, 0 to 1; None where the time was too short to tell."""
        cores = self._others.cores()
        return None if cores is None else min(1.0, cores / len(cores_at_hand()))


@contextlib.asynccontextmanager
async def peak_followed(process: psutil.Process) -> AsyncIterator[list[float]]:
    """A list whose last item is the peak of the process's resident memory within the block, in MiB."""
    peaks = [0.0]

    async def follow() -> None:
        with contextlib.suppress(psutil.Error):  # it has ended
            while True:
                peaks.append(max(peaks[-1], process.memory_info().rss / (1 << 20)))
                await asyncio.sleep(_LOOK_SECONDS)

    following = asyncio.ensure_future(follow())
    try:
        yield peaks
    finally:
        following.cancel()


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time of all threads; 0 of a process that has ended."""
    try:
        return sum(process.cpu_times()[:2])
    except psutil.Error:
        return 0.0
