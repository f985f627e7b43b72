"""What tests of speakers that fetch their sound share: music to fetch, and an announcement that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import soundfile
from aiohttp import web

from tests.speakers.announcing import tone

MUSIC_HZ = 440.0
LATEST_SECONDS = 60
KILLED = """
import asyncio, sys
from pathlib import Path
from tests.speakers.announcing import announce_on
asyncio.run(announce_on(sys.argv[1], Path(sys.argv[3]).read_bytes(), Path(sys.argv[2]), volume=0.8))
"""
"""A program; its arguments are a speaker, a folder and a file with PCM."""


@contextlib.asynccontextmanager
async def music(folder: Path) -> AsyncIterator[str]:
    """The address of a minute of a tone."""
    samples = np.frombuffer(tone(MUSIC_HZ, 60, 24_000, 1), "<i2")
    soundfile.write(folder / "music.wav", samples, 24_000)
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/music.wav"
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that a stand-in shows."""
    deadline = time.monotonic() + LATEST_SECONDS
    for _ in iter(lambda: bool(condition()), True):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
