"""`KModel` and `KPipeline` of the package `kokoro`, also where spaCy is left out, which it imports for English."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec


@contextlib.contextmanager
def _spacy_imported() -> Iterator[None]:
    """Let the name `spacy` be imported while no spaCy is installed; what comes is empty and goes again."""
    if importlib.util.find_spec("spacy") is not None:
        yield
        return
    sys.modules["spacy"] = importlib.util.module_from_spec(ModuleSpec("spacy", None))
    try:
        yield
    finally:
        del sys.modules["spacy"]


with _spacy_imported():
    from kokoro import KModel as KModel
    from kokoro import KPipeline as KPipeline
