"""Fixtures for more than one file: where the real weights and the ears are, and a real server that runs."""

from __future__ import annotations

import gc
import math
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from kokoro_wyoming.assets import Store
from tests.listening import Ears

CHECKOUT = Path(__file__).parent.parent

# The same examples every time, so that a change is judged by what it changed; how long one takes is nobody's law.
settings.register_profile("stable", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("stable"), max_examples=20)
settings.register_profile("exploring", deadline=None, max_examples=1000)


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported, as each takes its settings then."""
    usual = "quick" if is_quick(config) and not measures_coverage(config) else "stable"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """More processes than cores, as many tests wait. In the whole run each may hold the network (1.3 GB)."""
    cores = os.cpu_count() or 1
    return 2 * cores if is_quick(config) else cores + 1


def is_quick(config: pytest.Config) -> bool:
    """Whether this is the quick subset."""
    return "not weights" in str(config.getoption("markexpr"))


def measures_coverage(config: pytest.Config) -> bool:
    """Whether it is told which lines are run."""
    return bool(config.getoption("cov_source", None))


# Modules and tests stay to the end. They are not looked through again and again for garbage.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on the garbage of tests is collected, and what was there before is left alone."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def model_data() -> Store:
    """The real weights and voices, as `kokoro-wyoming fetch` laid them down."""
    home = Path(os.environ.get("KOKORO_WYOMING_TEST_DATA", CHECKOUT))
    store = Store(models=home / "models", voices=home / "voices")
    if not store.weights("v1.0").is_file():
        pytest.fail(f"no weights in {home}: run ./test.sh, or `kokoro-wyoming fetch` once")
    return store


@pytest.fixture(scope="session")
def both_releases(model_data: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """v1.0 and v0.19 side by side; v0.19 is made of v1.0's tensors unless its own files are at hand."""
    from tests.stand_ins.old_release import lay_out  # imports torch, which pytest's own process does without

    return lay_out(model_data, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="session")
def ears() -> Ears:
    """whisper-base, which writes down what it hears."""
    folder = Path(os.environ.get("KOKORO_WYOMING_TEST_WHISPER", CHECKOUT / ".cache" / "whisper-base"))
    if not (folder / "model.bin").is_file():
        pytest.fail(f"no whisper model in {folder}: run ./test.sh once")
    return Ears(folder)


_LONGEST_FIRST = (
    "test_haproxy",
    "test_page",
    "test_two_releases",
    "test_real_speech",
    "test_release",
    "test_model_engine",
    "test_four_releases",
    "test_three_releases",
    "test_streams",
    "test_house",
    "test_corpus",
    "test_conformance",
    "test_sound",
    "test_chinese_release",
    "test_calibration",
    "test_streaming",
    "test_code_switching",
    "test_laboratory",
    "test_word_times",
    "test_stopping",
    "test_linearity",
    "test_discovery_lan",
    "test_server",
    "test_soak",
    "test_bench",
    "test_dlna",
    "test_run_sh",
    "test_short_answers",
    "test_kokoro_package",
    "test_cuda_graphs",
    "test_cache",
    "test_announce",
    "test_life",
    "test_supervised",
    "test_packages",
    "test_hostile",
    "test_learning_moments",
)


_QUICK_EXAMPLES = 2
"""Of one test's examples the quick subset has so many, evenly spread."""


def _function(item: pytest.Item) -> str:
    """The name of a test without its example."""
    return item.nodeid.partition("[")[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files go first, then those with any long test: no process is left with one when the others have no more.

    `-m "not weights"`, the quick subset, leaves out what is long or slow, and of tests that are alike all but a
    few; with `--cov` it has the slow ones and all alike, as each may run a line that no other does.
    """
    slow = {item.path for item in items if any(map(item.get_closest_marker, ("weights", "long", "slow")))}
    alike = Counter(_function(item) for item in items)
    seen: Counter[str] = Counter()
    for item in items:
        name = _function(item)
        is_spare = seen[name] % math.ceil(alike[name] / _QUICK_EXAMPLES) != 0 or item.get_closest_marker("slow")
        seen[name] += 1
        if (is_spare and not measures_coverage(config)) or item.get_closest_marker("long"):
            item.add_marker("weights")
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), item.path not in slow))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and so would the programs that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class RunningServer:
    """`kokoro-wyoming serve` as a process of its own, with what it logged so far."""

    def __init__(
        self, *arguments: str, checkout: Path = CHECKOUT, inside: Sequence[str] = (), **environment: str
    ) -> None:
        """`inside` is a command that runs another one; `environment` is added to that of the tests.

        It has no HTTP face unless the arguments have an address for one.
        """
        if not any(argument.startswith("--http-uri") for argument in arguments):
            arguments += ("--no-http",)
        self.log: list[str] = []
        self._settled = threading.Event()
        self.process = subprocess.Popen(
            [*inside, sys.executable, "-m", "kokoro_wyoming", "serve", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout), **environment},
        )
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    def _follow(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if "Ready after" in line:
                self._settled.set()
        self._settled.set()

    def settled(self) -> None:
        """Return once it is ready or has ended."""
        assert self._settled.wait(120), "".join(self.log)

    def followed(self) -> None:
        """Return once all that an ended server logged has been read."""
        self._follower.join(30)

    def wait_until_ready(self) -> str:
        """The address it listens on; fails with its log when it ends before it is ready."""
        self.settled()
        found = re.search(r"tcp://127\.0\.0\.1:\d+", "".join(self.log))
        assert found, "".join(self.log)
        return found.group()

    def http_address(self) -> str:
        """The address of its page, without a slash at the end; fails with its log when it has none."""
        self.settled()
        found = re.search(r"http://127\.0\.0\.1:\d+", "".join(self.log))
        assert found, "".join(self.log)
        return found.group()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def running_server(model_data: Store) -> Iterator[RunningServer]:
    """A real server with the real model, started once for all tests of a process."""
    running = RunningServer(
        "--uri=tcp://127.0.0.1:0",
        "--http-uri=tcp://127.0.0.1:0",
        "--no-zeroconf",
        "--offline",
        f"--models={model_data.models}",
        f"--voices-folder={model_data.voices}",
    )
    yield running
    assert running.end() == 0, "".join(running.log)
    assert "Traceback" not in "".join(running.log)


@pytest.fixture(scope="session")
def server(running_server: RunningServer) -> str:
    """Its address for Wyoming's clients."""
    return running_server.wait_until_ready()


@pytest.fixture(scope="session")
def http_server(running_server: RunningServer) -> str:
    """The address of its page."""
    return running_server.http_address()
