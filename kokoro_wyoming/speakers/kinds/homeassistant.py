"""Whatever Home Assistant plays on: a `media_player`, or the announcement of an `assist_satellite`.

Players that announce by themselves duck their music and take it up again. Others are paused and get it back from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.fetching import see_it_fetched, until_played, volume_to_restore
from kokoro_wyoming.speakers.kinds.home_assistant_api import Entity, HomeAssistantApi

_PAUSE, _SEEK, _VOLUME_SET, _VOLUME_MUTE = 1, 2, 4, 8
_TURN_ON, _TURN_OFF, _PLAY_MEDIA, _ANNOUNCE = 128, 256, 512, 1 << 20
"""Features of a media_player; an assist_satellite's own follows."""
_SATELLITE_ANNOUNCE = 1
_POLL_SECONDS = 0.25
_OURS = "/announcement."
"""Part of the address of every sound that is offered."""


class HomeAssistantSpeaker(Speaker):
    """Has an entity of Home Assistant fetch the sound while it is made."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._id = address.path
        self._is_satellite = address.path.startswith("assist_satellite.")
        self._home: HomeAssistantApi | None = None
        self._before: Entity | None = None
        self._latency_seconds = 0.0
        self._is_prepared = False
        self._volume_before: float | None = None
        self._volume: float | None = None
        """What it was set to for the announcement."""
        self._is_playing = False
        """Whether it was told to play, and has not come to the end."""

    async def open(self) -> None:
        if not self._id.startswith(("media_player.", "assist_satellite.")):
            raise SpeakerError("it must name a media_player or an assist_satellite, such as /media_player.kitchen")
        self._home = HomeAssistantApi(self.address, self.means.patience_seconds)
        await self._entity()  # the first one connects
        begun = asyncio.get_running_loop().time()
        self._before = await self._entity()
        self._latency_seconds = asyncio.get_running_loop().time() - begun
        feature = _SATELLITE_ANNOUNCE if self._is_satellite else _PLAY_MEDIA
        # A player that is off may tell only of what it can do then.
        if not self._before.can(feature) and self._before.state != "off":
            raise SpeakerError("Home Assistant says that it plays nothing from an address")

    async def close(self) -> None:
        if self._home is not None:
            await self._home.close()

    async def state(self) -> dict[str, Any] | None:
        assert self._before is not None
        now = self._before
        if self._is_satellite:
            return None
        kept = {"state": now.state, "volume": now.volume, "muted": now.attributes.get("is_volume_muted")}
        if now.can(_ANNOUNCE) or not (now.is_active or now.state == "paused"):
            return kept
        kind = now.attributes.get("media_content_type") or "music"
        return {**kept, "content": now.content, "type": kind, "position": now.position_seconds()}

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        assert self._before is not None
        now = self._before
        if self._is_satellite:
            await self._until(lambda entity: entity.state != "responding")  # to what was interrupted, for example
            return
        if now.state == "off" and now.can(_TURN_ON):
            await self._call("turn_on")
            now = self._before = await self._until(lambda entity: entity.state != "off")
        if now.is_active and not now.can(_ANNOUNCE):
            await self._call("media_pause" if now.can(_PAUSE) else "media_stop")
            await self._until(lambda entity: not entity.is_active)
        self._is_prepared = True
        self._volume_before = now.volume
        if volume is not None and now.can(_VOLUME_SET):
            self._volume = volume
            await self._call("volume_set", volume_level=volume)
            if now.attributes.get("is_volume_muted") and now.can(_VOLUME_MUTE):
                await self._call("volume_mute", is_volume_muted=False)

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        async with self.means.host.offer(sound, "mp3", self.address.host) as offered:
            await start.wait(self._latency_seconds)
            if await sound.begun() is None:
                return False
            self._is_playing = True
            playing = asyncio.ensure_future(self._hand_over(offered.url))
            try:
                await see_it_fetched(offered, playing, self.means.patience_seconds)
                has_told = await (playing if self._is_satellite else self._until_played(sound, playing))
            finally:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
        self._is_playing = False
        return has_told

    async def restore(self, state: dict[str, Any]) -> None:
        now = await self._entity()
        has_volume = await self._restore_volume(state, now)
        if "content" in state:
            await self._restore_music(state, now)
        elif now.is_active and (self._is_playing or _OURS in (now.content or "")) and state["state"] != "playing":
            await self._call("media_stop")
            now = await self._entity()
        if state["state"] == "off" and now.state != "off" and not now.is_active and now.can(_TURN_OFF):
            await self._call("turn_off")
        elif not has_volume:
            await self._restore_volume(state, await self._entity())

    async def _hand_over(self, url: str) -> bool:
        """Have it play; a satellite's service, and some players', is done when it has played."""
        assert self._home is not None
        assert self._before is not None
        if self._is_satellite:
            # Its own chime is left out: ours is in the sound, where one is wished.
            await self._home.call("assist_satellite.announce", self._id, media_id=url, preannounce=False)
            return True
        wishes: dict[str, Any] = {"announce": True}
        if self._before.can(_ANNOUNCE):
            # Sonos and Music Assistant have a volume for announcements of their own.
            percent = None if self._volume is None else round(100 * self._volume)
            wishes["extra"] = {"use_pre_announce": False}
            wishes["extra"] |= {} if percent is None else {"volume": percent, "announce_volume": percent}
        await self._call("play_media", media_content_id=url, media_content_type="music", **wishes)
        return True

    async def _until_played(self, sound: AnnouncedSound, calling: asyncio.Future[bool]) -> bool:
        assert self._before is not None
        # While its music goes on below, its state tells nothing.
        has_music = self._before.is_active and self._before.can(_ANNOUNCE)

        clock = asyncio.get_running_loop().time
        fetched_at = clock()

        async def is_playing() -> bool:
            assert self._home is not None
            if sound.is_whole and clock() > fetched_at + sound.seconds:
                await self._home.refresh(self._id)
            now = await self._entity()
            if calling.done():
                calling.result()
            return now.is_active and not has_music

        return await until_played(sound, is_playing, self.means.patience_seconds, _POLL_SECONDS)

    async def _restore_music(self, state: dict[str, Any], now: Entity) -> None:
        """Have a player that does not announce play on."""
        is_ours = self._is_playing or _OURS in (now.content or "")
        is_the_same = now.content is not None and now.content == state["content"]
        if not is_ours and not is_the_same and (now.is_active or now.state == "paused") and now.content:
            return  # somebody has chosen something else
        if is_the_same or state["content"] is None:
            if state["state"] != "paused" and not now.is_active:
                await self._call("media_play")
            return
        is_paused = state["state"] == "paused"
        volume = (await self._entity()).volume if is_paused and now.can(_VOLUME_SET) else None
        if volume is not None:
            await self._call("volume_set", volume_level=0.0)  # nobody shall hear how it begins
        await self._call("play_media", media_content_id=state["content"], media_content_type=state["type"])
        now = await self._until(lambda entity: entity.is_active)
        try:
            if state["position"] is not None and now.can(_SEEK):
                await self._call("media_seek", seek_position=state["position"])
        finally:
            if is_paused:
                await self._call("media_pause")
                if volume is not None:
                    await self._call("volume_set", volume_level=volume)
        if not is_paused and not now.is_active:
            raise SpeakerError("it does not take up again what it played")

    async def _restore_volume(self, state: dict[str, Any], now: Entity) -> bool:
        """Whether that is settled: some players have a volume only while they play."""
        if not now.can(_VOLUME_SET):
            return False
        if self._is_prepared:
            volume = volume_to_restore(self._volume_before, self._volume, now.volume)
        else:  # set by a process that was killed
            volume = volume_to_restore(state["volume"], now.volume, now.volume)
        if volume is not None:
            await self._call("volume_set", volume_level=volume)
            if state["muted"] and now.can(_VOLUME_MUTE):
                await self._call("volume_mute", is_volume_muted=True)
        return now.volume is not None

    async def _until(self, is_so: Callable[[Entity], bool]) -> Entity:
        """Wait for a state, but not for long: some players tell theirs late. The last one that it told."""
        until = asyncio.get_running_loop().time() + self.means.patience_seconds / 3
        while True:
            now = await self._entity()
            if is_so(now) or asyncio.get_running_loop().time() > until:
                return now
            await asyncio.sleep(_POLL_SECONDS)

    async def _entity(self) -> Entity:
        assert self._home is not None
        entity = await self._home.entity(self._id)
        if entity.state == "unavailable":
            raise SpeakerError("Home Assistant calls it unavailable; is it switched off?")
        return entity

    async def _call(self, service: str, **data: Any) -> None:
        assert self._home is not None
        await self._home.call(f"media_player.{service}", self._id, **data)
