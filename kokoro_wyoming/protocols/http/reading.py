"""How each word of a text would be read, in phonemes."""

from __future__ import annotations

from dataclasses import asdict, replace

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kokoro_wyoming.pronunciation.readings import Reading
from kokoro_wyoming.protocols.http.bodies import VoicedBody, parsed, read_json, speaking, voice_request
from kokoro_wyoming.protocols.http.context import CONTEXT, connection_of
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import json_response
from kokoro_wyoming.utterances.requests import SpeechRequest

ROUTES = web.RouteTableDef()


class PhonemesBody(VoicedBody):
    """The body of `POST /v1/audio/phonemes`. What decides the sound alone, such as `speed`, changes nothing."""

    input: str = Field(description="The text, as for speech.")


class PhonemizeBody(BaseModel):
    """The body of `POST /dev/phonemize`."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(description="The text, as for speech.")
    language: str = Field("a", description="A language tag, or Kokoro's letter of a language.")


@ROUTES.post("/v1/audio/phonemes")
@described(Description(PhonemesBody))
async def phonemes(request: web.Request) -> web.Response:
    """The phonemes of a text and of each word, as it was written, with the language of the voice."""
    body = parsed(PhonemesBody, await read_json(request, request.app[CONTEXT].options))
    reading = await _read(request, body.input, speaking(body).request)
    words = [asdict(word) for word in reading.words]
    return json_response({"phonemes": reading.phonemes, "words": words, "language": reading.language})


@ROUTES.post("/dev/phonemize")
@described(Description(PhonemizeBody))
async def phonemize(request: web.Request) -> web.Response:
    """The phonemes of a text and the network's integers for them, in Kokoro-FastAPI's shape."""
    body = parsed(PhonemizeBody, await read_json(request, request.app[CONTEXT].options))
    reading = await _read(request, body.text, SpeechRequest(voice_request(None, body.language)))
    return json_response({"phonemes": reading.phonemes, "tokens": reading.token_ids})


async def _read(request: web.Request, text: str, wanted: SpeechRequest) -> Reading:
    """How the text would be read, asked for by this client. Raises as `SpeechService.phonemes`."""
    context = request.app[CONTEXT]
    wanted = replace(wanted, voice=context.known_voice(wanted.voice, wanted.program))
    return await context.service.phonemes(text, wanted, quota=connection_of(request).quota)
