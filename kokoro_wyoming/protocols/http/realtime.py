"""`GET /v1/realtime`: a WebSocket for clients of OpenAI's Realtime API that want a text spoken."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kokoro_wyoming.protocols.http.bodies import VoicedBody, parsed, speaking
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import error_body
from kokoro_wyoming.protocols.http.realtime_events import (
    Answer,
    Cancel,
    Dialogue,
    Event,
    Response,
    Settings,
    Speak,
    Update,
    event,
)
from kokoro_wyoming.protocols.http.sessions import Session, serve
from kokoro_wyoming.protocols.http.sockets import Socket
from kokoro_wyoming.utterances.utterance import Utterance

ROUTES = web.RouteTableDef()


@ROUTES.get("/v1/realtime", allow_head=False)
@described(Description(query={"model": "A release, such as v0.19."}, status=101))
async def realtime(request: web.Request) -> web.StreamResponse:
    """Speak the text of each response that is asked for."""
    return await serve(request, RealtimeSession)


class RealtimeSession(Session):
    """Acts on the events of `/v1/realtime`."""

    def __init__(self, request: web.Request, socket: Socket) -> None:
        super().__init__(request, socket)
        self._dialogue = Dialogue(Settings(parsed(VoicedBody, {"model": request.query.get("model")})))

    def greeting(self) -> Event:
        return event("session.created", session=self._dialogue.settings.session())

    async def take(self, message: Mapping[str, Any]) -> None:
        match self._dialogue.receive(message):
            case Update(settings):
                self._check(settings.body)
                self._dialogue.settings = settings
                await self.socket.send(event("session.updated", session=settings.session()))
            case Answer(events):
                for answer in events:
                    await self.socket.send(answer)
            case Speak(response):
                await self._begin(response)
            case Cancel(response):
                await self.silence()
                details = {"type": "cancelled", "reason": "client_cancelled"}
                await self._end(response, "cancelled", details)

    def _check(self, body: VoicedBody) -> None:
        """Raise UnknownVoiceError or UnknownVersionError where a response would be refused for it."""
        request = speaking(body).request
        self.context.service.check(self.context.known_voice(request.voice, request.program), request.program)

    async def _begin(self, response: Response) -> None:
        async with self.beginning(speaking(response.body).request) as utterance:
            utterance.add(response.text)
            utterance.finish()
            for begun in response.begin():
                await self.socket.send(begun)
            self._dialogue.active = response

    async def deliver(self, utterance: Utterance) -> None:
        response = self._dialogue.active
        assert response is not None, "it began the utterance"
        async with contextlib.aclosing(utterance.pieces()) as pieces:
            async for piece in pieces:
                if isinstance(piece, bytes):
                    await self.socket.send(response.sound(piece))
        await self._end(response, "completed", None)

    async def fail(self, utterance: Utterance, error: Exception) -> None:
        told = error_body(error)["error"]
        if self._dialogue.active is not None:
            details = {"type": "failed", "error": told}
            await self._end(self._dialogue.active, "failed", details)

    async def _end(self, response: Response, status: str, details: Event | None) -> None:
        self._dialogue.active = None
        seconds = self.utterance.seconds if self.utterance is not None else 0.0
        for ended in response.end(status, details, seconds):
            await self.socket.send(ended)

    async def tell(self, error: Exception, message: Mapping[str, Any] | None = None) -> None:
        cause = (message or {}).get("event_id")
        told = error_body(error)["error"]
        assert isinstance(told, dict)
        await self.socket.send(event("error", error={**told, "event_id": cause if isinstance(cause, str) else None}))
