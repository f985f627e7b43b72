"""Squeezebox, squeezelite and other players of Lyrion Music Server (LMS)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Offered, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.lms import Lms, Status

LATENCY_SECONDS = 1.2
"""From the command to the first sound, as with squeezelite: the server looks at it, the player fills its buffer."""
_PORT = 9_000
_POLL_SECONDS = 0.2
_LOAD_SECONDS = 2.0
"""Longest wait for a queue that the server has saved: where it has none, the queue is built track by track."""
_OURS = "/say/announced/"
"""What the addresses of announcements have in them."""


class SqueezeboxSpeaker(Speaker):
    """Has the player fetch the sound while it is made. The server knows when it has played."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._server: Lms | None = None
        self._id = ""
        self._player_host = address.host
        self._is_prepared = False
        self._volume: int | None = None
        """Of the announcement; None: as it is set."""

    async def open(self) -> None:
        host = f"[{self.address.host}]" if ":" in self.address.host else self.address.host
        url = f"http://{host}:{self.address.port or _PORT}"
        patience_seconds = self.means.patience_seconds
        self._server = Lms(url, self.address.query.get("user"), self.address.secret("password"), patience_seconds)
        players = await self._lms.players()
        name = self.address.path.casefold()
        wanted = [each for each in players if name in (str(each.get(key)).casefold() for key in ("name", "playerid"))]
        if not wanted:
            names = ", ".join(str(each.get("name")) for each in players) or "none"
            raise SpeakerError(f"it has no player {self.address.path or 'without a name'}; its players: {names}")
        if not int(wanted[0].get("connected") or 0):
            raise SpeakerError("the player is away from its server")
        self._id = str(wanted[0]["playerid"])
        self._player_host = str(wanted[0].get("ip") or "").rpartition(":")[0].strip("[]") or self.address.host

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()

    async def state(self) -> dict[str, Any] | None:
        return dataclasses.asdict(await self._status())

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        assert state is not None
        self._is_prepared = True
        if state["others"]:
            await self._do("sync", "-")
        elif state["urls"]:
            await self._do("playlist", "save", self._saved, "silent:1")
        await self._do("pause", 1)
        if not state["power"]:
            await self._do("power", 1, 1)  # without what it would play by itself
        await self._do("playlist", "repeat", 0)
        if volume is not None:
            self._volume = round(100 * volume)
            await self._do("mixer", "muting", 0)
            await self._do("mixer", "volume", self._volume)

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        async with self.means.host.offer(sound, "mp3", self._player_host) as offered:
            await start.wait(LATENCY_SECONDS)
            if await sound.begun() is None:
                return False
            await self._do("playlist", "play", offered.url, "Announcement")
            try:
                await asyncio.wait_for(offered.fetched(), self.means.patience_seconds)
            except asyncio.TimeoutError as error:
                there = urlsplit(offered.url).netloc
                raise SpeakerError(f"it does not fetch the sound; does it reach {there}?") from error
            await self._see_it_play(offered)
        return True

    async def restore(self, state: dict[str, Any]) -> None:
        before = Status(**{**state, "urls": tuple(state["urls"]), "others": tuple(state["others"])})
        now = await self._status()
        if before.others and not now.others:
            await self._do("stop")
            await self._lms.ask(before.others[0], "sync", self._id)
            now = await self._status()
        is_ours = any(_OURS in url for url in now.urls) or not now.urls
        # A group's queue is given back by the last of its players that announces.
        if (is_ours or now.urls == before.urls) and not (before.others and now.mode == "play"):
            await self._give_back_queue(before, now)
        if now.repeat == 0:
            await self._do("playlist", "repeat", before.repeat)
        has_been_set = self._is_prepared and now.volume not in (0, self._volume)
        await self._give_back_volume(now if has_been_set else before)
        if not before.power and (is_ours or now.mode != "play"):
            await self._do("power", 0)

    @property
    def _saved(self) -> str:
        """The name under which the server keeps its queue meanwhile."""
        return f"kokoro_wyoming_{self._id.replace(':', '')}"

    @property
    def _lms(self) -> Lms:
        assert self._server is not None
        return self._server

    async def _do(self, *command: str | int | float) -> None:
        await self._lms.ask(self._id, *command)

    async def _status(self) -> Status:
        return await self._lms.status(self._id)

    async def _see_it_play(self, offered: Offered) -> None:
        """Wait until it has played. Raises SpeakerError where it does not, or somebody takes it over."""
        loop = asyncio.get_running_loop()
        path = urlsplit(offered.url).path
        has_begun, is_loaded = False, False
        stands_since = loop.time()
        while True:
            now = await self._status()
            is_ours = path in (now.url or "")
            is_loaded = is_loaded or is_ours
            if is_loaded and not is_ours:
                raise SpeakerError("somebody else has begun to play on it")
            has_begun = has_begun or (is_ours and now.mode == "play" and now.seconds > 0)
            if has_begun and now.mode == "stop":
                return
            if has_begun:
                stands_since = loop.time()
            elif loop.time() - stands_since > self.means.patience_seconds:
                raise SpeakerError("it fetched the sound, and does not play it")
            await asyncio.sleep(_POLL_SECONDS)

    async def _give_back_queue(self, before: Status, now: Status) -> None:
        """Load what it played, at its place, without being heard before that."""
        await self._do("stop")
        await self._do("playlist", "shuffle", 0)
        if now.urls != before.urls:
            await self._load(before)
        now = await self._status()
        index = now.urls.index(before.url) if before.shuffle and before.url in now.urls else before.index
        if before.urls and before.mode != "stop":
            await self._play_on(before, index)
        elif before.urls and index:
            await self._do("playlist", "jump", index, "", 1)
        if before.shuffle:
            await self._do("playlist", "shuffle", before.shuffle)

    async def _give_back_volume(self, wanted: Status) -> None:
        await self._do("mixer", "volume", wanted.volume)
        if wanted.is_muted:
            await self._do("mixer", "muting", 1)

    async def _load(self, before: Status) -> None:
        if not before.urls:
            await self._do("playlist", "clear")
            return
        if not before.others:
            await self._do("playlist", "resume", self._saved, "", "noplay:1", "wipePlaylist:1")
            if await self._until(lambda now: sorted(now.urls) == sorted(before.urls), _LOAD_SECONDS):
                return
        await self._do("playlist", "clear")
        for url in before.urls:
            await self._do("playlist", "add", url)

    async def _play_on(self, before: Status, index: int) -> None:
        """A track plays from its beginning before it can be sought in, or paused: silently."""
        await self._do("mixer", "volume", 0)
        await self._do("playlist", "index", index)
        patience_seconds = self.means.patience_seconds / 4
        await self._until(lambda now: now.mode == "play" and now.seconds > 0, patience_seconds)
        if before.can_seek and before.seconds >= 1:
            await self._do("time", before.seconds)
            await self._until(lambda now: now.seconds >= before.seconds, patience_seconds)
        if before.mode == "pause":
            await self._do("pause", 1)

    async def _until(self, is_so: Callable[[Status], bool], patience_seconds: float) -> bool:
        """Wait for a status; False where it does not come."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + patience_seconds
        while loop.time() < ends_at:
            if is_so(await self._status()):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False
