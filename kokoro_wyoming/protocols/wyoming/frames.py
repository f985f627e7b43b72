"""Bytes to events and back. Pure; `wire` adds the socket and the clock.

Wyoming's own reader believes what it is told: it buffers whatever length the header claims and dies of malformed
frames. This one refuses a bad frame, and says why, before its body is buffered.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from wyoming.event import Event, write_event

from kokoro_wyoming.errors import PeerError


class MalformedEventError(PeerError):
    """Bytes that are no Wyoming event."""


class EventTooLongError(PeerError):
    """An event with more header, data or payload than the limits allow."""

    code: ClassVar[str] = "too-long"


@dataclass(frozen=True)
class WireLimits:
    """What a client may cost before anything is known of what it wants."""

    header_bytes: int = 64 * 1024
    """asyncio's own limit for a line, and nginx's for all headers of a request."""
    data_bytes: int = 1024 * 1024
    """100,000 characters of text are at most 400 KB of UTF-8 and mostly below 700 KB as JSON escapes."""
    payload_bytes: int = 64 * 1024
    """No event sent to a speaker of text has a payload; it is read past."""
    structure_bytes: int = 16 * 1024
    """Of JSON, what stands outside its strings: a million bytes of numbers take the event loop half a second."""
    nesting: int = 32
    """Of objects and lists; Home Assistant's deepest, context in a request, has two or three."""
    events_per_second: int = 2_000
    """In the long run. Language models send hundreds of deltas per second, the fastest about two thousand."""
    events_burst: int = 30_000
    """At once: the longest utterance, 100,000 characters, in deltas of four, replayed from a recording."""
    event_timeout_seconds: float = 30.0
    """From an event's first byte to its last. nginx allows a header 60 s, HAProxy's manual suggests 10 s."""
    idle_seconds: float = 600.0
    """Between events while nothing is spoken; satellites keep a connection open between announcements."""
    write_timeout_seconds: float = 30.0
    """Without a single byte taken by the client."""
    write_buffer_bytes: int = 64 * 1024
    """Held by asyncio for one client before its speaker rests: 1.4 s of sound."""
    socket_buffer_bytes: int = 256 * 1024
    """Held by the kernel (Linux books twice as much, for its own use too). Left alone it grows to 4 MB, which
    is 90 s of sound computed for nothing when the listener leaves."""


class FrameParser:
    """Events out of bytes, however these are cut. After a PeerError it is of no more use."""

    def __init__(self, limits: WireLimits = WireLimits()) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._header: _Header | None = None
        self._payload_left = 0

    @property
    def mid_event(self) -> bool:
        """Whether an event has begun and is not complete."""
        return bool(self._buffer) or self._header is not None

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """The next complete event, without its payload; None when more bytes are needed. Raises PeerError."""
        if self._header is None and not self._read_header():
            return None
        header = self._header
        if header is None or not self._read_body(header):
            return None
        self._header = None
        return Event(type=header.type, data=header.data)

    def _read_header(self) -> bool:
        end = self._buffer.find(b"\n", self._searched)
        header_bytes = end if end >= 0 else len(self._buffer)
        if header_bytes > self._limits.header_bytes:
            raise EventTooLongError(f"An event's header may have {self._limits.header_bytes:,} bytes.")
        if end < 0:
            self._searched = header_bytes
            return False
        self._header = _parse_header(bytes(self._buffer[:end]), self._limits)
        self._payload_left = self._header.payload_bytes
        self._discard(end + 1)
        return True

    def _read_body(self, header: _Header) -> bool:
        if header.data_bytes:
            if len(self._buffer) < header.data_bytes:
                return False
            body = _parse_object(bytes(self._buffer[: header.data_bytes]), self._limits, "data")
            header.data.update(body)
            self._discard(header.data_bytes)
            header.data_bytes = 0
        skipped = min(self._payload_left, len(self._buffer))
        self._payload_left -= skipped
        self._discard(skipped)
        return not self._payload_left

    def _discard(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0


@dataclass
class _Header:
    type: str
    data: dict[str, Any]
    data_bytes: int
    payload_bytes: int


def _parse_header(line: bytes, limits: WireLimits) -> _Header:
    header = _parse_object(line, limits, "header")
    event_type = header.get("type")
    if not isinstance(event_type, str):
        raise MalformedEventError("An event's type must be a string.")
    data = header.get("data")
    if not isinstance(data, dict | None):
        raise MalformedEventError("An event's data must be an object.")
    return _Header(
        type=event_type,
        data=data or {},
        data_bytes=_length(header, "data_length", limits.data_bytes),
        payload_bytes=_length(header, "payload_length", limits.payload_bytes),
    )


def _length(header: dict[str, Any], key: str, limit: int) -> int:
    length = header.get(key)
    if length is None:
        return 0
    if type(length) is not int or length < 0:  # a bool is an int, and would read one byte
        raise MalformedEventError(f"An event's {key} must be a whole number of bytes.")
    if length > limit:
        raise EventTooLongError(f"An event's {key} may be {limit:,} bytes.")
    return length


def _parse_object(raw: bytes, limits: WireLimits, part: str) -> dict[str, Any]:
    if not _is_mostly_text(raw, limits.structure_bytes):
        raise EventTooLongError(f"An event's {part} may have {limits.structure_bytes:,} bytes outside its strings.")
    try:
        # Decoded here: json.loads would take UTF-16 and surrogates from bytes.
        value = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object)
        # Surrogates can only come as escapes now.
        value = _checked(value, limits.nesting, scrub=b"\\u" in raw)
    except (ValueError, RecursionError):
        raise MalformedEventError(f"An event's {part} must be one JSON object in UTF-8.") from None
    if not isinstance(value, dict):
        raise MalformedEventError(f"An event's {part} must be a JSON object.")
    return value


def _is_mostly_text(raw: bytes, structure_bytes: int) -> bool:
    """Whether JSON has few values, however long its strings are; of what is no JSON nothing is said."""
    if len(raw) <= structure_bytes:
        return True
    bare = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    return bare.count(b'"') <= structure_bytes and sum(map(len, bare.split(b'"')[::2])) <= structure_bytes


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key came twice")
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


def frame(event: Event) -> bytes:
    """The event as it goes over the wire."""
    buffer = io.BytesIO()
    write_event(event, buffer)
    return buffer.getvalue()
