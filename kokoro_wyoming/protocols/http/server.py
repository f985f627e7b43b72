"""The clients of the HTTP face: admits them, answers each request, and ends all connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http import HttpProcessingError

from kokoro_wyoming.errors import KokoroWyomingError, ShuttingDownError
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.http import (
    announce,
    guard,
    offers,
    openapi,
    pages,
    reading,
    realtime,
    say,
    speech,
    status,
    stream,
    timestamps,
    voices,
)
from kokoro_wyoming.protocols.http.connections import Connection, Connections
from kokoro_wyoming.protocols.http.context import CONTEXT, Context, connection_of
from kokoro_wyoming.protocols.http.errors import error_response, http_error_response
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.speakers.announcements import Announcements
from kokoro_wyoming.utterances.failures import log_defect, log_refusal
from kokoro_wyoming.utterances.service import SpeechService

_CLOSE_SECONDS = 1.0
"""Longest wait for requests that were cancelled."""
_NEW_SECONDS = 1.0
"""Longest wait for the request of a client that has just connected."""
_HEADERS = {"Server": "kokoro-wyoming", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""Sent with every answer."""
_LINE_BYTES = 65_536
"""Longest address of a request: each byte of the text in `/say/...?text=` may take three."""
_OPEN_WHILE_DRAINING = ("/health", "/ready", "/metrics")

_CLIENTS_ERRORS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
"""What aiohttp raises for bytes that are no HTTP, a body that cannot be unpacked, and a client that has left."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _ConnectionLog:
    """What aiohttp's connections log, without what the client sent. A client that speaks no HTTP is no defect."""

    def debug(self, *_: object, **__: object) -> None:
        """Nothing: the requests that are refused have their lines."""

    def exception(self, *_: object, exc_info: Exception | None = None) -> None:
        """An error outside of a handler."""
        if exc_info is not None and not isinstance(exc_info, _CLIENTS_ERRORS):
            log_defect("HTTP client", exc_info)


class HttpServer:
    """Serves each client that connects. It is made by `start`; `protocol` is what a listening socket calls."""

    def __init__(self, context: Context, runner: web.AppRunner, connections: Connections) -> None:
        self._context = context
        self._runner = runner
        self._connections = connections

    @classmethod
    async def start(
        cls,
        service: SpeechService,
        admission: Admission,
        options: HttpOptions,
        metrics: Callable[[str], tuple[bytes, str]],
        announcements: Announcements,
        offered: offers.Offers,
    ) -> HttpServer:
        """`metrics` gives, for a header `Accept`, the numbers of the server and their content type.

        `offered` are the sounds that speakers fetch for announcements.
        """
        context = Context(service, announcements, metrics, options)
        runner = web.AppRunner(
            _application(context, offered),
            handler_cancellation=True,
            access_log=None,
            logger=_ConnectionLog(),
            shutdown_timeout=_CLOSE_SECONDS / 2,  # aiohttp waits so long twice
            keepalive_timeout=options.idle_seconds,
            max_line_size=_LINE_BYTES,
        )
        await runner.setup()
        assert runner.server is not None
        connections = Connections(admission, runner.server)
        server = cls(context, runner, connections)
        server.change(options)
        return server

    @property
    def protocol(self) -> Callable[[], Connection]:
        """Makes asyncio's protocol of each client."""
        return self._connections

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._connections.admitted)

    def change(self, options: HttpOptions) -> None:
        """Use other options from the next request on."""
        self._context.options = options
        self._connections.request_seconds = options.request_seconds
        self._connections.write_seconds = options.write_seconds

    async def drain(self, seconds: float) -> None:
        """Refuse new requests, and let those that are answered finish within this time."""
        self._context.stopping.set()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._context.quiet.wait(), seconds)
        self._context.ending.set()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._context.quiet.wait(), _CLOSE_SECONDS)

    async def close(self) -> None:
        """Tell the clients that have just connected that the server stops, and close all connections."""
        await self._connections.first_requests(_NEW_SECONDS)
        await self._runner.cleanup()


def _application(context: Context, offered: offers.Offers) -> web.Application:
    app = web.Application(middlewares=[_tell_errors, _admit])
    app[CONTEXT], app[offers.OFFERS] = context, offered
    app.on_response_prepare.append(_add_headers)
    app.cleanup_ctx.append(say.kept)
    parts = (speech, timestamps, say, offers, stream, realtime, reading, announce, voices, status, pages, openapi)
    for part in parts:
        app.add_routes(part.ROUTES)
    return app


@web.middleware
async def _tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request that fails in the shape that OpenAI's clients read, and log the failure."""
    client = connection_of(request)
    client.request_came()
    try:
        with request.app[CONTEXT].answering():
            response = await handler(request)
            # aiohttp would send it as well, but a server that stops waits for what is sent in here.
            await response.prepare(request)
            await response.write_eof()
            return response
    except web.HTTPException as error:
        return error if error.status < 400 else http_error_response(error)
    except KokoroWyomingError as error:
        log_refusal(client.peer, error)
        response = error_response(error)
        if request.content.exception() is not None:  # nobody can say where the next request begins
            response.force_close()
        return response
    except ConnectionError:  # the client has left
        raise
    except Exception as error:
        log_defect(client.peer, error)
        return error_response(error)


@web.middleware
async def _admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse who may not connect, a page elsewhere, and whoever has no key; answer a browser that asks beforehand."""
    context, client = request.app[CONTEXT], connection_of(request)
    if client.refusal is not None:
        response = error_response(client.refusal)
        response.force_close()
        return response
    if offers.is_offered(request):  # nobody but the speaker knows the address, and it plays while the server stops
        return await handler(request)
    guard.check_door(client.host, context.options)
    guard.check_site(request, client.host, context.options)
    asked = guard.preflight(request, context.options)
    if asked is not None:
        return asked
    if not say.is_signed(request):
        guard.check_key(request, client.host, context.options)
    if context.stopping.is_set() and request.path not in _OPEN_WHILE_DRAINING:
        raise ShuttingDownError
    return await handler(request)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    if request.app[CONTEXT].service.stopping:
        # The next request should go to another server. aiohttp has written its own headers already.
        response.force_close()
        response.headers["Connection"] = "close"
    response.headers.update(_HEADERS)
    response.headers.update(guard.cors_headers(request, request.app[CONTEXT].options))
