"""What a start needs is read from the disk while Python imports modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_LOAD = """
import re, threading
from pathlib import Path
from kokoro_wyoming.server.read_ahead import load_torch_ahead
load_torch_ahead()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
print(*{Path(found).name for found in re.findall(r"/.*libtorch_cpu.*", Path("/proc/self/maps").read_text())})
import torch
print(torch.ones(2).sum().item())
"""
_END = """
import sys, time
from kokoro_wyoming.server.read_ahead import load_torch_ahead
load_torch_ahead()
time.sleep(float(sys.argv[1]))
sys.exit("wrong settings")
"""
_READ = """
import sys, threading
from pathlib import Path
from kokoro_wyoming.server.read_ahead import read_ahead
for name in sys.argv[1:]:
    read_ahead(Path(name))
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
"""


def _python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=120)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere libraries are loaded in other ways")
def test_torch_s_library_is_there_before_torch_is_imported() -> None:
    result = _python(_LOAD)
    assert (result.stdout.split(), result.stderr) == (["libtorch_cpu.so", "2.0"], "")


def test_a_file_that_cannot_be_read_ahead_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"weights")
    result = _python(_READ, str(tmp_path / "weights"), str(tmp_path / "missing"), str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("seconds", ["0", "0.02", "0.1"])
def test_an_end_of_the_process_meanwhile_is_no_crash(seconds: str) -> None:
    result = _python(_END, seconds)
    assert (result.returncode, result.stderr) == (1, "wrong settings\n")
