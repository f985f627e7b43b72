"""The package `torch`, imported without what it imports and this program never uses."""

import importlib

from kokoro_wyoming.module_stand_ins import left_out

_COMPILERS = "torch._meta_registrations"
"""It tells torch's compiler the shapes that operators give: a third of the import's processor time, and 18 MB."""

with left_out(_COMPILERS):
    import torch as torch


def complete() -> None:
    """Import the rest: without it, neither torch's compiler nor `transformers` can be imported."""
    importlib.import_module(_COMPILERS)
