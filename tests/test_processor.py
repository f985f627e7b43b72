"""OpenMP's threads sleep instead of spinning while other programs want the cores, and spin again afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
import torch

from kokoro_wyoming import processor
from kokoro_wyoming.processor import LOOK_SECONDS, OtherPrograms, Waiting, cores_at_hand
from tests.conftest import CHECKOUT

CORES = len(cores_at_hand())


class PretendedPrograms(OtherPrograms):
    """Stands in for the system's figures: the test sets the number of busy cores."""

    busy_cores: float | None = 0.0

    def cores(self) -> float | None:
        return self.busy_cores


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Waiting, PretendedPrograms]]:
    monkeypatch.setattr(processor, "_CALM_SECONDS", 0.0)
    threads = torch.get_num_threads()
    torch.set_num_threads(CORES)  # as the program has; the tests' share may be less
    torch.ones(1 << 16).add_(1)  # starts this thread's team, so that its threads are counted from the beginning
    others = PretendedPrograms()
    made = Waiting(others)
    yield made, others
    made.close()
    torch.set_num_threads(threads)


def _threads() -> int:
    return psutil.Process().num_threads()


def test_threads_sleep_while_others_are_busy_and_spin_again_after(
    waiting: tuple[Waiting, PretendedPrograms],
) -> None:
    decides, others = waiting
    before = _threads()
    told = []
    for busy_cores in (0.0, None, 1.0, 1.0, None, float(CORES), 0.0, 0.0):
        others.busy_cores = busy_cores
        decides.look()
        told.append(decides.sleeps)
    assert told == [False, False, True, True, True, True, False, False]
    assert _until(lambda: _threads() == before)


def test_one_team_is_enough_to_have_more_threads_than_cores(waiting: tuple[Waiting, PretendedPrograms]) -> None:
    decides, others = waiting
    before = _threads()
    others.busy_cores = 1.0
    for _ in range(3):
        decides.look()
    # The Python thread that holds the team is its first thread.
    assert _threads() - before == CORES + 1


def test_threads_keep_spinning_while_busy_programs_use_spare_cores(
    monkeypatch: pytest.MonkeyPatch, waiting: tuple[Waiting, PretendedPrograms]
) -> None:
    decides, others = waiting

    class FourCoresForTwoThreads:
        """Stands in for the library on a larger machine."""

        def omp_get_num_procs(self) -> int:
            return 4

        def omp_get_max_threads(self) -> int:
            return 2

    monkeypatch.setattr(decides, "_openmp", FourCoresForTwoThreads())
    others.busy_cores = 2.2
    decides.look()
    assert not decides.sleeps


def test_another_openmp_than_gnus_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_gnu_openmp", lambda: None)
    others = PretendedPrograms()
    others.busy_cores = 1.0
    decides = Waiting(others)
    decides.look()
    assert not decides.sleeps


def test_a_busy_program_is_seen_and_this_one_is_not_counted() -> None:
    others = OtherPrograms()
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        assert others.cores() is None, "nothing can be told after so short a time"
        seen = _until(lambda: (others.cores() or 0.0) > 0.2)
    finally:
        busy.kill()
        busy.wait()
    assert seen


@pytest.mark.long
def test_a_model_thread_without_work_sees_busy_programs() -> None:
    """The process has the spare team's threads while the programs run."""
    program = "import sys, threading; sys.path.insert(0, '.'); from kokoro_wyoming.scheduler import ModelThread\n"
    program += "from kokoro_wyoming.processor import Waiting; import torch\n"
    program += "thread = ModelThread(waiting=Waiting()); print('begun', flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    seen = psutil.Process(child.pid)
    before = seen.num_threads()
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(CORES)]
    try:
        assert _until(lambda: seen.num_threads() == before + CORES + 1)
    finally:
        for program_beside in busy:
            program_beside.kill()
            program_beside.wait()
        child.kill()
        child.wait()


def _until(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether a condition becomes true, with time for a loaded machine."""
    deadline, patience = time.monotonic() + seconds, threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            return False
        patience.wait(LOOK_SECONDS / 2)
    return True
