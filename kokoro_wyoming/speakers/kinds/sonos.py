"""Sonos players. Newer ones (S2) play clips over their music; older ones are told to play the address instead of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import aiohttp

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, RestoredInPartError, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.reaching import reason
from kokoro_wyoming.speakers.kinds.sonos_clip import ClipSocket
from kokoro_wyoming.speakers.kinds.sonos_transport import Transport, is_announcement

_PORT = 1_400
_LATENCY_SECONDS = 1.0
"""From the command to the first sound, as people report it; no player tells it."""
_POLL_SECONDS = 0.5
_SAME_VOLUME = 1


class SonosSpeaker(Speaker):
    """Clips where the player has them; else its transport, whose state is saved and restored."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._clips: ClipSocket | None = None
        self._transport: Transport | None = None
        self._volume: int | None = None
        """In percent, as it was wished."""
        self._is_prepared = False

    async def open(self) -> None:
        patience_seconds = self.means.patience_seconds
        port = self.address.port or _PORT
        try:
            loop = asyncio.get_running_loop()
            host, family = self.address.host, socket.AF_INET
            found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            address = str(found[0][4][0])
            info = await asyncio.wait_for(_info(address, port), patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"nobody answers there within {patience_seconds:g} seconds") from error
        except OSError as error:
            raise SpeakerError(f"nobody answers there ({reason(error)})") from error
        except aiohttp.ClientError as error:
            raise SpeakerError("it answers, but not as a Sonos player does") from error
        if "AUDIO_CLIP" in (info.get("device") or {}).get("capabilities", []):
            self._clips = ClipSocket(address, info, patience_seconds)
            await self._clips.open()
        else:
            self._transport = Transport(address, port, patience_seconds)
            await self._transport.volume()

    async def close(self) -> None:
        if self._clips is not None:
            await self._clips.close()

    async def state(self) -> dict[str, Any] | None:
        return None if self._transport is None else await self._transport.state()

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        self._is_prepared = True
        self._volume = None if volume is None else round(100 * volume)
        if self._transport is None:
            return
        await self._transport.pause()
        if self._volume is not None:
            await self._transport.set_volume(self._volume, muted=False)

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        async with self.means.host.offer(sound, "mp3", self.address.host) as offered:
            await start.wait(_LATENCY_SECONDS)
            if await sound.begun() is None:
                return False
            fetching = asyncio.ensure_future(offered.fetched())
            try:
                if self._clips is not None:
                    return await self._clips.play(offered.url, self._volume, sound, fetching)
                assert self._transport is not None
                await self._transport.load(offered.url, offered.media_type)
                return await self._until_played(self._transport, offered.url, sound, fetching)
            finally:
                fetching.cancel()
                await asyncio.gather(fetching, return_exceptions=True)

    async def restore(self, state: dict[str, Any]) -> None:
        if self._transport is None:
            raise RestoredInPartError("it had no clips before, and has them now")
        now = await self._transport.state()
        if not self._is_prepared or (self._volume is not None and abs(now["volume"] - self._volume) <= _SAME_VOLUME):
            await self._transport.set_volume(state["volume"], state["muted"])
        if now["uri"] == state["uri"]:
            if state["is_playing"] and not now["is_playing"]:
                await self._transport.play()
        elif is_announcement(now["uri"]):
            await self._transport.restore(state)

    async def _until_played(
        self, transport: Transport, url: str, sound: AnnouncedSound, fetching: asyncio.Future[None]
    ) -> bool:
        """Wait until it has played the url to its end. Raises SpeakerError."""
        loop = asyncio.get_running_loop()
        begun_at = moved_at = loop.time()
        was_playing, place = False, ""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            now = await transport.place()
            if now.uri != url:
                raise SpeakerError("something else was started on it")
            if now.transport == "STOPPED" and fetching.done():
                is_long_enough = sound.is_whole and loop.time() - begun_at >= sound.seconds
                if now.has_failed or not ((was_playing and sound.is_whole) or is_long_enough):
                    raise SpeakerError("it could not play the sound")
                return True
            was_playing = was_playing or now.transport == "PLAYING"
            if now.at != place or (was_playing and not sound.is_whole):
                place, moved_at = now.at, loop.time()
            if loop.time() - moved_at > self.means.patience_seconds:
                if not fetching.done():
                    raise SpeakerError(f"it did not fetch the sound within {self.means.patience_seconds:g} seconds")
                raise SpeakerError("it does not play on; is it paused, or stuck?")


async def _info(address: str, port: int) -> dict[str, Any]:
    """What the player tells of itself; empty for one that is older than that. Raises OSError, aiohttp.ClientError."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}:{port}/info") as answer:
        if answer.status != 200:
            return {}
        with contextlib.suppress(ValueError):
            info = await answer.json(content_type=None)
            return info if isinstance(info, dict) else {}
        return {}
