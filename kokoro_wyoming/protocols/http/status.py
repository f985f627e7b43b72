"""Whether the server lives, whether it is ready, and its numbers."""

from __future__ import annotations

from aiohttp import web

from kokoro_wyoming.protocols.http.context import CONTEXT
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import RETRY_SECONDS, json_response

ROUTES = web.RouteTableDef()

_LATER = {"Retry-After": str(RETRY_SECONDS)}


@ROUTES.get("/health")
async def health(request: web.Request) -> web.Response:
    """200 while the server can speak, 503 while the model is stuck: a supervisor should start it anew."""
    trouble = request.app[CONTEXT].service.trouble()
    if trouble is None:
        return json_response({"status": "healthy"})
    return json_response({"status": "stuck", "reason": trouble}, status=503, headers=_LATER)


@ROUTES.get("/ready")
async def ready(request: web.Request) -> web.Response:
    """200 while new requests are taken, 503 while the server stops or is stuck: a balancer should ask another one."""
    context = request.app[CONTEXT]
    if context.service.stopping or context.stopping.is_set():
        return json_response({"status": "stopping"}, status=503, headers=_LATER)
    trouble = context.service.trouble()
    if trouble is None:
        return json_response({"status": "ready"})
    return json_response({"status": "stuck", "reason": trouble}, status=503, headers=_LATER)


@ROUTES.get("/metrics")
@described(Description(media_types=("text/plain",)))
async def metrics(request: web.Request) -> web.Response:
    """The numbers of the server as Prometheus reads them."""
    body, content_type = request.app[CONTEXT].metrics(request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
