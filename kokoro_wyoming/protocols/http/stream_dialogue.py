"""What each message to `/v1/stream` means, after those before it. Pure: messages in, actions out.

A text that was refused, failed or cancelled may still be on its way: the rest of it is dropped without an error each.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from pydantic import Field

from kokoro_wyoming.protocols.http.bodies import VoicedBody, parsed, speaking
from kokoro_wyoming.protocols.http.errors import BadRequestError, HttpError
from kokoro_wyoming.utterances.requests import SpeechRequest


class OrderError(HttpError):
    """A message that cannot follow those before it."""

    code: ClassVar[str] = "wrong-order"


class Start(VoicedBody):
    """The message `start`; `language` and `volume` are further names of `lang_code` and `volume_multiplier`."""

    language: str | None = Field(None, description="A language tag, or Kokoro's letter of a language.")
    volume: float = Field(1.0, ge=0, le=2, description="Factor on the loudness.")
    words: bool = Field(False, description="Whether the client wants to know when each word is heard.")

    def request(self) -> SpeechRequest:
        """What is asked of the speech service. Raises PeerError."""
        renamed = {
            "lang_code": self.language if self.lang_code is None else self.lang_code,
            "volume_multiplier": self.volume * self.volume_multiplier,
        }
        return speaking(self.model_copy(update=renamed), word_times=self.words, live=True).request


@dataclass(frozen=True)
class Begin:
    """An utterance begins. Each Say up to End or Cancel belongs to it."""

    request: SpeechRequest


@dataclass(frozen=True)
class Say:
    """More text of the utterance."""

    text: str


@dataclass(frozen=True)
class End:
    """All text of the utterance has come."""


@dataclass(frozen=True)
class Cancel:
    """Whatever is being said is not wanted any more."""


Action: TypeAlias = Begin | Say | End | Cancel


class State(enum.Enum):
    QUIET = enum.auto()
    """Nothing is said."""
    OPEN = enum.auto()
    """Between start and end."""
    ENDED = enum.auto()
    """All text has come, and its sound is on its way."""


class Dialogue:
    """The messages of one client, checked against the grammar."""

    def __init__(self) -> None:
        self._state = State.QUIET
        self._drops_text = False

    @property
    def is_open(self) -> bool:
        """Whether the text of an utterance is still coming."""
        return self._state is State.OPEN

    def receive(self, message: Mapping[str, Any]) -> Action | None:
        """The action that a message asks for. Raises PeerError for a mistake; the dialogue goes on."""
        kind = message.get("type")
        if not isinstance(kind, str) or kind not in _MEANINGS:
            raise BadRequestError(f"The type of a message must be one of {', '.join(_MEANINGS)}.", "type")
        return _MEANINGS[kind](self, message)

    def over(self) -> None:
        """The utterance has ended: it was spoken, or it was refused or failed while its text was still coming."""
        self._drops_text |= self.is_open
        self._state = State.QUIET

    def give_up(self) -> None:
        """What comes of the utterance's text is not wanted any more; its sound so far is."""
        self._drops_text, self._state = True, State.ENDED

    def _start(self, message: Mapping[str, Any]) -> Action:
        if self._state is State.OPEN:
            raise OrderError('A text is open: send "end" or "cancel" before the next "start".')
        # The text that follows is not to be told of as well.
        self._drops_text = True
        if self._state is State.ENDED:
            raise OrderError('Wait for "done", or send "cancel", before the next "start".')
        request = parsed(Start, message).request()
        self._drops_text, self._state = False, State.OPEN
        return Begin(request)

    def _text(self, message: Mapping[str, Any]) -> Action | None:
        if not self._expects_text():
            return None
        text = message.get("text")
        if not isinstance(text, str):
            raise BadRequestError('"text" needs a text, as a string.', "text")
        return Say(text)

    def _end(self, _: Mapping[str, Any]) -> Action | None:
        if not self._expects_text():
            return None
        self._state = State.ENDED
        return End()

    def _cancel(self, _: Mapping[str, Any]) -> Action:
        self._drops_text, self._state = True, State.QUIET
        return Cancel()

    def _expects_text(self) -> bool:
        """Whether a text is open; False where it is dropped. Raises OrderError where there was no start."""
        if not (self.is_open or self._drops_text):
            self._drops_text = True
            raise OrderError('Send "start" before a text.')
        return self.is_open


_MEANINGS: Mapping[str, Callable[[Dialogue, Mapping[str, Any]], Action | None]] = {
    "start": Dialogue._start,
    "text": Dialogue._text,
    "end": Dialogue._end,
    "cancel": Dialogue._cancel,
}
