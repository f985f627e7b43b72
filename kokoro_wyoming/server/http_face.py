"""The HTTP face in the server's life: its port, its settings, and where people find the page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from kokoro_wyoming.config import Config, TcpAddress, parse_uri
from kokoro_wyoming.errors import ConfigError, first_line
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.http.connections import Connection
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.http.server import HttpServer
from kokoro_wyoming.server.discovery import listening_hosts
from kokoro_wyoming.server.discovery.addresses import local_addresses, plan
from kokoro_wyoming.server.listener import Listener, ListenError, bind_protocol
from kokoro_wyoming.utterances.service import SpeechService

_LOGGER = logging.getLogger(__name__)

_KEY_FILE_CHARS = 1_000


class HttpFace:
    """The HTTP server and its listener; neither, where the settings ask for none or the port is taken."""

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._server: HttpServer | None = None

    async def bind(self, config: Config) -> None:
        """Bind the port, if one is wanted. A port that cannot be had is a warning: Wyoming is served without."""
        if config.http.uri is None:
            return
        try:
            self._listener = await bind_protocol(parse_uri(config.http.uri), self._protocol, "--http-uri")
        except ListenError as error:
            _LOGGER.warning("There is no page and no HTTP API: %s --no-http silences this.", error)

    async def open(
        self, config: Config, service: SpeechService, admission: Admission, metrics: Callable[[], tuple[bytes, str]]
    ) -> None:
        """Accept clients, if the port was bound. Raises ConfigError where the key's file cannot be read."""
        if self._listener is None:
            return
        self._server = await HttpServer.start(service, admission, http_options(config), metrics)
        try:
            await self._listener.open()
        except ListenError as error:
            _LOGGER.warning("There is no page and no HTTP API: %s --no-http silences this.", error)
            self.close()

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

    def change(self, options: HttpOptions) -> None:
        """Use these options from the next request on."""
        if self._server is not None:
            self._server.change(options)

    async def drain(self, seconds: float) -> None:
        """Refuse new requests, finish what is being said within this time, and close everything."""
        if self._server is not None:
            await self._server.drain(seconds)
        self.close()

    def close(self) -> None:
        """Listen no longer. May be called again."""
        if self._listener is not None:
            self._listener.close()
        self._listener = None

    def _protocol(self) -> Connection:
        assert self._server is not None, "the port is opened after the server is made"
        return self._server.protocol()


def http_options(config: Config) -> HttpOptions:
    """What the settings say about the HTTP face. Raises ConfigError where the key's file cannot be read."""
    http, limits = config.http, config.limits
    return HttpOptions(
        api_key=http.api_key if http.api_key_file is None else _key_in(http.api_key_file),
        hosts=http.hosts,
        cors=http.cors,
        say=http.say,
        vendor_voices=http.voices.model_dump(),
        behind_ingress=http.behind_ingress,
        text_chars=limits.text_chars,
        request_seconds=limits.event_timeout_seconds,
        idle_seconds=limits.idle_seconds,
        write_seconds=limits.write_timeout_seconds,
    )


def _key_in(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            key = file.read(_KEY_FILE_CHARS).split("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"http.api_key_file: {path} cannot be read: {first_line(error)}.") from error
    if len(key) < 8:
        raise ConfigError(f"http.api_key_file: the first line of {path} is no key; write 8 characters or more.")
    return key
