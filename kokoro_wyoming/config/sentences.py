"""What pydantic found, in the words of the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import annotated_types
from pydantic_core import ErrorDetails

from kokoro_wyoming.config.document import Place
from kokoro_wyoming.config.mistakes import KeyPath, nearest, shown
from kokoro_wyoming.config.schema import keys, nearest_key

_WANTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "tuple_type": "one value or a list",
    "is_instance_of": "a folder",
}
_RANGE_ERRORS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


def sentence(error: ErrorDetails, path: KeyPath, place: Place | None) -> str:
    """What is wrong with the value at `path`, and what would be right."""
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return "is missing"
    if value is None:
        return "has no value; give it one, or delete the line for the default"
    if kind in ("model_type", "dict_type"):
        return f"must have keys of its own{_keys_below(path)}, not a value"
    written = shown(place.written if place and place.written is not None else value)
    if isinstance(value, dict | list):
        if kind == "value_error":
            return _clause(error, path, place)
        given = "a list" if isinstance(value, list) else "keys and values"
        return f"must be {_WANTED.get(kind, 'a single value')}, not {given}"
    return f"{written} {_clause(error, path, place)}"


def _clause(error: ErrorDetails, path: KeyPath, place: Place | None) -> str:
    kind = error["type"]
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind in _RANGE_ERRORS:
        return f"is out of range; it must be {_range(path)}"
    if kind == "literal_error":
        return _choices(str(error["input"]), error["ctx"]["expected"])
    if kind == "string_unicode":
        return "is not text in UTF-8"
    if kind == "string_too_long":
        return f"is too long; at most {error['ctx']['max_length']} characters"
    wanted = _WANTED.get(kind)
    if wanted is None:
        return f"is refused: {error['msg']}"
    value = error["input"]
    return f"{_misread(value, wanted, place)}; it must be {wanted}{_remedy(value, wanted, place)}"


def _misread(value: Any, wanted: str, place: Place | None) -> str:
    """What YAML took the words for, where that may surprise."""
    plain = place is not None and place.plain
    if isinstance(value, bool):
        return f"is the truth value {str(value).lower()} to YAML" if plain else "is a truth value"
    if isinstance(value, str):
        return "is text to YAML" if plain and wanted.endswith("number") else "is text"
    if isinstance(value, int | float):
        return f"is a number{' to YAML' if plain and wanted == 'text' else ''}"
    if isinstance(value, date):
        return "is a date to YAML"
    return "is of the wrong type"


def _remedy(value: Any, wanted: str, place: Place | None) -> str:
    if wanted == "text" and place is not None and place.written is not None:
        return f', so put it in quotes: "{shown(place.written)[1:-1]}"'
    meant = _number(value) if wanted.endswith("number") else None
    if meant is None or (wanted == "a whole number" and not meant.is_integer()):
        return ""
    return f", so write {int(meant) if meant.is_integer() else meant}"


def _number(value: Any) -> float | None:
    """The finite number that somebody meant by a text (decimal comma understood) or a float."""
    if not isinstance(value, str | float):
        return None
    try:
        number = float(value.strip().replace(",", ".")) if isinstance(value, str) else value
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None


def _unknown_key(path: KeyPath) -> str:
    meant = nearest_key(tuple(path))
    if meant is not None:
        return f"is not a setting; did you mean `{meant}`?"
    return f"is not a setting{_keys_below(path[:-1])}"


def _keys_below(path: KeyPath) -> str:
    names = [key[-1] for key in keys() if key[:-1] == path]
    return f" ({', '.join(names)})" if names else ""


def _range(path: KeyPath) -> str:
    bounds: Mapping[type, Any] = {type(item): item for item in keys()[tuple(map(str, path))].metadata}
    low, high = bounds[annotated_types.Ge].ge, bounds[annotated_types.Le].le
    return f"from {low} to {high}"


def _choices(word: str, expected: str) -> str:
    """`expected` is pydantic's list, "'a', 'b' or 'c'"."""
    choices = expected.replace("'", "")
    meant = nearest(word, choices.replace(" or ", ", ").split(", "))
    return f"is not one of {choices}" + (f"; did you mean {meant}?" if meant else "")
