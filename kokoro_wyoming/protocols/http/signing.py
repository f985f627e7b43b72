"""Signatures of addresses, so that whoever has one needs no key and can make no other. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache

FIELDS = ("text", "voice", "language", "speed", "volume", "text_format", "model")
"""The parts of an address's query that decide what is heard."""
EXPIRES = "expires"
SIGNATURE = "signature"

_ROUNDS = 100_000
"""A signature is public, and a short key would be found by trying: each try costs some 50 ms."""


@lru_cache(maxsize=4)
def secret_of(key: str) -> bytes:
    """The secret that follows from the server's key: addresses stay valid while the key is the same."""
    return hashlib.pbkdf2_hmac("sha256", key.encode(), b"kokoro-wyoming /say", _ROUNDS)


def signature_of(secret: bytes, file: str, query: Mapping[str, str], expires: int) -> str:
    """The signature of an address, in letters that need no escape. `expires` is Unix time in seconds.

    `file` is its last part, `hello.mp3`; of `query` all of FIELDS count.
    """
    signed = json.dumps([file, expires, *(query.get(name) for name in FIELDS)])
    return base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).decode().rstrip("=")


def is_signed(secret: bytes, file: str, query: Mapping[str, str]) -> bool:
    """Whether the address has the signature that `secret` makes for it. Whether it has expired is not looked at."""
    try:
        expires = int(query.get(EXPIRES, ""))
    except ValueError:
        return False
    sent = query.get(SIGNATURE, "").encode(errors="replace")
    return hmac.compare_digest(sent, signature_of(secret, file, query, expires).encode())
