"""misaki's Japanese without mojimoji, a compiled package that many systems have no build of, and without telemetry."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType

import jaconv

_QUOTES = str.maketrans("‘’”", "`'\"")
"""mojimoji takes these quotation marks for wide ones; jaconv does not."""


@contextlib.contextmanager
def mojimoji_by_jaconv() -> Iterator[None]:
    """Let misaki import a `mojimoji` whose two functions are jaconv's, while a pipeline is made."""
    before = sys.modules.get("mojimoji")
    stand_in = ModuleType("mojimoji", "The two functions that misaki calls.")
    vars(stand_in).update(zen_to_han=to_half_width, han_to_zen=to_full_width)
    sys.modules["mojimoji"] = stand_in
    try:
        yield
    finally:
        if before is None:
            del sys.modules["mojimoji"]
        else:
            sys.modules["mojimoji"] = before


def switch_telemetry_off() -> None:
    """pyopenjtalk uses onnxruntime where that is installed, and onnxruntime would report to its makers."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def to_half_width(text: str, kana: bool = True) -> str:
    """Latin letters, digits and signs of full width in half width; katakana too where `kana` says so."""
    return str(jaconv.z2h(text, kana=kana, ascii=True, digit=True)).translate(_QUOTES)


def to_full_width(text: str, **kinds: bool) -> str:
    """Katakana of half width in full width; `digit` and `ascii` say whether digits and other ASCII are, too."""
    return str(jaconv.h2z(text, kana=True, digit=kinds.get("digit", True), ascii=kinds.get("ascii", True)))
