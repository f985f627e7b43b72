"""What Linux tells of processes and the processor, in /proc; None of everything where there is no such place."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")
_TOLD_TICKS = 20
"""Processor time is counted in ticks, mostly of 10 ms: a share of fewer is a guess."""


def cpu_seconds(pid: int) -> float | None:
    """Processor time that a process has used, all threads."""
    text = _read(f"{pid}/stat")
    # The name in parentheses may hold blanks. utime and stime are the 14th and 15th field, the one behind it the 3rd.
    fields = text.rpartition(")")[2].split() if text else []
    return (int(fields[11]) + int(fields[12])) / _ticks_a_second() if fields else None


def peak_mib(pid: int) -> float | None:
    """The most memory that a process has ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", _read(f"{pid}/status") or "")
    return int(found.group(1)) / 1024 if found else None


class Neighbours:
    """Programs that nobody measures, and what they take of the processor from here on."""

    def __init__(self, pids: Iterable[int] = ()) -> None:
        """`pids` are the other processes that are measured: this one is, as are its children once they have ended."""
        self._pids = tuple(pids)
        self._began_at = time.monotonic()
        self._began_seconds = self._cpu_seconds()

    def share(self) -> float | None:
        """Of all processor time there was so far: 0 to 1; None where that was too little to tell."""
        seconds, began_seconds = self._cpu_seconds(), self._began_seconds
        there_was_seconds = (time.monotonic() - self._began_at) * (os.cpu_count() or 1)
        if seconds is None or began_seconds is None or there_was_seconds < _TOLD_TICKS / _ticks_a_second():
            return None
        # Read one after the other, the counts may be a tick less than nothing.
        return min(1.0, max(0.0, (seconds - began_seconds) / there_was_seconds))

    def _cpu_seconds(self) -> float | None:
        """Since the start of the machine."""
        first_line = (_read("stat") or "").partition("\n")[0].split()
        if not first_line:
            return None
        user, nice, system, _idle, _waiting, irq, softirq, stolen = map(int, first_line[1:9])
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        measured_seconds = sum(usage.ru_utime + usage.ru_stime for usage in used)
        measured_seconds += sum(cpu_seconds(pid) or 0.0 for pid in self._pids)
        return (user + nice + system + irq + softirq + stolen) / _ticks_a_second() - measured_seconds


def processor() -> str:
    """The processor's name."""
    found = re.search(r"model name\s*:\s*(.+)", _read("cpuinfo") or "")
    return found.group(1) if found else platform.processor() or sys.platform


def _ticks_a_second() -> int:
    return os.sysconf("SC_CLK_TCK")


def _read(name: str) -> str | None:
    try:
        return (_PROC / name).read_text()
    except OSError:
        return None
