"""Answers with a kept sound: whole, in ranges, or while it is made."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

from aiohttp import HttpVersion11, web

from kokoro_wyoming.protocols.http.errors import BadRequestError, error_body, json_response
from kokoro_wyoming.protocols.http.kept_sounds import KeptSound
from kokoro_wyoming.protocols.http.sending import STREAM_HEADERS, sending

_SEND_BYTES = 32_768
"""Sent at a time: a player that reads as it plays takes so much within `write_seconds`."""
_ALL = "bytes=0-"
"""How browsers ask for a sound at first. While it is made, the answer is a stream without a range."""
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
"""One range. Several are ignored, as are those that cannot be read: the answer is the whole then (RFC 9110)."""


def kept_headers(media_type: str) -> dict[str, str]:
    """What is said of every kept sound."""
    return {**STREAM_HEADERS, "Content-Type": media_type, "Accept-Ranges": "bytes"}


def described_kept(sound: KeptSound | None, headers: Mapping[str, str]) -> web.Response:
    """The answer to HEAD, with the length of a sound that is whole."""
    known = {"Content-Length": str(sound.size), "ETag": sound.tag} if sound is not None and sound.is_whole else {}
    return web.Response(headers={**headers, **known})


async def send_kept(
    request: web.Request, sound: KeptSound, headers: Mapping[str, str], *, until_close: bool = False
) -> web.StreamResponse:
    """The answer to GET. Raises what ended the making of the sound.

    HTTP/1.0 has no chunks, so that its clients cannot tell a sound that broke off from a whole one. They get it when it
    is whole, or `until_close` while it is made.
    """
    await sound.wait(0)
    if request.headers.get("Range", _ALL) != _ALL or (request.version < HttpVersion11 and not until_close):
        await sound.wait()
    return await _send_part(request, sound, headers)


async def _send_part(request: web.Request, sound: KeptSound, headers: Mapping[str, str]) -> web.StreamResponse:
    """Send the sound, or the range of it that is asked for; the rest of one that is still made as it comes."""
    response = web.StreamResponse(headers={**headers, "ETag": sound.tag})
    first, end = 0, None
    if sound.is_whole:
        first, end = 0, sound.size
        if (wanted := _range(request, sound)) is not None:
            first, end = wanted
            if first >= end:
                error = error_body(BadRequestError(f"The sound has {sound.size} bytes.", "Range"))
                return json_response(error, status=416, headers={"Content-Range": f"bytes */{sound.size}"})
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {first}-{end - 1}/{sound.size}"
        response.content_length = end - first
    async with sending(request, response) as send:
        async for data in _parts(sound, first, end):
            await send(data)
    return response


async def _parts(sound: KeptSound, at: int, end: int | None) -> AsyncIterator[bytes]:
    """The bytes from `at` to before `end`, or to the last one, as they are made."""
    while end is None or at < end:
        await sound.wait(at)
        stop = at + _SEND_BYTES
        data = sound.part(at, stop if end is None else min(stop, end))
        if not data:
            break
        yield data
        at += len(data)


def _range(request: web.Request, sound: KeptSound) -> tuple[int, int] | None:
    """The first byte that is asked for and the one behind the last; equal where there is none. None is all."""
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("If-Range", sound.tag) != sound.tag:
        return None
    first, last = found[1], found[2]
    if not first:
        return max(sound.size - int(last), 0), sound.size
    if last and int(last) < int(first):
        return None
    end = min(int(last) + 1, sound.size) if last else sound.size
    return int(first), max(end, int(first))
