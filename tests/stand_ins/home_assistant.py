"""Stands in for Home Assistant's Wyoming integration (2026.11) where an app is discovered: it asks and checks the same.

`tests/app/test_discovered.py` runs the integration's own files beside it where they are to be had.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info

_ANSWER_SECONDS = 5


@dataclass
class Entry:
    unique_id: str | None
    host: str | None
    port: int | None
    title: str = ""


@dataclass
class StandInFlow:
    """The entries of the integration, and what becomes of what is discovered."""

    entries: list[Entry] = field(default_factory=list)

    async def discovered(self, message: dict[str, Any], app: str) -> str:
        """What becomes of a message of the Supervisor's, once its owner has pressed Add."""
        if any(entry.unique_id == message["uuid"] for entry in self.entries):
            return "already_configured"
        uri = urlparse(message["config"]["uri"])
        for entry in self.entries:
            if (entry.host, entry.port) == (uri.hostname, uri.port):
                entry.unique_id = message["uuid"]
                return "already_configured"
        info = await _info(str(uri.hostname), int(uri.port or 0))
        if info is None:
            return "cannot_connect"
        if not any(program.installed for program in (*info.tts, *info.asr, *info.wake, *info.intent, *info.handle)):
            return "no_services"
        self.entries.append(Entry(message["uuid"], uri.hostname, uri.port, app))
        return "create_entry"


async def _info(host: str, port: int) -> Info | None:
    try:
        async with AsyncTcpClient(host, port) as client:
            await client.write_event(Describe().event())
            while (event := await asyncio.wait_for(client.read_event(), _ANSWER_SECONDS)) is not None:
                if Info.is_type(event.type):
                    return Info.from_event(event)
    except (OSError, asyncio.TimeoutError):
        pass
    return None
