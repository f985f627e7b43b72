"""Stands in for Home Assistant's REST API (2025.4 to 2026.11) and for the players and satellites behind it.

A player really fetches what it is told to play, takes as long as the sound, and keeps it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.stand_ins.fetching_player import Played, fetch
from tests.stand_ins.loopback import serving_app

TOKEN = "a.long-lived.token"
PAUSE, SEEK, VOLUME_SET, VOLUME_MUTE, TURN_ON, TURN_OFF, PLAY_MEDIA, STOP = 1, 2, 4, 8, 128, 256, 512, 4096
ANNOUNCE = 1 << 20
PLAIN = PAUSE | SEEK | VOLUME_SET | VOLUME_MUTE | PLAY_MEDIA | STOP
"""What a player such as a renderer can do."""


@dataclass
class StandInPlayer:
    """One entity."""

    state: str = "idle"
    features: int = PLAIN
    volume: float | None = 0.3
    muted: bool = False
    is_mute_when_idle: bool = False
    """Whether it has no volume while it plays nothing, as MPD."""
    content: str | None = None
    position: float | None = None
    position_at: datetime.datetime | None = None
    fault: str = ""
    """`deaf`: fetches nothing. `stops`: after a second. `dies`: becomes unavailable then."""
    played: list[Played] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The services that it was told, and with what."""
    _task: asyncio.Task[None] | None = None

    def as_json(self, entity_id: str) -> dict[str, Any]:
        attributes: dict[str, Any] = {"friendly_name": "Kitchen", "supported_features": self.features}
        if self.state == "idle" and self.is_mute_when_idle:
            attributes["supported_features"] &= ~VOLUME_SET
        elif self.state not in ("off", "unavailable") and entity_id.startswith("media_player."):
            attributes |= {"volume_level": self.volume, "is_volume_muted": self.muted}
            if self.content is not None and self.state != "idle":
                attributes |= {"media_content_id": self.content, "media_content_type": "music"}
                attributes["media_position"] = self.position
                attributes["media_position_updated_at"] = self.position_at and self.position_at.isoformat()
        return {"entity_id": entity_id, "state": self.state, "attributes": attributes}

    def plays_music(self, url: str, position: float) -> StandInPlayer:
        """Have it be in the middle of something."""
        self.state, self.content = "playing", url
        self._at(position)
        return self

    def now_seconds(self) -> float:
        """Where in its music it is."""
        assert self.position is not None
        assert self.position_at is not None
        passed = (datetime.datetime.now(datetime.timezone.utc) - self.position_at).total_seconds()
        return self.position + (passed if self.state == "playing" else 0.0)

    async def tell(self, service: str, data: dict[str, Any]) -> None:
        """A service of its domain."""
        self.told.append((service, data))
        if service == "announce":
            await self._announce(data["media_id"])
        elif service == "play_media":
            self._play(data["media_content_id"], announces=bool(data.get("announce")))
        elif service == "volume_set":
            self.volume = round(data["volume_level"], 2)
        elif service == "volume_mute":
            self.muted = data["is_volume_muted"]
        elif service == "turn_on":
            self.state, self.features = "idle", self.features | PLAIN
        elif service == "turn_off":
            self.state = "off"
        elif service == "media_seek":
            self._at(data["seek_position"])
        elif self.content is not None:
            self._at(self.now_seconds() if self.position_at else 0.0)
            self.state = {"media_pause": "paused", "media_stop": "idle", "media_play": "playing"}[service]
            if service == "media_stop":
                self.end()

    def end(self) -> None:
        """Stop what it fetches and plays."""
        if self._task is not None:
            self._task.cancel()

    def _at(self, position: float) -> None:
        self.position, self.position_at = position, datetime.datetime.now(datetime.timezone.utc)

    def _play(self, url: str, *, announces: bool) -> None:
        if "/announcement." not in url:
            self.end()
            self.plays_music(url, 0.0)
        elif self.fault != "deaf":
            self._task = asyncio.ensure_future(
                self._announcing(url, ducks=announces and bool(self.features & ANNOUNCE))
            )

    async def _announce(self, url: str) -> None:
        if self.state == "responding":
            raise web.HTTPInternalServerError
        self.state = "responding"
        try:
            if self.fault != "deaf":
                await self._listen(url)
        except aiohttp.ClientError as error:  # whoever served it is gone
            raise web.HTTPInternalServerError from error
        finally:
            self.state = "idle"

    async def _announcing(self, url: str, *, ducks: bool) -> None:
        has_music = ducks and self.state == "playing"
        with contextlib.suppress(aiohttp.ClientError):  # whoever served it is gone
            await self._listen(url, shows=not has_music)
        if not has_music and self.state == "playing":
            self.state = "idle"

    async def _listen(self, url: str, *, shows: bool = False) -> None:
        """Fetch it and play it."""
        played = Played(url, self.volume)
        self.played.append(played)
        if shows:
            self.content = url
            self._at(0.0)
        left_seconds = await fetch(played, lambda: self._begin(shows=shows))
        if self.fault in ("stops", "dies"):
            self.state = "idle" if self.fault == "stops" else "unavailable"
        else:
            await asyncio.sleep(left_seconds)

    def _begin(self, *, shows: bool) -> None:
        self.state = "playing" if shows else self.state


@dataclass
class StandInHome:
    """The server, and its entities by their ids."""

    host: str = ""
    """As it stands in an address: 127.0.0.1:8123."""
    entities: dict[str, StandInPlayer] = field(default_factory=dict)
    refuses: int = 0
    """The status of the answer to all services, where it is not 0."""
    is_stuck: bool = False
    """Whether it takes requests and answers none."""

    def address(self, entity_id: str, token: str = TOKEN) -> str:
        """Of a speaker."""
        return f"homeassistant://{self.host}/{entity_id}?token={token}"

    async def state(self, request: web.Request) -> web.Response:
        entity = await self._entity(request, request.match_info["entity_id"])
        if entity is None:
            return web.json_response({"message": "Entity not found."}, status=404)
        return web.json_response(entity.as_json(request.match_info["entity_id"]))

    async def service(self, request: web.Request) -> web.Response:
        data = await request.json()
        entity = await self._entity(request, data.pop("entity_id"))
        if self.refuses:
            return web.Response(status=self.refuses)
        is_told = request.match_info["domain"] != "homeassistant"  # update_entity: these know their state
        if is_told and entity is not None and entity.state != "unavailable":  # as the real one ignores these
            await asyncio.shield(entity.tell(request.match_info["service"], data))
        return web.json_response([])

    async def _entity(self, request: web.Request, entity_id: str) -> StandInPlayer | None:
        if self.is_stuck:
            await asyncio.Event().wait()
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        return self.entities.get(entity_id)


@contextlib.asynccontextmanager
async def home_assistant(**entities: StandInPlayer) -> AsyncIterator[StandInHome]:
    """The stand-in, listening; `media_player__kitchen=...` is its entity media_player.kitchen."""
    home = StandInHome(entities={name.replace("__", "."): entity for name, entity in entities.items()})
    app = web.Application()
    for prefix in ("", "/core"):  # as the Supervisor hands on
        app.router.add_get(f"{prefix}/api/states/{{entity_id}}", home.state)
        app.router.add_post(f"{prefix}/api/services/{{domain}}/{{service}}", home.service)
    async with serving_app(app) as url:
        home.host = url.removeprefix("http://")
        try:
            yield home
        finally:
            for entity in home.entities.values():
                entity.end()
