"""Music Player Daemon: it fetches the announcement as one more song of its queue, and goes back to its music."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any, Literal

import mpd.asyncio
import mpd.base

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Offered, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.reaching import reached

LATENCY_SECONDS = 0.35
"""From the command to play until sound leaves MPD, as measured; MPD does not tell what its outputs hold besides."""
_PORT = 6_600
_POLL_SECONDS = 0.1
_PING_SECONDS = 20.0
"""MPD hangs up on clients that are silent for a minute."""
_END_SECONDS = 0.75
"""Whoever stops the announcement so short before its end is not told from its end."""
_OURS = re.compile(r"https?://[^/]+(/.*)?/say/announced/[\w-]+/announcement\.\w+")
"""The addresses of announcements, by which an entry that a killed process left is found."""
_OPTIONS = {"single": "1", "repeat": "0"}
"""While we play: MPD stops after the announcement, and does not begin it again."""

_Status = dict[str, Any]


class MpdSpeaker(Speaker):
    """An MPD, or one of its partitions."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._client: Any = mpd.asyncio.MPDClient()
        # It would ask MPD for news where we are quiet, and fail with a traceback where MPD ends then.
        self._client.IMMEDIATE_COMMAND_TIMEOUT = float("inf")
        self._volume: int | None = None
        """What we have set."""
        self._wish: Literal["pause", "stop", "else"] | None = None
        """What somebody did to the announcement: paused or stopped it, or played something else."""
        self._has_played = False
        self._is_new = False
        """Whether the state is of this announcement, and not of one that was killed."""

    async def open(self) -> None:
        address = self.address
        try:
            connecting = self._client.connect(address.host, address.port or _PORT)
            await reached(connecting, self.means.patience_seconds)
        except (mpd.base.MPDError, UnicodeDecodeError) as error:
            raise SpeakerError("it answers, but not as MPD does") from error
        if password := address.secret("password"):
            await self._do("password", password)
        if address.path:
            await self._do("partition", address.path)

    async def close(self) -> None:
        self._client.disconnect()

    async def state(self) -> _Status:
        self._is_new = True
        status = await self._status()
        kept = ("state", "songid", "song", "elapsed", "duration", "volume", *_OPTIONS)
        state = {name: status[name] for name in kept if name in status}
        if "songid" in status:
            state["file"] = (await self._do("currentsong")).get("file")
        return state

    async def prepare(self, state: _Status | None, volume: float | None) -> None:
        if state is None:
            return
        if (await self._status())["state"] == "play":
            await self._do("pause", 1)
        await self._remove_ours()
        for option, value in _OPTIONS.items():
            if state.get(option, value) != value:
                await self._do(option, value)
        if volume is not None and _mixer_of(state) is not None:
            self._volume = round(100 * volume)
            await self._do("setvol", self._volume)

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        async with self.means.host.offer(sound, "mp3", self.address.host) as offered:
            # Before the music's song: at its end MPD then stands still at the beginning of that.
            place = (await self._status()).get("song")
            ours = await self._do("addid", offered.url, *([] if place is None else [place]))
            await self._wait_for(start)
            if not sound.seconds:
                return False
            await self._do("clearerror")
            self._has_played = True
            await self._do("playid", ours)
            await self._watch(ours, sound, offered)
        return True

    async def restore(self, state: _Status) -> None:
        status = await self._status()
        is_changed = self._wish == "else" or (not self._has_played and await self._is_at_other_music(status, state))
        if not is_changed and status["state"] == "play":
            await self._do("pause", 1)
        song = None if is_changed else await self._song_of(state)
        if song is not None:
            await self._go_back(song, state)
        await self._restore_settings(state)
        if not is_changed and song is None:
            await self._do("stop")
        await self._remove_ours()
        if song is not None and self._wished(state) == "play":
            await self._do("pause", 0)

    async def _wait_for(self, start: Start) -> None:
        """Wait for the start without that MPD hangs up."""
        starting = asyncio.ensure_future(start.wait(LATENCY_SECONDS))
        try:
            while not (await asyncio.wait({starting}, timeout=_PING_SECONDS))[0]:
                await self._do("ping")
            await starting
        finally:
            starting.cancel()

    async def _watch(self, ours: str, sound: AnnouncedSound, offered: Offered) -> None:
        """Wait until the announcement has ended. Raises SpeakerError where it did not play to its end."""
        now = asyncio.get_running_loop().time
        fetching = asyncio.ensure_future(offered.fetched())
        elapsed, moved_at = 0.0, now()
        try:
            while True:
                status = await self._status()
                self._see_it_plays(status, ours, is_over=_is_over(sound, elapsed + now() - moved_at))
                if status.get("songid") != ours:
                    return
                if float(status.get("elapsed", 0.0)) != elapsed or elapsed >= sound.seconds - _END_SECONDS:
                    elapsed, moved_at = float(status.get("elapsed", 0.0)), now()
                elif now() - moved_at > self.means.patience_seconds:
                    raise SpeakerError("it stopped in the middle" if fetching.done() else _unfetched(offered))
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            fetching.cancel()

    def _see_it_plays(self, status: _Status, ours: str, is_over: bool) -> None:
        """Raise SpeakerError where it plays no more before it is over; note what somebody wished instead."""
        if "error" in status:
            raise SpeakerError(f"it could not play it: {_without_address(status['error'])}")
        is_ours = status.get("songid") == ours
        if status["state"] == "play" and not is_ours:
            self._wish = "else"
            raise SpeakerError("somebody played something else in the middle")
        if is_over or status["state"] == "play":
            return
        if status["state"] == "stop":
            self._wish = "stop"
            raise SpeakerError("somebody stopped it in the middle")
        if is_ours:
            self._wish = "pause"
            raise SpeakerError("somebody paused it in the middle")
        raise SpeakerError("it stopped in the middle")

    async def _is_at_other_music(self, status: _Status, state: _Status) -> bool:
        """Whether somebody chose what it plays now, as far as that can be told."""
        if "songid" not in status or _OURS.fullmatch((await self._do("currentsong")).get("file", "")):
            return False
        if status["state"] == "play":
            return True
        return status["songid"] != state.get("songid") and float(status.get("elapsed", 0.0)) > 0

    async def _song_of(self, state: _Status) -> str | None:
        """The id of the song that it was at; None: there was none, or it is in the queue no more."""
        if "songid" not in state:
            return None
        queue = await self._do("playlistinfo")
        same = [song["id"] for song in queue if song.get("file") == state.get("file")]
        # After a restart of MPD its songs have other ids.
        return state["songid"] if state["songid"] in same else next(iter(same), None)

    async def _go_back(self, song: str, state: _Status) -> None:
        """Stand at the place of the music, paused or stopped. A stream has no place, and is begun anew."""
        status = await self._status()
        # From a pause it goes there in silence, but from a stop it would be heard until it is paused.
        volume = _mixer_of(status) if status["state"] == "stop" else None
        if volume is not None:
            await self._do("setvol", 0)
        has_place = state["state"] != "stop" and float(state.get("duration", 0)) > 0
        with contextlib.suppress(_RefusedError):  # it has become shorter, or cannot be read any more
            await self._do("seekid", song, state.get("elapsed", 0) if has_place else 0)
        await (self._do("stop") if self._wished(state) == "stop" else self._do("pause", 1))
        if volume is not None:
            await self._do("setvol", volume)

    def _wished(self, state: _Status) -> str:
        """How the music is to be left: as it was, or as somebody wished who stopped the announcement."""
        return self._wish if self._wish is not None and state["state"] == "play" else str(state["state"])

    async def _restore_settings(self, state: _Status) -> None:
        """Volume and options, where nobody changed them since."""
        status = await self._status()
        volume, now = _mixer_of(state), _mixer_of(status)
        is_ours = now == self._volume or not self._is_new
        if volume is not None and now is not None and volume != now and is_ours:
            await self._do("setvol", volume)
        for option, value in _OPTIONS.items():
            if status.get(option) == value and state.get(option, value) != value:
                await self._do(option, state[option])

    async def _remove_ours(self) -> None:
        """Take announcements out of the queue, also those that a killed process left."""
        for song in await self._do("playlistinfo"):
            if _OURS.fullmatch(song.get("file", "")):
                with contextlib.suppress(_RefusedError):  # it is gone already
                    await self._do("deleteid", song["id"])

    async def _status(self) -> _Status:
        status: _Status = await self._do("status")
        return status

    async def _do(self, command: str, *values: object) -> Any:
        """Give a command; its answer. Raises SpeakerError."""
        try:
            return await asyncio.wait_for(self._answer(command, *values), self.means.patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {self.means.patience_seconds:g} seconds") from error
        except mpd.base.CommandError as error:
            raise _RefusedError(f"it refused: {_without_address(_said(error))}") from error
        except (mpd.base.MPDError, OSError, UnicodeDecodeError) as error:
            raise SpeakerError("it broke the connection off") from error

    async def _answer(self, command: str, *values: object) -> Any:
        # Awaited here: `wait_for` would wait for the future alone, and lists of songs are read by their `__await__`.
        return await getattr(self._client, command)(*values)


class _RefusedError(SpeakerError):
    """MPD is well, and does not do this."""


def _is_over(sound: AnnouncedSound, at_seconds: float) -> bool:
    return sound.is_whole and at_seconds >= sound.seconds - _END_SECONDS


def _mixer_of(status: _Status) -> int | None:
    """The volume in percent; None: this MPD has none (old ones say -1)."""
    volume = int(status.get("volume", -1))
    return None if volume < 0 else volume


def _said(error: mpd.base.CommandError) -> str:
    """MPD's words without their number and command: `[4@0] {status} you don't have permission`."""
    words = re.sub(r"^\[\d+@\d+\] \{\w*\} ", "", str(error)).strip()
    return words + ("; give its password by ?password_file=PATH" if "permission" in words else "")


def _without_address(text: str) -> str:
    """Who knows the address of an announcement may hear it."""
    return re.sub(r"https?://\S*[\w/]", "the announcement", text)


def _unfetched(offered: Offered) -> str:
    host = offered.url.split("/")[2]
    return f"it did not fetch the sound; can it reach http://{host}?"
