"""A stand-in for DLNA renderers, written from the specifications of UPnP: it fetches, and plays nothing.

gmediarender is the real one in the tests; this one is as others are: other volumes, lists of formats, refusals.
"""

from __future__ import annotations

import asyncio
import contextlib
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web

_IN, _OUT = "in", "out"
_TRANSPORT: dict[str, dict[str, str]] = {
    "SetAVTransportURI": {"InstanceID": _IN, "CurrentURI": _IN, "CurrentURIMetaData": _IN},
    "SetNextAVTransportURI": {"InstanceID": _IN, "NextURI": _IN, "NextURIMetaData": _IN},
    "GetMediaInfo": {
        "InstanceID": _IN,
        "CurrentURI": _OUT,
        "CurrentURIMetaData": _OUT,
        "NextURI": _OUT,
        "NextURIMetaData": _OUT,
    },
    "GetTransportInfo": {"InstanceID": _IN, "CurrentTransportState": _OUT, "CurrentTransportStatus": _OUT},
    "GetPositionInfo": {"InstanceID": _IN, "Track": _OUT, "TrackDuration": _OUT, "RelTime": _OUT},
    "GetTransportSettings": {"InstanceID": _IN, "PlayMode": _OUT},
    "SetPlayMode": {"InstanceID": _IN, "NewPlayMode": _IN},
    "Play": {"InstanceID": _IN, "Speed": _IN},
    "Pause": {"InstanceID": _IN},
    "Stop": {"InstanceID": _IN},
    "Seek": {"InstanceID": _IN, "Unit": _IN, "Target": _IN},
}
_CONTROL: dict[str, dict[str, str]] = {
    "GetVolume": {"InstanceID": _IN, "Channel": _IN, "CurrentVolume": _OUT},
    "SetVolume": {"InstanceID": _IN, "Channel": _IN, "DesiredVolume": _IN},
    "GetMute": {"InstanceID": _IN, "Channel": _IN, "CurrentMute": _OUT},
    "SetMute": {"InstanceID": _IN, "Channel": _IN, "DesiredMute": _IN},
}
_MANAGER = {"GetProtocolInfo": {"Source": _OUT, "Sink": _OUT}}
_TYPES = {"InstanceID": "ui4", "Volume": "ui2", "Mute": "boolean", "Track": "ui4"}
_NAMES = {
    "CurrentURI": "uri",
    "CurrentURIMetaData": "metadata",
    "NextURI": "next_uri",
    "NextURIMetaData": "next_metadata",
    "CurrentTransportState": "transport",
    "CurrentTransportStatus": "status",
    "Track": "track",
    "TrackDuration": "duration",
    "RelTime": "position",
    "PlayMode": "play_mode",
    "NewPlayMode": "play_mode",
    "CurrentVolume": "volume",
    "DesiredVolume": "volume",
    "CurrentMute": "mute",
    "DesiredMute": "mute",
    "Sink": "sink",
}


@dataclass
class StandInRenderer:
    """What it is, what it was told, and what it is at."""

    sink: str = "http-get:*:audio/mpeg:DLNA.ORG_PN=MP3,http-get:*:audio/x-wav:*"
    device_type: str = "MediaRenderer"
    manufacturer: str = "Nobody"
    has_volume: bool = True
    volume_max: int = 100
    refusals: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By action: the errors of its next calls."""
    meanwhile: dict[str, dict[str, str]] = field(default_factory=dict)
    """By action: what somebody else has it be right after."""
    deaf_to: set[str] = field(default_factory=set)
    """Actions that it never answers."""
    fetches: bool = True
    ends: tuple[str, str] = ("STOPPED", "OK")
    """Its transport's state and status after the sound."""
    play_seconds: float = 0.1
    """How long it plays what it fetched, after it was seen to play."""
    is_seen: bool = True
    """Whether it plays on until somebody has asked; otherwise it is never found playing."""

    values: dict[str, str] = field(
        default_factory=lambda: {
            "uri": "",
            "metadata": "",
            "next_uri": "",
            "next_metadata": "",
            "transport": "NO_MEDIA_PRESENT",
            "status": "OK",
            "track": "0",
            "duration": "0:00:00",
            "position": "0:00:00",
            "play_mode": "NORMAL",
            "volume": "10",
            "mute": "0",
        }
    )
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Actions that change something, with their arguments but InstanceID and Channel."""
    fetched: list[tuple[str, bytes]] = field(default_factory=list)
    """Content-Type and content of what it has played."""
    port: int = 0
    _playing: asyncio.Task[None] | None = None
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def uri(self) -> str:
        return f"dlna://127.0.0.1:{self.port}/description.xml"

    @property
    def names(self) -> list[str]:
        """The actions that it was called."""
        return [name for name, _ in self.calls]

    def shows(self, **values: str) -> None:
        """Be in a state."""
        self.values.update(values)

    def act(self, name: str, arguments: dict[str, str]) -> tuple[int, str] | None:
        """Do it, or refuse."""
        self._asked.set()
        if not name.startswith("Get"):
            self.calls.append((name, arguments))
        if self.refusals.get(name):
            return self.refusals[name].pop(0)
        if name == "SetAVTransportURI":
            self.values.update(transport="STOPPED", position="0:00:00")
        self.values.update({_NAMES[key]: value for key, value in arguments.items() if key in _NAMES})
        if name in ("Play", "Stop") and self._playing is not None:
            self._playing.cancel()
        if name == "Play":
            self.values["transport"] = "TRANSITIONING"
            self._playing = asyncio.ensure_future(self._play(self.values["uri"]))
        elif name == "Seek" and arguments["Unit"] == "REL_TIME":
            self.values["position"] = arguments["Target"]
        elif name in ("Stop", "Pause"):
            self.values["transport"] = {"Stop": "STOPPED", "Pause": "PAUSED_PLAYBACK"}[name]
        self.values.update(self.meanwhile.pop(name, {}))
        return None

    async def _play(self, uri: str) -> None:
        if "/say/announced/" not in uri:
            self.values["transport"] = "PLAYING"
            return
        if not self.fetches:
            return
        async with aiohttp.ClientSession() as session, session.head(uri) as there, session.get(uri) as sound:
            assert there.status == 200
            self.fetched.append((sound.headers["Content-Type"], await sound.read()))
        if self.is_seen:
            self.values["transport"] = "PLAYING"
            self._asked.clear()
            await self._asked.wait()
            await asyncio.sleep(self.play_seconds)
        self.values["transport"], self.values["status"] = self.ends

    def services(self) -> dict[str, dict[str, dict[str, str]]]:
        """Its services by their type."""
        always = {"AVTransport": _TRANSPORT, "ConnectionManager": _MANAGER}
        return always | ({"RenderingControl": _CONTROL} if self.has_volume else {})

    def description(self) -> str:
        """The XML of the device."""
        services = "".join(
            f"<service><serviceType>urn:schemas-upnp-org:service:{name}:1</serviceType>"
            f"<serviceId>urn:upnp-org:serviceId:{name}</serviceId><SCPDURL>/{name}.xml</SCPDURL>"
            f"<controlURL>/{name}</controlURL><eventSubURL>/{name}/events</eventSubURL></service>"
            for name in self.services()
        )
        return (
            '<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>'
            f"<device><deviceType>urn:schemas-upnp-org:device:{self.device_type}:1</deviceType>"
            "<friendlyName>Stand-in</friendlyName><roomName>Garden</roomName>"
            f"<manufacturer>{self.manufacturer}</manufacturer><modelName>None</modelName>"
            f"<UDN>uuid:stand-in</UDN><serviceList>{services}</serviceList></device></root>"
        )

    def actions(self, service: str) -> str:
        """The XML of a service."""
        table, variables = self.services()[service], ""
        actions = ""
        for action, arguments in table.items():
            listed = ""
            for name, direction in arguments.items():
                listed += f"<argument><name>{name}</name><direction>{direction}</direction>"
                listed += f"<relatedStateVariable>V_{name}</relatedStateVariable></argument>"
            actions += f"<action><name>{action}</name><argumentList>{listed}</argumentList></action>"
        for name in {name for arguments in table.values() for name in arguments}:
            kind = next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), "string")
            steps = f"<allowedValueRange><minimum>0</minimum><maximum>{self.volume_max}</maximum></allowedValueRange>"
            limits = steps if name.endswith("Volume") else ""
            variables += f"<stateVariable><name>V_{name}</name><dataType>{kind}</dataType>{limits}</stateVariable>"
        return (
            '<scpd xmlns="urn:schemas-upnp-org:service-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>'
            f"<actionList>{actions}</actionList><serviceStateTable>{variables}</serviceStateTable></scpd>"
        )

    async def answer(self, request: web.Request) -> web.Response:
        """An action by SOAP."""
        service = request.match_info["service"]
        body = ET.fromstring(await request.read())[0][0]
        name = body.tag.rpartition("}")[2]
        if name in self.deaf_to:
            await asyncio.sleep(3600)
        arguments = {part.tag: part.text or "" for part in body if part.tag not in ("InstanceID", "Channel")}
        if refusal := self.act(name, arguments):
            code, words = refusal
            fault = (
                "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
                f'<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode>'
                f"<errorDescription>{words}</errorDescription></UPnPError></detail></s:Fault>"
            )
            return _soap(fault, 500)
        wanted = [part for part, direction in self.services()[service][name].items() if direction == _OUT]
        told = {**self.values, "sink": self.sink}
        values = "".join(f"<{part}>{escape(told.get(_NAMES.get(part, ''), ''))}</{part}>" for part in wanted)
        kind = f"urn:schemas-upnp-org:service:{service}:1"
        return _soap(f'<u:{name}Response xmlns:u="{kind}">{values}</u:{name}Response>')


def _soap(body: str, status: int = 200) -> web.Response:
    envelope = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
    return web.Response(text=envelope, content_type="text/xml", status=status)


@contextlib.asynccontextmanager
async def serving(renderer: StandInRenderer) -> AsyncIterator[StandInRenderer]:
    """Have it answer at a free port of this machine."""

    async def description(request: web.Request) -> web.Response:
        return web.Response(text=renderer.description(), content_type="text/xml")

    async def actions(request: web.Request) -> web.Response:
        return web.Response(text=renderer.actions(request.match_info["service"]), content_type="text/xml")

    app = web.Application()
    app.router.add_get("/description.xml", description)
    app.router.add_get("/{service}.xml", actions)
    app.router.add_post("/{service}", renderer.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    renderer.port = runner.addresses[0][1]
    try:
        yield renderer
    finally:
        if renderer._playing is not None:
            renderer._playing.cancel()
        await runner.cleanup()
