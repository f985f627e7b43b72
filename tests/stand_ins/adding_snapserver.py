"""A stand-in before a real snapserver that takes no streams: it answers as 0.31 does, which takes them.

Its one spare stream is a `tcp` source of the real server. Streams that are added are fetched and handed on to that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_LIMIT = 1 << 24


class _Server:
    def __init__(self, control_port: int, spare: str, spare_port: int) -> None:
        self._control_port, self._spare, self._spare_port = control_port, spare, spare_port
        self._added: str | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, to_behind = await asyncio.open_connection("127.0.0.1", self._control_port, limit=_LIMIT)
        answering = asyncio.ensure_future(self._answer(behind, writer))
        try:
            while line := await reader.readline():
                answer = self._act(json.loads(line))
                if answer is None:
                    to_behind.write(self._renamed(line, self._added, self._spare))
                else:
                    writer.write(json.dumps(answer).encode() + b"\r\n")
        except ConnectionError:
            pass
        finally:
            answering.cancel()
            to_behind.close()
            writer.close()

    async def _answer(self, behind: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await behind.readline():
            message = json.loads(line)
            with contextlib.suppress(KeyError, TypeError):
                server = message["result"]["server"]
                if self._added is None:
                    server["streams"] = [stream for stream in server["streams"] if stream["id"] != self._spare]
            writer.write(self._renamed(json.dumps(message).encode() + b"\r\n", self._spare, self._added))

    def _act(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a request that the real server does not know."""
        if request["method"] == "Stream.AddStream":
            address = urlsplit(request["params"]["streamUri"])
            query = dict(parse_qsl(address.query))
            assert (address.scheme, query["mode"], query["sampleformat"]) == ("tcp", "client", "48000:16:2")
            self._added = query["name"]
            assert address.hostname is not None
            assert address.port is not None
            self._tasks.add(asyncio.ensure_future(self._hand_on(address.hostname, address.port)))
            return {"id": request["id"], "jsonrpc": "2.0", "result": {"id": self._added}}
        if request["method"] == "Stream.RemoveStream":
            assert request["params"]["id"] == self._added
            self.end()
            return {"id": request["id"], "jsonrpc": "2.0", "result": {"id": request["params"]["id"]}}
        return None

    def end(self) -> None:
        self._added = None
        while self._tasks:
            self._tasks.pop().cancel()

    async def _hand_on(self, host: str, port: int) -> None:
        with contextlib.suppress(OSError):
            reader, fetching = await asyncio.open_connection(host, port)
            _, writer = await asyncio.open_connection("127.0.0.1", self._spare_port)
            try:
                while pcm := await reader.read(65_536):
                    writer.write(pcm)
                    await writer.drain()
            finally:
                writer.close()
                fetching.close()

    @staticmethod
    def _renamed(line: bytes, name: str | None, other: str | None) -> bytes:
        if name is None or other is None:
            return line
        return line.replace(json.dumps(name).encode(), json.dumps(other).encode())


@contextlib.asynccontextmanager
async def adding_snapserver(control_port: int, spare: str, spare_port: int) -> AsyncIterator[int]:
    """Serve on a free port until the block ends; the port."""
    standing_in = _Server(control_port, spare, spare_port)
    server = await asyncio.start_server(standing_in.serve, "127.0.0.1", 0, limit=_LIMIT)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        standing_in.end()
