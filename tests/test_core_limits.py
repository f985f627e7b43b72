"""The processor's name, and the limits of control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from kokoro_wyoming.processor import core_quota, cores_at_hand, processor_name
from kokoro_wyoming.server import process

LINUX = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity to set")


def _system(folder: Path, groups: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A folder of control groups with these files, and one of a process in these groups."""
    for name, text in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    process = folder / "process"
    process.mkdir()
    (process / "cgroup").write_text(groups)
    return folder / "cgroup", process


def test_the_processor_has_a_name() -> None:
    assert processor_name().strip()


@LINUX
def test_cores_that_are_forbidden_are_not_at_hand() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores_at_hand() == {min(allowed)}
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),  # in a container, its own group is the root
        ("0::/a/b\n", {"a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, 0.5),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000\n", "a/b/cpu.max": "100000 100000\n"}, 1.0),
        ("4:memory:/x\n", {"x/cpu.max": "50000 100000\n"}, None),
        (
            "3:cpu,cpuacct:/x\n0::/\n",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        (
            "3:cpu:/x\n",
            {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"},
            None,
        ),
        ("0::/../outside\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {"cpu.max": "nonsense\n"}, None),
        ("", {}, None),
    ],
)
def test_the_tightest_quota_of_all_groups_counts(
    tmp_path: Path, groups: str, files: dict[str, str], quota: float | None
) -> None:
    assert core_quota(*_system(tmp_path, groups, files)) == quota


def test_this_process_has_a_quota_or_none() -> None:
    quota = core_quota()
    assert quota is None or quota > 0


@pytest.mark.parametrize(("quota", "threads"), [(None, 4), (0.3, 1), (1.0, 1), (1.6, 2), (3.0, 3), (64.0, 4)])
def test_no_more_threads_than_the_quota_grants(
    quota: float | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(process, "core_quota", lambda: quota)
    assert process._fitting_threads() == threads
