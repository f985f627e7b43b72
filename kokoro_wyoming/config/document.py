"""A YAML file as plain values that know their lines; whatever YAML may misread is refused.

The file is composed to nodes by PyYAML's SafeLoader and the nodes are walked here, since only the nodes still
have lines, duplicates and the words as they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kokoro_wyoming.config.mistakes import KeyPath, Mistake, shown
from kokoro_wyoming.errors import ConfigError

MAX_FILE_BYTES = 1 << 20
"""A full file has 6 KiB; more than this is the wrong file."""

MAX_DEPTH = 16
"""Levels of nesting; the settings have four."""

_TAG_PREFIX = "tag:yaml.org,2002:"
_SCALAR_KINDS = ("str", "int", "float", "bool", "null", "timestamp")
_SCALAR_TAGS = frozenset(f"{_TAG_PREFIX}{kind}" for kind in _SCALAR_KINDS)
_MAPPING_TAG = f"{_TAG_PREFIX}map"
_SEQUENCE_TAG = f"{_TAG_PREFIX}seq"


@dataclass(frozen=True)
class Place:
    """Where a value stands in its file."""

    line: int
    """From 1; of the key where there is one."""
    written: str | None = None
    """A scalar as it was written, without quotes; None for a mapping or list."""
    plain: bool = False
    """Written without quotes, so that YAML guessed its type."""


@dataclass
class Document:
    """What a file says. A place is known for every path in `values`."""

    name: str
    """The file as its owner named it."""
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


class _Refused(yaml.MarkedYAMLError):
    """Right in YAML, but not wanted here."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader that refuses anchors and aliases, and nesting too deep for recursion."""

    depth = 0
    peek_event: Callable[[], Any]
    """The next event, not taken yet; PyYAML's own."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        # Some kilobytes of aliases are gigabytes to whoever walks the values.
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(problem="anchors (&) and aliases (*) are refused", problem_mark=event.start_mark)
        if self.depth >= MAX_DEPTH:
            raise _Refused(problem=f"nested more than {MAX_DEPTH} levels deep", problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def read_document(path: Path) -> Document:
    """Read a YAML file; an empty one has no values.

    Raises ConfigError where the file as a whole cannot be used; mistakes in single values are collected in
    the document, so that its reader can report them with its own.
    """
    loader = _new_loader(path)
    try:
        root = loader.get_single_node()
        return _Walk(loader, Document(str(path))).whole(root)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{path}{_line(error)}: {_problem(error)}") from error
    finally:
        loader.dispose()


def _new_loader(path: Path) -> _Loader:
    text = _read_text(path)
    try:
        return _Loader(text)
    except yaml.reader.ReaderError as error:
        where = f"{path}:{text.count(chr(10), 0, error.position) + 1}"
        raise ConfigError(f"{where}: holds an unprintable character (code {error.character})") from error


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


def _line(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f":{mark.line + 1}" if mark else ""


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "something is wrong here"
    if "'\\t'" in problem:
        return "a tab stands where YAML wants blanks; indent with blanks"
    if isinstance(error, _Refused):
        return problem
    if "single document" in (error.context or ""):
        return "a second document begins (---); a file has one"
    return f"is not valid YAML: {problem}"


@dataclass
class _Walk:
    """Turns nodes to values and notes places and mistakes in the document."""

    loader: _Loader
    document: Document

    def whole(self, root: yaml.Node | None) -> Document:
        """The document of a root node, None for an empty file."""
        values = {} if root is None else self.value(root, ())
        if isinstance(values, dict):
            self.document.values = values
        elif values is not None:
            line = root.start_mark.line + 1 if root is not None else 1
            raise ConfigError(f"{self.document.name}:{line}: must be keys with values, such as `speech:`")
        return self.document

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING_TAG:
            return dict(self.entries(node, path))
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE_TAG:
            return [self.item(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALAR_TAGS:
            return self.scalar(node, path)
        tag = node.tag.replace(_TAG_PREFIX, "!!")
        return self.refuse(node, path, f"has the tag {shown(tag)}; tags are refused")

    def entries(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key is None:
                continue
            first = self.document.places.get((*path, key))
            if first is not None:
                again = f"stands here a second time; it is in line {first.line} already"
                self.refuse(key_node, (*path, key), again, name_value=False)
                continue
            self.note(value_node, (*path, key), key_node.start_mark.line + 1)
            yield key, self.value(value_node, (*path, key))

    def key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, path, "has a key that is a list or mapping; keys are words")
            return None
        # A key that YAML takes for a number or a truth value is meant as the word it looks like.
        return str(node.value)

    def item(self, node: yaml.Node, path: KeyPath) -> Any:
        self.note(node, path, node.start_mark.line + 1)
        return self.value(node, path)

    def scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        misread = node.style is None and _looks_otherwise(node.tag.removeprefix(_TAG_PREFIX), node.value)
        try:
            value = self.loader.construct_object(node)
            if misread:
                remedy = "write a number without colons or zeros in front, and text in quotes"
                self.refuse(node, path, f"is {value} to YAML; {remedy}")
        # ValueError: a date of no calendar, a number of 5,000 digits; KeyError: PyYAML's, for `!!bool maybe`.
        except (ValueError, KeyError, AttributeError, OverflowError, yaml.YAMLError):
            return self.refuse(node, path, "is not what YAML takes it for; put it in quotes if it is text")
        return value

    def note(self, node: yaml.Node, path: KeyPath, line: int) -> None:
        if isinstance(node, yaml.ScalarNode):
            self.document.places[path] = Place(line, node.value, node.style is None)
        else:
            self.document.places[path] = Place(line)

    def refuse(self, node: yaml.Node, path: KeyPath, sentence: str, *, name_value: bool = True) -> None:
        written = f"{shown(node.value)} " if name_value and isinstance(node, yaml.ScalarNode) else ""
        self.document.mistakes.append(
            Mistake(self.document.name, path, f"{written}{sentence}", node.start_mark.line + 1)
        )


def _looks_otherwise(kind: str, written: str) -> bool:
    """Whether YAML 1.1 reads a number that people do not: octal 010, and 10:20 to the base of 60."""
    digits = written.lstrip("+-")
    if kind == "int":
        return ":" in digits or (len(digits) > 1 and digits.startswith("0"))
    return kind == "float" and ":" in digits
