"""What Linux tells of processes and the processor, in /proc; None of everything where there is no such place."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
from pathlib import Path

_PROC = Path("/proc")


def cpu_seconds(pid: int) -> float | None:
    """Processor time that a process has used, all threads, in steps of 10 ms."""
    text = _read(f"{pid}/stat")
    # The name in parentheses may hold blanks. utime and stime are the 14th and 15th field, the one behind it the 3rd.
    fields = text.rpartition(")")[2].split() if text else []
    return (int(fields[11]) + int(fields[12])) / _ticks_a_second() if fields else None


def peak_mib(pid: int) -> float | None:
    """The most memory that a process has ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", _read(f"{pid}/status") or "")
    return int(found.group(1)) / 1024 if found else None


def others_cpu_seconds() -> float | None:
    """Processor time that the machine has spent since its start on others than this process and its ended children."""
    first_line = (_read("stat") or "").partition("\n")[0].split()
    if not first_line:
        return None
    user, nice, system, _idle, _waiting, irq, softirq, stolen = map(int, first_line[1:9])
    all_seconds = (user + nice + system + irq + softirq + stolen) / _ticks_a_second()
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return all_seconds - sum(usage.ru_utime + usage.ru_stime for usage in used)


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
