"""Stands in for a reverse proxy that puts a server under a prefix, and for Home Assistant, which frames it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

FRAME = "/house"
"""The page with the frame."""


@contextlib.asynccontextmanager
async def prefix_proxy(server: str, prefix: str, *, sockets: bool = True) -> AsyncIterator[str]:
    """Serve what `server` ("http://127.0.0.1:8880/") has under `prefix` ("/voice/"); the proxy's own address.

    Without `sockets` it lets no WebSocket through, as many do.
    """
    async with aiohttp.ClientSession(server) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            if request.path == FRAME:
                icon = '<link rel="icon" href="data:,">'
                frame = f'<!doctype html>{icon}<iframe src="{prefix}" width="100%" height="900"></iframe>'
                return web.Response(text=frame, content_type="text/html")
            if not request.path.startswith(prefix):
                raise web.HTTPNotFound
            path = "/" + request.path_qs.removeprefix(prefix)
            if request.headers.get("Upgrade", "").lower() == "websocket":
                if not sockets:
                    raise web.HTTPBadGateway
                return await _socket(session, request, path)
            return await _answer(session, request, path)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def _answer(session: aiohttp.ClientSession, request: web.Request, path: str) -> web.StreamResponse:
    kept = {name: value for name, value in request.headers.items() if name in ("Content-Type", "Authorization")}
    async with session.request(request.method, path, data=await request.read(), headers=kept) as answer:
        names = ("Content-Type", "Content-Security-Policy")
        headers = {name: answer.headers[name] for name in names if name in answer.headers}
        sent = web.StreamResponse(status=answer.status, headers=headers)
        await sent.prepare(request)
        async for part in answer.content.iter_any():
            await sent.write(part)
        await sent.write_eof()
        return sent


async def _socket(session: aiohttp.ClientSession, request: web.Request, path: str) -> web.StreamResponse:
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name]
    async with session.ws_connect(path, protocols=offered) as behind:
        front = web.WebSocketResponse(protocols=[behind.protocol] if behind.protocol else [])
        await front.prepare(request)
        ways = [asyncio.ensure_future(_pass_on(front, behind)), asyncio.ensure_future(_pass_on(behind, front))]
        _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in left:
            way.cancel()
        await front.close()
        return front


async def _pass_on(source: Any, goal: Any) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await goal.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await goal.send_bytes(message.data)
