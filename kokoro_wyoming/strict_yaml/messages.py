"""Pydantic's errors in the words of a file's writer."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import ErrorDetails

from kokoro_wyoming.strict_yaml.mistakes import KeyPath, nearest, shown

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


class Section(BaseModel):
    """Keys that belong together: none but the known ones, and no value of another type."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def keys(section: type[BaseModel], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every key's path and pydantic FieldInfo, sections included, in the order of the classes."""
    found: dict[tuple[str, ...], Any] = {}
    for name, info in section.model_fields.items():
        path = (*above, name)
        found[path] = info
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            found |= keys(info.annotation, path)
    return found


def sentence(error: ErrorDetails, path: KeyPath, known: Collection[tuple[str, ...]], what: str = "setting") -> str:
    """Says what is wrong with the value at `path`, and what is allowed.

    `known` are the paths of all keys that the file may have, `what` is the word for one of them.
    """
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        meant = _nearest_key(path, known)
        return f"is not a {what}" + (f"; did you mean `{meant}`?" if meant else _keys_below(path[:-1], known))
    if kind == "missing":
        return "is missing"
    if value is None:
        return "has no value; give it one, or delete the line for the default"
    if kind in ("model_type", "dict_type"):
        return f"should have keys of its own{_keys_below(path, known)}, not a value"
    told = _PLAINER.get(kind, _SUBJECT.sub("", error["msg"]))
    if isinstance(value, dict | list):
        return told
    return f"{shown(str(value).lower() if isinstance(value, bool) else _QUERY.sub('?...', str(value)))} {told}"


def _nearest_key(path: KeyPath, known: Collection[tuple[str, ...]]) -> str | None:
    """The dotted key that an unknown path likely means: the same name elsewhere, else a similar one."""
    *above, word = map(str, path)
    elsewhere = {key[-1]: ".".join(key) for key in reversed([*known])}
    if word in elsewhere:
        return elsewhere[word]
    siblings = {key[-1]: ".".join(key) for key in known if key[:-1] == tuple(above)}
    for candidates in (siblings, elsewhere):
        found = nearest(word, candidates)
        if found is not None:
            return candidates[found]
    return None


def _keys_below(path: KeyPath, known: Collection[tuple[str, ...]]) -> str:
    names = [key[-1] for key in known if key[:-1] == path]
    return f" ({', '.join(names)})" if names else ""
