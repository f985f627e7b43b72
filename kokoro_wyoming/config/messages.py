"""Pydantic's errors in the words of the settings file."""

from __future__ import annotations

import re

from pydantic_core import ErrorDetails

from kokoro_wyoming.config.mistakes import KeyPath, shown
from kokoro_wyoming.config.schema import keys, nearest_key

_PLAINER = {
    "bool_type": "should be true or false",
    "int_type": "should be a whole number, written as 10 and not as '10', 010, 0x10 or 1e1",
    "float_type": "should be a number, written as 1.5 and not as '1.5', 1,5 or 15e-1",
    "string_type": "should be text; put it in quotes",
    "string_unicode": "is not text in UTF-8",
    "tuple_type": "should be one value or a list",
    "is_instance_of": "should be a folder; put it in quotes",
}
"""Our words where pydantic's name Python's types, or do not show the value as it was written."""

_QUERY = re.compile(r"(?<=\S)\?.*=.*", re.DOTALL)
"""The end of an address, which may have a secret in it."""
_SUBJECT = re.compile(r"^(Input|String|Value error,) ")


def sentence(error: ErrorDetails, path: KeyPath) -> str:
    """Says what is wrong with the value at `path`, and what is allowed."""
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        meant = nearest_key(path)
        return "is not a setting" + (f"; did you mean `{meant}`?" if meant else _keys_below(path[:-1]))
    if kind == "missing":
        return "is missing"
    if value is None:
        return "has no value; give it one, or delete the line for the default"
    if kind in ("model_type", "dict_type"):
        return f"should have keys of its own{_keys_below(path)}, not a value"
    told = _PLAINER.get(kind, _SUBJECT.sub("", error["msg"]))
    if isinstance(value, dict | list):
        return told
    return f"{shown(str(value).lower() if isinstance(value, bool) else _QUERY.sub('?...', str(value)))} {told}"


def _keys_below(path: KeyPath) -> str:
    names = [key[-1] for key in keys() if key[:-1] == path]
    return f" ({', '.join(names)})" if names else ""
