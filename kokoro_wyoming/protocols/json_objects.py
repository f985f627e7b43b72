"""JSON objects of clients, read so that none costs more time than its text is long. Pure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

STRUCTURE_BYTES = 16 * 1024
"""The most JSON outside of strings: a million bytes of numbers would block the event loop for half a second."""
NESTING = 32
"""The deepest nesting of objects and lists. Messages of clients have two to six levels."""


def is_mostly_text(raw: bytes, structure_bytes: int = STRUCTURE_BYTES) -> bool:
    """Whether JSON has little outside of its strings, which may be long. Of other bytes the result says nothing."""
    if len(raw) <= structure_bytes:
        return True
    bare = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    return bare.count(b'"') <= structure_bytes and sum(map(len, bare.split(b'"')[::2])) <= structure_bytes


def read_json(raw: bytes, nesting: int = NESTING) -> Any:
    """The value of JSON in UTF-8, without lone surrogates in its strings.

    Raises ValueError where it is no JSON, has a key twice in one object, or is nested deeper than `nesting`.
    """
    try:
        # Decoded here, because json.loads would accept UTF-16 and raw surrogates in bytes.
        value = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object)
        # From here on, surrogates can only come from escapes.
        return _checked(value, nesting, scrub=b"\\u" in raw)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _checked(value: Any, depth: int, *, scrub: bool) -> Any:
    """The value without lone surrogates in its strings; ValueError where it is nested deeper than `depth`."""
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode() if scrub else value
    if not isinstance(value, dict | list):
        return value
    if not depth:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return [_checked(item, depth - 1, scrub=scrub) for item in value]
    items = value.items()
    return {_checked(key, depth, scrub=scrub): _checked(item, depth - 1, scrub=scrub) for key, item in items}
