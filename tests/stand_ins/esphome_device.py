"""Stands in for an ESPHome device with a media player and a voice assistant: its API, plain or with noise encryption.

It speaks by the messages of aioesphomeapi, fetches what it is told to play, ducks its music, and keeps what it played.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aioesphomeapi import api_pb2
from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO
from cryptography.exceptions import InvalidTag
from noise.connection import NoiseConnection

from tests.stand_ins.fetching_player import Played, fetch

IDLE, PLAYING, PAUSED, ANNOUNCING = 1, 2, 3, 4
ANNOUNCES = 1 << 4
"""Of a voice assistant."""
pb: Any = api_pb2
_NUMBERS = {message: number for number, message in MESSAGE_TYPE_TO_PROTO.items()}
_ANSWERS: dict[Any, Any] = {
    MESSAGE_TYPE_TO_PROTO[3]: MESSAGE_TYPE_TO_PROTO[4],  # authentication, under two names in the library's releases
    pb.VoiceAssistantConfigurationRequest: pb.VoiceAssistantConfigurationResponse,
    pb.PingRequest: pb.PingResponse,
    pb.DisconnectRequest: pb.DisconnectResponse,
}
"""What is answered without a thought; Home Assistant asks more than announcements need."""
_MAC = "A0:B1:C2:D3:E4:F5"
_PLAYER_KEY = 7
_STOP, _MUTE, _UNMUTE, _PLAY = 2, 3, 4, 0


@dataclass
class StandInDevice:
    """The device, and what it was told."""

    port: int = 0
    key: bytes | None = None
    """Its 32 bytes for encryption; None: plain."""
    has_player: bool = True
    assistant: int = ANNOUNCES
    is_old: bool = False
    """Whether it calls announcements playing, as firmware before 2025.8 does."""
    formats: tuple[str, ...] = ()
    state: int = IDLE
    volume: float = 0.3
    muted: bool = False
    fault: str = ""
    """`deaf`: fetches nothing. `stops`: at once. `dies`: hangs up in the middle. `silent`: answers nothing."""
    played: list[Played] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """The commands, in words."""
    _links: list[Any] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def address(self, path: str = "", **query: str) -> str:
        """Of a speaker."""
        named = "&".join(f"{name}={value}" for name, value in query.items())
        return f"esphome://127.0.0.1:{self.port}/{path}?{named}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        link = _Link(reader, writer) if self.key is None else _NoiseLink(reader, writer, self.key)
        try:
            await link.greet()
            self._links.append(link)
            while self.fault != "silent":
                await self._answer(link, await link.read())
            await reader.read()
        except (OSError, EOFError, InvalidTag):
            pass
        finally:
            if link in self._links:
                self._links.remove(link)
            writer.close()

    def end(self) -> None:
        """Stop what it plays, and hang up."""
        for task in self._tasks:
            task.cancel()
        for link in self._links:
            link.writer.transport.abort()

    async def _answer(self, link: _Link, message: Any) -> None:
        if isinstance(message, pb.HelloRequest):
            link.send(pb.HelloResponse(api_version_major=1, api_version_minor=12, name="kitchen"))
        elif isinstance(message, pb.DeviceInfoRequest):
            link.send(
                pb.DeviceInfoResponse(name="kitchen", mac_address=_MAC, voice_assistant_feature_flags=self.assistant)
            )
        elif isinstance(message, pb.ListEntitiesRequest):
            if self.has_player:
                link.send(self._entity())
            link.send(pb.ListEntitiesDoneResponse())
        elif isinstance(message, pb.SubscribeStatesRequest):
            link.send(self._state())
        elif isinstance(message, pb.MediaPlayerCommandRequest):
            self._command(message)
        elif isinstance(message, pb.VoiceAssistantAnnounceRequest):
            self._spawn(self._assist(link, message.media_id))
        elif answer := _ANSWERS.get(type(message)):
            link.send(answer())

    def _entity(self) -> Any:
        formats = [pb.MediaPlayerSupportedFormat(format=name, sample_rate=48_000, purpose=1) for name in self.formats]
        return pb.ListEntitiesMediaPlayerResponse(
            object_id="media_player",
            key=_PLAYER_KEY,
            name="Media Player",
            supports_pause=True,
            supported_formats=formats,
        )

    def _state(self) -> Any:
        return pb.MediaPlayerStateResponse(key=_PLAYER_KEY, state=self.state, volume=self.volume, muted=self.muted)

    def _command(self, message: Any) -> None:
        if message.has_volume:
            self.told.append(f"volume {message.volume:.2f}")
            self.volume = message.volume
        if message.has_command:
            self.told.append(f"command {message.command}{' of the announcement' if message.announcement else ''}")
            self.muted = message.command == _MUTE or (self.muted and message.command != _UNMUTE)
            self.state = PLAYING if message.command == _PLAY else self.state
            if message.command == _STOP and message.announcement:
                for task in self._tasks:
                    task.cancel()
        if message.has_media_url:
            self.told.append("announcement" if message.announcement else "media")
            self._spawn(self._announce(message.media_url))
        self._tell()

    async def _assist(self, link: _Link, url: str) -> None:
        self.told.append("announcement of the assistant")
        if self.fault == "deaf":
            return
        is_well = await self._announce(url) and self.fault != "stops"
        link.send(pb.VoiceAssistantAnnounceFinished(success=is_well))

    async def _announce(self, url: str) -> bool:
        if self.fault == "deaf":
            return False
        before = self.state
        played = Played(url, self.volume)
        self.played.append(played)
        try:
            left_seconds = await fetch(played, self._begin)
            if self.fault == "dies":
                self.end()
            await asyncio.sleep(0 if self.fault == "stops" else left_seconds)
            return True
        except aiohttp.ClientError:  # whoever served it is gone
            return False
        finally:
            self.state = before
            self._tell()

    def _begin(self) -> None:
        self.state = PLAYING if self.is_old else ANNOUNCING
        self._tell()

    def _tell(self) -> None:
        for link in self._links:
            link.send(self._state())

    def _spawn(self, doing: Any) -> None:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Link:
    """Plain frames: 0, length, type, message."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def greet(self) -> None:
        return

    async def read(self) -> Any:
        if (await self.reader.readexactly(1))[0] != 0:
            self.writer.write(b"\0\0\0")
            raise EOFError
        length, number = await self._number(), await self._number()
        return MESSAGE_TYPE_TO_PROTO[number].FromString(await self.reader.readexactly(length))

    def send(self, message: Any) -> None:
        data = message.SerializeToString()
        self.writer.write(b"\0" + _varint(len(data)) + _varint(_NUMBERS[type(message)]) + data)

    async def _number(self) -> int:
        number, shift = 0, 0
        while True:
            byte = (await self.reader.readexactly(1))[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number


class _NoiseLink(_Link):
    """Encrypted frames: 1, length in two bytes, what the noise protocol makes of type, length, message."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: bytes) -> None:
        super().__init__(reader, writer)
        self._noise = NoiseConnection.from_name(b"Noise_NNpsk0_25519_ChaChaPoly_SHA256")
        self._noise.set_as_responder()
        self._noise.set_psks(key)
        self._noise.set_prologue(b"NoiseAPIInit\0\0")

    async def greet(self) -> None:
        await self._frame()
        self._write(b"\x01kitchen\0a0b1c2d3e4f5\0")
        self._noise.start_handshake()
        try:
            self._noise.read_message((await self._frame())[1:])
        except InvalidTag:
            self._write(b"\x01Handshake MAC failure")
            raise
        self._write(b"\0" + self._noise.write_message())

    async def read(self) -> Any:
        frame = self._noise.decrypt(await self._frame())
        return MESSAGE_TYPE_TO_PROTO[int.from_bytes(frame[:2], "big")].FromString(bytes(frame[4:]))

    def send(self, message: Any) -> None:
        data = message.SerializeToString()
        head = _NUMBERS[type(message)].to_bytes(2, "big") + len(data).to_bytes(2, "big")
        self._write(self._noise.encrypt(head + data))

    async def _frame(self) -> bytes:
        head = await self.reader.readexactly(3)
        if head[0] != 1:
            self._write(b"\x01Bad indicator byte")
            raise EOFError
        return await self.reader.readexactly(int.from_bytes(head[1:], "big"))

    def _write(self, frame: bytes) -> None:
        self.writer.write(b"\x01" + len(frame).to_bytes(2, "big") + frame)


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


@contextlib.asynccontextmanager
async def esphome_device(**facts: Any) -> AsyncIterator[StandInDevice]:
    """The stand-in, listening."""
    device = StandInDevice(**facts)
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        device.end()


def key_text(key: bytes) -> str:
    """As it stands in a device's settings."""
    return base64.b64encode(key).decode()
