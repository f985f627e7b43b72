"""A YAML file as plain values whose lines are known.

Only null, true and false, decimal numbers and text are told apart: of what else YAML 1.1 takes plain words for,
`no` is false, `010` is 8, `10:20` is 620 and `2024-01-01` a date, which nobody means here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.strict_yaml.mistakes import KeyPath, dotted

MAX_FILE_BYTES = 1 << 20
"""Longest file that is read; the defaults are an eightieth of it."""

MAX_DEPTH = 16
"""Levels of nesting; the settings have four."""

_PLAIN_WORDS = {
    "null": r"|~|null|Null|NULL",
    "bool": r"true|True|TRUE|false|False|FALSE",
    # Longer ones would be an error of Python's own.
    "int": r"[-+]?(?:0|[1-9][0-9_]{0,99})",
    "float": r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}
"""What each is written like without quotes: a part of YAML 1.1, so that what a writer of it means is read."""


@dataclass
class Document:
    """What a file says."""

    name: str
    """The file as its owner named it."""
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int | None] = field(default_factory=dict)
    """Line, from 1, of each path in `values`: the key's line if it has a key. None: the values are from no file."""

    def known(self, path: KeyPath) -> KeyPath:
        """The longest beginning of a path that the file has."""
        return next((path[:length] for length in range(len(path), 0, -1) if path[:length] in self.lines), ())


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that settings may not contain."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader that refuses anchors, aliases, tags, and nesting too deep for recursion."""

    depth = 0
    peek_event: Callable[[], Any]
    """The next event, not taken yet; PyYAML's own."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        # Some kilobytes of aliases can expand to gigabytes of values.
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(problem="anchors (&) and aliases (*) are refused", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _Refused(problem="tags (!) are refused; put text in quotes", problem_mark=event.start_mark)
        if self.depth >= MAX_DEPTH:
            raise _Refused(problem=f"nested more than {MAX_DEPTH} levels deep", problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_Loader.yaml_implicit_resolvers = {}
for _kind, _words in _PLAIN_WORDS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_words})$"), None)


def read_document(path: Path) -> Document:
    """Read a YAML file; an empty one has no values.

    Raises ConfigError where it is no YAML, or has in it what is refused.
    """
    text = _read_text(path)
    document = Document(str(path))
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        values = None if root is None else _value(root, (), loader, document.lines)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{path}:{line}: holds an unprintable character (code {error.character})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(f"{path}{f':{mark.line + 1}' if mark else ''}: {_problem(error)}") from error
    if root is not None and not isinstance(values, dict | None):
        raise ConfigError(f"{path}:{root.start_mark.line + 1}: must be keys with values, such as `speech:`")
    document.values = values or {}
    return document


def _value(node: yaml.Node, path: KeyPath, loader: _Loader, lines: dict[KeyPath, int | None]) -> Any:
    """The value of a node; the lines of what is in it are added to `lines`."""
    if isinstance(node, yaml.SequenceNode):
        lines |= {(*path, index): item.start_mark.line + 1 for index, item in enumerate(node.value)}
        return [_value(item, (*path, index), loader, lines) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    values = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Refused(problem="a key is a list or mapping; keys are words", problem_mark=key_node.start_mark)
        # A key that YAML reads as a number or a truth value is meant as text.
        below = (*path, key_node.value)
        if below in lines:
            again = f"{dotted(below)}: stands here a second time; it is in line {lines[below]} already"
            raise _Refused(problem=again, problem_mark=key_node.start_mark)
        lines[below] = key_node.start_mark.line + 1
        values[key_node.value] = _value(value_node, below, loader, lines)
    return values


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: is larger than 1 MiB; is it the right file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text; save it in that encoding") from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "something is wrong here"
    if "'\\t'" in problem:
        return "a tab stands where YAML wants blanks; indent with blanks"
    if isinstance(error, _Refused):
        return problem
    if "single document" in (error.context or ""):
        return "a second document begins (---); a file has one"
    return f"is not valid YAML: {problem}"
