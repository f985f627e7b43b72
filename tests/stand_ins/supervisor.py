"""Stands in for Home Assistant and its Supervisor around an app: the discovery call, and a visitor's way (ingress).

Of a visitor's way it does what Home Assistant and the Supervisor do to requests and answers: the prefix is cut off, a
cookie is wanted, headers are left out and added, answers below 4 MB are gathered, others streamed, texts compressed.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.stand_ins.loopback import offered_protocols, pass_both_ways, serving_app

TOKEN = "token-of-the-app"
INGRESS_TOKEN = "m4Y9sWjv0bW3GJq1vCz0aZ8h2uF5tXkQ"
PREFIX = f"/api/hassio_ingress/{INGRESS_TOKEN}"
COOKIE = {"ingress_session": "a-session"}
ADDRESS = "127.0.0.2"
"""Where its requests to the app come from, in place of 172.30.32.2."""
PANEL = "/app"
"""A page of Home Assistant that frames the app's page, and gives the cookie."""

_GATHERED_BYTES = 4_194_000
_NOT_HANDED_ON = (
    *("content-length", "content-encoding", "transfer-encoding", "accept-encoding", "x-supervisor-token"),
    *("x-remote-user-id", "x-remote-user-name", "x-remote-user-display-name"),
    *("sec-websocket-extensions", "sec-websocket-protocol", "sec-websocket-version", "sec-websocket-key"),
)
_NOT_HANDED_BACK = ("transfer-encoding", "content-length", "content-type", "content-encoding")
_COMPRESSED = ("json", "javascript", "xml", "svg", "text/")


@dataclass
class Supervisor:
    """What the app told, and where it listens."""

    url: str = ""
    app: str = ""
    """The app's own HTTP address, such as http://127.0.0.1:8880."""
    services: tuple[str, ...] = ("wyoming",)
    """What the app's configuration says it discovers."""
    failures: int = 0
    """How many of the next calls fail, as before the Supervisor has started."""
    asked: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Taken messages, each with its `uuid`; the same service again keeps its uuid."""
    handed_on: list[dict[str, str]] = field(default_factory=list)
    """The headers of every request that was handed on to the app."""

    @property
    def page(self) -> str:
        """The app's page for a visitor."""
        return f"{self.url}{PREFIX}/"

    async def discovery(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise web.HTTPBadGateway
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        sent = await request.json()
        if set(sent) != {"service", "config"} or not isinstance(sent["config"], dict):
            return web.json_response({"result": "error", "message": "wrong keys"}, status=400)
        if sent["service"] not in self.services:
            return web.json_response({"result": "error", "message": "not listed in the config"}, status=403)
        known = next((message for message in self.messages if message["service"] == sent["service"]), None)
        if known is None:
            known = {"uuid": uuid.uuid4().hex}
            self.messages.append(known)
        known.update(sent)
        return web.json_response({"result": "ok", "data": {"uuid": known["uuid"]}})

    async def panel(self, request: web.Request) -> web.Response:
        frame = f'<iframe src="{PREFIX}/" width="100%" height="1600" style="border:0"></iframe>'
        text = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>House</title>{frame}'
        answer = web.Response(text=text, content_type="text/html")
        answer.set_cookie("ingress_session", COOKIE["ingress_session"])
        return answer

    async def ingress(self, request: web.Request) -> web.StreamResponse:
        if request.cookies.get("ingress_session") != COOKIE["ingress_session"]:
            raise web.HTTPUnauthorized
        if request.match_info["token"] != INGRESS_TOKEN:
            raise web.HTTPServiceUnavailable
        headers = self._headers(request)
        self.handed_on.append({"path": request.match_info["path"], **headers})
        url = f"{self.app}/{request.match_info['path']}"
        connector = aiohttp.TCPConnector(local_addr=(ADDRESS, 0))
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout()) as session:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await _socket(session, request, url, headers)
            return await _answer(session, request, url, headers)

    def _headers(self, request: web.Request) -> dict[str, str]:
        kept = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_HANDED_ON}
        return {
            **kept,
            "X-Hass-Source": "core.ingress",
            "X-Ingress-Path": PREFIX,
            "X-Forwarded-For": str(request.remote),
            "X-Forwarded-Host": request.host,
            "X-Forwarded-Proto": request.scheme,
            "X-Remote-User-Id": "0123456789abcdef",
            "X-Remote-User-Name": "grandma",
        }


async def _answer(
    session: aiohttp.ClientSession, request: web.Request, url: str, headers: dict[str, str]
) -> web.StreamResponse:
    body = request.content if request.method == "POST" else await request.read()
    asked = session.request(
        request.method, url, params=request.query, data=body, headers=headers, allow_redirects=False
    )
    async with asked as answer:
        back = [(name, value) for name, value in answer.headers.items() if name.lower() not in _NOT_HANDED_BACK]
        kind = answer.headers.get("Content-Type", "application/octet-stream").partition(";")[0].strip()
        compresses = any(word in kind for word in _COMPRESSED) and not kind.startswith("text/event-stream")
        sent: web.Response | web.StreamResponse
        if request.method == "HEAD" or answer.status in (204, 304):
            return web.Response(status=answer.status, headers=[*back, ("Content-Type", kind)])
        if "Content-Length" in answer.headers and int(answer.headers["Content-Length"]) < _GATHERED_BYTES:
            sent = web.Response(status=answer.status, headers=back, body=await answer.read(), content_type=kind)
            if compresses:
                sent.enable_compression()
            return sent
        sent = web.StreamResponse(status=answer.status, headers=[*back, ("X-Accel-Buffering", "no")])
        sent.content_type = kind
        if compresses:
            sent.enable_compression()
        await sent.prepare(request)
        async for part, _ in answer.content.iter_chunks():
            await sent.write(part)
        await sent.write_eof()
        return sent


async def _socket(
    session: aiohttp.ClientSession, request: web.Request, url: str, headers: dict[str, str]
) -> web.StreamResponse:
    offered = offered_protocols(request)
    front = web.WebSocketResponse(protocols=offered, autoclose=False, autoping=False)
    await front.prepare(request)
    url = f"{url}?{request.query_string}" if request.query_string else url
    connected = session.ws_connect(url, headers=headers, protocols=offered, autoclose=False, autoping=False)
    async with connected as behind:
        await pass_both_ways(front, behind)
    return front


@contextlib.asynccontextmanager
async def supervisor() -> AsyncIterator[Supervisor]:
    """The stand-in, listening; nothing of it is left at the end."""
    made = Supervisor()
    app = web.Application()
    app.router.add_post("/discovery", made.discovery)
    app.router.add_get(PANEL, made.panel)
    app.router.add_route("*", "/api/hassio_ingress/{token}/{path:.*}", made.ingress)
    async with serving_app(app) as made.url:
        yield made
