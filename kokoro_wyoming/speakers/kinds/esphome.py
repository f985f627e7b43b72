"""ESPHome devices with a media player or a voice assistant, and linux-voice-assistant, which speaks as one.

They duck their music, and take it up again, by themselves. A device has one voice assistant for one client, which is
Home Assistant in most houses; so the media player is used where there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from aioesphomeapi import (
    APIVersion,
    EntityInfo,
    EntityState,
    MediaPlayerCommand,
    MediaPlayerEntityState,
    MediaPlayerInfo,
    VoiceAssistantFeature,
)
from aioesphomeapi.client import APIClient
from aioesphomeapi.core import (
    APIConnectionError,
    EncryptionPlaintextAPIError,
    InvalidAuthAPIError,
    InvalidEncryptionKeyAPIError,
    RequiresEncryptionAPIError,
    ResolveAPIError,
)

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.fetching import SAME_VOLUME, see_it_fetched, until_played, volume_to_restore

logging.getLogger("aioesphomeapi").setLevel(logging.CRITICAL)  # the outcome tells it

_PORT = 6053
_ASSISTANT = "voice_assistant"
"""What the path of an address may name besides a media player."""
_POLL_SECONDS = 0.1
_LONGEST_SECONDS = 3600.0
_ANNOUNCEMENT = 1
"""The purpose of a format."""
_FORMATS = ("mp3", "flac", "wav")
"""Of those that a device lists the first; only mp3 is sent while it is made."""


class EsphomeSpeaker(Speaker):
    """Has a device fetch the sound."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._client: APIClient | None = None
        self._player: MediaPlayerInfo | None = None
        """None: the voice assistant announces."""
        self._now: MediaPlayerEntityState | None = None
        self._is_gone = False
        self._latency_seconds = 0.0
        self._is_prepared = False
        self._volume: float | None = None
        """What it was set to for the announcement."""

    async def open(self) -> None:
        password = self.address.secret("password") or ""
        key = (self.address.secret("key") or "").replace(" ", "+")  # what a query makes of the + of base64
        port, patience_seconds = self.address.port or _PORT, self.means.patience_seconds
        with _in_plain_words():
            self._client = client = APIClient(
                self.address.host,
                port,
                password,
                client_info="kokoro-wyoming",
                noise_psk=key or None,
                keepalive=max(1.0, patience_seconds / 4),
            )
            connecting = client.connect(on_stop=self._hung_up, login=bool(password))
            try:
                await asyncio.wait_for(connecting, patience_seconds)
            except asyncio.TimeoutError as error:
                raise SpeakerError(f"nobody answers there within {patience_seconds:g} seconds") from error
            begun = asyncio.get_running_loop().time()
            device = await client.device_info()
            self._latency_seconds = asyncio.get_running_loop().time() - begun
            entities, _ = await client.list_entities_services()
            features = device.voice_assistant_feature_flags_compat(client.api_version or APIVersion())
            self._player = _chosen(entities, self.address.path, bool(features & VoiceAssistantFeature.ANNOUNCE))
            if self._player is not None:
                client.subscribe_states(self._told)
                await self._until(lambda: self._now is not None)

    async def close(self) -> None:
        if self._client is None:
            return
        with contextlib.suppress(APIConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(self._client.disconnect(), self.means.patience_seconds)
        with contextlib.suppress(APIConnectionError):
            await self._client.disconnect(force=True)

    async def state(self) -> dict[str, Any] | None:
        if self._now is None:
            return None
        return {"state": self._name(), "volume": self._now.volume, "muted": self._now.muted}

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        self._is_prepared = True
        if volume is not None and self._now is not None:
            self._volume = volume
            self._command(volume=volume)
            if self._now.muted:
                self._command(command=MediaPlayerCommand.UNMUTE)
            await self._until(lambda: self._has_volume(volume))

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        sound_format = "mp3" if self._player is None else _format(self._player)
        async with self.means.host.offer(sound, sound_format, self.address.host) as offered:
            if sound_format != "mp3":
                await sound.whole()
            await start.wait(self._latency_seconds)
            if await sound.begun() is None:
                return False
            playing = asyncio.ensure_future(self._hand_over(offered.url))
            try:
                await see_it_fetched(offered, playing, self.means.patience_seconds)
                return await (playing if self._player is None else self._until_played(sound))
            except BaseException:
                if self._player is not None:
                    with contextlib.suppress(SpeakerError):
                        self._command(command=MediaPlayerCommand.STOP, announcement=True)
                raise
            finally:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)

    async def restore(self, state: dict[str, Any]) -> None:
        now = self._now
        if now is None:
            return
        ours = self._volume if self._is_prepared else now.volume  # set by a process that was killed
        volume = volume_to_restore(state["volume"], ours, now.volume)
        if volume is not None:
            self._command(volume=volume)
            if state["muted"]:
                self._command(command=MediaPlayerCommand.MUTE)
            await self._until(lambda: self._has_volume(volume))
        if state["state"] == "PLAYING" and self._is_prepared:
            await self._until(lambda: self._name() == "PLAYING")
            if self._name() == "PAUSED":
                self._command(command=MediaPlayerCommand.PLAY)
            elif self._name() != "PLAYING":
                raise SpeakerError("it does not take up again what it played")

    async def _hand_over(self, url: str) -> bool:
        assert self._client is not None
        if self._player is not None:
            self._command(media_url=url, announcement=True)
            return True
        with _in_plain_words():
            leave = self._client.subscribe_voice_assistant(handle_start=_no_start, handle_stop=_no_stop)
            try:
                told = await self._client.send_voice_assistant_announcement_await_response(url, _LONGEST_SECONDS)
            finally:
                leave()
        if not told.success:
            raise SpeakerError("it says that it could not play the announcement")
        return True

    async def _until_played(self, sound: AnnouncedSound) -> bool:
        before = self._name()

        async def is_playing() -> bool:
            if self._is_gone:
                raise SpeakerError("it broke the connection off in the middle")
            # Devices before 2025.8 say of an announcement, too, that it is playing.
            return self._name() == "ANNOUNCING" or (self._name() == "PLAYING" and before != "PLAYING")

        return await until_played(sound, is_playing, self.means.patience_seconds, _POLL_SECONDS)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what the device tells, but not for long."""
        until = asyncio.get_running_loop().time() + self.means.patience_seconds / 4
        while asyncio.get_running_loop().time() < until and not self._is_gone:
            if is_so():
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _command(self, **wishes: Any) -> None:
        assert self._client is not None
        assert self._player is not None
        with _in_plain_words():
            self._client.media_player_command(self._player.key, **wishes)

    def _has_volume(self, volume: float) -> bool:
        return self._now is not None and abs(self._now.volume - volume) <= SAME_VOLUME

    def _name(self) -> str:
        """What the player does; releases of the library that Python 3.10 has do not know that it announces."""
        if self._now is None:
            return "IDLE"
        return "ANNOUNCING" if self._now.state is None else self._now.state.name

    def _told(self, state: EntityState) -> None:
        if isinstance(state, MediaPlayerEntityState) and self._player is not None and state.key == self._player.key:
            self._now = state

    async def _hung_up(self, expected: bool) -> None:
        self._is_gone = True


def _chosen(entities: list[EntityInfo], name: str, announces: bool) -> MediaPlayerInfo | None:
    """The media player of this name, or the first; None: the voice assistant. Raises SpeakerError."""
    players = [entity for entity in entities if isinstance(entity, MediaPlayerInfo)]
    for player in players:
        if name in ("", player.object_id, player.name):
            return player
    if name in ("", _ASSISTANT) and announces:
        return None
    names = [player.object_id for player in players] + [_ASSISTANT] * announces
    if not names:
        raise SpeakerError("it has no media player, and no voice assistant that announces")
    raise SpeakerError(f"it has no {name}; it has {', '.join(names)}")


def _format(player: MediaPlayerInfo) -> str:
    """What it wants announcements in; its decoders may know no other."""
    listed = [form for form in player.supported_formats if form.purpose == _ANNOUNCEMENT] or player.supported_formats
    return next((form for form in _FORMATS if form in {one.format for one in listed}), "mp3")


@contextlib.contextmanager
def _in_plain_words() -> Iterator[None]:
    """Raise what the library raises as SpeakerError."""
    try:
        yield
    except RequiresEncryptionAPIError as error:
        raise SpeakerError("it wants its key; give it as ?key_file=PATH") from error
    except EncryptionPlaintextAPIError as error:
        raise SpeakerError("it has no key; leave out key_file") from error
    except InvalidEncryptionKeyAPIError as error:
        raise SpeakerError("the key is not its own; ESPHome has it in its settings as api: encryption: key") from error
    except InvalidAuthAPIError as error:
        raise SpeakerError("it refuses the password; give it as ?password_file=PATH") from error
    except ResolveAPIError as error:
        raise SpeakerError("nobody answers there (name not found)") from error
    except (asyncio.TimeoutError, APIConnectionError) as error:
        raise SpeakerError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    refused: BaseException | None = error
    while refused is not None:
        if isinstance(refused, ConnectionRefusedError):
            return "nobody answers there (connection refused)"
        refused = refused.__cause__
    return f"it broke off ({type(error).__name__.removesuffix('APIError')})"


async def _no_start(*_: Any) -> int | None:
    return None


async def _no_stop(_: bool) -> None:
    return
