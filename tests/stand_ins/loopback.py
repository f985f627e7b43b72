"""How stand-ins that speak HTTP listen on this machine, and how those in the middle hand a WebSocket on."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import aiohttp
from aiohttp import web


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *what: object) -> None:
        """Log nothing: clients hang up on a server that fails on purpose."""


@contextlib.contextmanager
def served_by(handler: type[BaseHTTPRequestHandler], **attributes: object) -> Iterator[str]:
    """Serve on 127.0.0.1, on a thread, until the block ends; the address. The handler gets the attributes."""
    server = _Server(("127.0.0.1", 0), type("Handler", (handler,), attributes))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.asynccontextmanager
async def serving_app(app: web.Application) -> AsyncIterator[str]:
    """Serve an application on 127.0.0.1 until the block ends; the address."""
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def offered_protocols(request: web.Request) -> list[str]:
    """The subprotocols that a client offers for its WebSocket."""
    return [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name]


async def pass_both_ways(front: Any, behind: Any) -> None:
    """Hand on the messages of two WebSockets to each other, until one of them ends."""
    ways = [asyncio.ensure_future(_pass_on(front, behind)), asyncio.ensure_future(_pass_on(behind, front))]
    _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in left:
        way.cancel()


async def _pass_on(source: Any, goal: Any) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await goal.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await goal.send_bytes(message.data)
