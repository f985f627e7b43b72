"""Sound on its way to a client: pieces as they are made, at the client's pace."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from aiohttp import web

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.protocols.http.context import CONTEXT, connection_of
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.pacing import within
from kokoro_wyoming.utterances.failures import log_failure
from kokoro_wyoming.utterances.utterance import Utterance

STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""What keeps caches and proxies from holding back a stream."""

_TOKEN_SECONDS = 0.025
"""Length of sound that counts as a token of an answer: one step of the network's durations."""
_STEPS = 8
"""Steps of the event loop within which a piece comes that has not to be waited for."""
_READY_PIECES = 600
"""Most pieces to gather before the first is sent, half a minute of sound: the cache may have all of a long text."""

Piece = TypeVar("Piece")


class SlowClientError(ConnectionError):
    """A client that takes no sound."""


class Pieces(Generic[Piece]):
    """The pieces of one answer, and how many of them are there already.

    A sentence of the cache, and a short one that was made at once, are there as a whole: an answer that is whole
    before anything had to be waited for has a length.
    """

    def __init__(self, pieces: AsyncGenerator[Piece, None]) -> None:
        self._pieces = pieces
        self._ready: list[Piece] = []
        self._coming: asyncio.Task[Piece] | None = None
        self.is_whole = False
        """Whether all pieces are there."""

    async def take_ready(self, *, may_be_whole: bool) -> None:
        """Wait for the first piece, and take all that come with it. Raises as the pieces do.

        To look for more takes some turns of the event loop, each of which may wait for the model thread's Python:
        where the answer can hardly be whole, the first piece is sent at once.
        """
        most = _READY_PIECES if may_be_whole else 1
        while not self.is_whole and len(self._ready) < most:
            coming = self._next()
            for _ in range(_STEPS):
                if coming.done():
                    break
                await asyncio.sleep(0)
            if self._ready and not coming.done():
                return
            await self._take()

    async def take_all(self) -> list[Piece]:
        """Wait for all pieces."""
        while not self.is_whole:
            await self._take()
        return self._ready

    async def __aiter__(self) -> AsyncIterator[Piece]:
        while self._ready or not self.is_whole:
            if not self._ready:
                await self._take()
            while self._ready:
                yield self._ready.pop(0)
                # What is done with a piece may take a millisecond without waiting: other clients have a turn.
                await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Make no more pieces."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.wait((self._coming,))
            if not self._coming.cancelled():
                self._coming.exception()  # or asyncio logs it as never retrieved
        await self._pieces.aclose()

    def _next(self) -> asyncio.Task[Piece]:
        if self._coming is None:
            self._coming = asyncio.ensure_future(_following(self._pieces))
        return self._coming

    async def _take(self) -> None:
        """Wait for one more piece."""
        coming = self._next()
        await asyncio.wait((coming,))
        self._coming = None
        try:
            self._ready.append(coming.result())
        except StopAsyncIteration:
            self.is_whole = True


async def _following(pieces: AsyncGenerator[Piece, None]) -> Piece:
    return await pieces.__anext__()


async def pcm_of(utterance: Utterance) -> AsyncGenerator[bytes, None]:
    """The sound alone of `Utterance.pieces`, without times of words."""
    async with contextlib.aclosing(utterance.pieces()) as pieces:
        async for piece in pieces:
            if isinstance(piece, bytes):
                yield piece


@contextlib.asynccontextmanager
async def encoder_of(name: str) -> AsyncIterator[encoding.Encoder]:
    """An encoder for one answer in this format, closed at the end."""
    encoder = await asyncio.to_thread(encoding.stream, name)  # the first one imports a library
    try:
        yield encoder
    finally:
        encoder.close()


@contextlib.asynccontextmanager
async def sending(
    request: web.Request, response: web.StreamResponse, failing: Callable[[Exception], bytes] = lambda error: b""
) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Send an answer while it is made, from its headers to its end. What this gives sends data, if there is any.

    While the client takes none, that waits. A failure midway is logged and told by `failing`; then the body is cut off.
    """
    send = partial(_send, response, _write_seconds(request))
    try:
        await response.prepare(request)
        yield send
        await response.write_eof()
    except ConnectionError:
        _cut_off(request)
    except Exception as error:
        log_failure(_peer(request), error)
        await send(failing(error))
        _cut_off(request)


def _write_seconds(request: web.Request) -> float:
    """How long a client may take nothing. A command's own server, for speakers, has no options."""
    context = request.app.get(CONTEXT)
    return HttpOptions.write_seconds if context is None else context.options.write_seconds


def _peer(request: web.Request) -> str:
    return str(request.remote) if request.app.get(CONTEXT) is None else connection_of(request).peer


async def _send(response: web.StreamResponse, seconds: float, data: bytes) -> None:
    """Raises SlowClientError where the client takes nothing for `seconds`."""
    if not data:
        return
    try:
        await within(seconds, response.write(data))
    except asyncio.TimeoutError as error:
        raise SlowClientError(f"took no sound for {seconds:g} s") from error


def _cut_off(request: web.Request) -> None:
    """End the answer in a way that no client takes for its end: without the last chunk."""
    if request.transport is not None:
        request.transport.close()


def tokens(seconds: float) -> int:
    """How many tokens this much sound counts as, for clients that add them up."""
    return round(seconds / _TOKEN_SECONDS)
