"""The settings: one strict YAML file over another, then the flags.

    config = load(Path("my.yaml"), {"speech.speed": 1.2})

`config/default.yaml` holds every default and what each key means; the classes here hold types and ranges.
"""

from kokoro_wyoming.assets.locations import default_file, home
from kokoro_wyoming.config.addresses import TcpAddress, UnixAddress, parse_remote_uri, parse_uri
from kokoro_wyoming.config.loading import load
from kokoro_wyoming.config.schema import (
    Announcements,
    Assets,
    Cache,
    Config,
    Discovery,
    Folders,
    Http,
    Limits,
    Model,
    Prerender,
    Server,
    Speaker,
    Speech,
)

__all__ = [
    "Announcements",
    "Assets",
    "Cache",
    "Config",
    "Discovery",
    "Folders",
    "Http",
    "Limits",
    "Model",
    "Prerender",
    "Server",
    "Speaker",
    "Speech",
    "TcpAddress",
    "UnixAddress",
    "default_file",
    "home",
    "load",
    "parse_remote_uri",
    "parse_uri",
]
