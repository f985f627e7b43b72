"""Stands in for a reverse proxy that puts a server under a prefix, and for Home Assistant, which frames it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from tests.stand_ins.loopback import offered_protocols, pass_both_ways, serving_app

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
        async with serving_app(app) as address:
            yield address


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
    async with session.ws_connect(path, protocols=offered_protocols(request)) as behind:
        front = web.WebSocketResponse(protocols=[behind.protocol] if behind.protocol else [])
        await front.prepare(request)
        await pass_both_ways(front, behind)
        await front.close()
        return front
