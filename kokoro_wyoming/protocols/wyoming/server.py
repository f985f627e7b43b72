"""The clients of the Wyoming protocol: admits them, serves each in a session, and ends all sessions."""

from __future__ import annotations

import asyncio

from kokoro_wyoming.errors import KokoroWyomingError, PeerError
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.wyoming import wire
from kokoro_wyoming.protocols.wyoming.events import error_event
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.protocols.wyoming.session import Session
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
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._refusals = 0

    @property
    def connections(self) -> int:
        """How many clients are served now."""
        return len(self._sessions)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve or refuse one client, to the end of its connection. Raises nothing."""
        peer = writer.get_extra_info("peername")
        if peer is None:  # the client has gone already
            writer.transport.abort()
            return
        host = peer[0] if isinstance(peer, tuple) else ""
        try:
            quota = self._admission.enter(host)
        except PeerError as error:
            await self._refuse(reader, writer, error)
            return
        try:
            await self._serve(reader, writer, quota)
        finally:
            self._admission.leave(host)

    async def drain(self, seconds: float) -> None:
        """Let each session finish the utterance that it speaks within this time; then end all sessions."""
        tasks = list(self._sessions)
        drains = [asyncio.ensure_future(session.drain()) for session in self._sessions.values()]
        if drains:
            await asyncio.wait(drains, timeout=seconds)
        for task in (*drains, *tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, quota: Quota) -> None:
        session = Session(reader, writer, self._service, self.limits, quota=quota)
        task = asyncio.current_task()
        assert task is not None
        self._sessions[task] = session
        try:
            await session.run()
        finally:
            del self._sessions[task]

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: PeerError) -> None:
        if self._refusals >= _REFUSALS_AT_ONCE:
            writer.transport.abort()
            return
        self._refusals += 1
        try:
            await refuse(reader, writer, error)
        finally:
            self._refusals -= 1


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
