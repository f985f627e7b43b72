"""Players of Lyrion Music Servers (LMS), which answer a question that is sent to all hosts of the network."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import ifaddr

_PORT = 3483
_USUAL_PORT = 9000
_QUESTION = b"eNAME\0IPAD\0JSON\0"
_AGAIN_SECONDS = 1.0


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, told: asyncio.Queue[tuple[str, int]]) -> None:
        self._told = told

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if data[:1] == b"E":
            port = _fields(data[1:]).get("JSON", "")
            self._told.put_nowait((str(addr[0]), int(port) if port.isdigit() else _USUAL_PORT))


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[asyncio.Queue[tuple[str, int]]]:
    """Ask while the block lasts; gives for each answer the host and the port of its web server. Raises OSError."""
    told: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Listener(told), local_addr=("0.0.0.0", 0), allow_broadcast=True, family=socket.AF_INET
    )
    asking = asyncio.ensure_future(_ask(transport))
    try:
        yield told
    finally:
        asking.cancel()
        transport.close()
        await asyncio.gather(asking, return_exceptions=True)


async def _ask(transport: asyncio.DatagramTransport) -> None:
    while True:
        for network in _networks():
            transport.sendto(_QUESTION, (str(network.broadcast_address), _PORT))
        await asyncio.sleep(_AGAIN_SECONDS)


def _networks() -> Iterator[ipaddress.IPv4Network]:
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            if address.is_IPv4:
                yield ipaddress.IPv4Network(f"{address.ip}/{address.network_prefix}", strict=False)


async def players(session: aiohttp.ClientSession, host: str, port: int) -> list[dict[str, str]]:
    """The players of a server, each with name and model. Raises aiohttp.ClientError, LookupError, ValueError."""
    question = {"id": 1, "method": "slim.request", "params": ["", ["players", 0, 100]]}
    async with session.post(f"http://{host}:{port}/jsonrpc.js", json=question) as response:
        answer = await response.json(content_type=None)
    return [
        {"name": str(player["name"]), "model": str(player.get("modelname") or player.get("model") or "")}
        for player in answer["result"].get("players_loop", [])
    ]


def _fields(data: bytes) -> dict[str, str]:
    """Of an answer: four letters, a byte with the length, so many bytes, and so on."""
    fields = {}
    while len(data) > 4:
        end = 5 + data[4]
        fields[data[:4].decode("latin-1")] = data[5:end].decode("utf-8", "replace")
        data = data[end:]
    return fields
