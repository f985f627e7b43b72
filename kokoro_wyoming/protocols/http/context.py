"""What the handlers of requests share: the speech service, the owner's settings, and what each client may do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from aiohttp import web

from kokoro_wyoming.errors import UnknownVoiceError
from kokoro_wyoming.protocols.http.connections import Connection
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.speakers.announcements import Announcements
from kokoro_wyoming.utterances.requests import SpeechRequest
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.utterances.utterance import Utterance
from kokoro_wyoming.voices.descriptions import VoiceRequest

FACE = "http"
"""The name of this door in metrics."""


@dataclass
class Context:
    """Of one HTTP server."""

    service: SpeechService
    announcements: Announcements
    metrics: Callable[[str], tuple[bytes, str]]
    """Gives, for a header `Accept`, the numbers of the server and their content type."""
    options: HttpOptions = field(default_factory=HttpOptions)
    """May be changed; holds for requests that begin later."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: requests that come now are refused."""
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is no more time for what is still being answered."""
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no request is being answered."""
    _answers: int = 0

    def __post_init__(self) -> None:
        self.quiet.set()

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """A request is answered meanwhile."""
        self._answers += 1
        self.quiet.clear()
        try:
            yield
        finally:
            self._answers -= 1
            if not self._answers:
                self.quiet.set()

    @contextlib.contextmanager
    def utterance(self, request: web.Request, wanted: SpeechRequest, text: str | None = None) -> Iterator[Utterance]:
        """An utterance for this client, closed at the end; with all of its text, where that is known.

        Raises as `SpeechService.begin` and `Utterance.add`.
        """
        client = connection_of(request)
        speech = replace(wanted, voice=self.known_voice(wanted.voice, wanted.program))
        utterance = self.service.begin(speech, client=client.peer, quota=client.quota, face=FACE)
        with contextlib.closing(utterance):
            if text is not None:
                utterance.add(text)
                utterance.finish()
            yield utterance

    def known_voice(self, voice: VoiceRequest, program: str | None = None) -> VoiceRequest:
        """The voice for a name that OpenAI's API has for its own, where no voice here has that name; else unchanged."""
        mapped = self.options.vendor_voices.get((voice.name or "").lower())
        if mapped is None or self._has(voice, program):
            return voice
        chosen = replace(voice, name=mapped)
        return chosen if self._has(chosen, program) else replace(voice, name=None)

    def _has(self, voice: VoiceRequest, program: str | None) -> bool:
        try:
            self.service.check(voice, program)
        except UnknownVoiceError:
            return False
        return True


CONTEXT = web.AppKey("context", Context)


def connection_of(request: web.Request) -> Connection:
    """The connection that a request came by."""
    assert request.transport is not None, "its loss cancels the handler"
    connection = request.transport.get_protocol()
    assert isinstance(connection, Connection)
    return connection
