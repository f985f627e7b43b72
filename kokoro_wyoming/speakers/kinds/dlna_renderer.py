"""A UPnP media renderer: its actions in our words, its errors as SpeakerError."""

from __future__ import annotations

import asyncio
import math
import os
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from async_upnp_client.aiohttp import AiohttpSessionRequester
from async_upnp_client.client import UpnpAction, UpnpDevice
from async_upnp_client.client_factory import UpnpFactory
from async_upnp_client.exceptions import UpnpActionError, UpnpCommunicationError, UpnpError, UpnpResponseError

from kokoro_wyoming.speakers.interface import SpeakerError

TRANSITION_NOT_AVAILABLE = 701
_SERVICES = ("AVTransport", "RenderingControl", "ConnectionManager")
_TRANSPORT = "AVTransport"
_WORDS = {
    401: "it does not know this action",
    402: "invalid arguments",
    501: "the action failed",
    701: "transition not available",
    702: "no contents",
    703: "read error",
    704: "format not supported for playback",
    705: "the transport is locked",
    710: "seek mode not supported",
    711: "illegal seek target",
    714: "illegal MIME type",
    715: "content is busy",
    716: "resource not found",
    718: "invalid instance",
}
"""The specification's words for errors; some renderers send the number alone."""
_FORMATS = {
    "mp3": ("audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mpeg", "audio/x-mp3"),
    "wav": ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
    "flac": ("audio/flac", "audio/x-flac"),
}
"""Media types of each format as renderers list them. The first format that a renderer plays is taken."""
_TIME = re.compile(r"(\d+):(\d\d?):(\d\d?)(?:\.\d+)?")


class RefusedError(SpeakerError):
    """It answered with a UPnP error."""

    def __init__(self, code: int | None, words: str | None) -> None:
        told = (words or "").strip().rstrip(".") or _WORDS.get(code or 0) or "it does not say why"
        super().__init__(f"it refused: {told}" + (f" (UPnP error {code})" if code else ""))
        self.upnp_code = code


class Renderer:
    """One renderer that answers. All methods may raise SpeakerError, of which RefusedError is an answer."""

    def __init__(self, device: UpnpDevice, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._actions: dict[str, UpnpAction] = {
            name: action
            for part in device.all_devices
            if ":MediaRenderer:" in part.device_type
            for service in part.services.values()
            if service.service_type.split(":")[-2] in _SERVICES
            for name, action in service.actions.items()
        }
        if "SetAVTransportURI" not in self._actions:
            raise SpeakerError(f"it is no media renderer ({device.device_type})")

    @classmethod
    async def connect(cls, session: aiohttp.ClientSession, location: str, patience_seconds: float) -> Renderer:
        """The renderer whose description is at this address. Each of its answers may take most of the patience."""
        factory = UpnpFactory(AiohttpSessionRequester(session, timeout=math.ceil(patience_seconds)), non_strict=True)
        answer_seconds = 0.8 * patience_seconds
        try:
            return cls(await asyncio.wait_for(factory.async_create_device(location), answer_seconds), answer_seconds)
        except UpnpResponseError as error:
            raise SpeakerError(f"there is no description of a renderer ({urlsplit(location).path})") from error
        except (UpnpCommunicationError, asyncio.TimeoutError) as error:
            raise SpeakerError(f"nobody answers there ({_reason(error)})") from error
        except (UpnpError, ValueError) as error:
            raise SpeakerError("what answers there is no media renderer") from error

    def can(self, action: str) -> bool:
        """Whether it lists an action."""
        return action in self._actions

    async def transport(self) -> tuple[str, bool]:
        """STOPPED, PLAYING, TRANSITIONING, PAUSED_PLAYBACK, NO_MEDIA_PRESENT or the maker's own; if it has failed."""
        told = await self._call("GetTransportInfo")
        return _text(told.get("CurrentTransportState")).upper(), told.get("CurrentTransportStatus") == "ERROR_OCCURRED"

    async def media(self) -> dict[str, str]:
        """The address that it plays, its metadata, and the same of what is next; empty where it has none."""
        names = {
            "uri": "CurrentURI",
            "metadata": "CurrentURIMetaData",
            "next_uri": "NextURI",
            "next_metadata": "NextURIMetaData",
        }
        told = await self._call("GetMediaInfo")
        return {ours: _text(told.get(theirs)) for ours, theirs in names.items()}

    async def position(self) -> tuple[int, int | None]:
        """Which track it plays, from 1, and how many seconds of it are over.

        None where it has no length: of streams without an end, and of all before they are read.
        """
        told = await self._call("GetPositionInfo")
        is_endless = not _seconds(told.get("TrackDuration"))
        return int(told.get("Track") or 0), None if is_endless else _seconds(told.get("RelTime"))

    async def play_mode(self) -> str:
        """NORMAL, REPEAT_ONE, SHUFFLE and so on; empty where it does not tell or cannot change it."""
        if not (self.can("SetPlayMode") and self.can("GetTransportSettings")):
            return ""
        return _text((await self._call("GetTransportSettings")).get("PlayMode"))

    async def set_play_mode(self, mode: str) -> None:
        """Set what comes after a track."""
        await self._call("SetPlayMode", NewPlayMode=mode)

    async def set_uri(self, uri: str, metadata: str) -> None:
        """Give it something to play."""
        await self._call("SetAVTransportURI", CurrentURI=uri, CurrentURIMetaData=metadata)

    async def set_next(self, uri: str, metadata: str) -> None:
        """Give it what to play then."""
        await self._call("SetNextAVTransportURI", NextURI=uri, NextURIMetaData=metadata)

    async def play(self) -> None:
        """Begin or go on."""
        await self._call("Play", Speed="1")

    async def pause(self) -> None:
        """Stay where it is."""
        await self._call("Pause")

    async def stop(self) -> None:
        """End."""
        await self._call("Stop")

    async def seek(self, unit: str, target: str) -> None:
        """Go to a place: REL_TIME with h:mm:ss, TRACK_NR with a number from 1."""
        await self._call("Seek", Unit=unit, Target=target)

    async def volume(self) -> int | None:
        """In its own steps; None where it has none."""
        if not (self.can("GetVolume") and self.can("SetVolume")):
            return None
        told = (await self._call("GetVolume", Channel="Master")).get("CurrentVolume")
        return None if told is None else int(told)

    async def set_volume(self, steps: int) -> None:
        """Set it in its own steps."""
        await self._call("SetVolume", Channel="Master", DesiredVolume=steps)

    def steps_of(self, volume: float) -> int:
        """Its own steps for 0 to 1."""
        argument = self._actions["SetVolume"].argument("DesiredVolume", "in")
        variable = None if argument is None else argument.related_state_variable
        lowest = int((variable and variable.min_value) or 0)
        highest = int((variable and variable.max_value) or 100)
        return lowest + round(volume * (highest - lowest))

    async def is_muted(self) -> bool | None:
        """None where it cannot be."""
        if not (self.can("GetMute") and self.can("SetMute")):
            return None
        told = (await self._call("GetMute", Channel="Master")).get("CurrentMute")
        return None if told is None else bool(told)

    async def mute(self, muted: bool) -> None:
        """Mute or not."""
        await self._call("SetMute", Channel="Master", DesiredMute=muted)

    async def format(self) -> tuple[str, str]:
        """The format that it is given, and the media type by which it knows it."""
        listed: list[str] = []
        if self.can("GetProtocolInfo"):
            listed = (await self._call("GetProtocolInfo")).get("Sink", "").split(",")
        types = [entry.strip().split(":")[2].lower() for entry in listed if entry.strip().startswith("http-get:*:")]
        for name, names in _FORMATS.items():
            if found := next((media_type for media_type in types if media_type.partition(";")[0] in names), None):
                return name, found
        if types and not {"*", "*/*", "audio/*"}.intersection(types):
            raise SpeakerError(f"it plays none of {', '.join(_FORMATS)}")
        return "mp3", "audio/mpeg"

    async def _call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        action = self._actions.get(name)
        if action is None:
            raise RefusedError(401, f"it has no {name}")
        if any(argument.name == "InstanceID" for argument in action.in_arguments()):
            arguments["InstanceID"] = 0
        try:
            return await asyncio.wait_for(action.async_call(**arguments), self._answer_seconds)
        except UpnpActionError as error:
            raise RefusedError(error.error_code, error.error_desc) from error
        except UpnpResponseError as error:
            raise RefusedError(None, f"HTTP status {error.status}") from error
        except (UpnpCommunicationError, asyncio.TimeoutError) as error:
            raise SpeakerError(f"it gives no answer any more ({_reason(error)})") from error
        except (UpnpError, AttributeError, ValueError) as error:
            raise SpeakerError(f"its answer to {name} cannot be understood") from error


def _reason(error: BaseException) -> str:
    """Of an error of the network, in the system's words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, asyncio.TimeoutError):
            return "no answer in time"
        if isinstance(cause, socket.gaierror):
            return "name not found"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__
    return "the connection broke off"


def _text(value: object) -> str:
    text = str(value or "").strip()
    return "" if text == "NOT_IMPLEMENTED" else text


def _seconds(value: object) -> int:
    """Of h:mm:ss; 0 where it is something else."""
    found = _TIME.fullmatch(str(value or "").strip())
    if found is None:
        return 0
    hours, minutes, seconds = map(int, found.groups())
    return 3600 * hours + 60 * minutes + seconds


def time_of(seconds: int) -> str:
    """Seconds as h:mm:ss."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
