"""What the owner chose on the app's page in Home Assistant, as settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.pronunciation.lexicon import EVERY_LANGUAGE

OF_THE_APP: Mapping[str, object] = {
    # Home Assistant and its ingress know these two ports from app/config.yaml.
    "server.uri": "tcp://:10200",
    "http.uri": "tcp://:8880",
    "http.behind_ingress": "only",
    # The Supervisor tells Home Assistant; multicast besides would be a second offer of the same server.
    "discovery.enabled": False,
}
"""Settings that are no choice of the owner's."""

_SETTINGS = {
    "voice": "speech.voice",
    "language": "speech.language",
    "voices": "speech.voices",
    "languages": "speech.languages",
    "region": "speech.region",
    "speed": "speech.speed",
    "volume": "speech.volume",
    "loudness": "speech.loudness_lufs",
    "own_voices": "voices",
    "lexicon": "lexicon",
    "model_version": "model.version",
    "cache_megabytes": "cache.megabytes",
    "prerender": "prerender",
    "api": "http.behind_ingress",
    "api_key": "http.api_key",
    "log_level": "server.log_level",
}
"""The setting of each option."""

FLAGS = {setting: f"option {option}" for option, setting in _SETTINGS.items()}
"""How a mistake in a setting names the option."""


def read(path: Path) -> dict[str, Any]:
    """The options as the Supervisor wrote them. Raises ConfigError."""
    try:
        options = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is no JSON: {error}; save the app's configuration anew") from error
    if not isinstance(options, dict):
        raise ConfigError(f"{path}: has no options; save the app's configuration anew")
    return options


def settings_of(options: Mapping[str, Any]) -> dict[str, object]:
    """Values of settings by dotted path. An option without a value changes nothing. Raises ConfigError."""
    unknown = next((name for name in options if name not in _SETTINGS), None)
    if unknown is not None:
        raise ConfigError(f"option {unknown}: is not known; the options are {', '.join(_SETTINGS)}")
    given = {name: value for name, value in options.items() if value not in (None, "", [])}
    return {_SETTINGS[name]: _SHAPES.get(name, _as_given)(name, value) for name, value in given.items()}


def in_words_of_options(text: str) -> str:
    """Mistakes, one in each line; those of an option name other options in place of their settings."""
    names = {setting: f"the option {option}" for option, setting in _SETTINGS.items() if "." in setting}
    return re.sub(
        r"(?m)^ *option .*$",
        lambda line: re.sub(r"\b[a-z]+\.[a-z_]+\b", lambda found: names.get(found[0], found[0]), line[0]),
        text,
    )


def _as_given(_: str, value: object) -> object:
    return value


def _door(_: str, value: object) -> object:
    """Whether others than Home Assistant's page may use HTTP."""
    return "only" if value is False else value


def _by(key: str, value: str) -> Callable[[str, Any], object]:
    """Makes of rows with these two keys a mapping of the one to the other."""
    return lambda option, rows: _mapping(option, ((row[key], row[value]) for row in _rows(option, rows, (key, value))))


def _lexicon(option: str, rows: Any) -> object:
    languages: dict[str, list[tuple[str, object]]] = {}
    for row in _rows(option, rows, ("word", "said")):
        languages.setdefault(row.get("language") or EVERY_LANGUAGE, []).append((row["word"], row["said"]))
    return {language: _mapping(option, entries) for language, entries in languages.items()}


def _rows(option: str, rows: Any, keys: Iterable[str]) -> list[dict[str, Any]]:
    if not isinstance(rows, list):
        raise ConfigError(f"option {option}: is no list")
    for row in rows:
        missing = next((key for key in keys if not isinstance(row, dict) or not row.get(key)), None)
        if missing is not None:
            raise ConfigError(f"option {option}: {str(row)[:80]} has no {missing}")
    return rows


def _mapping(option: str, pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key, value in pairs:
        if key in mapping:
            raise ConfigError(f"option {option}: has {str(key)[:40]!r} twice; keep one")
        mapping[key] = value
    return mapping


_SHAPES: Mapping[str, Callable[[str, Any], object]] = {
    "api": _door,
    "voices": _by("language", "voice"),
    "own_voices": _by("name", "voice"),
    "lexicon": _lexicon,
}
"""How the value of an option becomes that of its setting, where it is another."""
