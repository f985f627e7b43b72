"""One TCP connection of the HTTP face: admitted by the same rules as every client, before aiohttp reads from it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.proxy_header import HEADER_SECONDS, Introduction, Source
from kokoro_wyoming.utterances.failures import log_refusal
from kokoro_wyoming.utterances.quota import Quota

_REFUSALS_AT_ONCE = 32
"""Most clients that are told at the same time why they are not admitted. Others are closed without a word."""
_REFUSAL_SECONDS = 2.0
"""How long a client that is not admitted has to send the request that is answered with the reason."""
_SOCKET_BUFFER_BYTES = 256 * 1024
"""Bytes that the kernel holds for one client. Without a limit the buffer grows to 4 MB: 90 s of sound, computed in vain
if the listener leaves."""


class Connections:
    """Makes the protocol of each connection, and knows all that are open."""

    def __init__(self, admission: Admission, inner: Callable[[], asyncio.Protocol]) -> None:
        """`inner` makes the protocol that speaks HTTP."""
        self.admission = admission
        self.inner = inner
        self.request_seconds = 30.0
        """Longest time to the first request. May be changed."""
        self.write_seconds = 30.0
        """Longest time that a client may take nothing of what was written for it. May be changed."""
        self.admitted: set[Connection] = set()
        self.refused: set[Connection] = set()

    def __call__(self) -> Connection:
        return Connection(self)

    async def first_requests(self, seconds: float) -> None:
        """Wait until every client that is connected has asked for something, or until this time is over."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(each.asked.wait() for each in self.admitted)), seconds)


class Connection(asyncio.Protocol):
    """Hands all that comes to the HTTP protocol behind it, once the client is admitted.

    A client that is not admitted may send one request: `refusal` is the answer.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._inner = connections.inner()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        """Runs while some of what was written waits for the client to take it."""
        self._introduction: Introduction | None = None
        """None before the connection is made, and when the client is known."""
        self._entered = False
        self.asked = asyncio.Event()
        """Set when the head of a request has come, and when the client is gone."""
        self.host = ""
        """The client's numeric address; "" at a socket file."""
        self.peer = "local client"
        """The client's name for the log."""
        self.quota = Quota()
        self.refusal: PeerError | None = None
        self.writable = asyncio.Event()
        """Clear while asyncio holds as much for the client as it may."""
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # So `pause_writing` tells of all that is not with the system yet, also when the connection is being closed.
        transport.set_write_buffer_limits(high=0)
        connection = transport.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):  # the client may have gone already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER_BYTES)
        peer = transport.get_extra_info("peername")
        if peer is None:  # the client has gone already
            transport.abort()
            return
        self._introduction = Introduction(peer, self._connections.admission.is_proxy)
        if self._introduction.wanted:
            self._deadline = asyncio.get_running_loop().call_later(HEADER_SECONDS, transport.abort)
        else:
            self._enter(transport, self._introduction.client)

    def _enter(self, transport: asyncio.Transport, client: Source) -> None:
        """Admit the client, who is known now."""
        self._introduction, self._entered = None, True
        self.host, self.peer = client.host, str(client)
        seconds = self._connections.request_seconds
        try:
            self.quota = self._connections.admission.enter(self.host)
            self._connections.admitted.add(self)
        except PeerError as error:
            self.refusal, seconds = error, _REFUSAL_SECONDS
            self._connections.refused.add(self)
        self._inner.connection_made(transport)
        self._deadline = asyncio.get_running_loop().call_later(seconds, transport.abort)
        if len(self._connections.refused) > _REFUSALS_AT_ONCE and self.refusal is not None:
            transport.abort()

    def request_came(self) -> None:
        """The head of a request has come whole."""
        self.asked.set()
        self._stop_clock()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def data_received(self, data: bytes) -> None:
        if self._introduction is not None:
            data = self._introduce(self._introduction, data)
        if data:
            self._inner.data_received(data)

    def _introduce(self, introduction: Introduction, data: bytes) -> bytes:
        """Read the headers of the proxies; returns what comes behind them."""
        assert self._transport is not None
        try:
            data = introduction.feed(data)
        except PeerError as error:
            log_refusal(str(introduction.client), error)
            self._transport.abort()
            return b""
        if not introduction.wanted:
            self._stop_clock()
            self._enter(self._transport, introduction.client)
        return data

    def eof_received(self) -> bool | None:
        return None if self._introduction is not None else self._inner.eof_received()

    def pause_writing(self) -> None:
        self.writable.clear()
        self._watch_writing()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self.writable.set()
        self._stop_watching()
        self._inner.resume_writing()

    def _watch_writing(self, left_before: float = math.inf) -> None:
        """Look again after the time in which a client must take something: closing alone would wait for it for ever."""
        loop, seconds = asyncio.get_running_loop(), self._connections.write_seconds
        self._stalled = loop.call_later(seconds, self._end_if_stalled, left_before)

    def _end_if_stalled(self, left_before: float) -> None:
        assert self._transport is not None
        left = self._transport.get_write_buffer_size()
        if left < left_before:  # the first look always finds less, as more may have been written since
            self._watch_writing(left)
        else:
            self._transport.abort()

    def _stop_watching(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()

    def connection_lost(self, error: Exception | None) -> None:
        self.request_came()
        self._stop_watching()
        self.writable.set()
        if self in self._connections.admitted:
            self._connections.admitted.discard(self)
            self._connections.admission.leave(self.host)
        self._connections.refused.discard(self)
        if self._entered:
            self._inner.connection_lost(error)
