"""Lyrion Music Server (LMS, once Logitech's) over its JSON-RPC: what it is asked, and what it answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from kokoro_wyoming.speakers.interface import SpeakerError
from kokoro_wyoming.speakers.kinds.reaching import reason

_ALL = 100_000
"""Entries of a queue."""


@dataclass(frozen=True)
class Status:
    """What a player does now."""

    power: bool
    mode: str
    """play, pause or stop."""
    seconds: float
    """Into the track."""
    can_seek: bool
    volume: int
    """0 to 100."""
    is_muted: bool
    repeat: int
    shuffle: int
    urls: tuple[str, ...]
    index: int
    others: tuple[str, ...]
    """Players of its group, without itself; by their ids, which are MAC addresses."""

    @property
    def url(self) -> str | None:
        """Of the current track."""
        return self.urls[self.index] if self.index < len(self.urls) else None


class Lms:
    """One server. All methods raise SpeakerError where it is away or something else."""

    def __init__(self, base_url: str, user: str | None, password: str | None, patience_seconds: float) -> None:
        self._url = f"{base_url}/jsonrpc.js"
        self._patience_seconds = patience_seconds
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=patience_seconds),
            auth=None if password is None else aiohttp.BasicAuth(user or "", password),
        )

    async def close(self) -> None:
        """Give back its connections."""
        await self._http.close()

    async def players(self) -> list[dict[str, Any]]:
        """All that it knows."""
        return list((await self.ask("", "players", 0, _ALL)).get("players_loop") or [])

    async def status(self, player_id: str) -> Status:
        """What a player does, with its whole queue."""
        found = await self.ask(player_id, "status", 0, _ALL, "tags:u")
        if not found or not int(found.get("player_connected", 1)):
            raise SpeakerError("the player is away from its server")
        try:
            return _status(player_id, found)
        except (KeyError, TypeError, ValueError) as error:
            raise SpeakerError("it answers, but not as Lyrion Music Server does") from error

    async def ask(self, player_id: str, *command: str | int | float) -> dict[str, Any]:
        """Have a player do something, or (without a player) the server."""
        asked = {"id": 1, "method": "slim.request", "params": [player_id, list(command)]}
        try:
            async with self._http.post(self._url, json=asked) as answer:
                if answer.status in (401, 403):
                    raise SpeakerError("it refused: it wants another password than ?user=NAME&password_file=PATH gives")
                result = (await answer.json(content_type=None))["result"]
                return result if isinstance(result, dict) else {}
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {self._patience_seconds:g} seconds") from error
        except aiohttp.ClientConnectorError as error:
            raise SpeakerError(f"nobody answers there ({reason(error.os_error)})") from error
        except aiohttp.ClientError as error:
            raise SpeakerError("it broke the connection off; is it Lyrion Music Server?") from error
        except (KeyError, TypeError, ValueError) as error:
            raise SpeakerError("it answers, but not as Lyrion Music Server does") from error


def _status(player_id: str, found: dict[str, Any]) -> Status:
    volume = round(float(found.get("mixer volume") or 0))
    group = {found.get("sync_master"), *str(found.get("sync_slaves") or "").split(",")}
    return Status(
        power=bool(int(found.get("power", 1))),
        mode=str(found["mode"]),
        seconds=float(found.get("time") or 0),
        can_seek=bool(int(found.get("can_seek") or 0)),
        volume=abs(volume),
        is_muted=volume < 0,
        repeat=int(found.get("playlist repeat") or 0),
        shuffle=int(found.get("playlist shuffle") or 0),
        urls=tuple(str(track.get("url", "")) for track in found.get("playlist_loop") or ()),
        index=int(found.get("playlist_cur_index") or 0),
        others=tuple(sorted(str(each) for each in group - {player_id, None, ""})),
    )
