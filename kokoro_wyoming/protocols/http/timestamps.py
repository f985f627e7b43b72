"""Speech and when each word of it is heard: `POST /v1/audio/speech/timestamps`, and another server's shape of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Sequence

from aiohttp import web
from pydantic import Field

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.audio.word_times import WordTime
from kokoro_wyoming.protocols.http.bodies import SoundFormat, SpeechBody, parsed, read_json, speaking, streams
from kokoro_wyoming.protocols.http.context import CONTEXT
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import error_body, json_response
from kokoro_wyoming.protocols.http.sending import STREAM_HEADERS, Pieces, encoder_of, sending
from kokoro_wyoming.utterances.utterance import Utterance

ROUTES = web.RouteTableDef()

_DELAY_SECONDS = {
    "mp3": encoding.MP3_DELAY_SAMPLES / SAMPLE_RATE_HZ,
    "aac": encoding.AAC_DELAY_SAMPLES / SAMPLE_RATE_HZ,
}
"""Silence that a decoder of these formats gives before the sound."""


class TimestampsBody(SpeechBody):
    """The body of `POST /v1/audio/speech/timestamps`."""

    response_format: SoundFormat = Field("wav", description=", ".join(encoding.FORMATS))
    audio: bool = Field(True, description="false: the times alone.")


class CaptionedBody(SpeechBody):
    """The body of `POST /dev/captioned_speech`."""

    return_timestamps: bool = True


class _Timed:
    """Lines with words, each before the sound that they are in; and the whole as one object."""

    content_type = "application/x-ndjson"

    def __init__(self, sound_format: str, *, with_sound: bool = True) -> None:
        self.format = sound_format
        self.with_sound = with_sound
        self._delay_seconds = _DELAY_SECONDS.get(sound_format, 0.0) if with_sound else 0.0

    def words(self, words: Sequence[WordTime]) -> bytes:
        """What is sent when the times of these words are known."""
        return _line({"audio": None, "words": self._words(words)})

    def sound(self, data: bytes) -> bytes:
        """What is sent for this much of the sound."""
        return _line({"audio": _base64(data), "words": []}) if data else b""

    def ending(self, seconds: float) -> bytes:
        """What is sent at the end."""
        return _line({"done": True, "seconds": self._seconds(seconds)})

    def whole(self, data: bytes, words: Sequence[WordTime], seconds: float) -> dict[str, object]:
        """The answer where none is sent before the end."""
        audio = _base64(data) if self.with_sound else None
        length = self._seconds(seconds)
        return {"audio": audio, "format": self.format, "words": self._words(words), "seconds": length}

    def _words(self, words: Sequence[WordTime]) -> list[dict[str, str | float]]:
        return [word.later(self._delay_seconds).as_json() for word in words]

    def _seconds(self, seconds: float) -> float:
        return round(seconds + self._delay_seconds, 3)


class _Captioned(_Timed):
    """The same as Kokoro-FastAPI has it: every line has sound, and the words that begin in it or later."""

    content_type = "application/json"

    def __init__(self, sound_format: str, *, with_words: bool) -> None:
        super().__init__(sound_format)
        self._with_words = with_words
        self._waiting: list[WordTime] = []

    def words(self, words: Sequence[WordTime]) -> bytes:
        self._waiting += words
        return b""

    def sound(self, data: bytes) -> bytes:
        if not data:
            return b""
        words, self._waiting = self._waiting, []
        return _line(self._captioned(data, words))

    def ending(self, seconds: float) -> bytes:
        return _line(self._captioned(b"", self._waiting)) if self._waiting else b""

    def whole(self, data: bytes, words: Sequence[WordTime], seconds: float) -> dict[str, object]:
        return self._captioned(data, words)

    def _captioned(self, data: bytes, words: Sequence[WordTime]) -> dict[str, object]:
        timestamps = [
            {"word": word["text"], "start_time": word["start"], "end_time": word["end"]} for word in self._words(words)
        ]
        return {
            "audio": _base64(data),
            "audio_format": encoding.media_type(self.format),
            "timestamps": timestamps if self._with_words else None,
        }


@ROUTES.post("/v1/audio/speech/timestamps")
@described(Description(TimestampsBody, media_types=("application/x-ndjson", "application/json")))
async def timestamps(request: web.Request) -> web.StreamResponse:
    """Speak a text, and tell when each word is heard."""
    body = parsed(TimestampsBody, await read_json(request, request.app[CONTEXT].options))
    return await _speak(request, body, _Timed(body.response_format, with_sound=body.audio), word_times=True)


@ROUTES.post("/dev/captioned_speech")
@described(Description(CaptionedBody))
async def captioned(request: web.Request) -> web.StreamResponse:
    """Speak a text, and tell when each word is heard, in Kokoro-FastAPI's shape."""
    body = parsed(CaptionedBody, await read_json(request, request.app[CONTEXT].options))
    shape = _Captioned(body.response_format, with_words=body.return_timestamps)
    return await _speak(request, body, shape, word_times=body.return_timestamps)


async def _speak(request: web.Request, body: SpeechBody, shape: _Timed, *, word_times: bool) -> web.StreamResponse:
    is_stream = streams(request, body)
    asked = speaking(body, word_times=word_times)
    headers = {**asked.headers, **STREAM_HEADERS}
    with request.app[CONTEXT].utterance(request, asked.request, body.input) as utterance:
        async with contextlib.aclosing(Pieces(utterance.pieces())) as pieces:
            await pieces.take_ready(may_be_whole=False)
            if is_stream:
                return await _send_lines(request, utterance, pieces, shape, headers)
            return await _whole(utterance, pieces, shape, headers)


async def _whole(
    utterance: Utterance, pieces: Pieces[bytes | list[WordTime]], shape: _Timed, headers: dict[str, str]
) -> web.Response:
    made = await pieces.take_all()
    words = [word for piece in made if isinstance(piece, list) for word in piece]
    sound = b""
    if shape.with_sound:
        pcm = b"".join(piece for piece in made if isinstance(piece, bytes))
        sound = await asyncio.to_thread(encoding.whole, shape.format, pcm)
    return json_response(shape.whole(sound, words, utterance.seconds), headers=headers)


async def _send_lines(
    request: web.Request,
    utterance: Utterance,
    pieces: Pieces[bytes | list[WordTime]],
    shape: _Timed,
    headers: dict[str, str],
) -> web.StreamResponse:
    """Send a line for whatever there is. A failure midway is a line, and the body is cut off behind it."""
    response = web.StreamResponse(headers={**headers, "Content-Type": shape.content_type})
    async with encoder_of(shape.format) as encoder, sending(request, response, _failure) as send:
        async for piece in pieces:
            if isinstance(piece, list):
                await send(shape.words(piece))
            elif shape.with_sound:
                await send(shape.sound(encoder.add(piece)))
        if shape.with_sound:
            await send(shape.sound(encoder.finish()))
        await send(shape.ending(utterance.seconds))
    return response


def _failure(error: Exception) -> bytes:
    return _line(error_body(error))


def _line(values: dict[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode(errors="replace") + b"\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
