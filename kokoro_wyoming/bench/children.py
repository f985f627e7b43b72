"""Processes that the benchmark starts. They call the functions that they are told, and end with the benchmark."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from kokoro_wyoming.errors import KokoroWyomingError

ANSWER_SECONDS = 180.0
"""Longest wait for one answer: half a minute of speech on a very slow machine."""
_LOOK_SECONDS = 0.02
_LAST_LINES = 30
_SPAWN = multiprocessing.get_context("spawn")

P = ParamSpec("P")
T = TypeVar("T")


class BenchError(KokoroWyomingError):
    """A contender could not be started, died or does not answer."""


class Child:
    """A process that calls the functions it is told, one after the other."""

    def __init__(self, process: BaseProcess, calls: Connection, log: Path) -> None:
        self.name = process.name
        self.pid = process.pid
        self._process, self._calls, self._log = process, calls, log

    def tell(self, do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have it call a function of a module; what it returns is not waited for."""
        self._calls.send((do, args, kwargs))

    async def ask(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function returns there; BenchError when it fails or takes longer than ANSWER_SECONDS."""
        try:
            self.tell(do, *args, **kwargs)
            if not await asyncio.to_thread(self._calls.poll, ANSWER_SECONDS):
                raise BenchError(f"{self.name} has not answered for {ANSWER_SECONDS:.0f} seconds")
            return cast(T, self._calls.recv())
        except (EOFError, OSError) as error:
            raise BenchError(self._last_words()) from error

    async def logged(self, pattern: re.Pattern[str]) -> str:
        """The first thing in its log that matches; BenchError when it ends or falls silent before."""
        patience_ends = time.monotonic() + ANSWER_SECONDS
        while not (found := pattern.search(self._written())):
            if not self._process.is_alive():
                raise BenchError(self._last_words())
            if time.monotonic() > patience_ends:
                raise BenchError(f"{self.name} is not ready after {ANSWER_SECONDS:.0f} seconds")
            await asyncio.sleep(_LOOK_SECONDS)
        return found.group()

    def _written(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _last_words(self) -> str:
        self._process.join()
        lines = "\n".join(f"  {line}" for line in self._written().splitlines()[-_LAST_LINES:])
        return f"{self.name} ended with status {self._process.exitcode}; its last words:\n{lines}"


@contextlib.contextmanager
def started(name: str, environment: Mapping[str, str] | None = None) -> Iterator[Child]:
    """A new Python process with these variables. It ends with the block, and with this process, however that ends."""
    ours, theirs = _SPAWN.Pipe()
    with tempfile.NamedTemporaryFile() as log, ours:
        process = _SPAWN.Process(target=_obey, args=(theirs, log.name, environment or {}), name=name, daemon=True)
        process.start()
        theirs.close()
        try:
            yield Child(process, ours, Path(log.name))
        finally:
            process.kill()
            process.join()


def _obey(calls: Connection, log: str, environment: Mapping[str, str]) -> None:
    """The main loop of a child. Its standard output and error go to the log."""
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, name="leash", daemon=True).start()
    written = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(written, 1)
    os.dup2(written, 2)
    while True:
        do, args, kwargs = calls.recv()
        calls.send(do(*args, **kwargs))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
