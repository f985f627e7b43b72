"""What a judge says of held text."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """What a judge says of held text."""

    said: str = ""
    """Text that is given out."""
    again: str = ""
    """Text that is read again as if it came now."""
    block: bool = False
    """A sentence ends between `said` and `again`."""
    cell: bool = False
    """A pause stands between `said` and `again`."""
    address: bool = False
    """The rest of an address follows, which is not said."""
    hides: bool = False
    """What follows is not said up to a closing tag, if it begins a sentence."""


def as_text(held: str) -> Found:
    """Held text that is no markup: its first character is given out, the rest is read again."""
    return Found(held[0], held[1:])
