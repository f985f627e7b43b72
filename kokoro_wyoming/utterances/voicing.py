"""Who says a sentence: what the client asked for, what markup asks in it, and what the text's letters tell."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation import code_switching
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.voices.blends import MAX_SPEED, MIN_SPEED
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceRequest

_LOGGER = logging.getLogger(__name__)


class UtteranceVoices:
    """The voices of one utterance."""

    def __init__(
        self,
        engine: SpeechEngine,
        request: VoiceRequest,
        program: str | None = None,
        *,
        language_from_text: bool = False,
        likely_languages: Collection[str] = (),
    ) -> None:
        """`language_from_text` lets the letters of a text choose the language where the client does not, but only one
        that the voice's own language cannot be. Of two that write the same letters, `likely_languages` come first.

        Raises as `SpeechEngine.resolve`.
        """
        self._engine = engine
        self._request = request
        self._program = program
        self._resolved: dict[VoiceRequest, SpokenVoice] = {}
        """Kept, as a voice must not change in an utterance: how loud it is may be learned meanwhile."""
        self.voice = self._resolve(request)
        """Whoever speaks where the text asks for nobody else."""
        self._letters_choose = language_from_text and request == VoiceRequest()
        self._likely_languages = likely_languages
        self._is_settled = False
        """Whether the letters said so far leave no doubt who speaks."""

    def voice_of(self, sentence: Sentence) -> SpokenVoice:
        """Who says it, at which pace. Raises as `SpeechEngine.resolve` where markup asks for what there is not."""
        voice = self._asked_for(sentence)
        if sentence.rate == 1:
            return voice
        return replace(voice, speed=min(max(voice.speed * sentence.rate, MIN_SPEED), MAX_SPEED))

    def _asked_for(self, sentence: Sentence) -> SpokenVoice:
        language = sentence.language
        if sentence.voice is not None:
            name = None if sentence.voice in TAGS else sentence.voice
            return self._resolve(VoiceRequest(name, language))
        if language is None:
            return self._by_letters(sentence.text) if self._letters_choose else self.voice
        named = self._request.name or self._request.speaker
        if named and language.partition("-")[0] == self.voice.language.partition("-")[0]:
            # Documents say en-US by habit, and a client who chose a British voice wants to hear one.
            return self.voice
        return self._resolve(replace(self._request, language=language))

    def _by_letters(self, text: str) -> SpokenVoice:
        """Whoever speaks, unless the letters are none of that language: the first that are decide for the utterance,
        those that come later for their sentence."""
        languages = code_switching.languages_of(text, self._likely_languages)
        is_certain = len(languages) < 2 and code_switching.has_letters(text)
        is_own = not languages or self.voice.language in languages
        voice = self.voice if is_own or (self._is_settled and not is_certain) else self._speaker_of(languages)
        if not self._is_settled:
            self.voice, self._is_settled = voice, is_certain
        return voice

    def _resolve(self, request: VoiceRequest) -> SpokenVoice:
        if request not in self._resolved:
            self._resolved[request] = self._engine.resolve(request, self._program)
        return self._resolved[request]

    def _speaker_of(self, languages: Collection[str]) -> SpokenVoice:
        """The voice of the first language that is spoken here."""
        for tag in languages:
            try:
                return self._resolve(VoiceRequest(language=tag))
            except UnknownLanguageError as error:
                _LOGGER.debug("The text's letters are those of %s: %s", tag, error)
        return self.voice
