"""The control connection to a snapserver: JSON-RPC, one message a line.

The package `snapcast` is not used. It hangs up where a message is cut within a letter such as the "ü" of "Küche", and
where it is told of a group that it does not know; and an error of the server looks to its callers like a result.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from kokoro_wyoming.speakers.interface import SpeakerError
from kokoro_wyoming.speakers.kinds.reaching import reached

_LONGEST_BYTES = 1 << 24
"""Of a message: a status has the pictures of what is played in it."""
_UNKNOWN_METHOD = -32_601


class UnknownMethodError(SpeakerError):
    """The server does not know this request: it is too old or too new."""


class Control:
    """A connection on which requests are made one after the other. All methods may raise SpeakerError."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._requests = 0

    async def open(self, host: str, port: int) -> None:
        """Connect."""
        connecting = asyncio.open_connection(host, port, limit=_LONGEST_BYTES)
        self._connection = await reached(connecting, self._patience_seconds)

    @property
    def own_address(self) -> str:
        """This machine's IP address as the server sees it, where nothing stands in between."""
        assert self._connection is not None
        return str(self._connection[1].get_extra_info("sockname")[0])

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection[1].transport.abort()

    async def status(self) -> dict[str, Any]:
        """Groups with their clients, and streams."""
        answer = await self.request("Server.GetStatus")
        try:
            return {"groups": [*answer["server"]["groups"]], "streams": [*answer["server"]["streams"]]}
        except (KeyError, TypeError) as error:
            raise SpeakerError("it answers, but not as a snapserver does") from error

    async def request(self, method: str, **params: Any) -> Any:
        """The result of a request. Raises UnknownMethodError as well."""
        assert self._connection is not None
        reader, writer = self._connection
        self._requests += 1
        message = {"id": self._requests, "jsonrpc": "2.0", "method": method, "params": params}
        try:
            writer.write(json.dumps(message).encode() + b"\r\n")
            answer = await asyncio.wait_for(self._answer(reader), self._patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {self._patience_seconds:g} seconds") from error
        except OSError as error:
            raise SpeakerError("it broke the connection off") from error
        if isinstance(refusal := answer.get("error"), dict):
            kind = UnknownMethodError if refusal.get("code") == _UNKNOWN_METHOD else SpeakerError
            raise kind(f"it refused: {str(refusal.get('data') or refusal.get('message')).lower()}")
        return answer.get("result")

    async def _answer(self, reader: asyncio.StreamReader) -> dict[str, Any]:
        """The answer to the latest request; news of the server are passed over."""
        while True:
            try:
                line = await reader.readline()
                if not line:
                    raise ConnectionResetError
                message = json.loads(line)
            except ValueError as error:  # also a line that is too long
                raise SpeakerError("it answers, but not as a snapserver does") from error
            if isinstance(message, dict) and message.get("id") == self._requests:
                return message
