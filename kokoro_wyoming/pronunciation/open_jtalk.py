"""How Open JTalk reads Japanese: word by word, with their context and with numbers in full. Pure."""

from __future__ import annotations

import contextlib
import io
import os
from typing import NamedTuple

# pyopenjtalk uses onnxruntime where that is installed, and onnxruntime would report to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
with contextlib.redirect_stdout(io.StringIO()):  # it says that another package is missing, which nothing here needs
    from pyopenjtalk import run_frontend

_DEVOICED = "’"


class ReadWord(NamedTuple):
    """A word, and how it is said in katakana; a sign is said as itself."""

    written: str
    said: str


def words_read(text: str) -> list[ReadWord]:
    """The words of a text. Open JTalk writes numbers and what is not Japanese otherwise than the text does."""
    # Sudachi and a network would correct a few words with several readings, where they are installed. Everyone shall
    # hear the same.
    words = run_frontend(text, use_sudachi_kanji_yomi=False, predict_nani=False)
    return [
        ReadWord(word["string"], (word["string"] if word["pos"] == "記号" else word["pron"]).replace(_DEVOICED, ""))
        for word in words
    ]


def kana(text: str) -> str:
    """The text as it is said, in katakana; the text itself where Open JTalk reads nothing."""
    return "".join(word.said for word in words_read(text)) or text
