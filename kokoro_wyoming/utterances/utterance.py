"""One utterance: its text comes in as the client sends it, its sound goes out as it is made."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Iterator

import numpy as np

from kokoro_wyoming.audio.joining import MAX_SILENCE_SECONDS, Joiner, Samples
from kokoro_wyoming.audio.pcm import PcmStream, seconds_of_pcm, silence
from kokoro_wyoming.audio.word_times import Clock, WordTime
from kokoro_wyoming.errors import PeerError, TextTooLongError
from kokoro_wyoming.text.sentences import Pause, Sentence
from kokoro_wyoming.text.text_stream import TextStream
from kokoro_wyoming.utterances.incoming_text import IncomingText
from kokoro_wyoming.utterances.interface import EngineSlot, SpeechEngine
from kokoro_wyoming.utterances.measures import Gaps, Measures, Observer, Outcome, outcome_of
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.requests import SpeechOptions, SpeechRequest
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import SpokenVoice

_LOGGER = logging.getLogger(__name__)

_NOTHING_TO_SAY_SECONDS = 0.1
"""Length of the sound of a text without a word: Home Assistant caches a broken file of a reply without sound."""


class Utterance:
    """One utterance of one client: `add` and `finish` take its text, `pieces` gives its sound."""

    def __init__(
        self,
        engine: SpeechEngine,
        request: SpeechRequest,
        options: SpeechOptions,
        *,
        client: str,
        quota: Quota,
        face: str,
        observer: Observer,
    ) -> None:
        """`engine` and `options` stay the same to the end of the utterance, whatever the settings become meanwhile.

        `observer` gets the measures when the utterance is closed.

        Raises as `SpeechEngine.resolve`, and BusyError where the quota is used up.
        """
        self._engine = engine
        self._options = options
        self._client = client
        self._volume = request.volume
        self._is_fetched = request.fetched
        self._wants_word_times = request.word_times
        self._voices = UtteranceVoices(engine, request.voice, request.program, options.text, speed=request.speed)
        stream = TextStream(request.text_format, options.text)
        self._text = IncomingText(stream, options.text.quiet_seconds)
        self._chars_left = options.max_chars
        self._joiner = Joiner(options.sound)
        self._pcm = PcmStream()
        self._slot: EngineSlot | None = None
        """The place with the engine; None while there is no text."""
        self._failure: PeerError | None = None
        """What `pieces` raises in place of the rest."""
        self._sound_at_seconds = 0.0
        """Monotonic time when the first sound was given; 0 before."""
        self.characters = 0
        """Characters of the sentences that were spoken so far."""
        self._face = face
        self._observer: Observer | None = observer
        """None once this utterance is closed."""
        self._outcome: Outcome | None = None
        """What was settled first; None until then."""
        self._gaps = Gaps()
        quota.take()
        self._quota = quota

    @property
    def voice(self) -> SpokenVoice:
        """The voice that speaks where the text asks for no other."""
        return self._voices.voice

    @property
    def is_cancelled(self) -> bool:
        """Whether the rest of the utterance is not to be spoken."""
        return self._text.is_cancelled

    @property
    def seconds(self) -> float:
        """Length of the sound that `pieces` gave so far."""
        return self._pcm.seconds

    @property
    def first_sound_seconds(self) -> float:
        """Time from the complete first sentence to the first sound; 0 while there is none."""
        sayable_at_seconds = self._text.sayable_at_seconds
        if not (sayable_at_seconds and self._sound_at_seconds):
            return 0.0
        return self._sound_at_seconds - sayable_at_seconds

    # Text in

    def add(self, text: str) -> None:
        """Take more text. An empty text counts as one character, so that no client sends empty texts for ever.

        Raises TextTooLongError, and BusyError or StuckError as `SpeechEngine.utterance`.
        """
        with self._noting_errors():
            self._chars_left -= len(text) or 1
            if self._chars_left < 0:
                raise TextTooLongError(
                    f"One utterance may have {self._options.max_chars:,} characters; send the text in parts."
                )
            if self._slot is None and text and not text.isspace():
                self._slot = self._engine.utterance(fetched=self._is_fetched)
        self._text.add(text)

    def finish(self) -> None:
        """All text has come."""
        self._text.finish()

    def cancel(self, because: PeerError | None = None) -> None:
        """Do not speak the rest; `pieces` raises `because` after the sound that was made."""
        self._failure = because
        if because is not None:
            self._settle(outcome_of(because))
        self._text.cancel()

    def close(self) -> None:
        """Give back the place with the engine and the share of the quota, and hand over the measures.

        A second time does nothing.
        """
        observer, self._observer = self._observer, None
        if observer is None:
            return
        if self._slot is not None:
            self._slot.close()
        self._quota.give_back()
        observer(self._measures())

    # Sound out

    async def pieces(self) -> AsyncGenerator[bytes | list[WordTime], None]:
        """Yield the sound as it is made, in PCM as `audio.pcm` says, 50 ms in each piece but the last.

        Where the client asked for word times, those of a piece come before it. While the caller does not take the next
        piece, the engine soon rests. A PeerError is raised after the sound of all text before the mistake; other errors
        of the engine are raised at once.
        """
        failure: PeerError | None = None
        try:
            with self._noting_errors():
                async with contextlib.aclosing(self._sound()) as sound:
                    async for made in sound:
                        if isinstance(made, list):
                            yield made
                            continue
                        for pcm in self._pcm.add(made):
                            self._note_delivered(pcm)
                            yield pcm
        except PeerError as error:
            failure = error
        for pcm in self._pcm.finish():
            self._note_delivered(pcm)
            yield pcm
        if failure is not None:
            raise failure
        if not self.is_cancelled:
            self._settle("spoken")
            self._log()

    async def _sound(self) -> AsyncGenerator[Samples | list[WordTime], None]:
        """Yield all samples of the utterance with their gain, and the word times."""
        while (sentence := await self._text.next_sentence()) is not None:
            await asyncio.sleep(0)  # finding a sentence takes up to 12 ms, and the engine may have nothing to say
            if isinstance(sentence, Pause):
                self._joiner.pause(sentence.seconds)
                continue
            async with contextlib.aclosing(self._spoken(sentence)) as sound:
                async for made in sound:
                    yield made
        if self._failure is not None:
            raise self._failure
        if self.is_cancelled:
            return
        yield self._joiner.finish()
        if not self._pcm.seconds:
            yield silence(_NOTHING_TO_SAY_SECONDS)

    async def _spoken(self, sentence: Sentence) -> AsyncGenerator[Samples | list[WordTime], None]:
        assert self._slot is not None, "the first text takes it"
        self.characters += len(sentence.text)
        self._joiner.begin(sentence.text, paragraph=self._text.begins_paragraph)
        voice = self._voices.voice_of(sentence)
        gain = np.float32(self._volume * sentence.gain * self._options.sound.gain(voice.loudness_lufs))
        clock = Clock() if self._wants_word_times else None
        yield self._joiner.pause_so_far()
        async with contextlib.aclosing(self._slot.speak(sentence, voice, clock)) as sound:
            asked_at_seconds = time.monotonic()
            async for samples in sound:
                self._gaps.waited(asked_at_seconds)
                if self.is_cancelled:
                    break
                joined = self._joiner.add(samples)
                if words := self._known_words(clock):
                    yield words
                yield joined * gain
                asked_at_seconds = time.monotonic()
            self._gaps.waited(asked_at_seconds)
        yield self._joiner.end() * gain

    def _known_words(self, clock: Clock | None) -> list[WordTime]:
        """The words whose times are known now and were not before, in seconds from the utterance's first sample."""
        at_seconds = self._joiner.sentence_at_seconds
        if clock is None or at_seconds is None:
            return []
        return [word.later(at_seconds) for word in clock.fresh()]

    def _note_delivered(self, pcm: bytes) -> None:
        self._sound_at_seconds = self._sound_at_seconds or time.monotonic()
        seconds = seconds_of_pcm(pcm)
        self._gaps.given(seconds)
        if self._slot is not None:
            self._slot.delivered(seconds)

    # What it notes about itself

    @contextlib.contextmanager
    def _noting_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._settle(outcome_of(error))
            raise

    def _settle(self, outcome: Outcome) -> None:
        self._outcome = self._outcome or outcome

    def _measures(self) -> Measures:
        work = None if self._slot is None else self._slot.work
        return Measures(
            self._face,
            self._outcome or "cancelled",
            self.voice,
            characters=self.characters,
            sound_seconds=self._gaps.sound_seconds,
            first_sound_seconds=self.first_sound_seconds or None,
            queue_wait_seconds=work.waited_seconds if work else None,
            worked_seconds=work.worked_seconds if work else 0.0,
            made_seconds=work.made_seconds if work else 0.0,
            gaps=self._gaps.number,
            gap_seconds=self._gaps.seconds,
        )

    def _log(self) -> None:
        """Write one line about what was spoken, without its text; and one more if silence was left out."""
        if self._joiner.left_out_seconds:
            _LOGGER.warning(
                "%s: %.0f s of silence were left out: pauses that stand together may last %.0f s",
                *(self._client, self._joiner.left_out_seconds, MAX_SILENCE_SECONDS),
            )
        _LOGGER.info(
            "%s: spoke %d characters as %s (%s): %.1f s of sound, the first after %.2f s",
            *(self._client, self.characters, self.voice.name, self.voice.language, self.seconds),
            self.first_sound_seconds,
        )
