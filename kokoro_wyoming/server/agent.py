"""Tells a balancer how busy this server is: a port that answers each connection with a line, as HAProxy's agents do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kokoro_wyoming.config import parse_uri
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.server.listener import Listener, bind_protocol
from kokoro_wyoming.server.startup import State


def line(state: State) -> str:
    """What a balancer is told: `ready up 75%`, `drain` or `stopped`.

    The weight is what the machine has left. `ready` takes back the `drain` of a server that stopped here before.
    """
    if state.stopping:
        return "drain"
    if not state.is_ready or state.running is None:
        return "stopped"
    return f"ready up {min(max(round(100 * (1 - state.running.load)), 1), 100)}%"


class Agent:
    """The port of the agent. Made by `bound`; answers nobody before `open`."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @classmethod
    async def bound(cls, uri: str, look: Callable[[], State], admission: Admission) -> Agent:
        """Bind the port. `look` tells of this moment, `admission` who may ask. Raises ListenError."""
        return cls(await bind_protocol(parse_uri(uri), lambda: _Answer(look, admission), "server.agent_uri"))

    @property
    def uri(self) -> str:
        """Where it listens, with the real port in place of port 0."""
        return str(self._listener.address)

    async def open(self) -> None:
        """Answer. Raises ListenError."""
        await self._listener.open()

    def close(self) -> None:
        """Answer no longer. May be called again."""
        self._listener.close()


class _Answer(asyncio.Protocol):
    """One connection: a line, and the end. Nothing is read."""

    def __init__(self, look: Callable[[], State], admission: Admission) -> None:
        self._look = look
        self._admission = admission

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        if peer is not None and (not isinstance(peer, tuple) or self._admission.allows(peer[0])):
            transport.write(f"{line(self._look())}\n".encode())
        transport.close()
