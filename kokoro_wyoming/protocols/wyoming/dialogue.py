"""What each event of a client means, after the events before it. Pure: events in, actions out.

One table holds the grammar. Outside of a stream there are two states: a second synthesize-stop after a stream is
ignored, but a synthesize-stop without any synthesize-start is the client's mistake.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from wyoming.event import Event

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.text.text_stream import TextFormat
from kokoro_wyoming.utterances.requests import SpeechRequest, checked_name
from kokoro_wyoming.voices.descriptions import VoiceRequest


class UnsupportedFormatError(PeerError):
    """A text format that this server does not speak."""

    code: ClassVar[str] = "unsupported-format"


@dataclass(frozen=True)
class Ping:
    """Send a pong with this text now."""

    text: str | None


@dataclass(frozen=True)
class Describe:
    """Send the info now."""


@dataclass(frozen=True)
class Select:
    """The client chose a program for the rest of the connection. The program may not exist."""

    program: str


@dataclass(frozen=True)
class Begin:
    """An utterance begins. Each Say up to End or Abandon belongs to it."""

    request: SpeechRequest
    streamed: bool


@dataclass(frozen=True)
class Say:
    """More text of the utterance."""

    text: str


@dataclass(frozen=True)
class End:
    """All text of the utterance has come."""


@dataclass(frozen=True)
class Abandon:
    """The utterance's text will never be complete: do not speak the rest."""

    because: PeerError | None = None
    """The error for the client, if any."""


Action: TypeAlias = Ping | Describe | Select | Begin | Say | End | Abandon


class State(enum.Enum):
    QUIET = enum.auto()
    """Outside of a stream."""
    STREAMING = enum.auto()
    """Between synthesize-start and synthesize-stop."""
    STREAMED = enum.auto()
    """Outside of a stream, and the last request was a stream: another synthesize-stop is ignored."""


class Dialogue:
    """The events of one client, checked against the grammar."""

    def __init__(self) -> None:
        self._state = State.QUIET
        self._program: str | None = None

    @property
    def mid_stream(self) -> bool:
        """Whether a stream has begun and not ended."""
        return self._state is State.STREAMING

    def receive(self, event: Event) -> list[Action]:
        """The actions that the event asks for, in order.

        Raises PeerError where the client broke the grammar; after that no event may be received.
        """
        meaning, self._state = _GRAMMAR.get(event.type, _UNKNOWN)[self._state]
        return list(meaning(self, event.data))

    def end_of_input(self) -> list[Action]:
        """The client sends no more, but may still listen. Complete requests stay valid; an open stream is abandoned."""
        if not self.mid_stream:
            return []
        self._state = State.QUIET
        return [Abandon(PeerError("The input ended inside a stream: synthesize-stop was missing."))]

    def _describe(self, _: Mapping[str, object]) -> Iterator[Action]:
        yield Describe()

    def _ping(self, data: Mapping[str, object]) -> Iterator[Action]:
        text = data.get("text")
        yield Ping(text if isinstance(text, str) else None)

    def _select(self, data: Mapping[str, object]) -> Iterator[Action]:
        name = _name(data, "name", of="select-program")
        if name is None:
            raise PeerError("select-program needs the name of a program.")
        self._program = name
        yield Select(name)

    def _whole(self, data: Mapping[str, object]) -> Iterator[Action]:
        text = _text(data, of="synthesize")
        yield from self._begin(data, streamed=False)
        yield Say(text)
        yield End()

    def _start(self, data: Mapping[str, object]) -> Iterator[Action]:
        yield from self._begin(data, streamed=True)

    def _restart(self, data: Mapping[str, object]) -> Iterator[Action]:
        yield Abandon()
        yield from self._begin(data, streamed=True)

    def _chunk(self, data: Mapping[str, object]) -> Iterator[Action]:
        yield Say(_text(data, of="synthesize-chunk"))

    def _stop(self, _: Mapping[str, object]) -> Iterator[Action]:
        yield End()

    def _stray_chunk(self, _: Mapping[str, object]) -> Iterator[Action]:
        raise PeerError("synthesize-chunk came without synthesize-start.")

    def _stray_stop(self, _: Mapping[str, object]) -> Iterator[Action]:
        raise PeerError("synthesize-stop came without synthesize-start.")

    def _begin(self, data: Mapping[str, object], *, streamed: bool) -> Iterator[Action]:
        word_times = data.get("timestamps")
        if not isinstance(word_times, bool | None):
            raise PeerError("timestamps must be true or false.")
        voice, text_format = _voice(data.get("voice")), _format(data.get("text_format"))
        yield Begin(SpeechRequest(voice, self._program, text_format, bool(word_times)), streamed)


def _voice(voice: object) -> VoiceRequest:
    if voice is None:
        return VoiceRequest()
    if not isinstance(voice, Mapping):
        raise PeerError("voice must be an object with a name or a language.")
    return VoiceRequest(*(_name(voice, key, of="voice") for key in ("name", "language", "speaker")))


def _name(data: Mapping[str, object], key: str, *, of: str) -> str | None:
    return checked_name(data.get(key), f"The {key} in {of}")


def _text(data: Mapping[str, object], *, of: str) -> str:
    text = data.get("text")
    if not isinstance(text, str):
        raise PeerError(f"{of} needs a text, as a string.")
    return text


def _format(text_format: object) -> TextFormat:
    if text_format is None or text_format == "text":
        return "text"
    if text_format == "ssml":
        return "ssml"
    if not isinstance(text_format, str):
        raise PeerError("text_format must be a string.")
    raise UnsupportedFormatError('This server speaks text and SSML: text_format must be "text", "ssml" or absent.')


def _ignore(_: Dialogue, __: Mapping[str, object]) -> Iterator[Action]:
    return iter(())


Meaning: TypeAlias = Callable[[Dialogue, Mapping[str, object]], Iterator[Action]]
Row: TypeAlias = Mapping[State, tuple[Meaning, State]]

_QUIET, _STREAMING, _STREAMED = State


def _anywhere(meaning: Meaning) -> Row:
    return {state: (meaning, state) for state in State}


# Inside each stream Home Assistant also sends the whole text as `synthesize`, for servers that know no streams. Spoken
# here, it would double every reply.
_GRAMMAR: Mapping[str, Row] = {
    "describe": _anywhere(Dialogue._describe),
    "ping": _anywhere(Dialogue._ping),
    "select-program": _anywhere(Dialogue._select),
    "synthesize": {
        _QUIET: (Dialogue._whole, _QUIET),
        _STREAMING: (_ignore, _STREAMING),
        _STREAMED: (Dialogue._whole, _QUIET),
    },
    "synthesize-start": {
        _QUIET: (Dialogue._start, _STREAMING),
        _STREAMING: (Dialogue._restart, _STREAMING),
        _STREAMED: (Dialogue._start, _STREAMING),
    },
    "synthesize-chunk": {
        _QUIET: (Dialogue._stray_chunk, _QUIET),
        _STREAMING: (Dialogue._chunk, _STREAMING),
        _STREAMED: (Dialogue._stray_chunk, _STREAMED),
    },
    "synthesize-stop": {
        _QUIET: (Dialogue._stray_stop, _QUIET),
        _STREAMING: (Dialogue._stop, _STREAMED),
        _STREAMED: (_ignore, _STREAMED),
    },
}
_UNKNOWN: Row = _anywhere(_ignore)
"""Servers of the Wyoming protocol drop events that they do not know."""
