"""Makes a Config from files and flags, or one error that lists all mistakes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kokoro_wyoming.assets.locations import default_file, home
from kokoro_wyoming.config.schema import Config, keys
from kokoro_wyoming.releases import find
from kokoro_wyoming.strict_yaml.documents import Document, read_document
from kokoro_wyoming.strict_yaml.messages import sentence
from kokoro_wyoming.strict_yaml.mistakes import Mistake, config_error

_COMMAND_LINE = "command line"


def load(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    flags: Mapping[str, str] | None = None,
) -> Config:
    """The settings: the defaults, over them the file at `path`, over it `overrides`.

    `overrides` is by dotted path, as {"speech.speed": 1.2}; `flags` names for these what was typed, as
    {"speech.speed": "--speed"}. Raises ConfigError.
    """
    documents = [_read_once(default_file())]
    if path is not None:
        documents.append(read_document(path))
    documents.append(_command_line(overrides or {}))
    values = _laid_over(documents)
    _find_releases(values)
    try:
        return Config.model_validate(values, context={"home": home()})
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise config_error([_mistake(details, documents[::-1], flags or {}) for details in found]) from error


def _find_releases(values: Mapping[str, Any]) -> None:
    """Know the releases in the folder of the settings, as settings may name them, their voices and languages."""
    folders = values.get("folders")
    models = folders.get("models") if isinstance(folders, dict) else None
    if isinstance(models, str):
        # A folder that cannot be is told with all other mistakes.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            find(home() / Path(models).expanduser())


_read_once = cache(read_document)
"""For the defaults, which do not change while the program runs. Nothing may change the document."""


def _command_line(overrides: Mapping[str, object]) -> Document:
    document = Document(_COMMAND_LINE)
    for dotted, value in overrides.items():
        path = tuple(dotted.split("."))
        level = document.values
        for section in path[:-1]:
            level = level.setdefault(section, {})
        level[path[-1]] = value
        document.lines |= {path[:length]: None for length in range(1, len(path) + 1)}
    return document


def _laid_over(documents: Sequence[Document]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for document in documents:
        values = _merged(values, document.values)
    return values


_OFF: Mapping[str, Any] = {"http": {"uri": None}}
"""What null means for a section that can be switched off."""


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        value = _OFF.get(key, value) if value is None else value
        under = below.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = _merged(under, value)
        # YAML gives null for a section without keys; it changes nothing.
        elif not (isinstance(under, dict) and value is None):
            merged[key] = value
    return merged


def _mistake(details: ErrorDetails, newest_first: Sequence[Document], flags: Mapping[str, str]) -> Mistake:
    # pydantic marks an error in a mapping's key, rather than its value, with a last "[key]".
    path = tuple(key for key in details["loc"] if key != "[key]")
    # A missing key has no line; the section that lacks it has one.
    wanted = path[:-1] if details["type"] == "missing" else path
    source = max(newest_first, key=lambda document: len(document.known(wanted)))
    text = sentence(details, path, keys())
    given = source.known(path)
    flag = flags.get(".".join(map(str, given))) if source.name == _COMMAND_LINE else None
    if flag:
        return Mistake(flag, path[len(given) :], text)
    return Mistake(source.name, path, text, source.lines.get(source.known(wanted)))
