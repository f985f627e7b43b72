"""Clients of the Wyoming face as they come: who is not let in is told why."""

from __future__ import annotations

import asyncio

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.protocols.wyoming import wire
from kokoro_wyoming.protocols.wyoming.events import error_event
from kokoro_wyoming.protocols.wyoming.frames import WireLimits


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: KokoroWyomingError) -> None:
    """Tell a client that is not admitted why, and close. Raises nothing, as `Session.run`."""
    out = wire.EventWriter(writer, WireLimits())
    try:
        out.put(error_event(error))
        await out.close(reader, wire.HURRIED)
    except (asyncio.CancelledError, wire.PeerGoneError):
        pass
    finally:
        out.abort()
