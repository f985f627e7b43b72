"""A small HTTP server of a command's own, from which speakers fetch what they play."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from kokoro_wyoming.protocols.http.offers import Offers


@contextlib.asynccontextmanager
async def offering(base_url: str | None = None) -> AsyncIterator[Offers]:
    """Offers at a free port of all addresses, while the block lasts.

    `base_url` is what speakers are told instead, where they reach this machine by another name.
    """
    from aiohttp import web

    from kokoro_wyoming.protocols.http import offers

    # One socket for IPv4 and IPv6: two would have two ports.
    both = socket.has_dualstack_ipv6()
    listener = socket.create_server(("", 0), family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both)
    port = listener.getsockname()[1]

    def url(host: str) -> str | None:
        return base_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"

    app = web.Application()
    app[offers.OFFERS] = made = Offers(url)
    app.add_routes(offers.ROUTES)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield made
    finally:
        await runner.cleanup()
