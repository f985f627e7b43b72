"""What clients send in a request's body, and what is asked for by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import HttpVersion11, web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.errors import PeerError, TextTooLongError, UnknownLanguageError, UnknownVersionError
from kokoro_wyoming.languages import match_language, tag_of_letter
from kokoro_wyoming.protocols.http.errors import BadRequestError, TooLargeError, WrongTypeError
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.json_objects import is_mostly_text
from kokoro_wyoming.protocols.pacing import within
from kokoro_wyoming.releases import match_version
from kokoro_wyoming.text.text_stream import TextFormat
from kokoro_wyoming.utterances.requests import SpeechRequest, checked_name
from kokoro_wyoming.voices.blends import MAX_SPEED, MIN_SPEED
from kokoro_wyoming.voices.descriptions import VoiceRequest

_BYTES_PER_CHAR = 12
"""Most bytes of one character in JSON: a pair of surrogates, each written with six, as \\ud83d."""
_SPARE_BYTES = 65_536
"""Room in a body for all that is not its text."""

WHOLE_CHARS = 20_000
"""Longest text of an answer that is sent whole: some 25 minutes of sound, which are held until the last is made."""

Body = TypeVar("Body", bound=BaseModel)


def max_message_bytes(options: HttpOptions) -> int:
    """Most bytes of one body, or of one message of a WebSocket."""
    return options.text_chars * _BYTES_PER_CHAR + _SPARE_BYTES


async def read_json(request: web.Request, options: HttpOptions) -> dict[str, Any]:
    """The JSON object of a request's body.

    Raises BadRequestError, WrongTypeError, and TooLargeError for more than the longest text needs.
    """
    if request.content_type != "application/json":
        # A web page elsewhere can send any other type without asking this server first.
        raise WrongTypeError('Send JSON, with the header "Content-Type: application/json".')
    try:
        body = await within(options.request_seconds, _read(request, max_message_bytes(options)))
    except asyncio.TimeoutError as error:
        raise BadRequestError(f"The body did not arrive within {options.request_seconds:g} s.") from error
    except web.RequestPayloadError as error:
        raise BadRequestError("The body cannot be read.") from error
    return json_object(body)


async def _read(request: web.Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise TooLargeError(f"A request may have {max_bytes:,} bytes; send the text in parts.")
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any]:
    """The object that this JSON text is. Raises BadRequestError."""
    if not is_mostly_text(body):
        raise BadRequestError("The body has too much beside its text.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The body is not JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise BadRequestError('The body must be a JSON object, such as {"input": "Hello."}.')
    return found


def parsed(kind: type[Body], values: Mapping[str, Any]) -> Body:
    """The values as this kind of body. null counts as not given. Raises BadRequestError, which names the field."""
    try:
        return kind.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        param = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in kind.model_fields)
        message = first["msg"].removeprefix("Value error, ")
        raise BadRequestError(f"{param or 'The body'}: {message[:1].lower()}{message[1:]}", param or None) from error


def _voice_name(value: object) -> object:
    return value.get("id") if isinstance(value, Mapping) else value


def _format(value: object) -> object:
    return encoding.canonical(value) if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


VoiceName = Annotated[
    str | None, BeforeValidator(_voice_name, json_schema_input_type=str | dict[str, str] | None), Field(default=None)
]
SoundFormat = Annotated[str, BeforeValidator(_format)]


class VoicedBody(BaseModel):
    """What every request for speech may say: which voice, how fast, how loud. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    model: str | None = Field(
        None, description="A release, such as kokoro or v0.19; any other name is the default one."
    )
    voice: VoiceName = Field(None, description="A voice, a blend, a name of the owner's own, or one of OpenAI's.")
    speed: float = Field(1.0, gt=0, le=100, description="Pace; outside of 0.5 to 2.0 it is clamped.")
    volume_multiplier: float = Field(1.0, ge=0, le=2, description="Factor on the loudness.")
    lang_code: str | None = Field(None, description="A language tag, or Kokoro's letter of a language.")
    text_format: Annotated[TextFormat, BeforeValidator(_lower)] = Field(
        "text", description="The language of the markup."
    )


class SpeechBody(VoicedBody):
    """The body of `POST /v1/audio/speech`."""

    input: str = Field(description="The text, in plain words, Markdown, or SSML.")
    response_format: SoundFormat = Field("mp3", description=", ".join(encoding.FORMATS))
    stream: bool = Field(True, description="false: one whole answer with its length.")
    stream_format: Annotated[Literal["audio", "sse"], BeforeValidator(_lower)] = Field("audio")


@dataclass(frozen=True)
class Speaking:
    """What is asked of the speech service, and what the client is told beside the sound."""

    request: SpeechRequest
    headers: Mapping[str, str]


def speaking(body: VoicedBody, *, word_times: bool = False, live: bool = False) -> Speaking:
    """The request for speech that a body makes; `live` where it is heard as it comes. Raises PeerError."""
    speed = min(max(body.speed, MIN_SPEED), MAX_SPEED)
    request = SpeechRequest(
        voice=voice_request(body.voice, body.lang_code),
        program=program_of(body.model),
        text_format=body.text_format,
        speed=speed,
        volume=body.volume_multiplier,
        word_times=word_times,
        fetched=not live,
    )
    return Speaking(request, {} if speed == body.speed else {"X-Speed": f"{speed:g}"})


def streams(request: web.Request, body: SpeechBody) -> bool:
    """Whether the answer is sent while it is made. Raises PeerError where there is no text, or too much for a whole."""
    if not body.input.strip():
        raise BadRequestError("There is nothing to say.", "input")
    is_stream = body.stream and request.version >= HttpVersion11
    if not is_stream and len(body.input) > WHOLE_CHARS:
        raise TextTooLongError(f"A whole answer may have {WHOLE_CHARS:,} characters; ask for a stream, or in parts.")
    return is_stream


def voice_request(name: str | None, language: str | None) -> VoiceRequest:
    """The voice that a client names, in the language that it names. Raises PeerError."""
    name = _checked(name, "The voice", "voice")
    language = _checked(language, "The language", "lang_code")
    return VoiceRequest(name, language_tag(language) if language else None)


def _checked(name: str | None, what: str, param: str) -> str | None:
    try:
        return checked_name(name, what)
    except PeerError as error:
        raise BadRequestError(str(error), param) from error


def language_tag(written: str) -> str:
    """The tag of a language in any spelling, or of Kokoro's letter for it. Raises UnknownLanguageError."""
    tag = tag_of_letter(written) if len(written) == 1 else match_language(written)
    if tag is None:
        raise UnknownLanguageError(f"{written[:40]!r} is no language that Kokoro speaks; write en-US, for example.")
    return tag


def program_of(model: str | None) -> str | None:
    """The release that a model's name has in it, such as kokoro-v0.19; None for the default one."""
    try:
        return match_version(model or "")
    except UnknownVersionError:
        return None
