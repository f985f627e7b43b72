"""One utterance as it was asked, as far as its text has come: the reader brings text, the speaker takes sentences."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from kokoro_wyoming.audio import PcmStream
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.joining import Joiner
from kokoro_wyoming.manuscript import Manuscript
from kokoro_wyoming.roles import Role
from kokoro_wyoming.script import Pause, Sentence
from kokoro_wyoming.speech import SpeechEngine, SpokenVoice, Utterance

_SLICE_CHARS = 50
"""Split in one step: some 0.2 ms, 2 where text is made to take long. In a turn of the loop each text has a step."""


class Asked:
    """One utterance of one client.

    Text is split when the speaker wants the next sentence and not before: splitting the longest text takes most of
    a second, which nobody should have to wait for, least of all for a listener who leaves after its first words. Text
    without a sentence, such as nothing but markup, is taken in slices, with turns for everyone else between them.
    """

    def __init__(
        self, role: Role, joiner: Joiner, pcm: PcmStream, manuscript: Manuscript, *, streamed: bool, timed: bool = False
    ) -> None:
        self.role = role
        self.joiner = joiner
        self.timed = timed
        """The client wants to know when each word is heard."""
        self.pcm = pcm
        self.streamed = streamed
        self.place: Utterance | None = None
        """With the engine; none is needed while there is no text."""
        self.dropped = False
        """Nothing more of it is to be said."""
        self.failure: PeerError | None = None
        """What the client is to be told in its place, if anything."""
        self.chars = 0
        """Given to the speaker so far."""
        self.sayable_at_seconds = 0.0
        """Monotonic: when the first sentence's text had come."""
        self.sound_started = False
        """The client has been told the format."""
        self.sound_at_seconds = 0.0
        """Monotonic: when the first chunk was sent."""
        self._arrived: asyncio.Queue[tuple[float, str | None]] = asyncio.Queue()
        self._manuscript = manuscript
        self._slices: Iterator[str] = iter(())
        """Of the text that arrived last, what was not yet split."""
        self._sentences: Iterator[Sentence | Pause] = iter(())
        self._complete = False

    @property
    def voice(self) -> SpokenVoice:
        """Whoever speaks where the text asks for nobody else."""
        return self.role.voice

    def bring(self, text: str, engine: SpeechEngine) -> None:
        """More text has come; the first takes a place with the engine (BusyError)."""
        if self.place is None and text and not text.isspace():
            self.place = engine.utterance()
        self._arrived.put_nowait((time.monotonic(), text))

    def complete(self) -> None:
        """All text has come."""
        self._arrived.put_nowait((time.monotonic(), None))

    def drop(self, because: PeerError | None) -> None:
        """Say no more of it."""
        self.dropped, self.failure = True, because
        self.complete()

    def close(self) -> None:
        """Give up its place."""
        if self.place is not None:
            self.place.close()

    async def next_sentence(self) -> Sentence | Pause | None:
        """The next sentence or pause as soon as it is certain; None after the last, or once dropped.

        PeerError where the text's markup is wrong.
        """
        while not self.dropped:
            sentence = next(self._sentences, None)
            if sentence is not None:
                if isinstance(sentence, Sentence):
                    self.chars += len(sentence.text)
                    self.joiner.begin(sentence.text, paragraph=self._manuscript.begins_paragraph)
                return sentence
            if self._complete:
                return None
            await self._next_text()
        return None

    async def _next_text(self) -> None:
        text = next(self._slices, None)
        if text is not None:
            await asyncio.sleep(0)
            self._sentences = self._manuscript.add(text)
            return
        arrived_at_seconds, text = await self._arrived.get()
        if not self.chars:
            self.sayable_at_seconds = arrived_at_seconds
        if text is None:
            self._complete, self._sentences = True, self._manuscript.finish()
        else:
            self._slices = (text[at : at + _SLICE_CHARS] for at in range(0, len(text) or 1, _SLICE_CHARS))
