"""Processes of our own making: started, asked, looked at, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

from kokoro_wyoming.errors import KokoroWyomingError

ANSWER_SECONDS = 180.0
"""For one question to a child; half a minute of speech on the slowest of machines."""
_END_SECONDS = 3.0
_LINE_BYTES = 1 << 20
_LOG_LINES = 30


class BenchError(KokoroWyomingError):
    """A contender could not be started, died or does not answer."""


class Child:
    """A running process that answers lines of JSON with lines of JSON, or only logs."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        """The last lines of its stderr."""
        self._log_changed = asyncio.Condition()
        self._log_ended = False
        self._follower = asyncio.ensure_future(self._follow())

    @property
    def pid(self) -> int:
        return self.process.pid

    async def answer(self) -> Any:
        """The next line of its stdout, read as JSON; BenchError when none comes."""
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), ANSWER_SECONDS)
        except asyncio.TimeoutError as error:
            raise BenchError(f"{self.name} has not answered for {ANSWER_SECONDS:.0f} seconds") from error
        if not line:
            raise BenchError(await self._obituary())
        return json.loads(line)

    async def ask(self, **question: object) -> Any:
        """Send a question, and wait for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        with contextlib.suppress(ConnectionError):  # that it has died is told by `answer`
            await self.process.stdin.drain()
        return await self.answer()

    async def logged(self, pattern: re.Pattern[str]) -> str:
        """The first thing in its log, from here on, that matches; BenchError when it ends or falls silent before."""

        def found() -> str | None:
            return next((match.group() for line in self.log if (match := pattern.search(line))), None)

        try:
            async with self._log_changed:
                await asyncio.wait_for(self._log_changed.wait_for(lambda: found() or self._log_ended), ANSWER_SECONDS)
        except asyncio.TimeoutError as error:
            raise BenchError(f"{self.name} is not ready after {ANSWER_SECONDS:.0f} seconds") from error
        match = found()
        if match is None:
            raise BenchError(await self._obituary())
        return match

    async def end(self) -> None:
        """End it, kindly and then for certain."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _END_SECONDS)
        except asyncio.TimeoutError:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await self.process.wait()
        await self._follower

    async def _follow(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            async with self._log_changed:
                self.log.append(line.decode(errors="replace").rstrip())
                self._log_changed.notify_all()
        async with self._log_changed:
            self._log_ended = True
            self._log_changed.notify_all()

    async def _obituary(self) -> str:
        await self.process.wait()
        await self._follower
        last = "\n".join(f"  {line}" for line in self.log)
        return f"{self.name} ended with status {self.process.returncode}; its last words:\n{last}"


@contextlib.asynccontextmanager
async def started(name: str, arguments: Sequence[str]) -> AsyncIterator[Child]:
    """`python ARGUMENT...` as a child, ended with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    child = Child(name, process)
    try:
        yield child
    finally:
        await child.end()
