"""The model's files: which there are, how to fetch them, and whether they are complete.

This package imports quickly: it imports torch, onnx, numpy and `huggingface_hub` only where it uses them.
"""

from kokoro_wyoming.assets.fetching import SourceName, fetch
from kokoro_wyoming.assets.inspection import CUSTOM, HALF, OFFICIAL, ROUNDED, FileState, verify, weights_source
from kokoro_wyoming.assets.store import Store

__all__ = [
    "CUSTOM",
    "HALF",
    "OFFICIAL",
    "ROUNDED",
    "FileState",
    "SourceName",
    "Store",
    "fetch",
    "verify",
    "weights_source",
]
