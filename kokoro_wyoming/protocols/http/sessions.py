"""One client's conversation over a WebSocket: messages as they come, one utterance at a time, no more than is taken.

The handler's own task receives messages and never waits for the model. A second task sends the sound of an utterance.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ClassVar

from aiohttp import WSCloseCode, web

from kokoro_wyoming.errors import KokoroWyomingError, PeerError, ShuttingDownError
from kokoro_wyoming.protocols.http.context import CONTEXT, connection_of
from kokoro_wyoming.protocols.http.sockets import IdleError, LeavingError, MisuseError, Socket, SocketClosedError
from kokoro_wyoming.protocols.pacing import Budget
from kokoro_wyoming.utterances.failures import log_defect, log_failure, log_refusal
from kokoro_wyoming.utterances.requests import SpeechRequest
from kokoro_wyoming.utterances.utterance import Utterance

_LOGGER = logging.getLogger(__name__)


_MISTAKES_PER_SECOND = 1
_MISTAKES_BURST = 30
"""Errors that one client is told, each a line in the log; beyond that its socket is closed."""


class TextTimeoutError(PeerError):
    """A client began a text and did not go on with it in time."""

    code: ClassVar[str] = "timeout"


class Session(ABC):
    """A client's conversation, from opening to close. What the messages mean is said by a subclass."""

    def __init__(self, request: web.Request, socket: Socket) -> None:
        self.context = request.app[CONTEXT]
        self.socket = socket
        self._request = request
        self._peer = connection_of(request).peer
        self.utterance: Utterance | None = None
        """The last one that was begun."""
        self._speech: asyncio.Task[None] | None = None
        """Sends the utterance that is being spoken."""
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._mistakes = Budget(_MISTAKES_PER_SECOND, _MISTAKES_BURST)

    @property
    def waits_for_text(self) -> bool:
        """Whether the text of the open utterance is still coming."""
        return False

    def greeting(self) -> Mapping[str, object] | None:
        """What is sent before the client's first message."""
        return None

    @abstractmethod
    async def take(self, message: Mapping[str, Any]) -> None:
        """Act on a message. A KokoroWyomingError is told; then the conversation goes on."""

    @abstractmethod
    async def tell(self, error: Exception, message: Mapping[str, Any] | None = None) -> None:
        """Send an error; `message` is what caused it."""

    @abstractmethod
    async def deliver(self, utterance: Utterance) -> None:
        """Send the sound of an utterance, and that it has ended. Raises as `Utterance.pieces`."""

    @abstractmethod
    async def fail(self, utterance: Utterance, error: Exception) -> None:
        """Send that an utterance has ended with an error. Its sound so far was sent."""

    def give_up(self, error: PeerError) -> None:
        """The rest of a text will not come: the error follows the sound of what came."""
        raise error

    async def run(self) -> None:
        """Serve the client until it leaves, the server stops, or nothing comes for long."""
        leaving = asyncio.ensure_future(self._drained())
        try:
            code = await self._converse(leaving)
            await self.silence()
            await self.socket.close(code)
        finally:
            leaving.cancel()
            await self.silence()
            await self.socket.drop()

    async def _converse(self, leaving: asyncio.Future[None]) -> WSCloseCode:
        """Take all messages; returns why the socket is to be closed."""
        try:
            if (greeting := self.greeting()) is not None:
                await self.socket.send(greeting)
            while await self._take_next(leaving):
                pass
        except SocketClosedError as error:
            _LOGGER.debug("%s: gone (%s)", self._peer, error)
        except LeavingError:
            if self.is_speaking:
                await self._tell_last(ShuttingDownError())
            return WSCloseCode.GOING_AWAY
        except MisuseError as error:
            log_refusal(self._peer, error)
            await self._tell_last(error)
            return error.close_code
        except Exception as error:
            log_defect(self._peer, error)
            await self._tell_last(error)
            return WSCloseCode.INTERNAL_ERROR
        return WSCloseCode.OK

    async def _take_next(self, leaving: asyncio.Future[None]) -> bool:
        """Take one message; returns whether there may be more."""
        message = None
        try:
            message = await self.socket.receive(leaving)
            await self.take(message)
        except IdleError:
            if self.waits_for_text:
                self.give_up(TextTimeoutError("A text was begun and not gone on with in time."))
            return self.is_speaking
        except MisuseError:
            raise
        except KokoroWyomingError as error:
            if not self._mistakes.spend():
                raise MisuseError("Too many mistakes; connect anew.", WSCloseCode.POLICY_VIOLATION) from error
            log_refusal(self._peer, error)
            await self.tell(error, message)
        return True

    async def _tell_last(self, error: Exception) -> None:
        """Send an error after which nothing is sent."""
        await self.silence()
        with contextlib.suppress(SocketClosedError):
            await self.tell(error)

    async def _drained(self) -> None:
        """Wait until the server stops and what is being said is finished, or has no more time."""
        await self.context.stopping.wait()
        ends = [asyncio.ensure_future(event.wait()) for event in (self._quiet, self.context.ending)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    # The utterance ---------------------------------------------------------------------------------------

    @property
    def is_speaking(self) -> bool:
        """Whether an utterance is open."""
        return not self._quiet.is_set()

    @contextlib.asynccontextmanager
    async def beginning(self, wanted: SpeechRequest) -> AsyncIterator[Utterance]:
        """An utterance that is spoken from the end of the `with` block on; an error in the block takes it back.

        Raises as `SpeechService.begin`. The one before must be over; its last message is waited for.
        """
        if self._speech is not None:
            await asyncio.wait((self._speech,))
        if self.context.stopping.is_set():
            raise ShuttingDownError
        with contextlib.ExitStack() as stack:
            utterance = stack.enter_context(self.context.utterance(self._request, wanted))
            yield utterance
            self.utterance = utterance
            self._quiet.clear()
            self._speech = asyncio.ensure_future(self._speak(utterance))
            stack.callback(self._quiet.set)
            held = stack.pop_all()
            # A task that is cancelled before its first step closes nothing by itself.
            self._speech.add_done_callback(lambda _: held.close())

    async def silence(self) -> None:
        """Speak no more of the utterance: no sound of it is sent from now on."""
        speech, self._speech = self._speech, None
        if speech is not None:
            speech.cancel()
            await asyncio.wait((speech,))

    async def _speak(self, utterance: Utterance) -> None:
        try:
            await self._deliver(utterance)
        except SocketClosedError as error:
            _LOGGER.debug("%s: gone (%s)", self._peer, error)

    async def _deliver(self, utterance: Utterance) -> None:
        try:
            await self.deliver(utterance)
        except SocketClosedError:
            raise
        except asyncio.CancelledError:
            if self._speech is None:
                raise
            await self._fail(utterance, RuntimeError("the engine cancelled its listener"))
        except Exception as error:
            await self._fail(utterance, error)

    async def _fail(self, utterance: Utterance, error: Exception) -> None:
        log_failure(self._peer, error)
        await self.fail(utterance, error)


async def serve(request: web.Request, kind: Callable[[web.Request, Socket], Session]) -> web.WebSocketResponse:
    """Answer a request that opens a WebSocket, to the end of its conversation."""
    socket = await Socket.open(request)
    await kind(request, socket).run()
    return socket.response
