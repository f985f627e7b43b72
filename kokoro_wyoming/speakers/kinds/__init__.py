"""The kinds of speakers, one module each. A kind's library is imported when a speaker of it is first used."""

from __future__ import annotations

import importlib
import shlex
import sys
from dataclasses import dataclass
from importlib import metadata

from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.interface import Means, Speaker


@dataclass(frozen=True)
class Kind:
    """How speakers of one kind are made."""

    module: str
    """Below `kokoro_wyoming.speakers.kinds`; its class is named `maker`."""
    maker: str
    extra: str | None
    """The extra of the package that brings its library; None: it needs none."""
    example: str


KINDS = {
    "tcp": Kind("wyoming", "WyomingSpeaker", None, "tcp://kitchen:10601"),
    "unix": Kind("wyoming", "WyomingSpeaker", None, "unix:///run/snd.sock"),
    "snapcast": Kind("snapcast", "SnapcastSpeaker", None, "snapcast://192.168.1.20/Kitchen"),
    "mpd": Kind("mpd", "MpdSpeaker", "mpd", "mpd://192.168.1.21"),
    "dlna": Kind("dlna", "DlnaSpeaker", "dlna", "dlna://192.168.1.22:49494/description.xml"),
    "airplay": Kind("airplay", "AirplaySpeaker", "airplay", "airplay://192.168.1.23"),
    "squeezebox": Kind("squeezebox", "SqueezeboxSpeaker", None, "squeezebox://192.168.1.24:9000/Kitchen"),
    "esphome": Kind("esphome", "EsphomeSpeaker", "esphome", "esphome://192.168.1.25"),
    "homeassistant": Kind(
        "homeassistant", "HomeAssistantSpeaker", None, "homeassistant://homeassistant.local:8123/media_player.kitchen"
    ),
    "cast": Kind("cast", "CastSpeaker", "cast", "cast://192.168.1.26"),
    "sonos": Kind("sonos", "SonosSpeaker", "sonos", "sonos://192.168.1.27"),
}
"""By the scheme of their addresses."""


def speaker_at(address: SpeakerAddress, means: Means) -> Speaker:
    """A speaker for one announcement. Raises ConfigError where its library is not installed."""
    kind = KINDS[address.kind]
    try:
        module = importlib.import_module(f"kokoro_wyoming.speakers.kinds.{kind.module}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("kokoro_wyoming"):
            raise
        raise ConfigError(
            f"{address.kind}:// needs a package that is not here; install it with: {_command(kind.extra or '')}"
        ) from error
    speaker: Speaker = getattr(module, kind.maker)(address, means)
    return speaker


def _command(extra: str) -> str:
    """What installs the packages of an extra, and nothing else: pip would install all that the program has anew."""
    asked = metadata.requires("kokoro-wyoming") or ()
    packages = [line.partition(";")[0].strip() for line in asked if line.endswith(f'extra == "{extra}"')]
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])
