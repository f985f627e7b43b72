"""One connection: a reader that never waits for the model, and one speaker.

The reader takes events as they come, answers describe and ping at once and lays before the speaker what is to
be said, utterance by utterance. Whatever is wrong with one, its error comes in its turn, after all that
was rightly asked before it, and closes the connection. A client that has gone ends everything at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from wyoming.audio import AudioChunk
from wyoming.event import Event
from wyoming.tts import SynthesizeStopped

from kokoro_wyoming.audio.joining import SoundOptions
from kokoro_wyoming.audio.pcm import PcmStream, silence
from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.errors import BusyError, KokoroWyomingError, PeerError, ShuttingDownError
from kokoro_wyoming.protocols.wyoming import dialogue, info, wire
from kokoro_wyoming.protocols.wyoming.events import error_event, pong, word_timings
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.text.sentences import Pause, Sentence
from kokoro_wyoming.text.text_stream import TextOptions, TextStream
from kokoro_wyoming.utterances.failures import log_defect, log_refusal
from kokoro_wyoming.utterances.interface import EngineSlot, SpeechEngine
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.utterance import Utterance
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import VoiceRequest

_LOGGER = logging.getLogger(__name__)

_NOTHING_TO_SAY_SECONDS = 0.1
"""Home Assistant caches a broken file of a reply without a chunk."""
_GONE_CHECK_SECONDS = 0.25
"""How often a client that sends no more is checked for being gone altogether."""
_TURN_SECONDS = 0.001
"""Longest that events of one client, being at hand, are acted upon without a rest: some 25 events."""
_REST_SECONDS = 0.003
"""Leaves a flood a quarter of the loop, about 6,000 events per second."""


@dataclass(frozen=True)
class SessionLimits:
    """What one connection may cost."""

    wire: WireLimits = field(default_factory=WireLimits)
    dialogue: dialogue.DialogueLimits = field(default_factory=dialogue.DialogueLimits)
    waiting_requests: int = 16
    """Utterances begun behind the one being spoken."""

    @classmethod
    def of(
        cls,
        *,
        text_chars: int,
        event_timeout_seconds: float,
        idle_seconds: float,
        write_timeout_seconds: float,
    ) -> SessionLimits:
        """The limits an owner sets; the others follow from the protocol."""
        return cls(
            wire=WireLimits(
                event_timeout_seconds=event_timeout_seconds,
                idle_seconds=idle_seconds,
                write_timeout_seconds=write_timeout_seconds,
            ),
            dialogue=dialogue.DialogueLimits(text_chars=text_chars, chunks=text_chars),
        )


class Session:
    """One client's connection, from accept to close."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        engine: SpeechEngine,
        limits: SessionLimits | None = None,
        *,
        volume: float = 1.0,
        delivery: SoundOptions | None = None,
        habits: TextOptions | None = None,
        share: Quota | None = None,
    ) -> None:
        """`volume` is a gain on what `delivery` asks for. `habits` are how texts are taken, `share` is what the
        client's address may ask."""
        self._limits = limits or SessionLimits()
        self._raw_reader = reader
        self._events = wire.EventReader(reader, self._limits.wire)
        self._out = wire.EventWriter(writer, self._limits.wire)
        self._engine = engine
        self._volume = volume
        self._delivery = delivery or SoundOptions()
        self._habits = habits or TextOptions()
        self._share = share or Quota()
        self._peer = _peer_name(writer)
        self._dialogue = dialogue.Dialogue(self._limits.dialogue)
        self._line: asyncio.Queue[Utterance | PeerError | None] = asyncio.Queue()
        self._unfinished: list[Utterance] = []
        self._open: Utterance | None = None
        self._in_hand: Utterance | None = None
        self._draining = False
        self._over = asyncio.Event()
        self._rested_at_seconds = 0.0

    def change(self, engine: SpeechEngine, volume: float, delivery: SoundOptions, habits: TextOptions) -> None:
        """From the next utterance on, let another engine speak, deliver it otherwise, and take texts otherwise."""
        self._engine, self._volume, self._delivery, self._habits = engine, volume, delivery, habits

    @property
    def speaking(self) -> bool:
        """Whether anything that was asked is not yet said."""
        return bool(self._unfinished)

    async def run(self) -> None:
        """Serve the client until it leaves, fails or this is cancelled.

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
            self._over.set()

    async def drain(self) -> None:
        """Finish the utterance in hand, refuse what comes after it, close; returns when that is done.

        The deadline is the caller's: cancelling `run` tells the client why the sound ends, then closes.
        """
        self._draining = True
        if self._in_hand is None:
            self._line.put_nowait(None)
        await self._over.wait()

    async def _serve(self) -> wire.ClosePolicy:
        """Converse to the end and tell the client of a bad one; returns how patiently to close."""
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
            return wire.WITH_ERROR
        except Exception as error:
            log_defect(self._peer, error)
            self._tell(error)
            return wire.WITH_ERROR
        finally:
            for asked in tuple(self._unfinished):
                self._finished(asked)
        return wire.CONTENT

    def _finished(self, asked: Utterance) -> None:
        self._unfinished.remove(asked)
        self._share.give_back()
        asked.close()

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
        self._line.put_nowait(None)
        while True:
            self._out.check()
            # A client that has closed looks like one that only sends no more, until something is sent to it.
            if fault is None and self._in_hand is not None and not self._in_hand.dropped:
                self._start_sound(self._in_hand)
            await asyncio.sleep(_GONE_CHECK_SECONDS)

    async def _take_events(self) -> PeerError | None:
        """Act on events until there are no more, or until the client did something wrong."""
        try:
            while (event := await self._next_event()) is not None:
                for action in self._dialogue.receive(event):
                    await self._act(action)
                await self._let_others()
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

    async def _let_others(self) -> None:
        # Events at hand are read without waiting. Only resting between turns, not yielding once, lets the many
        # steps of another's describe pass between those of a flood.
        turn_began_at_seconds = max(self._rested_at_seconds, self._events.received_at)
        if time.monotonic() - turn_began_at_seconds > _TURN_SECONDS:
            await asyncio.sleep(_REST_SECONDS)
            self._rested_at_seconds = time.monotonic()

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
                await self._answer(info.info_frame(self._engine.programs()))
            case dialogue.Ping(text):
                await self._answer(pong(text, self._engine.trouble()))
            case dialogue.Select(name):
                # Whoever speaks knows best why a program is not there.
                self._engine.resolve(VoiceRequest(), name)

    def _begin(self, begin: dialogue.Begin) -> None:
        if self._draining:
            raise ShuttingDownError
        if len(self._unfinished) > self._limits.waiting_requests:
            raise BusyError(f"A connection may have {self._limits.waiting_requests} utterances waiting.")
        by_text, likely = self._habits.language_from_text, self._habits.likely_languages
        role = UtteranceVoices(
            self._engine, begin.request, begin.program, language_from_text=by_text, likely_languages=likely
        )
        manuscript = TextStream(begin.text_format, self._habits)
        self._share.take()
        self._open = Utterance(
            self._engine,
            role,
            self._delivery,
            PcmStream(self._volume),
            manuscript,
            quiet_seconds=self._habits.quiet_seconds,
            streamed=begin.streamed,
            timed=begin.timed,
        )
        self._unfinished.append(self._open)
        self._line.put_nowait(self._open)

    async def _answer(self, event: Event | bytes) -> None:
        self._out.put(event)
        await self._out.flush()

    def _fail(self, error: PeerError) -> None:
        """Have the error told in its turn: by the utterance it spoils, else after all that is waiting."""
        if self._open is not None:
            self._open.cancel(error)
            self._open = None
        else:
            self._line.put_nowait(error)

    # The speaker -----------------------------------------------------------------------------------------

    async def _speak_all(self) -> None:
        while not (self._draining and self._line.empty()):
            asked = await self._line.get()
            if asked is None:
                return
            if isinstance(asked, PeerError):
                raise asked
            if self._draining:
                raise ShuttingDownError
            self._in_hand = asked
            await self._speak(asked)
            self._in_hand = None
            self._finished(asked)

    async def _speak(self, asked: Utterance) -> None:
        try:
            await self._say_all(asked)
        except PeerError:
            # What was rightly asked is heard to its end.
            await self._send(asked, asked.pcm.finish())
            raise
        await self._end_sound(asked)

    async def _say_all(self, asked: Utterance) -> None:
        while (sentence := await asked.next_sentence()) is not None:
            assert asked.place is not None, "the first text takes it"
            await asyncio.sleep(0)  # finding a sentence takes up to 12 ms, and the engine may have nothing to say
            if isinstance(sentence, Pause):
                asked.joiner.pause(sentence.seconds)
            else:
                await self._say(asked, asked.place, sentence)
        if asked.failure is not None:
            raise asked.failure

    async def _say(self, asked: Utterance, place: EngineSlot, sentence: Sentence) -> None:
        voice = asked.role.voice_of(sentence)
        gain = np.float32(sentence.gain * asked.delivery.gain(voice.loudness_lufs))
        clock = Clock() if asked.timed else None
        await self._send(asked, asked.pcm.add(asked.joiner.pause_so_far()))
        async with contextlib.aclosing(place.speak(sentence, voice, clock)) as sound:
            async for samples in sound:
                if asked.dropped:
                    break
                given = asked.joiner.add(samples)
                self._tell_words(asked, clock)
                await self._send(asked, asked.pcm.add(given * gain))
        await self._send(asked, asked.pcm.add(asked.joiner.end() * gain))

    def _tell_words(self, asked: Utterance, clock: Clock | None) -> None:
        """Send what has become known of words, before the sound that they are in."""
        at_seconds = asked.joiner.sentence_at_seconds
        if clock is None or at_seconds is None:
            return
        if words := [word.later(at_seconds) for word in clock.fresh()]:
            self._start_sound(asked)
            self._out.put(word_timings(words))

    async def _end_sound(self, asked: Utterance) -> None:
        if not asked.dropped:
            await self._send(asked, asked.pcm.add(asked.joiner.finish()))
        if not asked.dropped and not asked.pcm.seconds:
            await self._send(asked, asked.pcm.add(silence(_NOTHING_TO_SAY_SECONDS)))
        await self._send(asked, asked.pcm.finish())
        if asked.sound_started:
            self._out.put(asked.pcm.stop().event())
        if asked.dropped:
            return
        if asked.streamed:
            self._out.put(SynthesizeStopped().event())
        asked.log(self._peer)

    async def _send(self, asked: Utterance, chunks: Iterable[AudioChunk]) -> None:
        for chunk in chunks:
            self._start_sound(asked)
            self._out.put(chunk.event())
            if asked.place is not None:
                asked.place.delivered(chunk.seconds)
            asked.sound_at_seconds = asked.sound_at_seconds or time.monotonic()
            # Here the engine rests while the client does not read: its next window is not asked for before.
            await self._out.flush()

    def _start_sound(self, asked: Utterance) -> None:
        if not asked.sound_started:
            asked.sound_started = True
            self._out.put(asked.pcm.start().event())


def _peer_name(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return f"{peer[0]} port {peer[1]}" if isinstance(peer, tuple) else "local client"
