"""A stand-in for a Sonos player, which no program for Linux is: UPnP by SOAP, and clips by its websocket over TLS.

It is built after what soco and sonos-websocket send and understand. It fetches and decodes what it is told to play. It
shows that our side keeps to the protocol, not how a real player behaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from aiohttp import WSMsgType, web
from numpy.typing import NDArray

from tests.stand_ins.certificate import self_signed
from tests.stand_ins.url_player import UrlPlayer

Values = dict[str, str]
_ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>{}</s:Body></s:Envelope>'
)
_FAULT = (
    "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
    '<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{}</errorCode></UPnPError></detail></s:Fault>'
)


class SonosPlayerStandIn:
    """One player; what a test may look at and set."""

    def __init__(self, has_clips: bool, fault: str | None = None, pace: float = 1.0) -> None:
        """`fault` is silent, refuses, fetches_nothing, dies, error or stopped; `pace` is of announcements."""
        self.has_clips = has_clips
        self.fault = fault
        self.pace = pace
        self.port = 0
        self.websocket_port = 0
        self.volume = 30
        self.muted = False
        self.uri = ""
        self.metadata = ""
        self.transport = "STOPPED"
        self.mode = "NORMAL"
        self.crossfade = "0"
        self.track = 1
        self.queue: list[str] = []
        """The addresses of its own queue."""
        self.player: UrlPlayer | None = None
        self.players: list[UrlPlayer] = []
        self.actions: list[tuple[str, Values]] = []
        """All that it was told to do by UPnP."""
        self.clips: list[dict[str, Any]] = []
        """All that it was told by the websocket."""
        self.ducked: list[tuple[str, bool]] = []
        """For each clip, how it ended, and whether the music went on below it."""
        self._sockets: set[web.WebSocketResponse] = set()
        self._subscribed: set[web.WebSocketResponse] = set()

    @property
    def uri_of_speaker(self) -> str:
        return f"sonos://127.0.0.1:{self.port}"

    def heard(self, url_end: str) -> NDArray[np.float32]:
        """All sound that it played from addresses that end so."""
        pieces = [piece for player in self.players if player.url.endswith(url_end) for piece in player.played]
        return np.concatenate([np.zeros(0, np.float32), *pieces])

    async def load(self, uri: str, metadata: str = "") -> None:
        """As SetAVTransportURI."""
        await self.end_media()
        self.uri, self.metadata, self.transport, self.track = uri, metadata, "STOPPED", 1
        self._take_up(0.0)

    async def end_media(self) -> None:
        """Stop what it plays by its transport."""
        if self.player is not None:
            await self.player.end()
        self.player = None
        self.transport = "STOPPED"

    def _take_up(self, at_seconds: float) -> None:
        url = self.queue[self.track - 1] if self.uri.startswith("x-rincon-queue") else self.uri
        pace = self.pace if "announcement" in url else 1.0
        self.player = UrlPlayer(url, at_seconds, pace)

    async def play(self) -> None:
        """As Play."""
        self.transport = "TRANSITIONING"
        player = self.player
        if player is None:
            self._take_up(0.0)
            player = self.player
        assert player is not None
        if player in self.players:
            player.is_playing, self.transport = True, "PLAYING"
        elif player.url.startswith("http") and self.fault != "fetches_nothing":
            self.players.append(player)
            player.begin(lambda: self._ended(player))
            asyncio.get_running_loop().create_task(self._loaded(player))

    async def _loaded(self, player: UrlPlayer) -> None:
        await player.loaded.wait()
        if player is self.player:
            self.transport = "STOPPED" if player.failed else "PLAYING"
            if "announcement" in player.url and self.fault == "error":
                await self.end_media()

    def _ended(self, player: UrlPlayer) -> None:
        if player is self.player:
            self.transport, self.player = "STOPPED", None

    async def soap(self, request: web.Request) -> web.Response:
        """Do what a UPnP action says."""
        if self.fault == "silent":
            await asyncio.sleep(60)
        service, _, action = request.headers["SOAPACTION"].strip('"').partition("#")
        body = ElementTree.fromstring(await request.text())
        values = {value.tag: value.text or "" for value in body[0][0]}
        if not action.startswith("Get"):
            self.actions.append((action, values))
        if self.fault == "refuses" and action == "SetAVTransportURI" and "announcement" in values["CurrentURI"]:
            return web.Response(status=500, text=_ENVELOPE.format(_FAULT.format(714)), content_type="text/xml")
        answer = await self.act(action, values)
        told = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in answer.items())
        text = f'<u:{action}Response xmlns:u="{service}">{told}</u:{action}Response>'
        return web.Response(text=_ENVELOPE.format(text), content_type="text/xml")

    def _told(self, action: str) -> Values:
        at = int(self.player.at_seconds) if self.player is not None else 0
        return {
            "GetVolume": {"CurrentVolume": str(self.volume)},
            "GetMute": {"CurrentMute": str(int(self.muted))},
            "GetMediaInfo": {"CurrentURI": self.uri, "CurrentURIMetaData": self.metadata},
            "GetPositionInfo": {"Track": str(self.track), "RelTime": f"0:{at // 60:02}:{at % 60:02}"},
            "GetTransportInfo": {
                "CurrentTransportState": self.transport,
                "CurrentTransportStatus": "ERROR_OCCURRED" if self.fault == "error" else "OK",
            },
            "GetTransportSettings": {"PlayMode": self.mode},
            "GetCrossfadeMode": {"CrossfadeMode": self.crossfade},
        }[action]

    async def act(self, action: str, values: Values) -> Values:
        """Do what an action says; what it answers."""
        if action.startswith("Get"):
            return self._told(action)
        if action == "SetVolume":
            self.volume = int(values["DesiredVolume"])
        elif action == "SetMute":
            self.muted = values["DesiredMute"] == "1"
        elif action == "SetPlayMode":
            self.mode = values["NewPlayMode"]
        elif action == "SetCrossfadeMode":
            self.crossfade = values["CrossfadeMode"]
        elif action == "SetAVTransportURI":
            await self.load(values["CurrentURI"], values["CurrentURIMetaData"])
        elif action == "Pause" and self.player is not None:
            self.player.is_playing, self.transport = False, "PAUSED_PLAYBACK"
        elif action == "Play":
            await self.play()
        elif action == "Seek":
            self._seek(values["Unit"], values["Target"])
        return {}

    def _seek(self, unit: str, target: str) -> None:
        if unit == "TRACK_NR":
            self.track = int(target)
            self._take_up(0.0)
        else:
            hours, minutes, seconds = map(int, target.split(":"))
            self._take_up(3600.0 * hours + 60 * minutes + seconds)

    async def info(self, request: web.Request) -> web.Response:
        """What newer players tell of themselves."""
        if self.fault == "silent" and not self.has_clips:
            await asyncio.sleep(60)
        capabilities = ["PLAYBACK", "AUDIO_CLIP"] if self.has_clips else ["PLAYBACK"]
        address = f"wss://127.0.0.1:{self.websocket_port}/websocket/api"
        ids = {"playerId": "RINCON_1", "householdId": "Sonos_1", "websocketUrl": address}
        return web.json_response({**ids, "device": {"capabilities": capabilities}})

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The API of newer players."""
        socket = web.WebSocketResponse(protocols=["v1.api.smartspeaker.audio"])
        await socket.prepare(request)
        self._sockets.add(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT and self.fault != "silent":
                command, options = message.json()
                self.clips.append({**command, **options})
                await self._command(socket, command, options)
        self._sockets.discard(socket)
        self._subscribed.discard(socket)
        return socket

    async def _command(self, socket: web.WebSocketResponse, command: dict[str, Any], options: dict[str, Any]) -> None:
        header = {"namespace": "audioClip:1", "response": command["command"], "success": self.fault != "refuses"}
        if command["command"] == "subscribe":
            self._subscribed.add(socket)
            await socket.send_json([header, {}])
        elif command["command"] == "loadAudioClip" and self.fault == "refuses":
            await socket.send_json([header, {"errorCode": "ERROR_INVALID_PARAMETER", "reason": "no such stream"}])
        elif command["command"] == "loadAudioClip":
            await socket.send_json([header, {"id": "clip-1", "status": "ACTIVE"}])
            player = UrlPlayer(options["streamUrl"], 0.0, self.pace)
            self.players.append(player)
            if self.fault == "dies":
                await socket.close()
            elif self.fault in ("error", "stopped"):
                asyncio.get_running_loop().call_later(0.5, self._clip_ended, player)
                player.begin(lambda: None)
            elif self.fault != "fetches_nothing":
                player.begin(lambda: self._clip_ended(player))
        elif command["command"] == "cancelAudioClip":
            for player in self.players:
                await player.end()

    def _clip_ended(self, player: UrlPlayer) -> None:
        failed = "ERROR" if player.failed or self.fault == "error" else None
        status = failed or ("DISMISSED" if self.fault == "stopped" else "DONE")
        self.ducked.append((status, self.player is not None and self.player.is_playing))
        told = [{"namespace": "audioClip:1", "type": "audioClipStatus"}]
        for socket in self._subscribed:
            message = [*told, {"audioClips": [{"id": "clip-1", "status": status}]}]
            asyncio.get_running_loop().create_task(socket.send_json(message))

    async def stop(self) -> None:
        """End what it plays, and hang up on everybody."""
        for player in self.players:
            await player.end()
        for socket in list(self._sockets):
            await socket.close()


@contextlib.asynccontextmanager
async def sonos_player(
    folder: Path, has_clips: bool, fault: str | None = None, pace: float = 1.0
) -> AsyncIterator[SonosPlayerStandIn]:
    """A player at free ports, which plays nothing."""
    player = SonosPlayerStandIn(has_clips, fault, pace)
    app = web.Application()
    app.router.add_get("/info", player.info)
    app.router.add_get("/websocket/api", player.websocket)
    app.router.add_post("/MediaRenderer/{service}/Control", player.soap)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    contexts: tuple[ssl.SSLContext | None, ...] = (None, self_signed(folder))
    for context in contexts:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    player.port, player.websocket_port = (address[1] for address in runner.addresses)
    try:
        yield player
    finally:
        await player.stop()
        await runner.cleanup()
