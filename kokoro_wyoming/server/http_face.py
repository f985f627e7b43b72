"""The HTTP face in the server's life: its port, its settings, and where people find the page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from kokoro_wyoming.config import Config, TcpAddress, parse_uri
from kokoro_wyoming.config.options import api_key
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.http.connections import Connection
from kokoro_wyoming.protocols.http.server import HttpServer
from kokoro_wyoming.server.announcing import announcements, url_for
from kokoro_wyoming.server.discovery import listening_hosts
from kokoro_wyoming.server.discovery.addresses import local_addresses, plan
from kokoro_wyoming.server.listener import Listener, ListenError, bind_protocol
from kokoro_wyoming.server.metrics import Metrics
from kokoro_wyoming.server.options import http_options
from kokoro_wyoming.server.startup import State
from kokoro_wyoming.speakers.announcements import Announcements, Wishes
from kokoro_wyoming.utterances.service import SpeechService

_LOGGER = logging.getLogger(__name__)


class HttpFace:
    """The HTTP server and its listener. Made by `bound`; accepts no client before `open`."""

    def __init__(self, state: Callable[[], State]) -> None:
        """`state` tells the metrics of this moment."""
        self.metrics = Metrics(state)
        self._listener: Listener | None = None
        self._server: HttpServer | None = None
        self._announcements: Announcements | None = None
        self._base_url: str | None = None
        """Where speakers fetch what they play, by the settings."""

    @classmethod
    async def bound(cls, config: Config, state: Callable[[], State]) -> HttpFace:
        """Bind the port that the settings ask for. Raises ListenError."""
        face = cls(state)
        face._listener = await bind_protocol(parse_uri(config.http.uri or ""), face._protocol, "--http-uri")
        return face

    async def open(self, config: Config, service: SpeechService, admission: Admission, wanted: Wishes) -> None:
        """Accept clients. Raises ConfigError where the key's file cannot be read."""
        options = http_options(config, api_key(config))
        self._base_url = config.announcements.base_url
        self._announcements, offers = announcements(wanted, self._offered_at)
        self._server = await HttpServer.start(
            service, admission, options, self.metrics.exposition, self._announcements, offers
        )
        assert self._listener is not None
        try:
            await self._listener.open()
        except ListenError as error:
            _LOGGER.warning("There is no page and no HTTP API: %s", error)
            self.close()
        else:
            self._announcements.restore_left()

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return self._server.connections if self._server else 0

    @property
    def uri(self) -> str | None:
        """The address that it listens on, with the real port in place of port 0; None where it does not."""
        return str(self._listener.address) if self._listener else None

    @property
    def page(self) -> str | None:
        """The page's address for people at another machine of the house, where one is known."""
        if self._listener is None or not isinstance(self._listener.address, TcpAddress):
            return None
        found = plan(local_addresses(), listening_hosts(self._listener.sockets)).addresses
        bound = self._listener.address.host
        host = str(found[0]) if found else (bound or "localhost")
        return f"http://{f'[{host}]' if ':' in host else host}:{self._listener.address.port}/"

    def change(self, config: Config, key: str | None, wanted: Wishes) -> None:
        """Use these settings, this key and these speakers from the next request on."""
        self._base_url = config.announcements.base_url
        if self._server is not None:
            self._server.change(http_options(config, key))
        if self._announcements is not None:
            self._announcements.change(wanted)

    async def drain(self, seconds: float) -> None:
        """Refuse new requests, at a port that stays open, and finish what is being said within this time."""
        if self._server is not None and self._announcements is not None:
            await asyncio.gather(self._server.drain(seconds), self._announcements.drain(seconds))

    async def finish(self) -> None:
        """Answer who waits at the port, and close everything."""
        if self._listener is not None:
            await self._listener.finish()
        if self._server is not None:
            await self._server.close()
        self.close()

    def close(self) -> None:
        """Listen no longer. May be called again."""
        if self._listener is not None:
            self._listener.close()
        self._listener = None

    def _offered_at(self, facing: str) -> str | None:
        """Where a speaker that sees this machine at this address fetches its sound."""
        return url_for(facing, self._listener.address if self._listener else None, self._base_url)

    def _protocol(self) -> Connection:
        assert self._server is not None, "the port is opened after the server is made"
        return self._server.protocol()
