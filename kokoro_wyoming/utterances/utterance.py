"""One utterance as it was asked, as far as its text has come: the reader brings text, the speaker takes sentences."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

from kokoro_wyoming.audio.joining import MAX_SILENCE_SECONDS, Joiner, SoundOptions
from kokoro_wyoming.audio.pcm import PcmStream
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.text.sentences import Pause, Sentence
from kokoro_wyoming.text.text_stream import TextStream
from kokoro_wyoming.utterances.interface import EngineSlot, SpeechEngine
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import SpokenVoice

_LOGGER = logging.getLogger(__name__)

_SLICE_CHARS = 50
"""Split in one step: some 0.2 ms, 2 where text is made to take long. In a turn of the loop each text has a step."""


class Utterance:
    """One utterance of one client.

    Text is split when the speaker wants the next sentence and not before: splitting the longest text takes most of
    a second, which nobody should have to wait for, least of all for a listener who leaves after its first words. Text
    without a sentence, such as nothing but markup, is taken in slices, with turns for everyone else between them.
    """

    def __init__(
        self,
        engine: SpeechEngine,
        role: UtteranceVoices,
        delivery: SoundOptions,
        pcm: PcmStream,
        manuscript: TextStream,
        *,
        quiet_seconds: float | None = None,
        streamed: bool = False,
        timed: bool = False,
    ) -> None:
        """`engine` and `delivery` are kept to its end, whatever the settings become meanwhile.

        After `quiet_seconds` without new text a sentence that is complete is given; None waits for what follows it.
        """
        self._engine = engine
        self._quiet_seconds = quiet_seconds
        self.role = role
        self.delivery = delivery
        self.joiner = Joiner(delivery)
        self.timed = timed
        """The client wants to know when each word is heard."""
        self.pcm = pcm
        self.streamed = streamed
        self.place: EngineSlot | None = None
        """With the engine; none is needed while there is no text."""
        self.dropped = False
        """Nothing more of it is to be said."""
        self.failure: PeerError | None = None
        """What the client is to be told in its place, if anything."""
        self.chars = 0
        """Given to the speaker so far."""
        self.sayable_at_seconds = 0.0
        """Monotonic: when the first sentence's text had come whole; 0 before."""
        self.sound_started = False
        """The client has been told the format."""
        self.sound_at_seconds = 0.0
        """Monotonic: when the first chunk was sent."""
        self._arrived: asyncio.Queue[tuple[float, str | None]] = asyncio.Queue()
        self._manuscript = manuscript
        self._slices: Iterator[str] = iter(())
        """Of the text that arrived last, what was not yet split."""
        self._sentences: Iterator[Sentence | Pause] = iter(())
        self._arrived_at_seconds = 0.0
        """Monotonic: when the text that was taken last had come."""
        self._complete = False

    @property
    def voice(self) -> SpokenVoice:
        """Whoever speaks where the text asks for nobody else."""
        return self.role.voice

    def add(self, text: str) -> None:
        """More text has come; the first takes a place with the engine (BusyError)."""
        if self.place is None and text and not text.isspace():
            self.place = self._engine.utterance()
        self._arrived.put_nowait((time.monotonic(), text))

    def finish(self) -> None:
        """All text has come."""
        self._arrived.put_nowait((time.monotonic(), None))

    def cancel(self, because: PeerError | None) -> None:
        """Say no more of it."""
        self.dropped, self.failure = True, because
        self.finish()

    def close(self) -> None:
        """Give up its place."""
        if self.place is not None:
            self.place.close()

    def log(self, peer: str) -> None:
        """Write one line about what was spoken, without its text; and one more if silence was left out."""
        if self.joiner.left_out_seconds:
            _LOGGER.warning(
                "%s: %.0f s of silence were left out: pauses that stand together may last %.0f s",
                *(peer, self.joiner.left_out_seconds, MAX_SILENCE_SECONDS),
            )
        _LOGGER.info(
            "%s: spoke %d characters as %s (%s): %.1f s of sound, the first after %.2f s",
            *(peer, self.chars, self.voice.name, self.voice.language, self.pcm.seconds),
            self.sound_at_seconds - self.sayable_at_seconds if self.chars else 0.0,
        )

    async def next_sentence(self) -> Sentence | Pause | None:
        """The next sentence or pause as soon as it is certain; None after the last, or once dropped.

        PeerError where the text's markup is wrong.
        """
        while not self.dropped:
            sentence = next(self._sentences, None)
            if sentence is not None:
                if isinstance(sentence, Sentence):
                    self._note_sayable()
                    self.chars += len(sentence.text)
                    self.joiner.begin(sentence.text, paragraph=self._manuscript.begins_paragraph)
                return sentence
            if self._complete:
                return None
            await self._next_text()
        return None

    async def _next_text(self) -> None:
        """Take the next text; or what is complete of the one before, once nothing has come for a while."""
        text = next(self._slices, None)
        if text is not None:
            await asyncio.sleep(0)
            self._sentences = self._manuscript.add(text)
            return
        try:
            self._arrived_at_seconds, text = await self._arrival()
        except asyncio.TimeoutError:
            self._sentences = self._manuscript.settle()
            return
        if text is None:
            self._complete, self._sentences = True, self._manuscript.finish()
        else:
            self._slices = (text[at : at + _SLICE_CHARS] for at in range(0, len(text) or 1, _SLICE_CHARS))

    async def _arrival(self) -> tuple[float, str | None]:
        """The next text and when it came; TimeoutError if a sentence is complete and nothing comes for a while."""
        if not self._manuscript.is_complete:
            return await self._arrived.get()
        self._note_sayable()
        if self._quiet_seconds is None:
            return await self._arrived.get()
        until_seconds = self._arrived_at_seconds + self._quiet_seconds
        return await asyncio.wait_for(self._arrived.get(), max(0.0, until_seconds - time.monotonic()))

    def _note_sayable(self) -> None:
        self.sayable_at_seconds = self.sayable_at_seconds or self._arrived_at_seconds
