"""The settings of the HTTP face as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class HttpOptions:
    """What the owner's settings say about the HTTP face."""

    api_key: str | None = None
    """The key that clients send; None: none is asked for."""
    hosts: tuple[str, ...] = ()
    """Names of this server beside those that it finds by itself; `*.` in front stands for any further name."""
    cors: tuple[str, ...] = ()
    """Origins whose pages may use the API; "*" is all."""
    say: Literal["open", "signed", "off"] = "open"
    """Who may ask for `/say/...`: all who may connect, those with a signed address, or no one."""
    vendor_voices: Mapping[str, str] = field(default_factory=dict)
    """Voices by the names that OpenAI's API has for its own."""
    behind_ingress: Literal["no", "yes", "only"] = "no"
    """Whether visitors from Home Assistant's Supervisor need no key, and whether nobody else may come."""
    text_chars: int = 100_000
    """Longest text of one request."""
    request_seconds: float = 30.0
    """Longest time for a request to arrive whole."""
    idle_seconds: float = 600.0
    """Longest time that a connection may stay silent between requests."""
    write_seconds: float = 30.0
    """Longest time that a client may take no sound while some is due."""
