"""The processor: its name, and how much of it this process may use."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


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
