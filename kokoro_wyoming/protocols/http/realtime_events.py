"""The part of OpenAI's Realtime API that makes speech. Pure: a client's events in, actions out; the server's events.

A realtime model would answer; this server speaks what it is given. Its text is the input of a response, else the last
item of the conversation, else the response's own instructions. Instructions of the session are kept and not followed.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeAlias

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.protocols.http.bodies import VoicedBody, parsed
from kokoro_wyoming.protocols.http.errors import BadRequestError, HttpError
from kokoro_wyoming.protocols.http.sending import tokens

Event: TypeAlias = dict[str, Any]

_FORMAT = {"type": "audio/pcm", "rate": SAMPLE_RATE_HZ}
_FORMATS = (None, "pcm16", {"type": "audio/pcm"}, _FORMAT)
"""The one format of sound, in all ways to write it."""
_TEXT_ROLES = ("user", "assistant")
_TEXT_PARTS = ("input_text", "output_text", "text")
_ASKS_TO_READ = re.compile(r"\s*(?:please\s+)?(?:read|say|speak|repeat|recite)\b[^:\n]*:\s*", re.IGNORECASE)
"""What stands before the text in instructions such as "Say exactly: Hello."."""
_METADATA = 16
"""Most entries of a response's metadata, which are sent back."""


class ActiveError(HttpError):
    """Another response while one is being spoken."""

    code: ClassVar[str] = "conversation_already_has_active_response"


class NotActiveError(HttpError):
    """There is no response that could be cancelled."""

    code: ClassVar[str] = "response_cancel_not_active"


class SpeaksOnlyError(HttpError):
    """Sound, tools or text is asked for, and this server only speaks."""

    code: ClassVar[str] = "unsupported"


def new_id(kind: str) -> str:
    """An id that no other thing has."""
    return f"{kind}_{secrets.token_hex(12)}"


def event(kind: str, **values: object) -> Event:
    """An event of the server."""
    return {"type": kind, "event_id": new_id("event"), **values}


@dataclass(frozen=True)
class Settings:
    """What holds for all responses of a session."""

    body: VoicedBody
    """The release, the voice and the pace."""
    instructions: str = ""
    id: str = field(default_factory=lambda: new_id("sess"))

    def session(self) -> Event:
        """The session as clients are told."""
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": self.id,
            "model": self.body.model or "kokoro",
            "output_modalities": ["audio"],
            "instructions": self.instructions,
            "audio": {
                "input": {"format": _FORMAT, "transcription": None, "noise_reduction": None, "turn_detection": None},
                "output": {**_output(self.body), "speed": self.body.speed},
            },
            "tools": [],
            "tool_choice": "none",
            "max_output_tokens": "inf",
        }


@dataclass(frozen=True)
class Update:
    """The client wants other settings."""

    settings: Settings


@dataclass(frozen=True)
class Answer:
    """Send these events."""

    events: tuple[Event, ...]


@dataclass(frozen=True)
class Speak:
    """Speak the text of a response."""

    response: Response


@dataclass(frozen=True)
class Cancel:
    """Stop the response that is being spoken."""

    response: Response


Action: TypeAlias = Update | Answer | Speak | Cancel


class Response:
    """One response: an item with one part, which is sound."""

    def __init__(self, body: VoicedBody, text: str, metadata: object, conversation_id: str | None) -> None:
        self.body = body
        self.text = text
        self.id = new_id("resp")
        self._item_id = new_id("item")
        self._metadata = metadata
        self._conversation_id = conversation_id

    def begin(self) -> Iterator[Event]:
        """The events before the sound."""
        yield event("response.created", response=self._response("in_progress", []))
        yield self._of_item("response.output_item.added", item=self._item("in_progress", None))
        yield self._of_part("response.content_part.added", part={"type": "audio", "transcript": ""})
        yield self._of_part("response.output_audio_transcript.delta", delta=self.text)

    def sound(self, pcm: bytes) -> Event:
        """The event that carries this much of the sound."""
        return self._of_part("response.output_audio.delta", delta=base64.b64encode(pcm).decode())

    def end(self, status: str, details: Event | None, seconds: float) -> Iterator[Event]:
        """The events after the sound. `status` is completed, cancelled or failed."""
        whole = "completed" if status == "completed" else "incomplete"
        yield self._of_part("response.output_audio.done")
        yield self._of_part("response.output_audio_transcript.done", transcript=self.text)
        yield self._of_part("response.content_part.done", part={"type": "audio", "transcript": self.text})
        yield self._of_item("response.output_item.done", item=self._item(whole, self.text))
        answer = self._response(status, [self._item(whole, self.text)])
        taken, made = len(self.text), tokens(seconds)
        usage = {
            "total_tokens": taken + made,
            "input_tokens": taken,
            "output_tokens": made,
            "input_token_details": {"text_tokens": taken, "audio_tokens": 0, "cached_tokens": 0},
            "output_token_details": {"text_tokens": 0, "audio_tokens": made},
        }
        yield event("response.done", response={**answer, "status_details": details, "usage": usage})

    def _of_item(self, kind: str, **values: object) -> Event:
        return event(kind, response_id=self.id, output_index=0, **values)

    def _of_part(self, kind: str, **values: object) -> Event:
        return self._of_item(kind, item_id=self._item_id, content_index=0, **values)

    def _item(self, status: str, text: str | None) -> Event:
        content = [] if text is None else [{"type": "output_audio", "transcript": text}]
        item = {"id": self._item_id, "object": "realtime.item", "type": "message", "status": status}
        return {**item, "role": "assistant", "content": content}

    def _response(self, status: str, output: list[Event]) -> Event:
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": None,
            "output": output,
            "conversation_id": self._conversation_id,
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {"output": _output(self.body)},
            "metadata": self._metadata,
            "usage": None,
        }


class Dialogue:
    """The events of one client, after those before them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.active: Response | None = None
        """The response that is being spoken."""
        self._conversation_id = new_id("conv")
        self._last_item_id: str | None = None
        self._last_text: str | None = None

    def receive(self, message: Mapping[str, Any]) -> Action:
        """The action that an event asks for. Raises PeerError for a mistake; the dialogue goes on."""
        kind = message.get("type")
        if isinstance(kind, str) and kind in _MEANINGS:
            return _MEANINGS[kind](self, message)
        if isinstance(kind, str) and kind.startswith("input_audio_buffer."):
            raise SpeaksOnlyError("This server only speaks; it takes no sound.")
        raise BadRequestError(f"The type of an event must be one of {', '.join(_MEANINGS)}.", "type")

    def _update(self, message: Mapping[str, Any]) -> Action:
        session = _object(message, "session")
        if session.get("type") not in (None, "realtime"):
            raise SpeaksOnlyError("This server only speaks: session.type must be realtime.")
        instructions = session.get("instructions", self.settings.instructions)
        if not isinstance(instructions, str | None):
            raise BadRequestError("The instructions must be a string.", "session.instructions")
        body = _voiced(session, self.settings.body)
        return Update(replace(self.settings, body=body, instructions=instructions or ""))

    def _create_item(self, message: Mapping[str, Any]) -> Action:
        item = _object(message, "item")
        text = _text_of(item)
        given = item.get("id")
        item_id = given if isinstance(given, str) and given else new_id("item")
        previous, self._last_item_id = self._last_item_id, item_id
        if text is not None and item.get("role") in _TEXT_ROLES:
            self._last_text = text
        told = {**item, "id": item_id, "object": "realtime.item", "status": "completed"}
        kinds = ("conversation.item.added", "conversation.item.done")
        return Answer(tuple(event(kind, previous_item_id=previous, item=told) for kind in kinds))

    def _create_response(self, message: Mapping[str, Any]) -> Action:
        if self.active is not None:
            raise ActiveError("A response is being spoken: wait for response.done, or send response.cancel.")
        wanted = message.get("response")
        wanted = _object(message, "response") if wanted is not None else {}
        text = self._wanted_text(wanted)
        if not text or not text.strip():
            raise BadRequestError("There is nothing to say: put the text into response.input.", "response.input")
        metadata = wanted.get("metadata")
        if metadata is not None and not (isinstance(metadata, dict) and len(metadata) <= _METADATA):
            raise BadRequestError(f"metadata must be an object of {_METADATA} entries at most.", "response.metadata")
        conversation = None if wanted.get("conversation") == "none" else self._conversation_id
        return Speak(Response(_voiced(wanted, self.settings.body), text, metadata, conversation))

    def _cancel(self, message: Mapping[str, Any]) -> Action:
        wanted = message.get("response_id")
        if self.active is None or wanted not in (None, self.active.id):
            raise NotActiveError("There is no such response that is being spoken.")
        return Cancel(self.active)

    def _wanted_text(self, response: Mapping[str, Any]) -> str | None:
        items = response.get("input")
        if items:
            if not isinstance(items, list):
                raise BadRequestError("The input must be a list of items.", "response.input")
            texts = [_text_of(item) for item in items if isinstance(item, dict) and item.get("role") in _TEXT_ROLES]
            return "\n\n".join(text for text in texts if text)
        instructions = response.get("instructions")
        if self._last_text is not None and items is None:
            return self._last_text
        if not isinstance(instructions, str):
            return None
        bare = _ASKS_TO_READ.sub("", instructions, count=1)
        return bare.strip().strip('"“”')


_MEANINGS: Mapping[str, Callable[[Dialogue, Mapping[str, Any]], Action]] = {
    "session.update": Dialogue._update,
    "conversation.item.create": Dialogue._create_item,
    "response.create": Dialogue._create_response,
    "response.cancel": Dialogue._cancel,
}


def _object(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key)
    if not isinstance(value, dict):
        raise BadRequestError(f"{key} must be an object.", key)
    return value


def _text_of(item: Mapping[str, Any]) -> str | None:
    """The text of a conversation's item; None where it has none. Raises SpeaksOnlyError for sound and pictures."""
    content = item.get("content")
    if item.get("type", "message") != "message" or not isinstance(content, list):
        raise SpeaksOnlyError("This server only speaks: an item must be a message with a list of texts.")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS or not isinstance(part.get("text"), str):
            raise SpeaksOnlyError('This server only speaks: each content must be {"type": "input_text", "text": ...}.')
        texts.append(part["text"])
    return "\n".join(texts) or None


def _voiced(wanted: Mapping[str, Any], body: VoicedBody) -> VoicedBody:
    """The voice and pace that a session or a response asks for. Raises PeerError.

    They stand in `audio.output`, or, as before 2025-08, beside it.
    """
    modalities = wanted.get("output_modalities", wanted.get("modalities"))
    if isinstance(modalities, list) and "audio" not in modalities:
        raise SpeaksOnlyError('This server only speaks: output_modalities must be ["audio"].')
    audio = wanted.get("audio")
    output = audio.get("output") if isinstance(audio, dict) else None
    output = output if isinstance(output, dict) else {}
    if output.get("format", wanted.get("output_audio_format")) not in _FORMATS:
        raise BadRequestError(f"The one format of sound is {_FORMAT}.", "audio.output.format")
    given = {key: output.get(key, wanted.get(key)) for key in ("voice", "speed")}
    return parsed(
        VoicedBody, {**body.model_dump(), **{key: value for key, value in given.items() if value is not None}}
    )


def _output(body: VoicedBody) -> Event:
    return {"format": _FORMAT, "voice": body.voice}
