"""The memory settings of C libraries, which cannot be asked for their settings; and what a rest lets go."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.builds.v1_0.g2p import make_quiet_pipeline
from kokoro_wyoming.network import memory
from kokoro_wyoming.network.workspace import Workspace
from kokoro_wyoming.text.sentences import Run

_CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


@pytest.mark.parametrize(("before", "after"), [(None, "320"), ("77", "77")])
def test_the_kernel_cache_is_limited_unless_the_environment_sets_a_limit(
    before: str | None, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(_CAPACITY, raising=False)
    if before is not None:
        monkeypatch.setenv(_CAPACITY, before)
    memory.limit_kernel_cache()
    assert os.environ[_CAPACITY] == after


def test_memory_can_be_kept_and_returned_without_an_error() -> None:
    memory.keep_freed()
    memory.return_memory()
    assert bytearray(1 << 20)


_IS_GLIBC = platform.libc_ver()[0] == "glibc"


@pytest.mark.skipif(not _IS_GLIBC, reason="glibc alone tells where its blocks lie")
def test_large_blocks_lie_in_the_heap_but_those_of_a_load_apart_from_it() -> None:
    assert _told(
        "from kokoro_wyoming.network.memory import keep_freed, large_blocks_apart",
        "keep_freed()",
        "blocks = [bytearray(1 << 20)]; tell()",
        "with large_blocks_apart(): blocks.append(bytearray(1 << 20)); tell()",
        "blocks.append(bytearray(1 << 20)); tell()",
    ) == ["0 more apart", "1 more apart", "1 more apart"]


@pytest.mark.skipif(not _IS_GLIBC, reason="glibc alone tells where its blocks lie")
def test_all_threads_of_a_server_share_one_arena() -> None:
    assert _told(
        "import threading",
        "from kokoro_wyoming.cli import main, serve",
        "threads = [threading.Thread(target=bytearray, args=[1 << 20]) for _ in range(4)]",
        "serve.start = lambda load: [(thread.start(), thread.join()) for thread in threads] and 0",
        "main(['serve'])",
        "tell_arenas()",
    ) == ["1 arena"]


def _told(*program: str) -> list[str]:
    """What a program in a process of its own tells of glibc's heap."""
    run = subprocess.run(
        [sys.executable, "-c", "\n".join([_TELL, *program])], capture_output=True, text=True, check=True
    )
    return run.stdout.splitlines()


_TELL = """
import ctypes, re, tempfile
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
def heap():
    with tempfile.NamedTemporaryFile() as file:
        stream = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
        library.malloc_info(0, stream)
        library.fclose(stream)
        return file.read().decode()
def apart(): return int(re.search('type="mmap" count="([0-9]+)"', heap())[1])
def tell(): print(apart() - before, "more apart")
def tell_arenas(): print(heap().count("<heap nr"), "arena")
before = apart()
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").is_file(), reason="needs the sizes of mapped files that Linux has")
def test_dictionaries_that_were_let_go_are_read_as_before() -> None:
    pipeline = make_quiet_pipeline("j")
    before = pipeline.g2p("洗濯機が終わりました。")[0]
    assert _resident_kilobytes("r--s", "sys.dic") > 0
    memory.let_dictionaries_go()
    assert _resident_kilobytes("r--s", "sys.dic") == 0
    assert pipeline.g2p("洗濯機が終わりました。")[0] == before


@pytest.mark.skipif(not Path("/proc/self/smaps").is_file(), reason="needs the sizes of mapped files that Linux has")
def test_code_that_was_let_go_runs_as_before() -> None:
    before, kilobytes = torch.arange(100.0).softmax(0), _resident_kilobytes("r-xp", "libtorch_cpu.so")
    memory.let_code_go()
    assert 4 * _resident_kilobytes("r-xp", "libtorch_cpu.so") < kilobytes
    assert torch.equal(torch.arange(100.0).softmax(0), before)


def _resident_kilobytes(kind: str, file_name: str) -> int:
    """How much of a file is resident where it is mapped in this way."""
    is_wanted, kilobytes = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if not line.partition(" ")[0].endswith(":"):
            is_wanted = f" {kind} " in line and line.endswith(file_name)
        elif line.startswith("Rss:") and is_wanted:
            kilobytes += int(line.split()[1])
    return kilobytes


@pytest.mark.weights
def test_a_rest_lets_the_memory_of_layers_go_and_changes_no_sound(model_data: Store) -> None:
    folder = model_data.models / "v1_0"
    wrapper = KokoroV1Wrapper(folder / "config.json", folder / "kokoro-v1_0.pth", device="cpu")
    workspace = wrapper.initialize().tuning.workspace
    before = _said(wrapper)
    assert _bytes(workspace) > 10_000_000
    wrapper.rest()
    assert _bytes(workspace) == 0
    assert torch.equal(_said(wrapper), before)
    assert _bytes(workspace) > 10_000_000


def _said(wrapper: KokoroV1Wrapper) -> Tensor:
    torch.manual_seed(1)
    run = Run("The front door has been open for ten minutes, and the hallway is slowly getting colder.")
    return torch.cat([piece for piece in wrapper.pieces([run], "af_heart", "a") if piece is not None])


def _bytes(workspace: Workspace) -> int:
    return sum(memory.nbytes for memory in workspace._memory.values())
