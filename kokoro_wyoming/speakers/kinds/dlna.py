"""A DLNA media renderer, which fetches what it plays."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from didl_lite import didl_lite

from kokoro_wyoming.speakers import ssdp
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Offered, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.dlna_renderer import TRANSITION_NOT_AVAILABLE, RefusedError, Renderer, time_of
from kokoro_wyoming.speakers.kinds.reaching import reason

_TITLE = "Announcement"
_OURS = re.compile(r"https?://[^/]+(/.*)?/say/announced/[\w-]+/announcement\.\w+")
"""Where `Host.offer` has announcements: so one is known that a program was killed at."""
_PLAYING = ("PLAYING", "TRANSITIONING")
_OVER = ("STOPPED", "NO_MEDIA_PRESENT")
_POLL_SECONDS = 0.2
_EARLY_SECONDS = 1.0
"""A sound that ends this much before its length was broken off."""
_USUAL_LATENCY_SECONDS = 0.3
_latencies_seconds: dict[str, float] = {}
"""From Play to playing, as it was last time, by the address of the speaker."""


class DlnaSpeaker(Speaker):
    """Has a renderer fetch the sound, watches it play, and gives back what it had before."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._session: aiohttp.ClientSession | None = None
        self._found: Renderer | None = None
        self._own_steps: int | None = None
        """The volume that we set."""

    @property
    def _renderer(self) -> Renderer:
        assert self._found is not None
        return self._found

    async def open(self) -> None:
        location = await self._location()
        self._session = aiohttp.ClientSession()
        self._found = await Renderer.connect(self._session, location, self.means.patience_seconds)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def state(self) -> dict[str, Any] | None:
        renderer = self._renderer
        media, transport = await renderer.media(), await self._transport_state()
        if _is_ours(media["uri"]):  # it kept the address of the last announcement
            media, transport = dict.fromkeys(media, ""), "STOPPED"
        track, position_seconds = await renderer.position()
        return {
            **media,
            "transport": transport,
            "track": track,
            "position_seconds": position_seconds,
            "play_mode": await renderer.play_mode(),
            "volume": await renderer.volume(),
            "mute": await renderer.is_muted(),
        }

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        renderer = self._renderer
        if await self._transport_state() not in _OVER:
            await renderer.stop()
        if state is not None and state["next_uri"]:
            with contextlib.suppress(RefusedError):
                await renderer.set_next("", "")
        if state is not None and state["play_mode"] not in ("", "NORMAL"):
            await renderer.set_play_mode("NORMAL")
        if volume is not None and await renderer.volume() is not None:
            await renderer.set_volume(renderer.steps_of(volume))
            self._own_steps = await renderer.volume()
            if await renderer.is_muted():
                await renderer.mute(False)

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        renderer = self._renderer
        sound_format, media_type = await renderer.format()
        offering = self.means.host.offer(sound, sound_format, self.address.host, _TITLE, media_type)
        async with offering as offered:
            if sound_format != "mp3":
                await sound.whole()  # it may ask for the file at once, and would wait for its end
            await renderer.set_uri(offered.url, _metadata(offered))
            await start.wait(_latencies_seconds.get(self.address.uri, _USUAL_LATENCY_SECONDS))
            if await sound.begun() is None:
                return False
            begun = asyncio.get_running_loop().time()
            await self._begin()
            return await self._until_played(sound, offered, begun)

    async def restore(self, state: dict[str, Any]) -> None:
        renderer = self._renderer
        uri, transport = (await renderer.media())["uri"], await self._transport_state()
        is_ours = _is_ours(uri)
        if is_ours and transport not in _OVER:
            await renderer.stop()
        await self._restore_loudness(state)
        if state["play_mode"] not in ("", "NORMAL"):
            await renderer.set_play_mode(state["play_mode"])
        # Some forget what they played when it has ended. Another address is what somebody has it play since.
        is_idle = transport in _OVER and uri in ("", state["uri"])
        if is_ours or (is_idle and (uri, transport) != (state["uri"], state["transport"])):
            await self._restore_music(state)

    async def _location(self) -> str:
        """Where its description is. Raises SpeakerError."""
        address = self.address
        if address.port is not None and address.path:
            return urlsplit(address.uri)._replace(scheme="http").geturl()
        try:
            location = await ssdp.location_at(address.host, self.means.patience_seconds / 2)
        except OSError as error:
            raise SpeakerError(f"nobody answers there ({reason(error)})") from error
        if location is None:
            raise SpeakerError("no media renderer answers a search (SSDP) there; is it off or asleep?")
        return location

    async def _begin(self) -> None:
        """Have it play; some are not ready at once after they were given an address."""
        deadline = asyncio.get_running_loop().time() + self.means.patience_seconds
        while True:
            try:
                await self._renderer.play()
                return
            except RefusedError as error:
                if error.upnp_code != TRANSITION_NOT_AVAILABLE or asyncio.get_running_loop().time() > deadline:
                    raise
            if await self._transport_state() in _PLAYING:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _until_played(self, sound: AnnouncedSound, offered: Offered, begun: float) -> bool:
        """Watch it until it has played to the end; whether it was seen to play.

        Raises SpeakerError where it was broken off, or does not begin.
        """
        loop = asyncio.get_running_loop()
        fetching = asyncio.ensure_future(offered.fetched())
        has_played = False
        try:
            while True:
                transport, has_failed = await self._watched()
                seconds = loop.time() - begun
                is_due = sound.is_whole and seconds >= sound.seconds - _EARLY_SECONDS
                if transport == "PLAYING" and not has_played:
                    has_played = True
                    _latencies_seconds[self.address.uri] = seconds
                if transport in _OVER and has_failed and (has_played or seconds > _EARLY_SECONDS):
                    raise SpeakerError("it could not play the sound (ERROR_OCCURRED)")
                if transport in _OVER and (has_played or (is_due and fetching.done())):
                    if not is_due:
                        raise SpeakerError(f"it stopped after {seconds:.1f} s of the sound")
                    return has_played
                if has_played and not await self._is_still_ours():
                    if is_due:
                        return True
                    raise SpeakerError("somebody has it play something else")
                if seconds > self.means.patience_seconds and not (has_played and fetching.done()):
                    raise SpeakerError(self._why_not(offered, fetching.done()))
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            fetching.cancel()

    def _why_not(self, offered: Offered, is_fetched: bool) -> str:
        if is_fetched:
            return "it fetched the sound, but does not play it"
        place = urlsplit(offered.url)
        return f"it does not fetch the sound; does it reach {place.scheme}://{place.netloc}?"

    async def _watched(self) -> tuple[str, bool]:
        """As `Renderer.transport`; a while without answers is borne. Raises SpeakerError."""
        deadline = asyncio.get_running_loop().time() + self.means.patience_seconds
        while True:
            try:
                return await self._renderer.transport()
            except RefusedError:
                raise
            except SpeakerError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(_POLL_SECONDS)

    async def _is_still_ours(self) -> bool:
        uri = (await self._renderer.media())["uri"]
        return not uri or _is_ours(uri)

    async def _restore_loudness(self, state: dict[str, Any]) -> None:
        renderer = self._renderer
        if state["volume"] is not None:
            now = await renderer.volume()
            if self._own_steps in (None, now) and now != state["volume"]:
                await renderer.set_volume(state["volume"])
        if state["mute"] is not None and await renderer.is_muted() != state["mute"]:
            await renderer.mute(state["mute"])

    async def _restore_music(self, state: dict[str, Any]) -> None:
        renderer = self._renderer
        if not state["uri"] and state["transport"] in _PLAYING:
            raise SpeakerError("it does not tell what it played before")
        try:
            await renderer.set_uri(state["uri"], state["metadata"])
        except RefusedError:
            if state["uri"]:
                raise
            return  # it keeps the announcement's address, and is silent
        if state["transport"] not in _OVER:
            await self._resume(state)
        if state["next_uri"]:
            with contextlib.suppress(RefusedError):
                await renderer.set_next(state["next_uri"], state["next_metadata"])

    async def _resume(self, state: dict[str, Any]) -> None:
        """Play from where it was. It is muted on the way there, as renderers seek only in what they play."""
        renderer = self._renderer
        is_elsewhere = state["transport"] not in _PLAYING or state["track"] > 1 or state["position_seconds"]
        has_to_be_quiet = is_elsewhere and state["mute"] is False
        steps = await renderer.volume()
        if has_to_be_quiet:
            await renderer.mute(True)
        try:
            await self._begin()
            await self._until_playing()
            if state["track"] > 1:
                with contextlib.suppress(RefusedError):
                    await renderer.seek("TRACK_NR", str(state["track"]))
            if state["position_seconds"]:
                await self._seek(state["position_seconds"])
            if state["transport"] not in _PLAYING:
                await renderer.pause()
        finally:
            if has_to_be_quiet:
                await renderer.mute(False)
                if steps is not None and await renderer.volume() != steps:
                    await renderer.set_volume(steps)  # of Rygel muting is volume 0, and stays so

    async def _seek(self, seconds: int) -> None:
        """Go to a place. Raises SpeakerError where it does not get there.

        Some accept it before they have read the file, and do nothing then.
        """
        deadline = asyncio.get_running_loop().time() + self.means.patience_seconds / 2
        refusal: RefusedError | None = None
        while ((await self._renderer.position())[1] or 0) < seconds:
            if asyncio.get_running_loop().time() > deadline:
                raise refusal or SpeakerError(f"it does not go back to {time_of(seconds)} of what it played")
            try:
                await self._renderer.seek("REL_TIME", time_of(seconds))
            except RefusedError as error:
                refusal = error
            await asyncio.sleep(_POLL_SECONDS)

    async def _until_playing(self) -> None:
        deadline = asyncio.get_running_loop().time() + self.means.patience_seconds / 2
        while await self._transport_state() != "PLAYING":
            if asyncio.get_running_loop().time() > deadline:
                raise SpeakerError("it does not begin to play what it played before")
            await asyncio.sleep(_POLL_SECONDS)

    async def _transport_state(self) -> str:
        return (await self._renderer.transport())[0]


def _is_ours(uri: str) -> bool:
    """Whether it is an announcement of this program, running or not."""
    return _OURS.fullmatch(uri) is not None


def _metadata(offered: Offered) -> str:
    """What renderers show, and by which they know how to play it."""
    resource = didl_lite.Resource(offered.url, f"http-get:*:{offered.media_type}:*")
    item = didl_lite.MusicTrack(id="announcement", parent_id="-1", title=_TITLE, restricted="1", resources=[resource])
    return str(didl_lite.to_xml_string(item).decode())
