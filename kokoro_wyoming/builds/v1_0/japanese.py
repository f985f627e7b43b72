"""misaki's Japanese without mojimoji, a compiled package that many systems have no build of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import ModuleType

import jaconv

from kokoro_wyoming.network.module_stand_ins import in_place_of

_QUOTES = str.maketrans("‘’”", "`'\"")
"""mojimoji takes these quotation marks for wide ones; jaconv does not."""


@contextlib.contextmanager
def mojimoji_by_jaconv() -> Iterator[None]:
    """Let misaki import a `mojimoji` whose two functions are jaconv's, while a pipeline is made."""
    stand_in = ModuleType("mojimoji", "The two functions that misaki calls.")
    vars(stand_in).update(zen_to_han=to_half_width, han_to_zen=to_full_width)
    with in_place_of({"mojimoji": stand_in}):
        yield


def to_half_width(text: str, kana: bool = True) -> str:
    """Latin letters, digits and signs of full width in half width; katakana too where `kana` says so."""
    return str(jaconv.z2h(text, kana=kana, ascii=True, digit=True)).translate(_QUOTES)


def to_full_width(text: str, **kinds: bool) -> str:
    """Katakana of half width in full width; `digit` and `ascii` say whether digits and other ASCII are, too."""
    return str(jaconv.h2z(text, kana=True, digit=kinds.get("digit", True), ascii=kinds.get("ascii", True)))
