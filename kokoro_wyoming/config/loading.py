"""From files and flags to a Config, or to one error that tells all mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kokoro_wyoming.config.document import Document, read_document
from kokoro_wyoming.config.locations import default_file, home
from kokoro_wyoming.config.mistakes import KeyPath, Mistake, config_error
from kokoro_wyoming.config.schema import Config
from kokoro_wyoming.config.sentences import sentence

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
    documents = [read_document(default_file())]
    if path is not None:
        documents.append(read_document(path))
    typed = _command_line(overrides or {})
    mistakes = [mistake for document in documents for mistake in document.mistakes]
    told = {mistake.path for mistake in mistakes}
    try:
        config = Config.model_validate(_laid_over([*documents, typed]), context={"home": home()})
    except ValidationError as error:
        found = [(_path(details), details) for details in error.errors(include_url=False)]
        newest_first = [typed, *reversed(documents)]
        # Of a value that was refused already, the type is no news.
        fresh = [(at, details) for at, details in found if at not in told]
        mistakes += [_mistake(at, details, newest_first, flags or {}) for at, details in fresh]
    if mistakes:
        raise config_error(mistakes)
    return config


def _command_line(overrides: Mapping[str, object]) -> Document:
    document = Document(_COMMAND_LINE)
    for dotted, value in overrides.items():
        *sections, key = dotted.split(".")
        level = document.values
        for section in sections:
            level = level.setdefault(section, {})
        level[key] = value
    return document


def _laid_over(documents: Sequence[Document]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for document in documents:
        values = _merged(values, document.values)
    return values


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = below.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = _merged(under, value)
        # A section whose every key is commented out is null to YAML and means nothing.
        elif not (isinstance(under, dict) and value is None):
            merged[key] = value
    return merged


def _path(details: ErrorDetails) -> KeyPath:
    # pydantic marks an error in a mapping's key, rather than its value, with a last "[key]".
    return tuple(key for key in details["loc"] if key != "[key]")


def _mistake(path: KeyPath, details: ErrorDetails, documents: Sequence[Document], flags: Mapping[str, str]) -> Mistake:
    # What is missing has no place, but what it is missing in has.
    known = path[:-1] if details["type"] == "missing" else path
    for document in documents:
        if _is_in(known, document.values):
            if document.name == _COMMAND_LINE:
                return _mistake_typed(path, details, flags)
            return _mistake_written(document, path, details)
    return Mistake(documents[-1].name, path, sentence(details, path, None))


def _mistake_typed(path: KeyPath, details: ErrorDetails, flags: Mapping[str, str]) -> Mistake:
    flag = flags.get(".".join(map(str, path)))
    text = sentence(details, path, None)
    return Mistake(flag, (), text) if flag else Mistake(_COMMAND_LINE, path, text)


def _mistake_written(document: Document, path: KeyPath, details: ErrorDetails) -> Mistake:
    # One value where a list may stand has the list's place.
    place = next((document.places[part] for part in _upwards(path) if part in document.places), None)
    return Mistake(document.name, path, sentence(details, path, place), place.line if place else None)


def _upwards(path: KeyPath) -> Iterator[KeyPath]:
    return (path[:length] for length in range(len(path), 0, -1))


def _is_in(path: KeyPath, values: Any) -> bool:
    for key in path:
        if isinstance(values, dict) and key in values:
            values = values[key]
        elif isinstance(values, list) and isinstance(key, int):
            if key >= len(values):
                return False
            values = values[key]
        # One value may stand for a list of one, and a text for the mapping that holds it.
        elif not isinstance(key, int) and not isinstance(values, str):
            return False
    return True
