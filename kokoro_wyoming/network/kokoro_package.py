"""The package `kokoro`, imported without what it imports and this program never uses.

That takes most of a start: `transformers` for one class, spaCy's command line, and a backend of phonemizer that reads
tables of alphabets. Without these, imports take 3 s of processor time less, and 130 MB of memory less.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from kokoro_wyoming.network import albert


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
def left_out(*names: str) -> Iterator[None]:
    """Have imports find an empty module under each name that is not imported yet."""
    with _in_place_of({name: _Unused(name) for name in names}):
        yield


@contextlib.contextmanager
def _in_place_of(modules: dict[str, ModuleType]) -> Iterator[None]:
    placed = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


def _unused() -> tuple[str, ...]:
    """What `kokoro`, spaCy and phonemizer import in vain; spaCy too where English is left out."""
    has_spacy = importlib.util.find_spec("spacy") is not None
    return ("segments", "spacy.cli", "spacy.cli.info") if has_spacy else ("segments", "spacy")


_transformers = ModuleType("transformers")
vars(_transformers).update(AlbertConfig=albert.AlbertConfig, AlbertModel=albert.AlbertModel)

with _in_place_of({"transformers": _transformers}), left_out(*_unused()):
    from kokoro import KModel as KModel
    from kokoro import KPipeline as KPipeline
