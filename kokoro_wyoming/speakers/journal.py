"""What each speaker is to be given back, in files: whoever is killed in between leaves it to the next.

Each speaker has a lock as well, so that the server and a command, or two commands, do not speak over each other on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import filelock

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 0.05
_STALE_SECONDS = 3_600.0
"""After this time nobody wants to hear again what a speaker played, and somebody may have chosen its volume."""


class Journal:
    """A folder with a file for each speaker whose state is not restored yet."""

    def __init__(self, folder: Path) -> None:
        """The folder need not exist; where it cannot be written, speakers are played without notes and locks."""
        self._folder = folder
        self._has_warned = False

    @contextlib.asynccontextmanager
    async def alone(self, uri: str) -> AsyncIterator[Entry]:
        """Wait until no other process announces on this speaker; its entry, for as long as the block lasts."""
        path = self._path(uri)
        try:
            lock = await _locked(path.with_suffix(".lock"))
        except (OSError, NotImplementedError) as error:  # a folder that cannot be written, or without locks
            if not self._has_warned:
                _LOGGER.warning("Speakers are not restored if this program is killed: %s", error)
            self._has_warned = True
            yield Entry(uri, None)
            return
        try:
            yield Entry(uri, path)
        finally:
            lock.release()

    def left(self) -> Iterator[str]:
        """The addresses of speakers that are not restored, whoever is at them now."""
        for path in sorted(self._folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                yield str(json.loads(path.read_text())["uri"])

    def _path(self, uri: str) -> Path:
        return self._folder / f"{hashlib.sha256(uri.encode()).hexdigest()[:24]}.json"


async def _locked(path: Path) -> filelock.BaseFileLock:
    """The lock in this file, once no other process has it.

    Raises OSError where the folder cannot be written, and filelock's NotImplementedError where its disk has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = filelock.FileLock(path, timeout=0)
    while True:
        try:
            lock.acquire()
            return lock
        except filelock.Timeout:
            await asyncio.sleep(_POLL_SECONDS)


class Entry:
    """One speaker's notes."""

    def __init__(self, uri: str, path: Path | None) -> None:
        self._uri = uri
        self._path = path

    def read(self) -> dict[str, Any] | None:
        """The state that somebody who was killed did not restore; None where there is none, or a stale one."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if self._path is not None and time.time() - self._path.stat().st_mtime < _STALE_SECONDS:
                return dict(json.loads(self._path.read_text())["state"])
        return None

    def write(self, state: dict[str, Any]) -> None:
        """Note what is to be restored. The address is written with its query: only this user may read the file."""
        if self._path is None:
            return
        part = self._path.with_suffix(".part")
        try:
            part.touch(mode=0o600)
            part.write_text(json.dumps({"uri": self._uri, "state": state}))
            part.replace(self._path)
        except OSError as error:
            _LOGGER.warning("A speaker is not restored if this program is killed: %s", error)

    def clear(self) -> None:
        """It is restored."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
