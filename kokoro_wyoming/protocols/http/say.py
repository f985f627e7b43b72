"""`/say/hello.mp3?text=Hello`: sounds that speakers fetch, as often and in such parts as they like."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import astuple, dataclass, replace

from aiohttp import web
from pydantic import Field

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.errors import TextTooLongError
from kokoro_wyoming.protocols.http.addresses import FOLDER, Addresses, format_of
from kokoro_wyoming.protocols.http.bodies import WHOLE_CHARS, SpeechBody, parsed, read_json, speaking
from kokoro_wyoming.protocols.http.context import CONTEXT, Context
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import (
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    json_response,
)
from kokoro_wyoming.protocols.http.kept_answers import described_kept, kept_headers, send_kept
from kokoro_wyoming.protocols.http.kept_sounds import KeptSound, KeptSounds
from kokoro_wyoming.protocols.http.sending import Pieces, encoder_of, pcm_of
from kokoro_wyoming.utterances.requests import SpeechRequest
from kokoro_wyoming.utterances.utterance import Utterance

ROUTES = web.RouteTableDef()
SOUNDS = web.AppKey("sounds", KeptSounds)
ADDRESSES = web.AppKey("addresses", Addresses)

_FIELDS = {"text": "input", "language": "lang_code", "volume": "volume_multiplier"}
"""Parts of the query that have another name in a body."""
_STREAMED = ("mp3", "opus", "aac")
"""Formats whose beginning says nothing of their end: everyone gets the same bytes, before and after it is whole."""

_QUERY = {
    "text": "What to say.",
    "voice": "Who says it.",
    "language": "A language tag, or Kokoro's letter of a language.",
    "speed": "Pace; outside of 0.5 to 2.0 it is clamped.",
    "volume": "Factor on the loudness.",
    "model": "A release, such as v0.19.",
    "text_format": "text or ssml.",
    "expires": "Of a signed address: until when it is valid, in Unix time.",
    "signature": "Of a signed address.",
    "id": "Of an address whose text is too long to stand in it.",
}
_SOUNDS = tuple(dict.fromkeys(encoding.media_type(name) for name in encoding.FORMATS if name != "pcm"))


class AddressBody(SpeechBody):
    """The body of `POST /v1/audio/speech/address`."""

    seconds: int = Field(3_600, ge=1, le=86_400, description="How long the address is valid.")
    name: str = Field("speech", description="What players show, without the ending.")


@dataclass(frozen=True)
class _Asked:
    """One sound, as an address asks for it."""

    text: str
    request: SpeechRequest
    format: str
    headers: Mapping[str, str]

    def key(self, changes: int) -> bytes:
        """A digest of all that decides the sound; `changes` is `SpeechService.changes`."""
        return hashlib.sha256(json.dumps([self.text, astuple(self.request), self.format, changes]).encode()).digest()


async def kept(app: web.Application) -> AsyncIterator[None]:
    """While the application lives: its addresses and sounds."""
    app[SOUNDS], app[ADDRESSES] = KeptSounds(), Addresses()
    yield
    await app[SOUNDS].close()


def is_signed(request: web.Request) -> bool:
    """Whether the request is for an address that this server made: no key is asked for. Raises ForbiddenError."""
    if request.method not in ("GET", "HEAD") or not request.path.startswith(FOLDER):
        return False
    file = request.path.removeprefix(FOLDER)
    return request.app[ADDRESSES].is_signed(file, request.query, request.app[CONTEXT].options)


@ROUTES.post("/v1/audio/speech/address")
@described(Description(AddressBody))
async def address(request: web.Request) -> web.Response:
    """An address that anyone can fetch for some time, without the key."""
    context = request.app[CONTEXT]
    _check_wanted(context)
    body = parsed(AddressBody, await read_json(request, context.options))
    file = f"{body.name}.{encoding.extension(body.response_format)}"
    try:
        format_of(file)
    except NotFoundError as error:
        wrong = "response_format" if body.response_format == "pcm" else "name"
        raise BadRequestError(f"{file!r} can be no part of an address.", wrong) from error
    _asked(context, body)
    path, expires = request.app[ADDRESSES].make(file, body, body.seconds, context.options)
    absolute = f"{request.scheme}://{request.host}{path}"
    return json_response({"url": path, "absolute_url": absolute, "expires": expires})


@ROUTES.get(FOLDER + "{file}")
@described(Description(query=_QUERY, media_types=_SOUNDS))
async def say(request: web.Request) -> web.StreamResponse:
    """The sound of an address. HEAD speaks nothing."""
    context, sounds = request.app[CONTEXT], request.app[SOUNDS]
    _check_wanted(context)
    if context.options.say == "signed" and not is_signed(request):
        raise ForbiddenError("This server answers signed addresses only; ask /v1/audio/speech/address for one.")
    asked = _asked(context, _body_of(request))
    key = asked.key(context.service.changes)
    if request.method == "HEAD":
        return described_kept(sounds.whole(key), _headers(asked))

    def begin(sound: KeptSound) -> asyncio.Task[None]:
        speaking_it = contextlib.ExitStack()
        utterance = speaking_it.enter_context(context.utterance(request, asked.request, asked.text))
        task = asyncio.ensure_future(_make(speaking_it, utterance, asked, sound))
        task.add_done_callback(lambda _: speaking_it.close())  # a task that is cancelled before it begins
        return task

    with sounds.listening(key, begin) as sound:
        return await send_kept(request, sound, _headers(asked))


def _check_wanted(context: Context) -> None:
    if context.options.say == "off":
        raise NotFoundError("There are no addresses of sounds here; the setting http.say is off.")


def _body_of(request: web.Request) -> SpeechBody:
    file = request.match_info["file"]
    sound_format = format_of(file)
    query = request.app[ADDRESSES].query(file, request.query)
    fields = {_FIELDS.get(name, name): value for name, value in query.items() if value}
    if not fields.get("input", "").strip():
        raise BadRequestError("Say what is to be spoken: /say/hello.mp3?text=Hello.", "text")
    return parsed(SpeechBody, {**fields, "response_format": sound_format})


def _asked(context: Context, body: SpeechBody) -> _Asked:
    """What to speak, checked without speaking. Raises PeerError."""
    if not body.input.strip():
        raise BadRequestError("There is nothing to say.", "input")
    longest = min(WHOLE_CHARS, context.options.text_chars)
    if len(body.input) > longest:
        raise TextTooLongError(f"The sound of an address may have {longest:,} characters; speak the text in parts.")
    asked = speaking(body)
    voice = context.known_voice(asked.request.voice, asked.request.program)
    context.service.check(voice, asked.request.program)
    return _Asked(body.input, replace(asked.request, voice=voice), body.response_format, asked.headers)


async def _make(speaking_it: contextlib.ExitStack, utterance: Utterance, asked: _Asked, sound: KeptSound) -> None:
    """Make the file. It has the same bytes for all, whether they wait for the whole or not."""
    with speaking_it:
        async with contextlib.aclosing(Pieces(pcm_of(utterance))) as pieces:
            await pieces.take_ready(may_be_whole=False)
            if asked.format in _STREAMED and not pieces.is_whole:
                await _encode(pieces, asked.format, sound)
            else:
                pcm = b"".join(await pieces.take_all())
                sound.add(await asyncio.to_thread(encoding.whole, asked.format, pcm), last=True)


async def _encode(pieces: Pieces[bytes], sound_format: str, sound: KeptSound) -> None:
    async with encoder_of(sound_format) as encoder:
        async for pcm in pieces:
            sound.add(encoder.add(pcm))
        sound.add(encoder.finish(), last=True)


def _headers(asked: _Asked) -> dict[str, str]:
    media_type = encoding.media_type(asked.format)
    return {**asked.headers, **kept_headers(media_type)}
