"""`GET /v1/stream`: a WebSocket that takes text as a language model writes it, and sends sound and times of words."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import error_body
from kokoro_wyoming.protocols.http.sessions import Session, serve
from kokoro_wyoming.protocols.http.sockets import Socket
from kokoro_wyoming.protocols.http.stream_dialogue import Begin, Cancel, Dialogue, End, Say
from kokoro_wyoming.utterances.utterance import Utterance

ROUTES = web.RouteTableDef()


@ROUTES.get("/v1/stream", allow_head=False)
@described(Description(status=101))
async def stream(request: web.Request) -> web.StreamResponse:
    """Speak what comes, one utterance after the other."""
    return await serve(request, StreamSession)


class StreamSession(Session):
    """Acts on the messages of `/v1/stream`."""

    def __init__(self, request: web.Request, socket: Socket) -> None:
        super().__init__(request, socket)
        self._dialogue = Dialogue()

    @property
    def waits_for_text(self) -> bool:
        return self._dialogue.is_open

    async def take(self, message: Mapping[str, Any]) -> None:
        action = self._dialogue.receive(message)
        match action:
            case Begin():
                await self._begin(action)
            case Say(text) if self.utterance is not None:
                await self._say(self.utterance, text)
            case End() if self.utterance is not None:
                self.utterance.finish()
            case Cancel():
                await self.silence()
                await self.socket.send({"type": "cancelled"})

    async def _begin(self, begin: Begin) -> None:
        try:
            async with self.beginning(begin.request) as utterance:
                await self.socket.send(_started(utterance))
        except BaseException:
            self._dialogue.over()
            raise

    async def _say(self, utterance: Utterance, text: str) -> None:
        try:
            utterance.add(text)
        except PeerError as error:
            self.give_up(error)
        except BaseException:
            await self.silence()
            self._dialogue.over()
            raise

    def give_up(self, error: PeerError) -> None:
        self._dialogue.give_up()
        if self.utterance is not None:
            self.utterance.cancel(error)

    async def tell(self, error: Exception, message: Mapping[str, Any] | None = None) -> None:
        await self.socket.send({"type": "error", **error_body(error)})

    async def deliver(self, utterance: Utterance) -> None:
        async with contextlib.aclosing(utterance.pieces()) as pieces:
            async for piece in pieces:
                if isinstance(piece, bytes):
                    await self.socket.send_sound(piece)
                else:
                    await self.socket.send({"type": "words", "words": [word.as_json() for word in piece]})
        self._dialogue.over()
        await self.socket.send({"type": "done", "seconds": round(utterance.seconds, 3)})

    async def fail(self, utterance: Utterance, error: Exception) -> None:
        self._dialogue.over()
        await self.tell(error)


def _started(utterance: Utterance) -> dict[str, object]:
    voice = utterance.voice
    return {
        "type": "started",
        "sample_rate": SAMPLE_RATE_HZ,
        "channels": CHANNELS,
        "format": "s16le",
        "voice": voice.name,
        "language": voice.language,
    }
