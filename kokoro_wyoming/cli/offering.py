"""A small HTTP server of a command's own, from which speakers fetch what they play."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from kokoro_wyoming.protocols.http.offers import Offers


@contextlib.asynccontextmanager
async def offering(base_url: str | None = None) -> AsyncIterator[Offers]:
    """Offers at a free port of all addresses, while the block lasts.

    `base_url` is what speakers are told instead, where they reach this machine by another name.
    """
    from aiohttp import web

    from kokoro_wyoming.protocols.http import offers

    ports: dict[bool, int] = {}

    def url(host: str) -> str | None:
        is_ipv6 = ":" in host
        return base_url or f"http://{f'[{host}]' if is_ipv6 else host}:{ports[is_ipv6]}"

    app = web.Application()
    app[offers.OFFERS] = made = Offers(url)
    app.add_routes(offers.ROUTES)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, port=0)
    await site.start()
    assert runner.addresses
    # One free port for each family, and not the same.
    ports.update((":" in address[0], address[1]) for address in runner.addresses)
    try:
        yield made
    finally:
        await runner.cleanup()
