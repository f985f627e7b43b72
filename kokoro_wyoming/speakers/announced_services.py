"""What speakers announce by multicast DNS, as speakers of our kinds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class FoundSpeaker:
    """A speaker on the network."""

    kind: str
    name: str
    """As people call it."""
    address: str
    """To be written where a speaker is wanted."""
    model: str = ""
    """As its maker calls it; empty where it does not tell."""
    note: str = ""
    """What is to be known before it is used; empty where there is nothing."""


@dataclass(frozen=True)
class Service:
    """One that was announced."""

    type: str
    """Without `.local.`."""
    name: str
    host: str
    """An IP address, the first of IPv4 where there is one."""
    port: int
    about: Mapping[str, str]
    """What it tells of itself, its TXT record."""


def address(kind: str, host: str, port: int | None = None, path: str = "") -> str:
    """`kind://host:port/path`; the path is not yet encoded."""
    shown = f"[{host}]" if ":" in host else host
    return f"{kind}://{shown}{'' if port is None else f':{port}'}{f'/{quote(path)}' if path else ''}"


def _airplay(service: Service) -> FoundSpeaker:
    name = service.name.partition("@")[2] if service.type == "_raop._tcp" else service.name
    model = service.about.get("model") or service.about.get("am") or ""
    return FoundSpeaker("airplay", name or service.name, address("airplay", service.host), model)


def _cast(service: Service) -> FoundSpeaker:
    about = service.about
    port = None if service.port == 8009 else service.port  # groups have ports of their own
    return FoundSpeaker(
        "cast", about.get("fn") or service.name, address("cast", service.host, port), about.get("md", "")
    )


def _esphome(service: Service) -> FoundSpeaker:
    about = service.about
    model = about.get("project_name") or about.get("board") or ""
    port = None if service.port == 6053 else service.port
    note = "a speaker only if it has a media player"
    name = about.get("friendly_name") or service.name
    return FoundSpeaker("esphome", name, address("esphome", service.host, port), model, note)


def _mpd(service: Service) -> FoundSpeaker:
    port = None if service.port == 6600 else service.port
    return FoundSpeaker("mpd", service.name, address("mpd", service.host, port), "Music Player Daemon")


def _snapcast(service: Service) -> FoundSpeaker:
    note = "a server without players; name one behind the address"
    return FoundSpeaker("snapcast", service.name, _snapcast_address(service), "Snapcast", note)


def _sonos(service: Service) -> FoundSpeaker:
    name = service.name.partition("@")[2] or service.name
    return FoundSpeaker("sonos", name, address("sonos", service.host), "Sonos")


def _wyoming(service: Service) -> FoundSpeaker:
    return FoundSpeaker("tcp", service.name, address("tcp", service.host, service.port), "Wyoming")


def _snapcast_address(service: Service, client: str = "") -> str:
    return address("snapcast", service.host, None if service.port == 1705 else service.port, client)


def snapcast_player(service: Service, client: Mapping[str, str]) -> FoundSpeaker:
    """One player of a Snapcast server; `client` has its name and its model."""
    return FoundSpeaker("snapcast", client["name"], _snapcast_address(service, client["name"]), client["model"])


SNAPCAST = ("_snapcast-ctrl._tcp", "_snapcast-jsonrpc._tcp")
"""Its control, in its releases from 0.33 on and before."""
WYOMING = "_wyoming._tcp"
SPEAKER_OF: dict[str, Callable[[Service], FoundSpeaker]] = {
    "_airplay._tcp": _airplay,
    "_raop._tcp": _airplay,
    "_googlecast._tcp": _cast,
    "_esphomelib._tcp": _esphome,
    "_mpd._tcp": _mpd,
    "_sonos._tcp": _sonos,
    **dict.fromkeys(SNAPCAST, _snapcast),
    WYOMING: _wyoming,
}
"""What an announced service is, by its type."""
