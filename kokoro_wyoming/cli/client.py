"""A connection to a Wyoming server whose every failure is one clear sentence."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event

from kokoro_wyoming.cli import settings
from kokoro_wyoming.errors import ConfigError, KokoroWyomingError

_CONNECT_SECONDS = 5.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a server on every address of one family is reached from its own machine."""


class ServerError(KokoroWyomingError):
    """The server cannot be reached, refused, or stopped in the middle."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Offer the flags that say which server is meant."""
    parser.add_argument(
        "--uri", metavar="URI", help="the server's address (default: as in the settings, on this machine)"
    )
    settings.add_config_file(parser)


def server_uri(args: argparse.Namespace) -> str:
    """The address to connect to: `--uri`, else where a server with these settings listens."""
    from kokoro_wyoming import config

    if args.uri is None:
        address = config.parse_uri(config.load(args.config).server.uri)
    else:
        try:
            address = config.parse_uri(args.uri)
        except ValueError as error:
            raise ConfigError(f"--uri: `{args.uri}` {error}") from error
    if isinstance(address, config.TcpAddress):
        address = replace(address, host=_LOOPBACK.get(address.host, address.host) or _loopback())
    return str(address)


def _loopback() -> str:
    """Where a server on every address is reached from its own machine."""
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", 0))
        except OSError:  # this machine has no IPv4
            return "::1"
    return "127.0.0.1"


class Connection:
    """Events to and from a server. Raises ServerError."""

    def __init__(self, uri: str, client: AsyncClient) -> None:
        self.uri = uri
        self._client = client

    async def send(self, event: Event) -> None:
        try:
            await self._client.write_event(event)
        except OSError as error:
            raise ServerError(f"{self.uri} closed the connection") from error

    async def receive(self) -> Event:
        """The next event; an `error` event is raised with its words."""
        try:
            event = await self._client.read_event()
        except (OSError, EOFError) as error:
            raise ServerError(f"{self.uri} broke the connection off in the middle") from error
        # What the package raises for lines that are JSON but no event; noise that is not JSON counts as an end.
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ServerError(f"{self.uri} answers, but not as a Wyoming server does") from error
        if event is None:
            raise ServerError(f"{self.uri} closed the connection before the end of its answer")
        if Error.is_type(event.type):
            raise ServerError(f"{self.uri} refused: {_words(event)}")
        return event


@contextlib.asynccontextmanager
async def connected(uri: str) -> AsyncIterator[Connection]:
    """A connection, closed at the end. Raises ServerError when there is nobody."""
    client = AsyncClient.from_uri(uri, connect_timeout=_CONNECT_SECONDS)
    try:
        await client.connect()
    except (OSError, asyncio.TimeoutError) as error:
        raise ServerError(
            f"nobody answers at {uri} ({reason(error)}); start a server with `kokoro-wyoming serve`, "
            "or name another with --uri"
        ) from error
    try:
        yield Connection(uri, client)
    finally:
        with contextlib.suppress(OSError):
            await client.disconnect()


def reason(error: Exception) -> str:
    """In the system's words: asyncio puts its own and the address into the text of the error."""
    if isinstance(error, asyncio.TimeoutError):
        return f"no answer within {_CONNECT_SECONDS:.0f} seconds"
    if isinstance(error, socket.gaierror):
        return (error.strerror or "name not found").lower()
    number = error.errno if isinstance(error, OSError) else None
    # For a name with several addresses asyncio raises one error for all failures, without an errno.
    return os.strerror(number).lower() if number else "none of its addresses can be reached"


def _words(event: Event) -> str:
    text, code = event.data.get("text"), event.data.get("code")
    return f"{text} ({code})" if code else str(text)
