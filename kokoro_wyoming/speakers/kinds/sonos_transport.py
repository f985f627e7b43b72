"""What a Sonos player plays, by UPnP: read, replaced and given back. soco speaks, in threads with bounded waits."""

from __future__ import annotations

import asyncio
import contextlib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import soco
from soco.exceptions import SoCoException, SoCoUPnPException

from kokoro_wyoming.speakers.interface import RestoredInPartError, SpeakerError

_PLAYING = ("PLAYING", "TRANSITIONING")
_NO_PLACE = ("", "NOT_IMPLEMENTED", "0:00:00")
_DIDL = (
    '<DIDL-Lite xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:upnp="urn:schemas-upnp-org:metadata-1-0/upnp/" '
    'xmlns="urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/"><item id="-1" parentID="-1" restricted="true">'
    "<dc:title>Announcement</dc:title><upnp:class>object.item.audioItem.musicTrack</upnp:class>"
    '<res protocolInfo="http-get:*:{media_type}:*">{url}</res></item></DIDL-Lite>'
)
Values = list[tuple[str, Any]]


@dataclass(frozen=True)
class Place:
    """How far a player is."""

    uri: str
    transport: str
    """PLAYING, PAUSED_PLAYBACK, STOPPED or TRANSITIONING."""
    at: str
    """Within the track, as 0:01:02."""
    has_failed: bool
    """It could not play what it was told."""


class Transport:
    """One player. All methods raise SpeakerError."""

    def __init__(self, address: str, port: int, patience_seconds: float) -> None:
        """`address` is an IPv4 address."""
        self._device = soco.SoCo(address, port)
        self._patience_seconds = patience_seconds

    async def volume(self) -> int:
        """In percent."""
        return int((await self._render("GetVolume"))["CurrentVolume"])

    async def set_volume(self, percent: int, muted: bool) -> None:
        """Set both, where its output is not fixed."""
        with contextlib.suppress(_RefusedError):
            await self._render("SetVolume", ("DesiredVolume", percent))
            await self._render("SetMute", ("DesiredMute", int(muted)))

    async def state(self) -> dict[str, Any]:
        """All that `restore` and its caller need, as values that JSON has."""
        media = await self._do("GetMediaInfo")
        place = await self._do("GetPositionInfo")
        muted = await self._render("GetMute")
        state: dict[str, Any] = {
            "volume": await self.volume(),
            "muted": muted["CurrentMute"] == "1",
            "uri": media["CurrentURI"] or "",
            "metadata": media["CurrentURIMetaData"] or "",
            "is_playing": (await self._do("GetTransportInfo"))["CurrentTransportState"] in _PLAYING,
            "track": int(place["Track"] or 0),
            "at": place["RelTime"] or "",
            "mode": None,
            "crossfade": None,
        }
        if _is_queue(state["uri"]):
            state["mode"] = (await self._do("GetTransportSettings"))["PlayMode"]
            state["crossfade"] = (await self._do("GetCrossfadeMode"))["CrossfadeMode"]
        return state

    async def place(self) -> Place:
        """How far it is."""
        media, position = await self._do("GetMediaInfo"), await self._do("GetPositionInfo")
        transport = await self._do("GetTransportInfo")
        return Place(
            media["CurrentURI"] or "",
            transport["CurrentTransportState"],
            position["RelTime"] or "",
            str(transport.get("CurrentTransportStatus", "OK")).startswith("ERROR"),
        )

    async def pause(self) -> None:
        """Pause what it plays alone, if it can be paused. In a group its music goes on at the others."""
        if (await self._do("GetTransportInfo"))["CurrentTransportState"] in _PLAYING:
            with contextlib.suppress(_RefusedError):
                await self._do("Pause", ("Speed", 1))

    async def play(self) -> None:
        """Play, or go on."""
        await self._do("Play", ("Speed", 1))

    async def load(self, url: str, media_type: str) -> None:
        """Play an address instead of all else. A player that is one of a group leaves it."""
        metadata = _DIDL.format(media_type=media_type, url=url)
        await self._set_uri(url, metadata)
        await self.play()

    async def restore(self, state: dict[str, Any]) -> None:
        """Have it load and play what it did, in the group that it was in."""
        uri = state["uri"]
        if not uri:
            return
        if uri.startswith(("x-rincon-queue:", "x-sonos-vli:")) and not _is_queue(uri):
            raise RestoredInPartError("only the app that played on it can start that again")
        await self._set_uri(uri, state["metadata"])
        if uri.startswith("x-rincon:"):
            return  # the others of its group play
        if _is_queue(uri) and state["track"] > 0:
            await self._do("Seek", ("Unit", "TRACK_NR"), ("Target", state["track"]))
        if state["mode"] is not None:
            await self._do("SetPlayMode", ("NewPlayMode", state["mode"]))
            await self._do("SetCrossfadeMode", ("CrossfadeMode", state["crossfade"]))
        if state["at"] not in _NO_PLACE:
            with contextlib.suppress(_RefusedError):  # radio has no places
                await self._do("Seek", ("Unit", "REL_TIME"), ("Target", state["at"]))
        if state["is_playing"]:
            await self.play()

    async def _set_uri(self, uri: str, metadata: str) -> None:
        await self._do("SetAVTransportURI", ("CurrentURI", uri), ("CurrentURIMetaData", metadata))

    async def _do(self, action: str, *values: tuple[str, Any]) -> dict[str, str]:
        return await self._ask(self._device.avTransport, action, [("InstanceID", 0), *values])

    async def _render(self, action: str, *values: tuple[str, Any]) -> dict[str, str]:
        return await self._ask(
            self._device.renderingControl, action, [("InstanceID", 0), ("Channel", "Master"), *values]
        )

    async def _ask(self, service: Any, action: str, values: Values) -> dict[str, str]:
        seconds = self._patience_seconds
        try:
            answer = await asyncio.to_thread(service.send_command, action, values, timeout=seconds)
        except SoCoUPnPException as error:
            code, text = error.error_code, error.error_description
            raise _RefusedError(f"it refused: {(text or 'error').lower()} ({code})") from error
        except requests.Timeout as error:
            raise SpeakerError(f"it gave no answer for {seconds:g} seconds") from error
        except requests.ConnectionError as error:
            raise SpeakerError("it broke the connection off") from error
        except (requests.RequestException, SoCoException, ElementTree.ParseError, AttributeError, ValueError) as error:
            raise SpeakerError("it answers, but not as a Sonos player does") from error
        return answer if isinstance(answer, dict) else {}  # True: done, and there is nothing to tell


class _RefusedError(SpeakerError):
    """The player answered, and does not do it."""


def is_announcement(uri: str) -> bool:
    """Whether it is an announcement, of this process or of one that was killed."""
    return urlsplit(uri).path.endswith("/announcement.mp3")


def _is_queue(uri: str) -> bool:
    """Whether it is the player's own queue, and not one that a service keeps."""
    return uri.startswith("x-rincon-queue:") and uri.endswith("#0")
