"""One connection: the order of events, and no sound before the client takes it.

Two tasks serve it. The reader takes events as they come and never waits for the model: it answers describe and ping at
once, and queues utterances. The speaker sends the sound of one utterance after the other. An error is sent in place of
what is wrong, after all that came rightly before it, and closes the connection. Both tasks end when the client goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from wyoming.event import Event
from wyoming.tts import SynthesizeStopped

from kokoro_wyoming.errors import BusyError, KokoroWyomingError, PeerError, ShuttingDownError
from kokoro_wyoming.protocols.pacing import Turns
from kokoro_wyoming.protocols.wyoming import dialogue, info, wire
from kokoro_wyoming.protocols.wyoming.events import SoundEvents, error_event, pong, word_timings
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.utterances.failures import log_defect, log_refusal
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.utterances.utterance import Utterance
from kokoro_wyoming.voices.descriptions import VoiceRequest

_LOGGER = logging.getLogger(__name__)

_WAITING_UTTERANCES = 16
"""Most utterances that one connection may have waiting behind the one that is spoken."""
_NEW_SECONDS = 1.0
"""Who connected no longer ago may be about to ask, when the server stops."""
_GONE_CHECK_SECONDS = 0.25
"""How often the server checks whether a client that sends no more is still there."""


class _Reply:
    """An utterance and the events that answer it."""

    def __init__(self, utterance: Utterance, *, streamed: bool) -> None:
        self.utterance = utterance
        self.streamed = streamed
        """Whether its text comes between synthesize-start and synthesize-stop."""
        self.events = SoundEvents()


class Session:
    """One client's connection, from accept to close."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        service: SpeechService,
        limits: WireLimits | None = None,
        *,
        quota: Quota | None = None,
        peer: str | None = None,
        waiting_utterances: int = _WAITING_UTTERANCES,
    ) -> None:
        """`quota` counts the utterances of the client's address; None is no limit. `peer` names the client for the log;
        None: as the connection does.
        """
        self._raw_reader = reader
        limits = limits or WireLimits()
        self._events = wire.EventReader(reader, limits)
        self._out = wire.EventWriter(writer, limits)
        self._service = service
        self._quota = quota
        self._waiting_utterances = waiting_utterances
        self._peer = peer or _peer_name(writer)
        self._dialogue = dialogue.Dialogue()
        self._queue: asyncio.Queue[_Reply | PeerError | None] = asyncio.Queue()
        """What the speaker is to send, in order; None is the end."""
        self._unfinished: list[_Reply] = []
        """The replies that wait, and the one that is being sent."""
        self._open: Utterance | None = None
        """The utterance whose text is still coming."""
        self._current: _Reply | None = None
        """The reply that is being sent."""
        self._draining = False
        self._last: _Reply | None = None
        """While draining: the reply that is still sent."""
        self._began_at_seconds = time.monotonic()
        self._asked = asyncio.Event()
        """Set when the client has asked for speech, or is gone."""
        self._over = asyncio.Event()
        self._turns = Turns()

    @property
    def speaking(self) -> bool:
        """Whether anything that was asked for is not yet sent."""
        return bool(self._unfinished)

    async def run(self) -> None:
        """Serve the client until it leaves, makes a mistake, or this task is cancelled.

        Raises nothing, not even CancelledError: asyncio's accept callback would report that as a crash.
        """
        try:
            await self._out.close(self._raw_reader, await self._serve())
        except asyncio.CancelledError:
            _LOGGER.debug("%s: cancelled", self._peer)
        except Exception as error:
            log_defect(self._peer, error)
        finally:
            self._out.abort()
            self._asked.set()
            self._over.set()

    async def drain(self) -> None:
        """Finish the reply that is being sent, refuse later requests, and close. Returns when all is done.

        A client that has just connected may still ask once. The caller sets the deadline: where it cancels `run`, the
        client is told why the sound ends.
        """
        is_new = not self._asked.is_set() and await self._is_silent_at_first()
        self._draining = True
        if self._unfinished:
            self._last = self._unfinished[0]
        else:
            self._queue.put_nowait(ShuttingDownError() if is_new else None)
        await self._over.wait()

    async def _is_silent_at_first(self) -> bool:
        """Whether the client has connected just now, and does not ask for anything soon."""
        left_seconds = self._began_at_seconds + _NEW_SECONDS - time.monotonic()
        if left_seconds <= 0:
            return False
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._asked.wait(), left_seconds)
        return not self._asked.is_set()

    async def _serve(self) -> wire.ClosePolicy:
        """Serve the client to the end, and send the error if there is one; returns how patiently to close."""
        try:
            await self._converse()
        except wire.PeerGoneError as error:
            _LOGGER.debug("%s: gone (%s)", self._peer, type(error).__name__)
        except asyncio.CancelledError:
            if self.speaking:
                self._tell(ShuttingDownError())
            return wire.HURRIED
        except KokoroWyomingError as error:
            log_refusal(self._peer, error)
            self._tell(error)
            return wire.ENDED_WITH_ERROR
        except Exception as error:
            log_defect(self._peer, error)
            self._tell(error)
            return wire.ENDED_WITH_ERROR
        finally:
            for reply in tuple(self._unfinished):
                self._finished(reply)
        return wire.ENDED_WELL

    def _finished(self, reply: _Reply) -> None:
        self._unfinished.remove(reply)
        reply.utterance.close()

    def _tell(self, error: Exception) -> None:
        with contextlib.suppress(wire.PeerGoneError):
            self._out.put(error_event(error))

    async def _converse(self) -> None:
        both = (asyncio.ensure_future(self._speak_all()), asyncio.ensure_future(self._listen()))
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.cancelled():
                    raise RuntimeError("the engine cancelled its listener")
                task.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    # The reader ------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Take what the client sends, then watch whether it is still there. Never returns."""
        fault = await self._take_events()
        if fault is not None:
            self._fail(fault)
        self._queue.put_nowait(None)
        while True:
            self._out.check()
            # A client that has closed looks like one that only sends no more, until something is sent to it.
            if fault is None and self._current is not None and not self._current.utterance.is_cancelled:
                self._start_sound(self._current)
            await asyncio.sleep(_GONE_CHECK_SECONDS)

    async def _take_events(self) -> PeerError | None:
        """Act on events until there are no more, or until the client did something wrong."""
        try:
            while (event := await self._next_event()) is not None:
                for action in self._dialogue.receive(event):
                    await self._act(action)
                await self._turns.let_others(self._events.received_at_seconds)
        except wire.CutOffError:
            _LOGGER.debug("%s: the input ended inside an event", self._peer)
        except PeerError as error:
            return error
        for action in self._dialogue.end_of_input():
            await self._act(action)
        return None

    async def _next_event(self) -> Event | None:
        while True:
            try:
                return await self._events.read()
            except wire.IdleError:
                if self._dialogue.mid_stream:
                    raise wire.EventTimeoutError("A stream was begun and not gone on with in time.") from None
                if not self.speaking:
                    return None

    async def _act(self, action: dialogue.Action) -> None:
        match action:
            case dialogue.Begin():
                self._begin(action)
            case dialogue.Say(text) if self._open is not None:
                self._open.add(text)
            case dialogue.End() if self._open is not None:
                self._open.finish()
                self._open = None
            case dialogue.Abandon(because) if self._open is not None:
                self._open.cancel(because)
                self._open = None
            case dialogue.Describe():
                _LOGGER.debug("%s: describe", self._peer)
                await self._answer(info.info_frame(self._service.programs()))
            case dialogue.Ping(text):
                await self._answer(pong(text, self._service.trouble(), stopping=self._service.stopping))
            case dialogue.Select(name):
                self._service.check(VoiceRequest(), name)

    def _begin(self, begin: dialogue.Begin) -> None:
        if self._draining:
            raise ShuttingDownError
        if len(self._unfinished) > self._waiting_utterances:
            raise BusyError(f"A connection may have {self._waiting_utterances} utterances waiting.")
        self._open = self._service.begin(begin.request, client=self._peer, quota=self._quota)
        reply = _Reply(self._open, streamed=begin.streamed)
        self._unfinished.append(reply)
        self._queue.put_nowait(reply)
        self._asked.set()

    async def _answer(self, event: Event | bytes) -> None:
        self._out.put(event)
        await self._out.flush()

    def _fail(self, error: PeerError) -> None:
        """Queue the error: in place of the utterance whose text is still coming, else behind all waiting replies."""
        if self._open is not None:
            self._open.cancel(error)
            self._open = None
        else:
            self._queue.put_nowait(error)

    # The speaker -----------------------------------------------------------------------------------------

    async def _speak_all(self) -> None:
        while not (self._draining and self._queue.empty()):
            reply = await self._queue.get()
            if reply is None:
                return
            if isinstance(reply, PeerError):
                raise reply
            if self._draining and reply is not self._last:
                raise ShuttingDownError
            self._current = reply
            await self._speak(reply)
            self._current = None
            self._finished(reply)

    async def _speak(self, reply: _Reply) -> None:
        async with contextlib.aclosing(reply.utterance.pieces()) as pieces:
            async for piece in pieces:
                self._start_sound(reply)
                if isinstance(piece, bytes):
                    self._out.put(reply.events.chunk(piece))
                    # While the client does not read, this waits, and the engine is asked for no more sound.
                    await self._out.flush()
                else:
                    self._out.put(word_timings(piece))
        if reply.events.is_started:
            self._out.put(reply.events.stop())
        if reply.streamed and not reply.utterance.is_cancelled:
            self._out.put(SynthesizeStopped().event())

    def _start_sound(self, reply: _Reply) -> None:
        if not reply.events.is_started:
            self._out.put(reply.events.start())


def _peer_name(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return f"{peer[0]} port {peer[1]}" if isinstance(peer, tuple) else "local client"
