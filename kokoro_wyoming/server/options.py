"""The settings as the protocols take them, and which of them wait for the next start."""

from __future__ import annotations

from pydantic import BaseModel

from kokoro_wyoming.config import Config
from kokoro_wyoming.config.addresses import SOCKET, networks_of
from kokoro_wyoming.config.options import chime, speaker_book
from kokoro_wyoming.protocols.admission import Rules, affordable
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.speakers.announcements import Wishes

_KEPT_AT_RELOAD = {"server": ("uri", "agent_uri"), "http": ("uri",), "model": (), "folders": (), "discovery": ()}
"""Settings that change only at the next start: these keys of each section, or all keys where none is named."""


def rules(config: Config) -> Rules:
    """Who may connect. The system's limits may leave room for fewer connections than the settings allow."""
    limits = config.limits
    return Rules(
        tuple(network for word in config.server.allow for network in networks_of(word)),
        affordable(limits.connections),
        limits.connections_per_address,
        limits.waiting_utterances_per_address,
        near_is_home="home" in config.server.allow,
        proxies=tuple(network for word in config.server.proxies if word != SOCKET for network in networks_of(word)),
        socket_is_proxy=SOCKET in config.server.proxies,
    )


def wire_limits(config: Config) -> WireLimits:
    limits = config.limits
    return WireLimits(
        event_timeout_seconds=limits.event_timeout_seconds,
        idle_seconds=limits.idle_seconds,
        write_timeout_seconds=limits.write_timeout_seconds,
    )


def http_options(config: Config, key: str | None) -> HttpOptions:
    """What the settings say about the HTTP face; `key` is what clients must send."""
    http, limits = config.http, config.limits
    return HttpOptions(
        api_key=key,
        hosts=http.hosts,
        cors=http.cors,
        say=http.say,
        vendor_voices=http.voices.model_dump(),
        behind_ingress=http.behind_ingress,
        text_chars=limits.text_chars,
        request_seconds=limits.event_timeout_seconds,
        idle_seconds=limits.idle_seconds,
        write_seconds=limits.write_timeout_seconds,
    )


def wishes(config: Config) -> Wishes:
    """What the settings say about announcements. Raises ConfigError where the chime's file cannot be used."""
    return Wishes(speaker_book(config), chime(config), config.announcements.patience_seconds)


def applicable(wanted: Config, running: Config) -> tuple[Config, list[str]]:
    """The wanted settings, but those as they are that need a new start; and the sections in which these differ."""
    kept: dict[str, BaseModel] = {}
    for section, keys in _KEPT_AT_RELOAD.items():
        old, new = getattr(running, section), getattr(wanted, section)
        kept[section] = new.model_copy(update={key: getattr(old, key) for key in keys}) if keys else old
    differ = [section for section, values in kept.items() if values != getattr(wanted, section)]
    return wanted.model_copy(update=kept), differ
