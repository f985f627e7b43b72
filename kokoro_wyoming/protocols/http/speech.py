"""`POST /v1/audio/speech`: sound in the format that the client wants, while it is made or whole."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Mapping

from aiohttp import web

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.protocols.http.bodies import SpeechBody, parsed, read_json, speaking, streams
from kokoro_wyoming.protocols.http.context import CONTEXT
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import error_body
from kokoro_wyoming.protocols.http.sending import STREAM_HEADERS, Pieces, encoder_of, pcm_of, sending, tokens
from kokoro_wyoming.utterances.utterance import Utterance

ROUTES = web.RouteTableDef()

_SOUNDS = (*(encoding.media_type(name) for name in encoding.FORMATS), "text/event-stream")


@ROUTES.post("/v1/audio/speech")
@described(Description(SpeechBody, media_types=_SOUNDS))
async def speech(request: web.Request) -> web.StreamResponse:
    """Speak a text."""
    context = request.app[CONTEXT]
    body = parsed(SpeechBody, await read_json(request, context.options))
    name, is_stream = body.response_format, streams(request, body)
    asked = speaking(body)
    with context.utterance(request, asked.request, body.input) as utterance:
        async with contextlib.aclosing(Pieces(pcm_of(utterance))) as pieces:
            await pieces.take_ready(may_be_whole=context.service.may_be_whole(body.input))
            if body.stream_format == "sse":
                return await _send_stream(request, name, pieces, _Events(utterance), asked.headers)
            if is_stream and not pieces.is_whole:
                return await _send_stream(request, name, pieces, _Bare(encoding.media_type(name)), asked.headers)
            return await _whole_response(name, pieces, asked.headers)


async def _whole_response(name: str, pieces: Pieces[bytes], headers: Mapping[str, str]) -> web.Response:
    """An answer that is sent when all of it is made, with its length."""
    pcm = b"".join(await pieces.take_all())
    # Minutes of sound take seconds to encode.
    sound = await asyncio.to_thread(encoding.whole, name, pcm)
    return web.Response(body=sound, headers={**headers, **STREAM_HEADERS, "Content-Type": encoding.media_type(name)})


class _Bare:
    """Sound as the whole body of an answer."""

    def __init__(self, media_type: str) -> None:
        self.content_type = media_type

    def wrapped(self, data: bytes) -> bytes:
        """What is sent for this much of the sound."""
        return data

    def ending(self) -> bytes:
        """What is sent at the end of the sound."""
        return b""

    def failing(self, error: Exception) -> bytes:
        """What is sent before the body is cut off."""
        return b""


class _Events(_Bare):
    """Sound in server-sent events, as OpenAI's API has them; a failure midway is an event of ours."""

    def __init__(self, utterance: Utterance) -> None:
        super().__init__("text/event-stream")
        self._utterance = utterance

    def wrapped(self, data: bytes) -> bytes:
        return _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})

    def ending(self) -> bytes:
        taken, made = self._utterance.characters, tokens(self._utterance.seconds)
        usage = {"input_tokens": taken, "output_tokens": made, "total_tokens": taken + made}
        return _event({"type": "speech.audio.done", "usage": usage})

    def failing(self, error: Exception) -> bytes:
        return _event({"type": "speech.audio.error", **error_body(error)})


async def _send_stream(
    request: web.Request, name: str, pieces: Pieces[bytes], body: _Bare, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send the sound in this format while it is made. A failure midway cuts the body off."""
    response = web.StreamResponse(headers={**headers, **STREAM_HEADERS, "Content-Type": body.content_type})
    async with encoder_of(name) as encoder, sending(request, response, body.failing) as send:
        async for pcm in pieces:
            if data := encoder.add(pcm):
                await send(body.wrapped(data))
        if data := encoder.finish():
            await send(body.wrapped(data))
        await send(body.ending())
    return response


def _event(values: Mapping[str, object]) -> bytes:
    return b"data: " + json.dumps(values).encode() + b"\n\n"
