"""How OpenMP's threads wait for each other: spinning while they have the cores to themselves, asleep beside others.

torch divides every layer among threads that meet at barriers. A thread that comes early spins there for some
milliseconds before it sleeps, which is the quickest way while every thread has a core of its own. Beside another busy
program one of the threads has to wait for a core, the others spin until it gets one, and speech takes 5 to 50 times as
long. Threads that sleep at once lose a fifth to a half on a quiet machine, as waking them takes time.

GNU's OpenMP reads both from the environment once, when it is loaded. But it hardly spins while the process has more
OpenMP threads than there are cores (`gomp_managed_threads` in libgomp/config/linux/wait.h): a team of threads that
sleep, and are there for nothing else, is the switch from the one way to the other, at any time.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable

import psutil

LOOK_SECONDS = 0.25
"""The system counts processor time in steps of 10 ms: in less time than this it tells nothing."""
_FREE_CORES = 0.3
"""What other programs may take beyond the cores that no thread of ours needs. A quiet house takes less."""
_CALM_SECONDS = 2.0
"""The others have to be quiet for so long before threads spin again."""
_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")
"""Of `psutil.cpu_times`; a guest's time is counted in user and nice."""


class OtherPrograms:
    """What other programs take of the processors that this process may use."""

    def __init__(self, mine_seconds: Callable[[], float] = time.process_time) -> None:
        """`mine_seconds` tells the processor time of all that is no other program; by default that of this process."""
        self._mine_seconds = mine_seconds
        self._before = self._now()

    def cores(self) -> float | None:
        """How many they kept busy since this was last answered; None while that is less than LOOK_SECONDS ago."""
        now, before = self._now(), self._before
        seconds = now[0] - before[0]
        if seconds < LOOK_SECONDS:
            return None
        self._before = now
        return max(0.0, (now[1] - before[1]) / seconds)

    def _now(self) -> tuple[float, float]:
        """The time, and the processor seconds of all other programs since the machine started."""
        mine = cores_at_hand()
        times = [times for core, times in enumerate(psutil.cpu_times(percpu=True)) if core in mine]
        busy = sum(getattr(core, kind, 0.0) for core in times for kind in _BUSY)
        return time.monotonic(), busy - self._mine_seconds()


def cores_at_hand() -> frozenset[int]:
    """The numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


class Waiting:
    """Decides how OpenMP's threads wait; does nothing where OpenMP is not GNU's."""

    def __init__(self, others: OtherPrograms | None = None) -> None:
        self._others = others or OtherPrograms()
        self._openmp = _gnu_openmp()
        self._spare_team: _SpareTeam | None = None
        self._crowded_at_seconds = 0.0

    @property
    def sleeps(self) -> bool:
        """Whether threads sleep at once instead of spinning."""
        return self._spare_team is not None

    def look(self) -> None:
        """See what other programs take; to be called on the thread that computes, between two steps of its work."""
        others_cores = self._others.cores() if self._openmp is not None else None
        if others_cores is None or self._openmp is None:
            return
        cores = self._openmp.omp_get_num_procs()
        spare_cores = max(0, cores - self._openmp.omp_get_max_threads())
        now = time.monotonic()
        if others_cores > spare_cores + _FREE_CORES:
            self._crowded_at_seconds = now
            self._spare_team = self._spare_team or _SpareTeam(self._openmp, threads=cores + 1)
        elif self._spare_team is not None and now - self._crowded_at_seconds > _CALM_SECONDS:
            self.close()

    def close(self) -> None:
        """Let threads wait as OpenMP would have them."""
        if self._spare_team is not None:
            self._spare_team.close()
            self._spare_team = None


class _SpareTeam:
    """OpenMP threads that sleep until they are let go. They belong to a thread of their own, and end with it."""

    def __init__(self, openmp: ctypes.CDLL, threads: int) -> None:
        self._leave = threading.Event()
        self._is_there = threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(openmp, threads), name="spare team", daemon=True)
        self._thread.start()
        self._is_there.wait()

    def _hold(self, openmp: ctypes.CDLL, threads: int) -> None:
        # Each thread calls a function of C that does nothing, as a call of Python would need the interpreter.
        nothing = ctypes.cast(openmp.labs, ctypes.c_void_p)
        openmp.GOMP_parallel(nothing, None, threads, 0)
        self._is_there.set()
        self._leave.wait()

    def close(self) -> None:
        """End the threads."""
        self._leave.set()
        self._thread.join()


def _gnu_openmp() -> ctypes.CDLL | None:
    """GNU's OpenMP as torch has loaded it, or None."""
    try:
        library = ctypes.CDLL(None)
        _ = library.GOMP_parallel, library.omp_get_num_procs, library.omp_get_max_threads, library.labs
    except (OSError, AttributeError, TypeError):
        return None
    return library
