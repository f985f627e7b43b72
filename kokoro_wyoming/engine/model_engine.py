"""Has the model speak for many listeners in turns, each with the voice that `selection` chose."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kokoro_wyoming.audio.pcm import seconds_of
from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import BusyError, StuckError
from kokoro_wyoming.network.inference import OutputOptions
from kokoro_wyoming.pronunciation.lexicon import Lexicon
from kokoro_wyoming.pronunciation.pronounce import pronounce
from kokoro_wyoming.scheduler import Listener
from kokoro_wyoming.text.sentences import Sentence, plain
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceOptions, VoiceRequest
from kokoro_wyoming.voices.loudness import VoiceLoudness
from kokoro_wyoming.voices.packs import Held
from kokoro_wyoming.voices.selection import VoiceSelector

_LOGGER = logging.getLogger(__name__)

_HOPELESS_SECONDS = 20.0
"""Where a listener waits for so long to be begun with, the next had better ask again or elsewhere."""

_WARM_UP_TEXT = {
    "en-US": "Ready to speak.",
    "en-GB": "Ready to speak.",
    "es-ES": "Todo está listo.",
    "fr-FR": "Tout est prêt.",
    "hi-IN": "सब तैयार है।",
    "it-IT": "Tutto è pronto.",
    "ja-JP": "準備ができました。",
    "pt-BR": "Tudo está pronto.",
    "zh-CN": "准备好了。",
}


class Engine:
    """The voices of one `ModelManager`, for every session at once."""

    def __init__(
        self,
        manager: ModelManager,
        catalogues: Sequence[Catalogue],
        *,
        weights: Mapping[str, str],
        choices: VoiceOptions | None = None,
        lexicon: Lexicon | None = None,
        cuts_silence: bool = True,
        max_utterances: int = 64,
        stuck_seconds: float = 60.0,
    ) -> None:
        """`catalogues` are those of the installed releases, the default one first; `weights` says which weights run,
        `lexicon` how the owner wants words read. Silence around sentences is not made where it would only be cut off.

        Raises UnknownVoiceError and its like when a voice that the owner chose is not there: better refused at the
        start than at the first word.
        """
        self._manager = manager
        self._choices = choices or VoiceOptions()
        self._cuts_silence = cuts_silence
        self._max_utterances = max_utterances
        self._stuck_seconds = stuck_seconds
        self._lexicon = lexicon or Lexicon()
        self._utterances = 0
        self._levels = VoiceLoudness()
        self._cast = VoiceSelector(catalogues, weights, self._choices)
        self._cast.check()
        self._warn_of({})

    def update(self, catalogues: Sequence[Catalogue], weights: Mapping[str, str]) -> None:
        """Offer other voices from now on; what is being said is said to its end."""
        before, self._cast = self._cast, VoiceSelector(catalogues, weights, self._choices)
        # Other ones, as who has begun with a voice that has changed learns of it as it was.
        self._levels = VoiceLoudness()
        self._warn_of(before.refused)

    def _warn_of(self, known: Mapping[str, str]) -> None:
        for name, reason in self._cast.refused.items():
            if known.get(name) != reason:
                _LOGGER.warning("The voice %s of your own is not offered: %s", name, reason)

    def programs(self) -> tuple[ProgramDescription, ...]:
        """What describe offers, the default program first."""
        return self._cast.programs

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        """Choose voice, language and release for a request; see `VoiceSelector.resolve`."""
        voice = self._cast.resolve(request, program)
        return replace(voice, loudness_lufs=self._levels.of(voice.version, voice.name))

    def utterance(self, *, patient: bool = False) -> EngineUtterance:
        """Take a place for one utterance; BusyError when the house is full, StuckError while nothing is spoken.

        A patient one takes no place, and its turn comes while nobody else wants one.
        """
        trouble = self.trouble()
        if trouble is not None:
            raise StuckError(f"Nothing can be spoken: {trouble}.")
        if patient:
            return self._place(lambda: None, Listener(due=math.inf))
        if self._utterances >= self._max_utterances:
            raise BusyError(f"{self._utterances} utterances are already being spoken or waiting; try again later.")
        waited_seconds = self._manager.thread.longest_wait_seconds
        if waited_seconds > _HOPELESS_SECONDS:
            raise BusyError(f"Somebody waits for their first word for {waited_seconds:.0f} s already; try again later.")
        self._utterances += 1
        return self._place(self._leave, Listener())

    def _place(self, leave: Callable[[], None], listener: Listener) -> EngineUtterance:
        return EngineUtterance(
            self._manager, self._lexicon, self._levels, leave, listener, cuts_silence=self._cuts_silence
        )

    def trouble(self) -> str | None:
        """Why nothing can be spoken at present; None when all is well."""
        seconds = self._manager.thread.turn_seconds
        if seconds < self._stuck_seconds:
            return None
        return f"the model has not come back from its work for {seconds:.0f} seconds"

    async def warm_up(self) -> None:
        """Speak a few words to nobody in each language the owner chose, so that no listener waits for caches."""
        chosen = [self.resolve(VoiceRequest())]
        chosen += [self.resolve(VoiceRequest(language=language)) for language in self._choices.voices]
        for voice in dict.fromkeys(chosen):
            utterance = self.utterance()
            try:
                async for _ in utterance.speak(plain(_WARM_UP_TEXT[voice.language]), voice):
                    pass
            finally:
                utterance.close()

    def _leave(self) -> None:
        self._utterances -= 1


class EngineUtterance:
    """One listener's place among the others."""

    def __init__(
        self,
        manager: ModelManager,
        lexicon: Lexicon,
        levels: VoiceLoudness,
        leave: Callable[[], None],
        listener: Listener,
        *,
        cuts_silence: bool,
    ) -> None:
        self._manager = manager
        self._lexicon = lexicon
        self._levels = levels
        self._leave: Callable[[], None] | None = leave
        self._listener = listener
        self._cuts_silence = cuts_silence
        self._held: defaultdict[str, Held] = defaultdict(dict)
        """By release: a file that changes, or goes, changes nothing of what is being said."""

    async def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[NDArray[np.float32], None]:
        """Yield a sentence's sound as it is made: float32, shape (n_samples,), 24 kHz."""
        async with self._manager.in_use(voice.version) as model:

            def steps() -> Iterator[Tensor | None]:
                runs = pronounce(sentence.runs, voice.language, model, self._lexicon)
                # Who has sound already is served no later, and where others wait less work serves all sooner.
                can_wait = self._listener.ahead_seconds > 0 or self._manager.thread.others_wait(self._listener)
                serving = OutputOptions(self._cuts_silence, large_windows=can_wait)
                held = self._held[voice.version]
                return model.pieces(runs, voice.name, voice.language, voice.speed, clock, serving, held)

            sound = self._manager.thread.stream(
                steps,
                listener=self._listener,
                seconds_of=seconds_of,
            )
            heard: list[NDArray[np.float32]] | None = [] if self._levels.wants(voice) else None
            async with contextlib.aclosing(sound):
                async for piece in sound:
                    samples = piece.numpy()
                    if heard is not None:
                        heard.append(samples)
                    yield samples
            if heard:
                await asyncio.to_thread(self._levels.learn, voice, np.concatenate(heard))

    def delivered(self, seconds: float) -> None:
        """Remember that so much sound is on its way to the listener."""
        self._listener.delivered(seconds)

    def close(self) -> None:
        """Leave the queue; a second time does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
