"""One utterance as it was asked, as far as its text has come: where the reader leaves and the speaker takes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from kokoro_wyoming.audio import PcmStream
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.speech import SpeechEngine, SpokenVoice, Utterance


@dataclass(eq=False)
class Asked:
    """One utterance, as far as its text has come."""

    voice: SpokenVoice
    streamed: bool
    pcm: PcmStream
    sentences: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    place: Utterance | None = None
    dropped: bool = False
    failure: PeerError | None = None
    sound_started: bool = False
    chars: int = 0
    text_at_seconds: float = 0.0
    sound_at_seconds: float = 0.0

    def say(self, sentence: str, engine: SpeechEngine) -> None:
        """Lay the next sentence before the speaker; the first takes a place with the engine (BusyError)."""
        if self.place is None:
            self.place = engine.utterance()
            self.text_at_seconds = time.monotonic()
        self.chars += len(sentence)
        self.sentences.put_nowait(sentence)

    def complete(self) -> None:
        """There is no more text."""
        self.sentences.put_nowait(None)

    def drop(self, because: PeerError | None) -> None:
        """Say no more of it."""
        self.dropped, self.failure = True, because
        self.complete()

    def close(self) -> None:
        """Give up its place."""
        if self.place is not None:
            self.place.close()

    async def next_sentence(self) -> str | None:
        """The next sentence, as soon as it is there; None after the last, or when dropped."""
        sentence = None if self.dropped else await self.sentences.get()
        return None if self.dropped else sentence
