"""Media renderers that answer a search by SSDP, on all networks of this machine or at one host."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator

import ifaddr
from async_upnp_client.search import SsdpSearchListener
from async_upnp_client.ssdp import SSDP_IP_V4, SSDP_PORT
from async_upnp_client.utils import CaseInsensitiveDict

_RENDERER = "urn:schemas-upnp-org:device:MediaRenderer:1"
"""Newer ones answer to it as well."""
_MX_SECONDS = 1
"""Renderers answer some time within this."""
_AGAIN_SECONDS = 1.0
"""Datagrams get lost: the question is asked again and again."""


async def location_at(host: str, seconds: float) -> str | None:
    """The address of the description of the renderer at this host; None where none answers within this time.

    Raises OSError where the name is not known.
    """
    known = await asyncio.get_running_loop().getaddrinfo(host, SSDP_PORT, family=socket.AF_INET)
    hosts = {str(address[4][0]) for address in known}
    try:
        async with answers(next(iter(hosts))) as told:
            return await asyncio.wait_for(_first(told, hosts), seconds)
    except asyncio.TimeoutError:
        return None


async def _first(told: asyncio.Queue[tuple[str, str]], hosts: set[str]) -> str:
    while True:
        host, location = await told.get()
        if host in hosts:
            return location


@contextlib.asynccontextmanager
async def answers(host: str | None = None) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
    """Ask on all networks, and this host itself, while the block lasts.

    Gives for each answer the host that it came from, and the address of the renderer's description.
    """
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def answered(headers: CaseInsensitiveDict) -> None:
        if "MediaRenderer" in headers.get("st", "") and headers.get("location", "").startswith("http://"):
            told.put_nowait((headers["_host"], headers["location"]))

    ways: list[tuple[tuple[str, int], tuple[str, int]]] = [
        ((own, 0), (SSDP_IP_V4, SSDP_PORT)) for own in _own_addresses()
    ]
    if host is not None:
        ways.append((("0.0.0.0", 0), (host, SSDP_PORT)))
    listeners = [
        SsdpSearchListener(
            callback=answered, source=source, target=target, timeout=_MX_SECONDS, search_target=_RENDERER
        )
        for source, target in ways
    ]
    asking = asyncio.ensure_future(_ask(listeners))
    try:
        yield told
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        for listener in listeners:
            listener.async_stop()


async def _ask(listeners: list[SsdpSearchListener]) -> None:
    started = []
    for listener in listeners:
        with contextlib.suppress(OSError):  # an interface without multicast
            await listener.async_start()
            started.append(listener)
    while True:
        for listener in started:
            listener.async_search()
        await asyncio.sleep(_AGAIN_SECONDS)


def _own_addresses() -> Iterator[str]:
    """Of IPv4, one for each network."""
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            if address.is_IPv4 and not ipaddress.ip_address(str(address.ip)).is_loopback:
                yield str(address.ip)
