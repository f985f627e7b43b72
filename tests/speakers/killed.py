"""Announcements by a process that is killed in the middle."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tests.speakers.announcing import announcer

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.speakers.announcing import announce_on
print(asyncio.run(announce_on(sys.argv[1], Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]), volume=0.4)))
"""
_PATIENCE_SECONDS = 60
_CHECKOUT = Path(__file__).parents[2]


async def announce_and_be_killed(uri: str, pcm: bytes, folder: Path, is_time: Callable[[], bool]) -> None:
    """Announce at volume 0.4 in another process, and kill -9 it when it is time."""
    speech = folder / "speech.pcm"
    speech.write_bytes(pcm)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, uri, str(speech), str(folder), cwd=_CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: is_time() or child.returncode is not None)
        assert child.returncode is None, await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def restore_left(folder: Path) -> None:
    """What the next process does when it starts."""
    async with announcer(folder) as announcing:
        await announcing.restore_left()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is true; fails after a minute."""
    ends_at = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < ends_at
        await asyncio.sleep(0.02)
