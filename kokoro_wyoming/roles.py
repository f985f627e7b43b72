"""Who says a sentence: what the client asked for, what markup asks in it, and what the text's letters tell."""

from __future__ import annotations

import logging
from dataclasses import replace

from kokoro_wyoming import tongues
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.script import Sentence
from kokoro_wyoming.speech import SpeechEngine, SpokenVoice, VoiceRequest

_LOGGER = logging.getLogger(__name__)

MIN_SPEED, MAX_SPEED = 0.5, 2.0
"""Kokoro mumbles outside."""


class Role:
    """The voices of one utterance."""

    def __init__(
        self,
        engine: SpeechEngine,
        request: VoiceRequest,
        program: str | None = None,
        *,
        language_from_text: bool = False,
    ) -> None:
        """`language_from_text` lets the first sentence tell the language where the client does not.

        Raises as `SpeechEngine.resolve`.
        """
        self.voice = engine.resolve(request, program)
        """Whoever speaks where the text asks for nobody else."""
        self._engine = engine
        self._request = request
        self._program = program
        self._undecided = language_from_text and request == VoiceRequest()
        self._known: dict[VoiceRequest, SpokenVoice] = {}
        """Whoever has spoken in the utterance speaks in it again, also when the voices have changed meanwhile."""

    def voice_of(self, sentence: Sentence) -> SpokenVoice:
        """Who says it, at which pace. Raises as `SpeechEngine.resolve` where markup asks for what there is not."""
        if self._undecided:
            self._undecided = False
            self._hear_language(sentence)
        voice = self._asked_for(sentence)
        if sentence.rate == 1:
            return voice
        return replace(voice, speed=min(max(voice.speed * sentence.rate, MIN_SPEED), MAX_SPEED))

    def _hear_language(self, sentence: Sentence) -> None:
        tag = None if sentence.voice or sentence.language else tongues.language_of(sentence.text)
        if tag is None or tag == self.voice.language:
            return
        try:
            self.voice = self._engine.resolve(VoiceRequest(language=tag), self._program)
        except UnknownLanguageError as error:
            _LOGGER.debug("The text's letters are those of %s: %s", tag, error)

    def _asked_for(self, sentence: Sentence) -> SpokenVoice:
        language = sentence.language
        if sentence.voice is not None:
            name = None if sentence.voice in TAGS else sentence.voice
            return self._resolved(VoiceRequest(name, language))
        if language is None:
            return self.voice
        named = self._request.name or self._request.speaker
        if named and language.partition("-")[0] == self.voice.language.partition("-")[0]:
            # Documents say en-US by habit, and a client who chose a British voice wants to hear one.
            return self.voice
        return self._resolved(replace(self._request, language=language))

    def _resolved(self, request: VoiceRequest) -> SpokenVoice:
        if request not in self._known:
            self._known[request] = self._engine.resolve(request, self._program)
        return self._known[request]
