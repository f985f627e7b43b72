"""Chooses the voice for a request, and has the model speak for many listeners in turns."""

from __future__ import annotations

import contextlib
import difflib
import logging
import math
from collections.abc import AsyncGenerator, Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.errors import BusyError, StuckError, UnknownLanguageError, UnknownVoiceError
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.model_manager import ModelManager
from kokoro_wyoming.releases import match_version
from kokoro_wyoming.speech import (
    SAMPLE_RATE_HZ,
    ProgramDescription,
    SpokenVoice,
    VoiceRequest,
)
from kokoro_wyoming.turns import Listener
from kokoro_wyoming.voices import Catalogue

_LOGGER = logging.getLogger(__name__)

PROGRAM_NAMES = {"v1.0": "Kokoro"}
"""Home Assistant builds its unique ids from these: never change one."""

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
        catalogue: Catalogue,
        *,
        weights: str,
        language: str = "en-US",
        voice: str | None = None,
        voices: Mapping[str, str] | None = None,
        speed: float = 1.0,
        max_utterances: int = 64,
        stuck_seconds: float = 60.0,
    ) -> None:
        """`weights` says which weights run; `voices` are the owner's choices by language tag, `voice` for none."""
        self._manager = manager
        self._catalogue = catalogue
        self._weights = weights
        self._default_language = language
        self._default_voice = voice
        self._voices = dict(voices or {})
        self._speed = speed
        self._max_utterances = max_utterances
        self._stuck_seconds = stuck_seconds
        self._utterances = 0
        self._programs = (self._describe(),)
        self._check_defaults()

    def programs(self) -> tuple[ProgramDescription, ...]:
        """What describe offers."""
        return self._programs

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        """Choose voice, language and release for a request.

        A voice's own language is spoken unless another is asked for; a language alone is spoken by the owner's voice
        for it, or its best; nothing at all is the owner's default. Raises UnknownVoiceError, UnknownLanguageError or
        UnknownVersionError.
        """
        version = self._version_of(program)
        language = self._language_of(request.language)
        if request.name:
            name = self._voice_called(request.name)
            return SpokenVoice(version, name, language or self._own_language(name), self._speed)
        if language is None and self._default_voice:
            name = self._default_voice
            return SpokenVoice(version, name, self._own_language(name), self._speed)
        language = language or self._default_language
        return SpokenVoice(version, self._voice_for(language), language, self._speed)

    def utterance(self, *, patient: bool = False) -> EngineUtterance:
        """Take a place for one utterance; BusyError when the house is full, StuckError while nothing is spoken.

        A patient one takes no place, and its turn comes while nobody else wants one.
        """
        trouble = self.trouble()
        if trouble is not None:
            raise StuckError(f"Nothing can be spoken: {trouble}.")
        if patient:
            return EngineUtterance(self._manager, lambda: None, Listener(due=math.inf))
        if self._utterances >= self._max_utterances:
            raise BusyError(f"{self._utterances} utterances are already being spoken or waiting; try again later.")
        self._utterances += 1
        return EngineUtterance(self._manager, self._leave, Listener())

    def trouble(self) -> str | None:
        """Why nothing can be spoken at present; None when all is well."""
        seconds = self._manager.thread.turn_seconds
        if seconds < self._stuck_seconds:
            return None
        return f"the model has not come back from its work for {seconds:.0f} seconds"

    async def warm_up(self) -> None:
        """Speak a few words to nobody in each language the owner chose, so that no listener waits for caches."""
        chosen = [self.resolve(VoiceRequest())]
        chosen += [self.resolve(VoiceRequest(language=language)) for language in self._voices]
        for voice in dict.fromkeys(chosen):
            utterance = self.utterance()
            try:
                async for _ in utterance.speak(_WARM_UP_TEXT[voice.language], voice):
                    pass
            finally:
                utterance.close()

    def _leave(self) -> None:
        self._utterances -= 1

    def _describe(self) -> ProgramDescription:
        version = self._catalogue.version
        return ProgramDescription(
            name=PROGRAM_NAMES[version],
            description=f"Kokoro {version} ({self._weights})",
            version=version,
            voices=self._catalogue.voices,
        )

    def _check_defaults(self) -> None:
        """What the owner chose exists: better refused at the start than at the first word."""
        for name in filter(None, (self._default_voice, *self._voices.values())):
            self._voice_called(name)

    def _version_of(self, program: str | None) -> str:
        if program is None or program == PROGRAM_NAMES[self._catalogue.version]:
            return self._catalogue.version
        return match_version(program)

    def _language_of(self, spelling: str | None) -> str | None:
        if not spelling:
            return None
        language = match_language(spelling)
        if language is None or language not in self._catalogue.languages():
            spoken = ", ".join(self._catalogue.languages())
            raise UnknownLanguageError(f"The language {spelling[:40]!r} is not spoken here; there is {spoken}.")
        return language

    def _voice_called(self, name: str) -> str:
        if self._catalogue.has(name):
            return name
        names = [voice.name for voice in self._catalogue.voices]
        near = difflib.get_close_matches(name[:40].lower(), names, n=1)
        hint = f"did you mean {near[0]}?" if near else "`kokoro-wyoming voices` lists them."
        raise UnknownVoiceError(f"There is no voice {name[:40]!r} in Kokoro {self._catalogue.version}; {hint}")

    def _own_language(self, name: str) -> str:
        return next(voice.languages[0] for voice in self._catalogue.voices if voice.name == name)

    def _voice_for(self, language: str) -> str:
        name = self._voices.get(language) or self._catalogue.best_voice(language)
        if name is None:
            raise UnknownLanguageError(f"No voice for {language} is installed; run `kokoro-wyoming fetch`.")
        return name


class EngineUtterance:
    """One listener's place among the others."""

    def __init__(self, manager: ModelManager, leave: Callable[[], None], listener: Listener) -> None:
        self._manager = manager
        self._leave: Callable[[], None] | None = leave
        self._listener = listener

    async def speak(self, sentence: str, voice: SpokenVoice) -> AsyncGenerator[NDArray[np.float32], None]:
        """Yield a sentence's sound as it is made: float32, shape (n_samples,), 24 kHz."""
        model = await self._manager.get_model(voice.version)
        sound = self._manager.thread.stream(
            lambda: model.pieces(sentence, voice.name, voice.language, voice.speed),
            listener=self._listener,
            seconds_of=lambda piece: len(piece) / SAMPLE_RATE_HZ,
        )
        async with contextlib.aclosing(sound):
            async for piece in sound:
                yield piece.numpy()

    def close(self) -> None:
        """Leave the queue; a second time does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
