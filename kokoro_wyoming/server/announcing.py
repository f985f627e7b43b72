"""Announcements in the server's life: what they are made of, and where speakers fetch the sound."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from kokoro_wyoming.assets.locations import home
from kokoro_wyoming.config import TcpAddress, UnixAddress
from kokoro_wyoming.protocols.http.offers import Offers
from kokoro_wyoming.speakers.announcements import Announcements, Wishes
from kokoro_wyoming.speakers.announcer import Announcer
from kokoro_wyoming.speakers.interface import Means
from kokoro_wyoming.speakers.journal import Journal
from kokoro_wyoming.speakers.kinds import speaker_at


def announcements(wanted: Wishes, base_url: Callable[[str], str | None]) -> tuple[Announcements, Offers]:
    """The announcements of a server, and the sounds that it offers for them. `base_url` is as `Offers` takes it."""
    offers = Offers(base_url)
    announcer = Announcer(speaker_at, Means(offers, wanted.patience_seconds), Journal(home() / "speakers"))
    return Announcements(announcer, wanted), offers


def url_for(facing: str, address: TcpAddress | UnixAddress | None, base_url: str | None) -> str | None:
    """Where a speaker fetches that sees this machine at `facing`; None where it can not.

    `address` is where the server listens, with its real port; `base_url` what the settings say instead.
    """
    if base_url is not None:
        return base_url
    if not isinstance(address, TcpAddress):
        return None
    host = address.host if _is_one(address.host) else facing
    if _is_loopback(host) and not _is_loopback(facing):
        return None
    return f"http://{f'[{host}]' if ':' in host else host}:{address.port}"


def _is_one(host: str) -> bool:
    """Whether it is one of the machine's addresses, and not all of them."""
    return host not in ("", "0.0.0.0", "::")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
