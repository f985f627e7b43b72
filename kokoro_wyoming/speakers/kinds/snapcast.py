"""Snapcast: groups of clients are given a stream with the announcement, and then the one that they had."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds import snapcast_streams as streams
from kokoro_wyoming.speakers.kinds.reaching import reached
from kokoro_wyoming.speakers.kinds.snapcast_control import Control, UnknownMethodError

_PORT = 1_705
_POLL_SECONDS = 0.1
_USUAL_BUFFER_SECONDS = 1.0
_MUCH_MS = 3_600_000

_Json = dict[str, Any]


class SnapcastSpeaker(Speaker):
    """A client, a group, or all groups of a snapserver."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._control = Control(means.patience_seconds)
        self._state: _Json = {}
        self._volume: float | None = None
        self._set_volumes: dict[str, _Json] = {}
        """Of clients, as we have set them."""
        self._has_switched = False
        self._server: asyncio.Server | None = None
        self._fetching: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        await self._control.open(self.address.host, self.address.port or _PORT)
        await self._control.status()

    async def close(self) -> None:
        self._control.close()
        if self._server is not None:
            self._server.close()
        if not self._fetching.cancel() and not self._fetching.cancelled():
            self._fetching.result().transport.abort()

    async def state(self) -> _Json:
        groups, only = self._found(await self._control.status())
        own = f"announcement-{secrets.token_hex(4)}"
        return {
            "stream": self.address.query.get("stream", own),
            "client": only,
            "groups": [
                {
                    "id": group["id"],
                    "stream": group["stream_id"],
                    "muted": group["muted"],
                    "clients": {client["id"]: client["config"] for client in group["clients"]},
                }
                for group in groups
            ],
        }

    async def prepare(self, state: _Json | None, volume: float | None) -> None:
        assert state is not None
        await self.restore(state)  # what a killed process left
        self._volume = volume
        if "stream" in self.address.query:
            streams.port_of(await self._stream())
        else:
            await self._add_stream()

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        key = (self.address.host, self.address.port, self._state["stream"])
        async with streams.used(key, sound) as use:
            if use.connecting is None:
                use.connecting = asyncio.ensure_future(self._connected())
            writer = await asyncio.shield(use.connecting)
            groups = await self._switch()
            buffer_seconds = await self._buffer_seconds(groups)
            await start.wait(buffer_seconds)
            if not sound.seconds:
                return False
            if use.feeding is None:
                use.feeding = asyncio.ensure_future(streams.feed(sound, writer, self.means.patience_seconds))
            await asyncio.shield(use.feeding)
            await asyncio.sleep(buffer_seconds)
        await self._see_it_was_heard(groups)
        return True

    async def restore(self, state: _Json) -> None:
        self._state = state
        status = await self._control.status()
        for group in state["groups"]:
            await self._restore_group(group, status)
        if "stream" not in self.address.query and any(stream["id"] == state["stream"] for stream in status["streams"]):
            await self._control.request("Stream.RemoveStream", id=state["stream"])

    def _found(self, status: _Json) -> tuple[list[_Json], str | None]:
        """The groups that are meant, and the client where only one of a group's is. Raises SpeakerError."""
        groups: list[_Json] = status["groups"]
        name = self.address.path.casefold()
        only = None
        if name and not any(name in _names(group) for group in groups):
            clients = [client for group in groups for client in group["clients"] if name in _names(client)]
            if not clients:
                names = sorted({_shown(one) for group in groups for one in (group, *group["clients"])} - {""})
                known = f"it has: {', '.join(names)}" if names else "it has none at all"
                raise SpeakerError(f"it has no client and no group of the name {self.address.path}; {known}")
            only = clients[0]["id"]
        groups = [group for group in groups if not name or only in _clients(group) or name in _names(group)]
        heard = [
            group
            for group in groups
            if any(client["connected"] for client in group["clients"] if only in (None, client["id"]))
        ]
        if not heard:
            raise SpeakerError("no client of it is connected")
        return heard, only

    async def _stream(self) -> _Json:
        """The stream of the announcement. Raises SpeakerError where there is none."""
        name = self._state["stream"]
        for stream in (await self._control.status())["streams"]:
            if stream["id"] == name:
                return dict(stream)
        raise SpeakerError(f"it has no stream of the name {name}; {streams.REMEDY}")

    async def _add_stream(self) -> None:
        """Have the server fetch a stream of this announcement's own."""
        host, name = self._control.own_address, self._state["stream"]
        self._server = await asyncio.start_server(self._fetch, host, 0)
        port = self._server.sockets[0].getsockname()[1]
        query = f"name={name}&mode=client&port={port}&sampleformat={streams.SAMPLE_FORMAT}"
        try:
            await self._control.request("Stream.AddStream", streamUri=f"tcp://{host}:{port}?{query}")
        except UnknownMethodError as error:
            raise SpeakerError(f"this version of it takes no streams from outside; {streams.REMEDY}") from error
        try:
            await asyncio.wait_for(asyncio.shield(self._fetching), self.means.patience_seconds / 2)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it does not reach this machine at {host}:{port}; {streams.REMEDY}") from error

    async def _fetch(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fetching.done():
            writer.transport.abort()
        else:
            self._fetching.set_result(writer)

    async def _connected(self) -> asyncio.StreamWriter:
        """What takes the sound. The server's own stream is waited for, until no other process sends into it."""
        if "stream" not in self.address.query:
            return self._fetching.result()
        clock, patience_seconds = asyncio.get_running_loop().time, self.means.patience_seconds
        end = clock() + patience_seconds
        while (stream := await self._stream()).get("status") == "playing":
            if clock() > end:
                raise SpeakerError(f"somebody else plays on its stream {stream['id']}")
            await asyncio.sleep(_POLL_SECONDS)
        connecting = asyncio.open_connection(self.address.host, streams.port_of(stream))
        _, writer = await reached(connecting, patience_seconds)
        return writer

    async def _switch(self) -> list[str]:
        """Give the groups the stream, a client that is meant alone a group of its own; the ids of the groups."""
        groups = []
        self._has_switched = True
        for group in self._state["groups"]:
            switched, only = group["id"], self._state["client"]
            if only is not None and len(group["clients"]) > 1:
                others = [client for client in group["clients"] if client != only]
                status = await self._control.request("Group.SetClients", id=switched, clients=others)
                switched = next(one["id"] for one in status["server"]["groups"] if only in _clients(one))
            await self._control.request("Group.SetStream", id=switched, stream_id=self._state["stream"])
            groups.append(switched)
            if self._volume is not None:
                await self._set_volume(switched, group, only)
        return groups

    async def _set_volume(self, group_id: str, group: _Json, only: str | None) -> None:
        assert self._volume is not None
        volume = {"muted": False, "percent": round(100 * self._volume)}
        for client in [only] if only else group["clients"]:
            await self._control.request("Client.SetVolume", id=client, volume=volume)
            self._set_volumes[client] = volume
        if group["muted"]:
            await self._control.request("Group.SetMute", id=group_id, mute=False)

    async def _buffer_seconds(self, groups: list[str]) -> float:
        """How long after the server takes sound the clients play it: its setting `buffer`.

        The server does not tell it, but takes no greater latency of a client. The clients have no sound just now.
        """
        status = await self._control.status()
        client = next(client for group in status["groups"] if group["id"] in groups for client in group["clients"])
        latency_ms = client["config"]["latency"]
        try:
            answer = await self._control.request("Client.SetLatency", id=client["id"], latency=_MUCH_MS)
        finally:
            await self._control.request("Client.SetLatency", id=client["id"], latency=latency_ms)
        buffer_ms = float(answer["latency"])
        return buffer_ms / 1000 if buffer_ms < _MUCH_MS else _USUAL_BUFFER_SECONDS

    async def _see_it_was_heard(self, groups: list[str]) -> None:
        """Raise SpeakerError where somebody chose another stream meanwhile, or no client is there any more."""
        left = [group for group in (await self._control.status())["groups"] if group["id"] in groups]
        if not any(group["stream_id"] == self._state["stream"] for group in left):
            raise SpeakerError("somebody chose another stream in the middle")
        if not any(client["connected"] for group in left for client in group["clients"]):
            raise SpeakerError("its clients went away in the middle")

    async def _restore_group(self, was: _Json, status: _Json) -> None:
        """Stream, clients, volumes; only what is still as we have set it."""
        only = self._state["client"]
        member = only if only is not None else next(iter(was["clients"]))
        now = next((group for group in status["groups"] if member in _clients(group)), None)
        if now is None or now["stream_id"] != self._state["stream"]:
            return
        home = next((group for group in status["groups"] if group["id"] == was["id"]), None)
        if now["id"] != was["id"] and home is not None:
            await self._control.request("Group.SetClients", id=home["id"], clients=[*_clients(home), member])
        else:
            await self._control.request("Group.SetStream", id=now["id"], stream_id=was["stream"])
            if now["muted"] != was["muted"]:
                await self._control.request("Group.SetMute", id=now["id"], mute=was["muted"])
        for client in now["clients"]:
            if client["id"] in was["clients"]:
                await self._restore_client(client, was["clients"][client["id"]])

    async def _restore_client(self, client: _Json, was: _Json) -> None:
        now, ours = client["config"], self._set_volumes.get(client["id"])
        if now["volume"] != was["volume"] and (now["volume"] == ours or not self._has_switched):
            await self._control.request("Client.SetVolume", id=client["id"], volume=was["volume"])
        if now["latency"] != was["latency"] and not self._has_switched:
            await self._control.request("Client.SetLatency", id=client["id"], latency=was["latency"])


def _clients(group: _Json) -> list[str]:
    return [client["id"] for client in group["clients"]]


def _names(one: _Json) -> Iterator[str]:
    """What a client or a group may be called: its id, the name that somebody gave it, the name of its machine."""
    names = (one["id"], one.get("name"), one.get("config", {}).get("name"), one.get("host", {}).get("name"))
    return (str(name).casefold() for name in names if name)


def _shown(one: _Json) -> str:
    """The name that people know it by; groups need not have one."""
    return str(one.get("name") or one.get("config", {}).get("name") or one.get("host", {}).get("name") or "")
