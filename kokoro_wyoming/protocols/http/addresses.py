"""Addresses of sounds: which are valid, which this server makes, and the texts that are too long for one."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.protocols.http import signing
from kokoro_wyoming.protocols.http.bodies import SpeechBody
from kokoro_wyoming.protocols.http.errors import ForbiddenError, NotFoundError
from kokoro_wyoming.protocols.http.options import HttpOptions

FOLDER = "/say/"
ID = "id"
"""The part of the query that stands for all others, which are kept here."""

_ADDRESS_CHARS = 2_000
"""Longest address that has its text in it. Speakers cut off or refuse longer ones."""
_MAX_KEPT = 64
"""Most addresses whose text is kept here; the oldest is forgotten for one more."""
_FILE = re.compile(r'(?![ .])[^/\\:*?"<>|]+(?<![ .])\.(mp3|wav|flac|ogg|opus|aac)', re.IGNORECASE)
_FILE_CHARS = 200


@dataclass(frozen=True)
class _Kept:
    file: str
    query: Mapping[str, str]


class Addresses:
    """Of one server. Without a key their secret is this object's own, and addresses end with it."""

    def __init__(self) -> None:
        self._own_secret = secrets.token_bytes(32)
        self._kept: dict[str, _Kept] = {}

    def make(self, file: str, body: SpeechBody, seconds: int, options: HttpOptions) -> tuple[str, int]:
        """An address for what `body` asks for, from `/say/` on, and its end as Unix time in seconds."""
        query = {name: _sendable(str(value)) for name, value in _query(body).items() if value}
        expires = int(time.time()) + seconds
        signature = signing.signature_of(self._secret(options), file, query, expires)
        signed = {**query, signing.EXPIRES: str(expires), signing.SIGNATURE: signature}
        address = f"{FOLDER}{quote(file)}?{urlencode(signed, quote_via=quote)}"
        if len(address) > _ADDRESS_CHARS:
            address = f"{FOLDER}{quote(file)}?{ID}={self._keep(file, query, seconds)}"
        return address, expires

    def is_signed(self, file: str, query: Mapping[str, str], options: HttpOptions) -> bool:
        """Whether this server made the address. Raises ForbiddenError where it did and the time is over."""
        if ID in query:
            return self._is_kept(file, query)
        if not signing.is_signed(self._secret(options), file, query):
            return False
        if int(query[signing.EXPIRES]) <= time.time():
            raise ForbiddenError("The time of this address is over; ask for another one.")
        return True

    def query(self, file: str, query: Mapping[str, str]) -> Mapping[str, str]:
        """What an address asks for. Raises NotFoundError for what is kept here no longer."""
        if ID not in query:
            return query
        if not self._is_kept(file, query):
            raise NotFoundError("There is no such address any more; ask for another one.")
        return self._kept[query[ID]].query

    def _is_kept(self, file: str, query: Mapping[str, str]) -> bool:
        kept = self._kept.get(query[ID])
        return kept is not None and kept.file == file

    def _secret(self, options: HttpOptions) -> bytes:
        return self._own_secret if options.api_key is None else signing.secret_of(options.api_key)

    def _keep(self, file: str, query: Mapping[str, str], seconds: int) -> str:
        token = secrets.token_urlsafe(16)
        self._kept[token] = _Kept(file, query)
        asyncio.get_running_loop().call_later(seconds, self._kept.pop, token, None)
        while len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return token


def format_of(file: str) -> str:
    """The format that the name of a file asks for, as `audio.encoding` names it.

    Raises NotFoundError where it is none, or where a player that saves the file could not write that name.
    """
    found = _FILE.fullmatch(file)
    if found is None or not file.isprintable() or len(file) > _FILE_CHARS:
        raise NotFoundError("There is no such sound; addresses are like /say/hello.mp3?text=Hello.")
    try:
        return encoding.canonical(found[1])
    except ValueError as error:
        raise NotFoundError(f"{found[1]} {error}.") from error


def _sendable(text: str) -> str:
    """Without the halves of characters that JSON may have, and no address."""
    return text.encode(errors="replace").decode()


def _query(body: SpeechBody) -> dict[str, object]:
    return {
        "text": body.input,
        "voice": body.voice,
        "language": body.lang_code,
        "speed": body.speed if body.speed != 1 else None,
        "volume": body.volume_multiplier if body.volume_multiplier != 1 else None,
        "text_format": body.text_format if body.text_format != "text" else None,
        "model": body.model,
    }
