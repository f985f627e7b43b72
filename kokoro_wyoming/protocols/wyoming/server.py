"""The clients of the Wyoming protocol: admits them, serves each in a session, and ends all sessions."""

from __future__ import annotations

import asyncio
import time

from kokoro_wyoming.errors import KokoroWyomingError, PeerError
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.pacing import within
from kokoro_wyoming.protocols.proxy_header import HEADER_SECONDS, Introduction
from kokoro_wyoming.protocols.wyoming import wire
from kokoro_wyoming.protocols.wyoming.events import error_event
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.protocols.wyoming.session import Session
from kokoro_wyoming.utterances.failures import log_refusal
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.service import SpeechService

_REFUSALS_AT_ONCE = 32
"""Most clients that are told at the same time why they are not admitted. Others are closed without an error event."""
_CLOSE_SECONDS = 1.0
"""Longest wait for sessions that were cancelled."""


class WyomingServer:
    """Serves each client that connects. `accept` is what a listening socket calls."""

    def __init__(self, service: SpeechService, admission: Admission, limits: WireLimits | None = None) -> None:
        self._service = service
        self._admission = admission
        self.limits = limits or WireLimits()
        """May be changed; the limits hold for new connections."""
        self._clients: set[asyncio.Task[None]] = set()
        """A task for each connection, admitted or not."""
        self._sessions: set[Session] = set()
        self._drains: set[asyncio.Task[None]] | None = None
        """None until the server stops."""
        self._refusals = 0

    @property
    def connections(self) -> int:
        """How many clients are served now."""
        return len(self._sessions)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve or refuse one client, to the end of its connection. Raises nothing."""
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await self._accept(reader, writer)
        finally:
            self._clients.remove(task)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None:  # the client has gone already
            writer.transport.abort()
            return
        introduction = Introduction(peer, self._admission.is_proxy)
        if introduction.wanted and not await _introduced(reader, introduction):
            writer.transport.abort()
            return
        client = introduction.client
        try:
            quota = self._admission.enter(client.host)
        except PeerError as error:
            await self._refuse(reader, writer, error)
            return
        try:
            await self._serve(reader, writer, quota, str(client))
        finally:
            self._admission.leave(client.host)

    async def drain(self, seconds: float) -> None:
        """Let each session finish the utterance that it speaks within this time; then end all sessions.

        A client that comes meanwhile is served like one that had just connected.
        """
        until_seconds = time.monotonic() + seconds
        self._drains = {asyncio.ensure_future(session.drain()) for session in self._sessions}
        while self._clients and (left_seconds := until_seconds - time.monotonic()) > 0:
            await asyncio.wait(set(self._clients), timeout=left_seconds)
        ended = set(self._clients)
        for task in (*self._drains, *ended):
            task.cancel()
        if ended:
            await asyncio.wait(ended, timeout=_CLOSE_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, quota: Quota, peer: str) -> None:
        session = Session(reader, writer, self._service, self.limits, quota=quota, peer=peer)
        self._sessions.add(session)
        if self._drains is not None:
            self._drains.add(asyncio.ensure_future(session.drain()))
        try:
            await session.run()
        finally:
            self._sessions.remove(session)

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: PeerError) -> None:
        if self._refusals >= _REFUSALS_AT_ONCE:
            writer.transport.abort()
            return
        self._refusals += 1
        try:
            await refuse(reader, writer, error)
        finally:
            self._refusals -= 1


async def _introduced(reader: asyncio.StreamReader, introduction: Introduction) -> bool:
    """Read the headers of the proxies; False where they do not come or are wrong. Raises nothing."""
    try:
        await within(HEADER_SECONDS, _read_headers(reader, introduction))
    except PeerError as error:
        log_refusal(str(introduction.client), error)
    except (OSError, EOFError, asyncio.TimeoutError, asyncio.CancelledError):
        pass
    return not introduction.wanted


async def _read_headers(reader: asyncio.StreamReader, introduction: Introduction) -> None:
    while introduction.wanted:
        introduction.feed(await reader.readexactly(introduction.wanted))


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: KokoroWyomingError) -> None:
    """Tell a client why it is not admitted, and close. Raises nothing, as `Session.run`."""
    out = wire.EventWriter(writer, WireLimits())
    try:
        out.put(error_event(error))
        await out.close(reader, wire.HURRIED)
    except (asyncio.CancelledError, wire.PeerGoneError):
        pass
    finally:
        out.abort()
