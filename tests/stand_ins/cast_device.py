"""A stand-in for a Google Cast device, which no program for Linux is: CASTV2 over TLS, the receiver, its media player.

It is built after the messages that pychromecast sends and understands, with pychromecast's own protobuf. It fetches
and decodes what it is told to play. It shows that our side keeps to the protocol, not how a real device behaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.stand_ins.certificate import self_signed
from tests.stand_ins.url_player import UrlPlayer

_MESSAGES = "pychromecast.generated" if importlib.util.find_spec("pychromecast.generated") else "pychromecast"
CastMessage: Any = importlib.import_module(f"{_MESSAGES}.cast_channel_pb2").CastMessage

PLAYER = "CC1AD845"
SPOTIFY = "CC32E753"
_NAMES = {PLAYER: "Default Media Receiver", SPOTIFY: "Spotify", "E8C28D3C": "Backdrop"}
_MEDIA = "urn:x-cast:com.google.cast.media"
_RECEIVER = "urn:x-cast:com.google.cast.receiver"
_HEARTBEAT = "urn:x-cast:com.google.cast.tp.heartbeat"


class CastDeviceStandIn:
    """One device; what a test may look at and set."""

    def __init__(self, fault: str | None = None, pace: float = 4.0) -> None:
        """`fault` is silent, refuses_load, fetches_nothing, no_launch, dies, error or stopped.

        `pace` is how many seconds of an announcement it plays in one.
        """
        self.fault = fault
        self.pace = pace
        self.port = 0
        self.volume: dict[str, Any] = {"level": 0.4, "muted": False, "controlType": "attenuation"}
        self.app: dict[str, Any] | None = None
        self.media: dict[str, Any] | None = None
        self.queue: dict[str, Any] = {}
        self.player: UrlPlayer | None = None
        self.players: list[UrlPlayer] = []
        """All that it played, in order."""
        self.messages: list[dict[str, Any]] = []
        """All that it was told."""
        self._numbers = itertools.count(1)
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def uri(self) -> str:
        return f"cast://127.0.0.1:{self.port}"

    def heard(self, url_end: str) -> NDArray[np.float32]:
        """All sound that it played from addresses that end so."""
        pieces = [piece for player in self.players if player.url.endswith(url_end) for piece in player.played]
        return np.concatenate([np.zeros(0, np.float32), *pieces])

    def start_app(self, app_id: str) -> None:
        """As if somebody had cast to it."""
        number = next(self._numbers)
        names = ["urn:x-cast:com.google.cast.cac"] if app_id == "E8C28D3C" else [_MEDIA]
        self.app = {
            "appId": app_id,
            "displayName": _NAMES.get(app_id, app_id),
            "isIdleScreen": app_id == "E8C28D3C",
            "sessionId": f"session-{number}",
            "transportId": f"transport-{number}",
            "namespaces": [{"name": name} for name in names],
            "statusText": "",
        }

    async def load(self, message: dict[str, Any]) -> None:
        """Play what a LOAD or QUEUE_LOAD tells."""
        await self._end_media("INTERRUPTED")
        self.queue = {}
        if message["type"] == "QUEUE_LOAD":
            items = [{**item, "itemId": next(self._numbers)} for item in message["items"]]
            item = items[message["startIndex"]]
            self.queue = {"items": items, "currentItemId": item["itemId"], "repeatMode": message["repeatMode"]}
            message = {**message, "media": item["media"], "autoplay": item.get("autoplay", True)}
        self.media = {"mediaSessionId": next(self._numbers), "media": message["media"], "playbackRate": 1}
        url = message["media"]["contentId"]
        pace = self.pace if "announcement" in url else 1.0
        player = self.player = UrlPlayer(url, message.get("currentTime", 0.0), pace)
        self.players.append(player)
        if self.fault != "fetches_nothing" and url.startswith("http"):
            player.begin(lambda: self._ended(player), message.get("autoplay", True))
            await player.loaded.wait()

    async def stop(self) -> None:
        """Hang up on everybody, and end what it plays."""
        await self._end_media(None)
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one sender."""
        self._writers.add(writer)
        try:
            while True:
                (size,) = struct.unpack(">I", await reader.readexactly(4))
                message = CastMessage()
                message.ParseFromString(await reader.readexactly(size))
                if self.fault != "silent":
                    asyncio.get_running_loop().create_task(self._answer(writer, message))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, writer: asyncio.StreamWriter, message: Any) -> None:
        told = json.loads(message.payload_utf8)
        if message.namespace == _HEARTBEAT:
            if told["type"] == "PING":
                self._send(writer, message.destination_id, message.source_id, _HEARTBEAT, {"type": "PONG"})
            return
        self.messages.append(told)
        answer = None
        if message.namespace == _RECEIVER:
            answer = await self._receiver(told)
        elif message.namespace == _MEDIA and self.app and message.destination_id == self.app["transportId"]:
            answer = await self._media(told)
        if answer is not None:
            answer = {**answer, "requestId": told["requestId"]}
            self._send(writer, message.destination_id, message.source_id, message.namespace, answer)

    async def _receiver(self, told: dict[str, Any]) -> dict[str, Any]:
        if told["type"] == "LAUNCH":
            if self.fault == "no_launch":
                return {"type": "LAUNCH_ERROR", "reason": "NOT_ALLOWED"}
            await self._end_media("CANCELLED")
            self.start_app(told["appId"])
        elif told["type"] == "STOP":
            await self._end_media("CANCELLED")
            self.start_app("E8C28D3C")
        elif told["type"] == "SET_VOLUME":
            self.volume.update(told["volume"])
        status = self._receiver_status()
        if told["type"] != "GET_STATUS":
            self._tell_all("receiver-0", _RECEIVER, status)
        return status

    async def _media(self, told: dict[str, Any]) -> dict[str, Any] | None:
        kind = told["type"]
        if kind in ("LOAD", "QUEUE_LOAD"):
            return await self._loaded(told)
        if kind == "QUEUE_GET_ITEM_IDS":
            return {"type": "QUEUE_ITEM_IDS", "itemIds": [item["itemId"] for item in self.queue["items"]]}
        if kind == "QUEUE_GET_ITEMS":
            items = [item for item in self.queue["items"] if item["itemId"] in told["itemIds"]]
            return {"type": "QUEUE_ITEMS", "items": items}
        if kind in ("PLAY", "PAUSE") and self.player is not None:
            self.player.is_playing = kind == "PLAY"
        return self._media_status()

    async def _loaded(self, told: dict[str, Any]) -> dict[str, Any] | None:
        announcement = "announcement" in told.get("media", {}).get("contentId", "")
        if self.fault == "refuses_load":
            return {"type": "LOAD_FAILED", "detailedErrorCode": 104}
        await self.load(told)
        if self.fault == "fetches_nothing" or self.player is None:
            return None
        if self.player.failed:
            return {"type": "LOAD_FAILED", "detailedErrorCode": 103}
        if announcement and self.fault == "dies":
            await self.stop()
        if announcement and self.fault in ("error", "stopped"):
            asyncio.get_running_loop().call_later(0.3, self._fail, "ERROR" if self.fault == "error" else "CANCELLED")
        return self._media_status()

    def _fail(self, reason: str) -> None:
        asyncio.get_running_loop().create_task(self._end_media(reason))

    def _ended(self, player: UrlPlayer) -> None:
        if player is self.player:
            self._over("ERROR" if player.failed else "FINISHED")

    async def _end_media(self, reason: str | None) -> None:
        player = self.player
        if reason is not None:
            self._over(reason)
        if player is not None:
            await player.end()

    def _over(self, reason: str) -> None:
        if self.media is not None and self.app is not None:
            idle = {"mediaSessionId": self.media["mediaSessionId"], "playerState": "IDLE", "idleReason": reason}
            self._tell_all(self.app["transportId"], _MEDIA, {"type": "MEDIA_STATUS", "status": [idle]})
        self.media, self.player = None, None

    def _receiver_status(self) -> dict[str, Any]:
        apps = {"applications": [self.app]} if self.app is not None else {}
        return {"type": "RECEIVER_STATUS", "status": {**apps, "volume": self.volume}}

    def _media_status(self) -> dict[str, Any]:
        if self.media is None or self.player is None:
            return {"type": "MEDIA_STATUS", "status": []}
        state = "PLAYING" if self.player.is_playing else "PAUSED"
        queue = {**self.queue, "items": self.queue["items"][:2]} if self.queue else {}
        now = {"playerState": state, "currentTime": self.player.at_seconds, "supportedMediaCommands": 12_303}
        return {"type": "MEDIA_STATUS", "status": [{**self.media, **queue, **now}]}

    def _tell_all(self, source: str, namespace: str, data: dict[str, Any]) -> None:
        for writer in self._writers:
            self._send(writer, source, "*", namespace, {**data, "requestId": 0})

    def _send(self, writer: asyncio.StreamWriter, source: str, to: str, namespace: str, data: dict[str, Any]) -> None:
        message = CastMessage()
        message.protocol_version = CastMessage.CASTV2_1_0
        message.source_id, message.destination_id, message.namespace = source, to, namespace
        message.payload_type = CastMessage.STRING
        message.payload_utf8 = json.dumps(data)
        payload = message.SerializeToString()
        writer.write(struct.pack(">I", len(payload)) + payload)


@contextlib.asynccontextmanager
async def cast_device(folder: Path, fault: str | None = None, pace: float = 4.0) -> AsyncIterator[CastDeviceStandIn]:
    """A device at a free port, which shows its backdrop."""
    device = CastDeviceStandIn(fault, pace)
    device.start_app("E8C28D3C")
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0, ssl=self_signed(folder))
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        await device.stop()
