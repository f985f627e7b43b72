"""A connection to a Google Cast device. pychromecast's thread holds it; what comes arrives in the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from pychromecast import models, socket_client
from pychromecast.const import CAST_TYPE_CHROMECAST
from pychromecast.controllers import BaseController
from pychromecast.error import PyChromecastError

from kokoro_wyoming.speakers.interface import SpeakerError
from kokoro_wyoming.speakers.kinds.reaching import reason

RECEIVER = "urn:x-cast:com.google.cast.receiver"
MEDIA = "urn:x-cast:com.google.cast.media"
PLATFORM = "receiver-0"
_FIRST_NUMBER = 1_000_000
"""Of our requests: the library numbers its own from 1 on."""
_END_SECONDS = 1.0

# What fails is told as the outcome of an announcement; the library would log it with tracebacks as well.
logging.getLogger("pychromecast").setLevel(logging.CRITICAL)

Message = dict[str, Any]


class CastLink:
    """Requests and their answers, and what the device tells unasked. All methods are for the event loop's thread."""

    def __init__(self, host: str, port: int, patience_seconds: float) -> None:
        self._host = host
        self._port = port
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(_FIRST_NUMBER)
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._news = asyncio.Event()
        self._is_over = False
        self._client: _Client | None = None
        self.receiver: Message | None = None
        """The last status of the device; None: it told none since the connection was made."""
        self.told: asyncio.Queue[Message] = asyncio.Queue()
        """Messages about media, unasked or not."""

    async def open(self) -> None:
        """Connect. Raises SpeakerError where nobody answers, or not as a Cast device does."""
        address = await self._reached()
        service_type: Any = getattr(models, "HostServiceInfo", None)
        if service_type is not None:
            service = service_type(address, self._port)
        else:  # pychromecast 13, the last one for Python 3.10
            service = vars(models)["ServiceInfo"]("host", (address, self._port))
        client = _Client(
            cast_type=CAST_TYPE_CHROMECAST,
            tries=1,
            timeout=self._patience_seconds,
            retry_wait=None,
            services={service},
            zconf=None,
        )
        client.register_handler(_Told(RECEIVER, self._from_thread(self._take)))
        client.register_handler(_Told(MEDIA, self._from_thread(self._take)))
        client.register_connection_listener(_Connection(self._from_thread(self._connection_is)))
        self._client = client
        client.start()
        await self._until_ready()

    async def ask(self, destination: str, namespace: str, message: Message, patience: float = 1.0) -> Message:
        """Send a request and wait for its answer. `patience` multiplies the longest wait. Raises SpeakerError."""
        await self._until_ready()
        assert self._client is not None
        number = next(self._numbers)
        answer = self._answers[number] = self._loop.create_future()
        message = {**message, "requestId": number}
        send = self._client.send_message
        try:
            await asyncio.to_thread(send, destination, namespace, message, no_add_request_id=True)
            return await asyncio.wait_for(answer, patience * self._patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {patience * self._patience_seconds:g} seconds") from error
        except (PyChromecastError, OSError, ValueError) as error:
            raise SpeakerError("it broke the connection off") from error
        finally:
            self._answers.pop(number).cancel()

    async def status(self) -> Message:
        """The device's status, asked for. Raises SpeakerError."""
        answer = await self.ask(PLATFORM, RECEIVER, {"type": "GET_STATUS"})
        return dict(answer.get("status") or {})

    async def close(self) -> None:
        """End the connection and its thread. Raises nothing."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(_end, self._client, self._patience_seconds)

    async def _reached(self) -> str:
        """Try the address first, as the library does not tell why it fails; the IP address that answers."""
        try:
            found = await self._loop.getaddrinfo(self._host, self._port, family=socket.AF_INET, type=socket.SOCK_STREAM)
            address = str(found[0][4][0])
            connecting = asyncio.open_connection(address, self._port)
            _, writer = await asyncio.wait_for(connecting, self._patience_seconds)
            writer.transport.abort()
            return address
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"nobody answers there within {self._patience_seconds:g} seconds") from error
        except OSError as error:
            raise SpeakerError(f"nobody answers there ({reason(error)})") from error

    async def _until_ready(self) -> None:
        """Wait for the device's status, which it is asked for after each connection."""
        deadline = self._loop.time() + self._patience_seconds
        while self.receiver is None:
            if self._is_over:
                raise SpeakerError("it answers, but not as a Cast device does, or no more")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), max(0.0, deadline - self._loop.time()))
            except asyncio.TimeoutError as error:
                raise SpeakerError(f"it gave no answer for {self._patience_seconds:g} seconds") from error

    def _from_thread(self, function: Callable[..., None]) -> Callable[..., None]:
        def call(*values: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(function, *values)

        return call

    def _take(self, namespace: str, message: Message) -> None:
        if message.get("type") == "RECEIVER_STATUS":
            self.receiver = dict(message.get("status") or {})
        if namespace == MEDIA:
            self.told.put_nowait(message)
        answer = self._answers.get(message.get("requestId", 0))
        if answer is not None and not answer.done():
            answer.set_result(message)
        self._news.set()

    def _connection_is(self, status: str) -> None:
        if status in (socket_client.CONNECTION_STATUS_LOST, socket_client.CONNECTION_STATUS_DISCONNECTED):
            self.receiver = None
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(SpeakerError("it broke the connection off"))
        if status in (socket_client.CONNECTION_STATUS_FAILED, socket_client.CONNECTION_STATUS_DISCONNECTED):
            self._is_over = True
        self._news.set()


class _Client(socket_client.SocketClient):
    """Two threads send: the library's answers pings and opens channels. TLS takes one of them at a time."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._sending = threading.RLock()

    def send_message(self, *values: Any, **options: Any) -> None:
        with self._sending:
            super().send_message(*values, **options)


class _Told(BaseController):
    """Hands on the messages of one namespace."""

    def __init__(self, namespace: str, take: Callable[[str, Message], None]) -> None:
        super().__init__(namespace, target_platform=namespace == RECEIVER)
        self._take = take

    def receive_message(self, _message: object, data: Message) -> bool:
        self._take(self.namespace, data)
        return False


class _Connection(socket_client.ConnectionStatusListener):
    """Hands on what becomes of the connection."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take

    def new_connection_status(self, status: socket_client.ConnectionStatus) -> None:
        self._take(status.status)


def _end(client: socket_client.SocketClient, patience_seconds: float) -> None:
    """Stop the thread, also one that waits for the device."""
    client.disconnect()
    client.join(_END_SECONDS)
    if client.is_alive() and client.socket is not None:
        with contextlib.suppress(OSError):
            client.socket.shutdown(socket.SHUT_RDWR)
        client.join(patience_seconds)
    if client.socket is not None:
        client.socket.close()
