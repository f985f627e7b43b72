"""Finds speakers on the network: by multicast DNS, SSDP, and the question of Lyrion's players."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from zeroconf import Error, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from kokoro_wyoming.speakers import lyrion_search
from kokoro_wyoming.speakers.announced_services import (
    SNAPCAST,
    SPEAKER_OF,
    WYOMING,
    FoundSpeaker,
    Service,
    address,
    snapcast_player,
)

__all__ = ["FoundSpeaker", "find"]

_LOGGER = logging.getLogger(__name__)
_LOCAL = ".local."
_ANSWER_BYTES = 4 * 1024 * 1024
"""Longest answer of a Snapcast server."""
_TROUBLES = (OSError, RuntimeError, Error, asyncio.TimeoutError, aiohttp.ClientError, ValueError, LookupError)
"""Errors of the network, and of wrong answers; zeroconf raises RuntimeError where there is no network."""

Found = list[FoundSpeaker]


async def find(seconds: float) -> Found:
    """The speakers that answer within this time, each once, in the order of their kinds and names.

    What cannot be looked for, as its library is not installed or the network has no multicast, is a warning in the log.
    """
    ways: list[Callable[[Found], Awaitable[None]]] = [_by_multicast_dns, _by_ssdp, _by_lyrion]
    found: Found = []
    searches = [asyncio.ensure_future(_searched(way, found)) for way in ways]
    try:
        await asyncio.wait(searches, timeout=seconds)
    finally:
        await _end(searches)
    return _sorted(found)


def _sorted(found: Found) -> Found:
    """Each address once, and a host that is a Sonos speaker as such."""
    sonos = {urlsplit(speaker.address).hostname for speaker in found if speaker.kind == "sonos"}
    once: dict[str, FoundSpeaker] = {}
    for speaker in found:
        is_other_face = speaker.kind == "dlna" and urlsplit(speaker.address).hostname in sonos
        if not is_other_face:
            once.setdefault(speaker.address, speaker)
    return sorted(once.values(), key=lambda speaker: (speaker.kind, speaker.name.casefold(), speaker.address))


async def _searched(way: Callable[[Found], Awaitable[None]], found: Found) -> None:
    try:
        await way(found)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("kokoro_wyoming"):
            raise
        _LOGGER.warning('DLNA renderers are not looked for; that needs: pip install "kokoro-wyoming[dlna]"')
    except _TROUBLES as error:
        _LOGGER.warning("Not all speakers were looked for: %s", error)


async def _by_multicast_dns(found: Found) -> None:
    tasks: set[asyncio.Future[None]] = set()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Added:
            tasks.add(asyncio.ensure_future(_told(_speakers_of(zeroconf, service_type, name), found)))

    async with AsyncZeroconf(ip_version=IPVersion.V4Only) as zeroconf:
        browser = AsyncServiceBrowser(zeroconf.zeroconf, [kind + _LOCAL for kind in SPEAKER_OF], handlers=[changed])
        try:
            await asyncio.Event().wait()  # until it is cancelled
        finally:
            await browser.async_cancel()
            await _end(tasks)


async def _speakers_of(zeroconf: Zeroconf, service_type: str, name: str) -> Iterable[FoundSpeaker]:
    """The speakers that an announced service is."""
    info = AsyncServiceInfo(service_type, name)
    await info.async_request(zeroconf, 3000)
    hosts = info.parsed_addresses(IPVersion.V4Only) or info.parsed_addresses()
    if not hosts or info.port is None:
        return []
    about = {key: value or "" for key, value in info.decoded_properties.items()}
    kind = service_type.removesuffix(_LOCAL)
    service = Service(kind, name.removesuffix(f".{service_type}"), hosts[0], info.port, about)
    if kind in SNAPCAST:
        return await _snapcast_players(service)
    if kind == WYOMING and not await _plays(service):
        return []
    return [SPEAKER_OF[kind](service)]


async def _snapcast_players(service: Service) -> Iterable[FoundSpeaker]:
    """Those that are connected to a server; the server itself where it has none."""
    reader, writer = await asyncio.open_connection(service.host, service.port, limit=_ANSWER_BYTES)
    try:
        writer.write(b'{"id": 1, "jsonrpc": "2.0", "method": "Server.GetStatus"}\r\n')
        answer: dict[str, Any] = {}
        while answer.get("id") != 1:  # it tells of changes in between
            answer = json.loads(await reader.readline())
    finally:
        writer.transport.abort()
    clients = [
        {"name": client["config"]["name"] or client["host"]["name"], "model": client["host"].get("os", "")}
        for group in answer["result"]["server"]["groups"]
        for client in group["clients"]
        if client["connected"]
    ]
    return [snapcast_player(service, client) for client in clients] or [SPEAKER_OF[service.type](service)]


async def _plays(service: Service) -> bool:
    """Whether a Wyoming service plays sound."""
    async with AsyncTcpClient(service.host, service.port) as client:
        await client.write_event(Describe().event())
        while (event := await client.read_event()) is not None:
            if Info.is_type(event.type):
                return bool(Info.from_event(event).snd)
    return False


async def _by_ssdp(found: Found) -> None:
    from kokoro_wyoming.speakers import ssdp

    tasks: set[asyncio.Future[None]] = set()
    asked: set[str] = set()
    async with ssdp.answers() as answers, aiohttp.ClientSession() as session:
        try:
            while True:
                _, location = await answers.get()
                if location not in asked:
                    asked.add(location)
                    tasks.add(asyncio.ensure_future(_told(_renderer_at(session, location), found)))
        finally:
            await _end(tasks)


async def _renderer_at(session: aiohttp.ClientSession, location: str) -> Iterable[FoundSpeaker]:
    """What the description of a media renderer says."""
    from async_upnp_client.aiohttp import AiohttpSessionRequester
    from async_upnp_client.description_cache import DescriptionCache

    cache = DescriptionCache(AiohttpSessionRequester(session, timeout=5))
    told = await cache.async_get_description_dict(location) or {}
    place = urlsplit(location)
    name, model = str(told.get("friendlyName") or place.hostname), str(told.get("modelName") or "")
    if str(told.get("manufacturer")).startswith("Sonos"):
        room = str(told.get("roomName") or name)
        return [FoundSpeaker("sonos", room, address("sonos", place.hostname or ""), model)]
    return [FoundSpeaker("dlna", name, place._replace(scheme="dlna").geturl(), model)]


async def _by_lyrion(found: Found) -> None:
    tasks: set[asyncio.Future[None]] = set()
    asked: set[tuple[str, int]] = set()
    async with lyrion_search.servers() as servers, aiohttp.ClientSession() as session:
        try:
            while True:
                server = await servers.get()
                if server not in asked:
                    asked.add(server)
                    tasks.add(asyncio.ensure_future(_told(_players_of(session, *server), found)))
        finally:
            await _end(tasks)


async def _players_of(session: aiohttp.ClientSession, host: str, port: int) -> Iterable[FoundSpeaker]:
    shown_port = None if port == 9000 else port
    return [
        FoundSpeaker(
            "squeezebox", player["name"], address("squeezebox", host, shown_port, player["name"]), player["model"]
        )
        for player in await lyrion_search.players(session, host, port)
    ]


async def _told(looking: Coroutine[Any, Any, Iterable[FoundSpeaker]], found: Found) -> None:
    """Add what was found; one that answers wrongly is left out."""
    with contextlib.suppress(*_TROUBLES):
        found.extend(await looking)


async def _end(tasks: Iterable[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
