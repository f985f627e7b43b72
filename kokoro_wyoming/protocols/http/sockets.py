"""One client's WebSocket: JSON in, JSON and sound out, within limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from kokoro_wyoming.protocols.http.bodies import max_message_bytes
from kokoro_wyoming.protocols.http.connections import Connection
from kokoro_wyoming.protocols.http.context import CONTEXT, connection_of
from kokoro_wyoming.protocols.http.errors import BadRequestError, HttpError
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.json_objects import is_mostly_text, read_json
from kokoro_wyoming.protocols.pacing import MESSAGES_PER_SECOND, Budget, Turns, within

SUBPROTOCOLS = ("kokoro", "realtime")
"""A browser takes a connection only where the server picks a subprotocol that it offered."""

_CLOSE_SECONDS = 1.0
"""How long a client has to answer that the socket is being closed."""
_HEARTBEAT = 2.0
"""A ping follows when the client sent nothing for this many times `write_seconds`; half as long later it has gone. A
client that reads no faster than it plays sees a ping some 15 s late, behind the sound that is held for it."""


class SocketClosedError(Exception):
    """The client has gone, or the socket is closed."""


class IdleError(Exception):
    """No message came within the idle time; receiving may go on."""


class LeavingError(Exception):
    """The server stops."""


class MisuseError(HttpError):
    """A message after which the socket has to be closed."""

    def __init__(self, message: str, close_code: WSCloseCode) -> None:
        super().__init__(message)
        self.close_code = close_code


class TooManyMessagesError(MisuseError):
    """The client sends more messages than the limits allow."""

    code: ClassVar[str] = "too-many-messages"


class Socket:
    """The messages of one client. One task receives; several may send, and each message goes out whole."""

    def __init__(
        self,
        response: web.WebSocketResponse,
        connection: Connection,
        transport: asyncio.Transport,
        options: HttpOptions,
    ) -> None:
        self.response = response
        self._connection = connection
        self._transport = transport
        self._options = options
        self._budget = Budget()
        self._turns = Turns()
        self._received_at_seconds = time.monotonic()
        """Monotonic time when something was last waited for."""
        self._reading: asyncio.Task[WSMessage] | None = None

    @classmethod
    async def open(cls, request: web.Request) -> Socket:
        """Answer a request that opens a WebSocket. Raises BadRequestError for any other."""
        _check_offer(request)
        options = request.app[CONTEXT].options
        response = web.WebSocketResponse(
            protocols=SUBPROTOCOLS,
            timeout=_CLOSE_SECONDS,
            heartbeat=_HEARTBEAT * options.write_seconds,
            autoping=False,
            compress=False,
            # aiohttp must not wait for the client by itself: a wait of its that was cancelled would end the next one.
            writer_limit=sys.maxsize,
            max_msg_size=max_message_bytes(options),
        )
        if not response.can_prepare(request).ok:
            raise BadRequestError("This address speaks WebSocket; open one here.")
        connection, transport = connection_of(request), request.transport
        assert transport is not None, "its loss cancels the handler"
        await response.prepare(request)
        return cls(response, connection, transport, options)

    async def receive(self, leaving: asyncio.Future[None]) -> dict[str, Any]:
        """The next message, a JSON object.

        Raises BadRequestError for a text that is none (then receiving may go on), MisuseError, IdleError,
        SocketClosedError, and LeavingError where `leaving` is done.
        """
        while True:
            await self._turns.let_others(self._received_at_seconds)
            message = await self._next(leaving)
            if not self._budget.spend():
                raise TooManyMessagesError(
                    f"At most {MESSAGES_PER_SECOND:,} messages per second, please.", WSCloseCode.POLICY_VIOLATION
                )
            match message.type:
                case WSMsgType.TEXT:
                    return _object(message.data)
                case WSMsgType.BINARY:
                    raise MisuseError(
                        "This server takes no sound; send JSON as text messages.", WSCloseCode.UNSUPPORTED_DATA
                    )
                case WSMsgType.PING:
                    await self._send(self.response.pong(message.data))
                case WSMsgType.PONG:
                    pass
                case _:
                    raise SocketClosedError

    async def _next(self, leaving: asyncio.Future[None]) -> WSMessage:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self.response.receive())
            await asyncio.sleep(0)
        if not self._reading.done():
            seconds = self._options.idle_seconds
            await asyncio.wait((self._reading, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            self._received_at_seconds = time.monotonic()
        if leaving.done():
            raise LeavingError
        if not self._reading.done():
            raise IdleError
        reading, self._reading = self._reading, None
        return reading.result()

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message. While the client takes nothing, this waits. Raises SocketClosedError.

        A client that takes nothing for `write_seconds` is cut off.
        """
        await self._send(self.response.send_str(json.dumps(message)))

    async def send_sound(self, pcm: bytes) -> None:
        """Send sound, as `send`."""
        await self._send(self.response.send_bytes(pcm))

    async def _send(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            await sending
            if not self._connection.writable.is_set():
                await within(self._options.write_seconds, self._connection.writable.wait())
        except asyncio.TimeoutError as error:
            self._transport.abort()
            raise SocketClosedError(f"took nothing for {self._options.write_seconds:g} s") from error
        except ConnectionError as error:
            raise SocketClosedError from error

    async def close(self, code: int) -> None:
        """Close the socket; what was sent before still arrives, unless the client takes too long."""
        await self.drop()
        asyncio.get_running_loop().call_later(self._options.write_seconds, self._transport.abort)
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._options.write_seconds, self.response.close(code=code))

    async def drop(self) -> None:
        """Receive no more."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait((reading,))


def _check_offer(request: web.Request) -> None:
    """Refuse a client that offers only subprotocols that are unknown here.

    A browser would not connect, and aiohttp would log the offer, in which the key may be.
    """
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if offered != [""] and not set(offered) & set(SUBPROTOCOLS):
        raise BadRequestError(f'Offer the subprotocol "{SUBPROTOCOLS[0]}", too.')


def _object(text: str) -> dict[str, Any]:
    raw = text.encode()
    if not is_mostly_text(raw):
        raise BadRequestError("The message has too much beside its text.")
    try:
        value = read_json(raw)
    except ValueError as error:
        raise BadRequestError('A message must be JSON, such as {"type": "cancel"}.') from error
    if not isinstance(value, dict):
        raise BadRequestError('A message must be a JSON object, such as {"type": "cancel"}.')
    return value
