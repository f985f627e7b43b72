"""Clips of newer Sonos players, by their websocket: the player lowers its music meanwhile, and raises it after."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from sonos_websocket import SonosWebsocket
from sonos_websocket.exception import SonosWebsocketError

from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import SpeakerError

_PORT = 1_443
_NAMESPACE = "audioClip:1"
_CANCEL_SECONDS = 1.0
_ENDS = {
    "ERROR": "it could not play the sound",
    "DISMISSED": "somebody stopped it",
    "INTERRUPTED": "something else was started on it",
}

# What fails is told as the outcome of an announcement.
logging.getLogger("sonos_websocket").setLevel(logging.CRITICAL)


class ClipSocket:
    """The connection to one player, for one clip."""

    def __init__(self, address: str, info: dict[str, Any], patience_seconds: float) -> None:
        """`info` is what the player tells of itself."""
        self._patience_seconds = patience_seconds
        port = urlsplit(str(info.get("websocketUrl", ""))).port or _PORT
        self._session = aiohttp.ClientSession()
        # With twice the time the library does not come to its second try, which would play the clip twice.
        self._socket = SonosWebsocket(
            address, info.get("playerId"), info.get("householdId"), self._session, timeout=2 * int(patience_seconds + 1)
        )
        self._socket.uri = f"wss://{address}:{port}/websocket/api"
        self._player = {"namespace": _NAMESPACE, "playerId": info.get("playerId")}

    async def open(self) -> None:
        """Raises SpeakerError."""
        try:
            await asyncio.wait_for(self._socket.connect(), self._patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {self._patience_seconds:g} seconds") from error
        except SonosWebsocketError as error:
            raise SpeakerError("it does not let us in at its websocket") from error

    async def close(self) -> None:
        """Raises nothing."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._socket.close(), _CANCEL_SECONDS)
        await self._session.close()

    async def play(self, url: str, volume: int | None, sound: AnnouncedSound, fetching: asyncio.Future[None]) -> bool:
        """Play a clip to its end; `volume` in percent. False: it did not tell that it has. Raises SpeakerError."""
        clip = await self._loaded(url, volume)
        try:
            await self._send("subscribe")
            done, _ = await asyncio.wait({fetching}, timeout=self._patience_seconds)
            if not done:
                raise SpeakerError(f"it did not fetch the sound within {self._patience_seconds:g} seconds")
            return await self._until_played(clip, sound)
        except BaseException:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._send("cancelAudioClip", {"id": clip}), _CANCEL_SECONDS)
            raise

    async def _loaded(self, url: str, volume: int | None) -> str:
        """Give it the clip; its id."""
        try:
            # The library leaves out a volume of 0; the player would take its own.
            loading = self._socket.play_clip(url, None if volume is None else max(1, volume))
            told, clip = await asyncio.wait_for(loading, self._patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {self._patience_seconds:g} seconds") from error
        except (SonosWebsocketError, aiohttp.ClientError, ConnectionError, ValueError, TypeError) as error:
            raise SpeakerError("it broke the connection off") from error
        if not told.get("success"):
            raise SpeakerError(f"it refused: {clip.get('reason') or clip.get('errorCode') or 'no reason is told'}")
        return str(clip.get("id"))

    async def _until_played(self, clip: str, sound: AnnouncedSound) -> bool:
        loop = asyncio.get_running_loop()
        ends_at: float | None = None
        while True:
            if ends_at is None and sound.is_whole:
                # It may have begun just now: longer than this it does not take.
                ends_at = loop.time() + sound.seconds + self._patience_seconds
            left_seconds = 1.0 if ends_at is None else ends_at - loop.time()
            try:
                message = await asyncio.wait_for(self._received(), max(0.0, min(1.0, left_seconds)))
            except asyncio.TimeoutError:
                if left_seconds <= 0:
                    return False
                continue
            if (status := _status_of(clip, message)) == "DONE":
                return True
            if status in _ENDS:
                raise SpeakerError(_ENDS[status])

    async def _received(self) -> Any:
        """The next message. Raises SpeakerError where the connection ends."""
        assert self._socket.ws is not None
        message = await self._socket.ws.receive()
        if message.type != aiohttp.WSMsgType.TEXT:
            raise SpeakerError("it broke the connection off")
        with contextlib.suppress(ValueError):
            return message.json()
        return None

    async def _send(self, command: str, options: dict[str, Any] | None = None) -> None:
        assert self._socket.ws is not None
        try:
            await self._socket.ws.send_json([{**self._player, "command": command}, options or {}])
        except (aiohttp.ClientError, ConnectionError) as error:
            raise SpeakerError("it broke the connection off") from error


def _status_of(clip: str, message: Any) -> str | None:
    """What a message tells of a clip."""
    if not (isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict)):
        return None
    for told in message[1].get("audioClips") or []:
        if told.get("id") == clip:
            return str(told.get("status"))
    return None
