"""The model's files: what they are, where they come from, whether they are whole.

Importing this costs nothing to speak of: torch, onnx, numpy and `huggingface_hub` are imported where they are used.
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
