"""What the stand-ins for services share: a port that clients connect to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(reply: bytes) -> Serve:
    """Answers a client's first byte with `reply`, and hangs up; without a reply it never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if not reply:
            await asyncio.Event().wait()
        writer.write(reply)

    return serve


@contextlib.asynccontextmanager
async def service(serve: Serve) -> AsyncIterator[str]:
    """Have `serve` answer clients on a free port of this machine, and give the address: tcp://127.0.0.1:PORT.

    When the block ends, every connection is broken off, also one whose `serve` would never return. From Python 3.12
    on, a closed server would wait for it. From Python 3.13 on, asyncio fails on a connection that is half accepted
    while its server closes, so the loop turns a few times first.
    """
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections[task] = writer
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.close()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        for _ in range(4):
            await asyncio.sleep(0)
        listener.close()
        for task, writer in connections.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
