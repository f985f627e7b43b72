"""Which voice speaks a sentence: by the client's request, the markup in the text, and the letters of the text."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import tags
from kokoro_wyoming.pronunciation import code_switching
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.text.text_stream import AS_USUAL, TextOptions
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
        options: TextOptions = AS_USUAL,
        *,
        speed: float = 1.0,
    ) -> None:
        """With `TextOptions.language_from_text` the letters of the text choose the language where the client asks for
        none, and the language of the default voice has no such letters. Where several languages have them, one of
        `TextOptions.likely_languages` comes first. `speed` is a factor on each voice's own pace.

        Raises as `SpeechEngine.resolve`.
        """
        self._engine = engine
        self._request = request
        self._program = program
        self._speed = speed
        self._resolved: dict[VoiceRequest, SpokenVoice] = {}
        """The voices found so far. Each stays the same in an utterance; its loudness may be learned meanwhile."""
        self.voice = self._resolve(request)
        """The voice that speaks where the text asks for no other."""
        self._letters_choose = options.language_from_text and request == VoiceRequest()
        self._likely_languages = options.likely_languages
        self._is_settled = False
        """Whether the letters spoken so far can be of one language only."""

    def voice_of(self, sentence: Sentence) -> SpokenVoice:
        """The voice that speaks this sentence, at the sentence's pace.

        Raises as `SpeechEngine.resolve` where the markup asks for a voice or a language that is not here.
        """
        voice = self._wanted_voice(sentence)
        return voice if sentence.rate == 1 else _at_pace(voice, sentence.rate)

    def _wanted_voice(self, sentence: Sentence) -> SpokenVoice:
        language = sentence.language
        if sentence.voice is not None:
            name = None if sentence.voice in tags() else sentence.voice
            return self._resolve(VoiceRequest(name, language))
        if language is None:
            return self._by_letters(sentence.prose) if self._letters_choose else self.voice
        named = self._request.name or self._request.speaker
        if named and language.partition("-")[0] == self.voice.language.partition("-")[0]:
            # Documents say en-US by habit, and a client that chose a British voice wants a British voice.
            return self.voice
        return self._resolve(replace(self._request, language=language))

    def _by_letters(self, text: str) -> SpokenVoice:
        """The utterance's voice, unless the text has letters that the voice's language does not have.

        Up to the first text whose letters can be of one language only, each text chooses the utterance's voice. After
        it, such a text chooses the voice of its own sentence.
        """
        languages = code_switching.languages_of(text, self._likely_languages)
        is_certain = len(languages) < 2 and code_switching.has_letters(text)
        is_own = not languages or self.voice.language in languages
        voice = self.voice if is_own or (self._is_settled and not is_certain) else self._first_voice_of(languages)
        if not self._is_settled:
            self.voice, self._is_settled = voice, is_certain
        return voice

    def _resolve(self, request: VoiceRequest) -> SpokenVoice:
        if request not in self._resolved:
            voice = self._engine.resolve(request, self._program)
            self._resolved[request] = voice if self._speed == 1 else _at_pace(voice, self._speed)
        return self._resolved[request]

    def _first_voice_of(self, languages: Collection[str]) -> SpokenVoice:
        """The voice of the first of these languages that is spoken here; the utterance's voice where none is."""
        for tag in languages:
            try:
                return self._resolve(VoiceRequest(language=tag))
            except UnknownLanguageError as error:
                _LOGGER.debug("The text's letters are those of %s: %s", tag, error)
        return self.voice


def _at_pace(voice: SpokenVoice, factor: float) -> SpokenVoice:
    return replace(voice, speed=min(max(voice.speed * factor, MIN_SPEED), MAX_SPEED))
