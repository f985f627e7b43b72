"""Connecting to a speaker, and what is told where that fails."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable
from typing import TypeVar

from kokoro_wyoming.speakers.interface import SpeakerError

_T = TypeVar("_T")


async def reached(connecting: Awaitable[_T], patience_seconds: float) -> _T:
    """What connecting gives. Raises SpeakerError where nobody answers in time, or at all."""
    try:
        return await asyncio.wait_for(connecting, patience_seconds)
    except asyncio.TimeoutError as error:
        raise SpeakerError(f"nobody answers there within {patience_seconds:g} seconds") from error
    except OSError as error:
        raise SpeakerError(f"nobody answers there ({reason(error)})") from error


def reason(error: OSError) -> str:
    """In the system's words: asyncio puts its own and the address into the text of the error."""
    if isinstance(error, socket.gaierror):
        return (error.strerror or "name not found").lower()
    # For a name with several addresses asyncio raises one error for all failures, without an errno.
    code = error.errno or 0
    return os.strerror(code).lower() if code > 0 else "none of its addresses can be reached"
