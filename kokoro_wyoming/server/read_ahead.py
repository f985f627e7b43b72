"""Has the disk and a second core at work while Python imports modules, which one core does alone.

After a boot no file is in the system's cache. The weights are read then while the imports go on, and torch's own
library is loaded meanwhile, both without the interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import threading
from pathlib import Path

_TORCH_LIBRARY = Path("lib", "libtorch_cpu.so")


def read_ahead(path: Path) -> None:
    """Have a file read into the system's cache, on a thread of its own. One that is missing is no error."""
    threading.Thread(target=_read, args=(path,), name="read ahead", daemon=True).start()


def load_torch_ahead() -> None:
    """Load the largest library that `import torch` will load, on a thread of its own, on Linux."""
    # Where torch is missing, its import tells so.
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec("torch")
        if spec is not None and spec.origin is not None:
            library = Path(spec.origin).parent / _TORCH_LIBRARY
            # No daemon: an end of the process waits for it, as a library that is half loaded crashes there.
            threading.Thread(target=_load, args=(library,), name="load torch").start()


def _read(path: Path) -> None:
    with contextlib.suppress(OSError, AttributeError), path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _load(library: Path) -> None:
    # ctypes.CDLL would hold the interpreter meanwhile; a call of a C function does not.
    with contextlib.suppress(OSError, AttributeError):
        if library.is_file():
            ctypes.CDLL(None).dlopen(os.fsencode(library), os.RTLD_LAZY)
