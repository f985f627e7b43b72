"""A listening HTTP server with an engine that beeps behind it, and what clients of its WebSockets send and read."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

from kokoro_wyoming.protocols.admission import Admission, Rules
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.http.server import HttpServer
from kokoro_wyoming.server.announcing import announcements
from kokoro_wyoming.speakers.announcements import Wishes
from kokoro_wyoming.utterances.requests import SpeechOptions
from kokoro_wyoming.utterances.service import SpeechService
from tests.stand_ins.beep_engine import BeepEngine, heard
from tests.stand_ins.beep_house import no_task_left, until

PATIENCE_SECONDS = 10.0
LOOPBACK = Rules(allow=(ipaddress.ip_network("127.0.0.0/8"),), connections=64, connections_per_address=64)


@dataclass
class SocketHouse:
    """A server that has no model and no settings file."""

    engine: BeepEngine
    server: HttpServer
    admission: Admission
    port: int
    session: aiohttp.ClientSession

    @contextlib.asynccontextmanager
    async def socket(self, path: str = "/v1/stream", **how: Any) -> AsyncIterator[Client]:
        """A client's WebSocket; `how` is what aiohttp's `ws_connect` takes."""
        how = {"autoping": True, "max_msg_size": 0, **how}
        async with self.session.ws_connect(f"http://127.0.0.1:{self.port}{path}", **how) as socket:
            yield Client(socket)


@dataclass
class Client:
    """aiohttp's own client. What does not come fails the test instead of hanging it."""

    socket: aiohttp.ClientWebSocketResponse[Any]
    pcm: bytes = b""
    """The sound that came in binary messages."""

    async def send(self, *messages: dict[str, Any]) -> None:
        """Send messages."""
        for message in messages:
            await self.socket.send_str(json.dumps(message))

    async def receive(self) -> dict[str, Any] | None:
        """The next message that is no sound; None at the end."""
        while True:
            message = await self.socket.receive(PATIENCE_SECONDS)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.pcm += message.data
            elif message.type is aiohttp.WSMsgType.TEXT:
                received = json.loads(message.data)
                assert isinstance(received, dict)
                return received
            else:
                return None

    async def read_to(self, *last: str) -> list[dict[str, Any]]:
        """All messages up to the first of one of these types."""
        messages: list[dict[str, Any]] = []
        while not messages or messages[-1]["type"] not in last:
            message = await self.receive()
            assert message is not None, messages
            messages.append(message)
        return messages

    async def read_all(self) -> list[dict[str, Any]]:
        """All messages up to the end of the connection."""
        messages = []
        while (message := await self.receive()) is not None:
            messages.append(message)
        return messages

    @property
    def text(self) -> str:
        """What the sound so far spells."""
        return heard(self.pcm)


@contextlib.asynccontextmanager
async def open_sockets(
    engine: BeepEngine | None = None,
    options: HttpOptions | None = None,
    *,
    rules: Rules | None = None,
    speech: SpeechOptions | None = None,
) -> AsyncIterator[SocketHouse]:
    """Open the server. At the end no place with the engine may be taken, and no exception unhandled."""
    engine = engine or BeepEngine()
    loop = asyncio.get_running_loop()
    unhandled: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unhandled.append(context))
    admission = Admission(rules or LOOPBACK)
    service = SpeechService(engine, speech)
    nowhere = announcements(Wishes(), lambda _: None)
    server = await HttpServer.start(
        service, admission, options or HttpOptions(), lambda _: (b"", "text/plain"), *nowhere
    )
    listening = await loop.create_server(server.protocol, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        yield SocketHouse(engine, server, admission, listening.sockets[0].getsockname()[1], session)
    listening.close()
    await until(lambda: server.connections == 0)
    await server.drain(PATIENCE_SECONDS)
    assert unhandled == []
    assert engine.taken == 0
    await no_task_left()


def kinds(messages: Iterable[dict[str, Any]]) -> list[str]:
    """The types of the messages."""
    return [message["type"] for message in messages]


def codes(messages: Iterable[dict[str, Any]]) -> list[str]:
    """The codes of the errors, in order."""
    return [message["error"]["code"] for message in messages if message["type"] == "error"]


def start(**values: object) -> dict[str, Any]:
    """`start` of /v1/stream."""
    return {"type": "start", **values}


def text(written: object) -> dict[str, Any]:
    """`text` of /v1/stream."""
    return {"type": "text", "text": written}


END: dict[str, Any] = {"type": "end"}
CANCEL: dict[str, Any] = {"type": "cancel"}
