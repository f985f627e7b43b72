"""Modules that stand in for others while something is imported, so that a library does without what it never uses."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any


class _Unused(ModuleType):
    """A module of which every name can be imported, and is of no use."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextlib.contextmanager
def in_place_of(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Have imports find these modules; afterwards each name is as it was."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


@contextlib.contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Have imports find an empty module under each name that is not imported yet."""
    with in_place_of({name: _Unused(name) for name in names if name not in sys.modules}):
        yield
