"""The processor: its name, how much of it is at hand, and how OpenMP's threads wait for it.

torch divides every layer among threads that meet at barriers. A thread that arrives early spins there for some
milliseconds before it sleeps. This is the fastest way while every thread has its own core. Beside another busy program,
one thread has to wait for a core, the others spin until it gets one, and speech takes 5 to 50 times as long. To sleep
at once costs a fifth to a half of the speed on a quiet machine, as waking a thread takes time.

GNU's OpenMP reads its settings only once, when it is loaded. But it hardly spins while the process has more OpenMP
threads than cores (`gomp_managed_threads` in libgomp/config/linux/wait.h). So a spare team of sleeping threads switches
spinning off, and its end switches it on again, at any time.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

LOOK_SECONDS = 0.25
"""The shortest interval between two measurements, as the system counts processor time in steps of 10 ms."""
_FREE_CORES = 0.3
"""Threads sleep when other programs use more than the cores that our threads leave free, plus this many cores."""
_CALM_SECONDS = 2.0
"""Threads spin again after other programs have been quiet for this long."""
_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")
"""The busy times of `psutil.cpu_times`; the time of guests is included in user and nice."""
_CGROUPS = Path("/sys/fs/cgroup")
INSTRUCTION_LIMITS = "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS"
"""The variables that forbid newer instructions to oneDNN, torch and MKL."""


def processor_name() -> str:
    """The processor's name; on Linux for ARM, the numbers of its makers and parts."""
    told = re.findall(r"(?m)^(?:model name|CPU implementer|CPU part)\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")))
    return " ".join(dict.fromkeys(told)) or platform.processor() or platform.machine()


def cores_at_hand() -> frozenset[int]:
    """The numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def core_quota(cgroups: Path = _CGROUPS, process: Path = Path("/proc/self")) -> float | None:
    """How many cores' time a control group grants this process, as Docker's `--cpus` does; None for no limit.

    `cgroups` is where the system mounts them, in their second version or the first.
    """
    quotas = [quota for group in _groups(cgroups, process) if (quota := _quota(group)) is not None]
    return min(quotas, default=None)


def _groups(cgroups: Path, process: Path) -> list[Path]:
    """The folders of the process's control groups and of all groups around them."""
    found = []
    for line in _text(process / "cgroup").splitlines():
        _, controllers, name = line.split(":", 2)
        if controllers in ("", "cpu", "cpu,cpuacct"):
            group = cgroups / controllers / name.lstrip("/")
            found += [group, *group.parents]
    return [group for group in found if group.is_relative_to(cgroups)]


def _quota(group: Path) -> float | None:
    """The cores that one group grants: `cpu.max` has microseconds and their period, or the word max."""
    told = _text(group / "cpu.max").split() or [
        _text(group / f"cpu.cfs_{name}_us").strip() or "max" for name in ("quota", "period")
    ]
    if len(told) != 2 or not told[0].isdecimal() or not told[1].isdecimal():
        return None
    return int(told[0]) / int(told[1])


def _text(path: Path) -> str:
    """What a file of the system says; nothing where it cannot be read."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


class OtherPrograms:
    """Measures how much other programs use the processors that this process may use."""

    def __init__(self, mine_seconds: Callable[[], float] = time.process_time) -> None:
        """`mine_seconds` tells the processor time of all that is no other program; by default that of this process."""
        self._mine_seconds = mine_seconds
        self._before = self._now()

    def cores(self) -> float | None:
        """The number of cores they kept busy since the last answer; None if that was less than LOOK_SECONDS ago."""
        now, before = self._now(), self._before
        seconds = now[0] - before[0]
        if seconds < LOOK_SECONDS:
            return None
        self._before = now
        return max(0.0, (now[1] - before[1]) / seconds)

    def _now(self) -> tuple[float, float]:
        """The time, and the processor seconds of all other programs since the machine started."""
        ours = cores_at_hand()
        times = [times for core, times in enumerate(psutil.cpu_times(percpu=True)) if core in ours]
        busy = sum(getattr(core, kind, 0.0) for core in times for kind in _BUSY)
        return time.monotonic(), busy - self._mine_seconds()


class Waiting:
    """Switches OpenMP's threads between spinning and sleeping; does nothing unless OpenMP is GNU's."""

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
        """Measure other programs, and switch if needed; call it on the computing thread, between two steps."""
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
        """Let threads wait by OpenMP's own rules again."""
        if self._spare_team is not None:
            self._spare_team.close()
            self._spare_team = None


class _SpareTeam:
    """OpenMP threads that sleep until `close`. A Python thread starts them, and they end with it."""

    def __init__(self, openmp: ctypes.CDLL, threads: int) -> None:
        self._closing = threading.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(openmp, threads), name="spare team", daemon=True)
        self._thread.start()
        self._started.wait()

    def _hold(self, openmp: ctypes.CDLL, threads: int) -> None:
        # Each thread calls a harmless C function, as a Python function would need the interpreter.
        function = ctypes.cast(openmp.labs, ctypes.c_void_p)
        openmp.GOMP_parallel(function, None, threads, 0)
        self._started.set()
        self._closing.wait()

    def close(self) -> None:
        """End the threads."""
        self._closing.set()
        self._thread.join()


def _gnu_openmp() -> ctypes.CDLL | None:
    """GNU's OpenMP, if torch has loaded it, else None."""
    try:
        library = ctypes.CDLL(None)
        _ = library.GOMP_parallel, library.omp_get_num_procs, library.omp_get_max_threads, library.labs
    except (OSError, AttributeError, TypeError):
        return None
    return library
