"""Bytes to events and back. Pure; `wire` adds the socket and the clock.

The reader of the wyoming package trusts the client: it buffers as many bytes as a header claims, and fails on malformed
frames. This reader refuses a bad frame before it buffers the frame's body, and says why.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, ClassVar

from wyoming.event import Event, write_event

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.json_objects import NESTING, STRUCTURE_BYTES, is_mostly_text, read_json
from kokoro_wyoming.protocols.pacing import MESSAGES_BURST, MESSAGES_PER_SECOND


class MalformedEventError(PeerError):
    """The bytes are not a Wyoming event."""


class EventTooLongError(PeerError):
    """An event with more header, data or payload than the limits allow."""

    code: ClassVar[str] = "too-long"


@dataclass(frozen=True)
class WireLimits:
    """How much of memory, work and time a client may cost."""

    header_bytes: int = 64 * 1024
    """The longest header of an event. asyncio has this limit for a line, nginx for all headers of a request."""
    data_bytes: int = 1024 * 1024
    """The longest data of an event. 100,000 characters are at most 400 KB in UTF-8, and seldom 700 KB as escapes."""
    payload_bytes: int = 64 * 1024
    """The longest payload. No event for a text-to-speech server has one, so that payloads are skipped."""
    structure_bytes: int = STRUCTURE_BYTES
    nesting: int = NESTING
    events_per_second: int = MESSAGES_PER_SECOND
    events_burst: int = MESSAGES_BURST
    event_timeout_seconds: float = 30.0
    """The longest time from an event's first byte to its last. nginx allows a header 60 s, HAProxy suggests 10 s."""
    idle_seconds: float = 600.0
    """The longest time between events while nothing is spoken. Satellites stay connected between announcements."""
    write_timeout_seconds: float = 30.0
    """The longest time in which the client takes no byte."""
    write_buffer_bytes: int = 64 * 1024
    """Bytes that asyncio holds for one client before the session waits: 1.4 s of sound."""
    socket_buffer_bytes: int = 256 * 1024
    """Bytes that the kernel holds for one client (Linux reserves twice as much, for its own use too). Without a limit
    the buffer grows to 4 MB: 90 s of sound, computed in vain if the listener leaves."""


class FrameParser:
    """Parses bytes into events, however the bytes are cut. After a PeerError it must not be used any more."""

    def __init__(self, limits: WireLimits = WireLimits()) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        """Bytes at the start of the buffer that have no newline."""
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
    if not is_mostly_text(raw, limits.structure_bytes):
        raise EventTooLongError(f"An event's {part} may have {limits.structure_bytes:,} bytes outside its strings.")
    try:
        value = read_json(raw, limits.nesting)
    except ValueError:
        raise MalformedEventError(f"An event's {part} must be one JSON object in UTF-8.") from None
    if not isinstance(value, dict):
        raise MalformedEventError(f"An event's {part} must be a JSON object.")
    return value


def frame(event: Event) -> bytes:
    """The event as bytes for the wire."""
    buffer = io.BytesIO()
    write_event(event, buffer)
    return buffer.getvalue()
