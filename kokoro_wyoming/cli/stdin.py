"""Text from stdin, as it arrives."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
import threading
from collections.abc import AsyncIterator

_READ_BYTES = 4_096
_PIECES_AHEAD = 16


async def pieces() -> AsyncIterator[str]:
    """What stdin holds, each piece as soon as it is written there; UTF-8, wrong bytes replaced."""
    arrived: asyncio.Queue[bytes] = asyncio.Queue(_PIECES_AHEAD)
    loop = asyncio.get_running_loop()
    # A thread, as event loops cannot wait for plain files; a daemon, as nothing interrupts a read that waits.
    threading.Thread(target=_read_all, args=(sys.stdin.fileno(), loop, arrived), daemon=True).start()
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    while content := await arrived.get():
        if text := decoder.decode(content):
            yield text
    if rest := decoder.decode(b"", final=True):
        yield rest


def _read_all(file: int, loop: asyncio.AbstractEventLoop, arrived: asyncio.Queue[bytes]) -> None:
    """Pass on what is read; an empty piece is the end."""
    content = b"-"
    while content:
        try:
            # sys.stdin.buffer would hold its lock when the program exits.
            content = os.read(file, _READ_BYTES)
        except OSError:
            content = b""
        handing_over = arrived.put(content)
        try:
            asyncio.run_coroutine_threadsafe(handing_over, loop).result()
        except RuntimeError:  # the event loop has ended
            handing_over.close()
            return
