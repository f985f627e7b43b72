"""Runs files of Home Assistant's and the Supervisor's sources, where a developer has them; nothing of them is here.

git clone of home-assistant/supervisor  ->  FOLDER/supervisor
git clone of home-assistant/core        ->  FOLDER/core        (or the unpacked wheel)
git clone of frenck/action-addon-linter ->  FOLDER/linter
KOKORO_WYOMING_TEST_SOURCES=FOLDER ./test.sh tests/app
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_FOLDER = os.environ.get("KOKORO_WYOMING_TEST_SOURCES", "")


def sources(name: str) -> Path:
    """The folder of one of the three; skips the test where it is not there."""
    path = Path(_FOLDER) / name
    if not _FOLDER or not path.is_dir():
        pytest.skip(f"{name}'s own rules are not tried: its sources are no part of ours; see this file")
    return path


@contextlib.contextmanager
def importable(folder: Path, package: str, stand_ins: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Let the modules of a package in this folder be imported, with stand-ins for some of them."""
    finder = _Finder(folder, package, stand_ins)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in (package, *stand_ins)]:
            del sys.modules[name]


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, folder: Path, package: str, stand_ins: Mapping[str, Mapping[str, Any]]) -> None:
        self._folder = folder
        self._package = package
        self._stand_ins = stand_ins

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name in self._stand_ins:
            return importlib.machinery.ModuleSpec(name, _StandIn(self._stand_ins[name]))
        if name.partition(".")[0] != self._package:
            return None
        place = self._folder.joinpath(*name.split("."))
        if place.is_dir():  # without its __init__, which imports the rest of the house
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(place)]
            return spec
        file = place.with_suffix(".py")
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(name, str(file)))


class _StandIn(importlib.abc.Loader):
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(self._values)


class _Loader(importlib.machinery.SourceFileLoader):
    """Their files are for Python 3.14; older ones want brackets around exceptions, and know no `override`."""

    def get_code(self, fullname: str) -> Any:
        text = Path(self.path).read_text(encoding="utf-8")
        text = re.sub(r"(?m)^( *except )(\w[\w.]*(?:, \w[\w.]*)+):$", r"\1(\2):", text)
        text = re.sub(r"(?m)^ *@override\n", "", text).replace("import Any, override", "import Any")
        return compile(text, self.path, "exec")
