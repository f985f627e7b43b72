"""Stands before servers or their balancer, outlives them, and tells their clients where one dies in mid-speech.

A Wyoming client cannot tell a connection that ended from one whose server was killed: it would keep half a sentence.
The relay hands on whole events only, and ends a connection that owes its client something with an `error` event.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import time

from kokoro_wyoming.config.addresses import TcpAddress, UnixAddress
from kokoro_wyoming.protocols import proxy_header
from kokoro_wyoming.server.listener import bind

_LOGGER = logging.getLogger(__name__)
_READ_BYTES = 65_536
_LONGEST_EVENT_BYTES = 8 * 1024 * 1024
_PATIENCE_SECONDS = 60.0  # for a server to accept, and for a client to take what is sent
_LINGER_SECONDS = 0.25
_PAUSES_SECONDS = (0.0, 0.1, 0.5, 1.0)  # a server that is being killed still takes clients for a moment
_QUICK_SECONDS = 2.0  # who waited longer for an answer stood in the balancer's queue: no other server is asked
_LOST = json.dumps({"text": "The server is gone or too busy; try again later.", "code": "server-lost"}).encode()
_LOST_EVENT = json.dumps({"type": "error", "data_length": len(_LOST)}).encode() + b"\n" + _LOST


class Events:
    """A server's events as they pass: only whole ones do, and at the end it is known whether the client has all."""

    def __init__(self, question: bytes = b"") -> None:
        self._held = bytearray()
        self._in_sound = self._is_told = self.has_answered = False
        self.question = question
        """All that the client sent before the first answer: another server can be asked it."""
        self.asked = bool(question)
        """Whether the client sent something, and no event came since."""

    def take(self, data: bytes) -> bytes:
        """The events that are whole with this data. Raises ValueError where these are no events."""
        self._held += data
        end = 0
        while (line_end := self._held.find(b"\n", end) + 1) > 0:
            header = json.loads(self._held[end:line_end])
            length = sum(abs(int(header.get(key) or 0)) for key in ("data_length", "payload_length"))
            if line_end + length > len(self._held):
                break
            end, kind = line_end + length, header["type"]
            self._in_sound = kind == "audio-start" or (self._in_sound and kind != "audio-stop")
            self._is_told, self.asked, self.has_answered = kind == "error", False, True
        whole = bytes(self._held[:end])
        del self._held[:end]
        if len(self._held) > _LONGEST_EVENT_BYTES:
            raise ValueError("an event without an end")
        return whole

    def owes(self) -> bool:
        """Whether the client would miss something if its connection ended now, and was not told why."""
        return not self._is_told and (self._in_sound or self.asked)


class Relay:
    """Hands each client on."""

    def __init__(self, to: TcpAddress) -> None:
        self._to = to
        self.clients: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to the end of its connection. Raises nothing."""
        task = asyncio.current_task()
        assert task is not None
        self.clients.add(task)
        with contextlib.suppress(OSError, asyncio.TimeoutError, asyncio.CancelledError):  # the client, who is gone
            await self._hand_on(reader, writer)
        writer.transport.abort()
        self.clients.remove(task)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        events = Events()
        for pause in _PAUSES_SECONDS:
            await asyncio.sleep(pause)
            begun, events = time.monotonic(), Events(events.question)
            await self._try(reader, writer, events)
            has_left = reader.at_eof() and not events.asked
            if events.has_answered or has_left or time.monotonic() - begun > _QUICK_SECONDS:
                break
        if events.owes():
            _LOGGER.warning("A server is lost or full; its client is told")
            writer.write(_LOST_EVENT)
        writer.write_eof()
        with contextlib.suppress(asyncio.TimeoutError):  # what the client still sends would reset the connection
            await asyncio.wait_for(reader.read(), _LINGER_SECONDS)
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), _PATIENCE_SECONDS)

    async def _try(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: Events) -> None:
        try:
            to = asyncio.open_connection(self._to.host, self._to.port)
            answers, questions = await asyncio.wait_for(to, _PATIENCE_SECONDS)
        except (OSError, asyncio.TimeoutError):
            events.asked = True
            return
        ends = (writer.get_extra_info("peername"), writer.get_extra_info("sockname"))
        questions.write(proxy_header.written(*ends) + events.question)
        asking = asyncio.ensure_future(_ask(reader, questions, events))
        try:
            await _answer(answers, writer, events)
        finally:
            asking.cancel()
            questions.transport.abort()


async def _ask(client: asyncio.StreamReader, server: asyncio.StreamWriter, events: Events) -> None:
    try:
        while data := await client.read(_READ_BYTES):
            events.asked = True
            events.question += b"" if events.has_answered else data
            server.write(data)
            await server.drain()
        server.write_eof()
    except OSError:
        server.transport.abort()


async def _answer(server: asyncio.StreamReader, client: asyncio.StreamWriter, events: Events) -> None:
    # Whatever is no event: what comes from there can be trusted no more.
    with contextlib.suppress(ConnectionError, ValueError, TypeError, KeyError, AttributeError):
        while data := await server.read(_READ_BYTES):
            client.write(events.take(data))
            await asyncio.wait_for(client.drain(), _PATIENCE_SECONDS)


async def relay(at: TcpAddress | UnixAddress, to: TcpAddress) -> None:
    """Listen, and hand clients on until a signal comes and the last of them has gone. Raises ListenError."""
    handing = Relay(to)
    signals: asyncio.Queue[None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, None)
    listener = await bind(at, handing.accept)
    await listener.open()
    _LOGGER.info("Ready at %s", " and ".join(listener.places))
    await signals.get()
    await listener.finish()
    again = asyncio.ensure_future(signals.get())  # a second signal does not wait for the last client
    while handing.clients and not again.done():
        await asyncio.wait({again, *handing.clients}, return_when=asyncio.FIRST_COMPLETED)
