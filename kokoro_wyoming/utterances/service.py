"""The one service that every protocol asks for speech."""

from __future__ import annotations

from kokoro_wyoming.pronunciation.readings import Reading
from kokoro_wyoming.utterances.cache import CachedEngine
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.measures import Measures, Observer, outcome_of
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.reading import read
from kokoro_wyoming.utterances.requests import SpeechOptions, SpeechRequest
from kokoro_wyoming.utterances.utterance import Utterance
from kokoro_wyoming.voices.descriptions import ProgramDescription, VoiceRequest

_SHORT_CHARS = 40
"""Some two seconds of sound, which are often made in one window."""


class SpeechService:
    """Begins utterances with the engine and the options that are in force."""

    def __init__(
        self, engine: SpeechEngine, options: SpeechOptions | None = None, observer: Observer | None = None
    ) -> None:
        """`observer` gets the measures of each utterance at its end."""
        self._engine = engine
        self._options = options or SpeechOptions()
        self.changes = 0
        """How often engine and options have changed: a sound that was made before may be another now."""
        self._observe: Observer = observer or (lambda measures: None)
        self.stopping = False
        """Whether the server is about to stop. It still speaks; who can ask another one should."""

    def change(self, engine: SpeechEngine, options: SpeechOptions) -> None:
        """Use another engine and other options from the next utterance on."""
        self._engine, self._options = engine, options
        self.changes += 1

    def may_be_whole(self, text: str) -> bool:
        """Whether all sound of a text may be there as soon as any is: it is short, or was said before."""
        return len(text) <= _SHORT_CHARS or isinstance(self._engine, CachedEngine)

    def programs(self) -> tuple[ProgramDescription, ...]:
        """The programs and their voices, the default program first."""
        return self._engine.programs()

    def trouble(self) -> str | None:
        """Why nothing can be spoken at present, as the end of a sentence; None when all is well."""
        return self._engine.trouble()

    def check(self, voice: VoiceRequest, program: str | None = None) -> None:
        """Raise UnknownVoiceError, UnknownLanguageError or UnknownVersionError where `begin` would."""
        self._engine.resolve(voice, program)

    def begin(
        self, request: SpeechRequest, *, client: str, quota: Quota | None = None, face: str = "wyoming"
    ) -> Utterance:
        """Begin an utterance, whose text may still be to come. The caller closes it.

        `client` is the client's name for the log. `quota` counts the utterances of the client's address; None is no
        limit. `face` is the protocol, for the measures. Raises BusyError, and as `check`.
        """
        try:
            return Utterance(
                self._engine,
                request,
                self._options,
                client=client,
                quota=quota or Quota(),
                face=face,
                observer=self._observe,
            )
        except Exception as error:
            self._observe(Measures(face, outcome_of(error)))
            raise

    async def phonemes(self, text: str, request: SpeechRequest, *, quota: Quota | None = None) -> Reading:
        """How a whole text would be read; makes no sound. It takes a place as an utterance does.

        Raises TextTooLongError, StuckError, PeerError for wrong markup, and as `begin`.
        """
        return await read(text, self._engine, request, self._options, quota or Quota())
