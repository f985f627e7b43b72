"""What held text turns out to be."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """What held text turned out to be."""

    said: str = ""
    """Given out as it is."""
    again: str = ""
    """Read again as if it came now."""
    block: bool = False
    """A sentence ends here, between the two."""
    cell: bool = False
    """A pause stands here, between the two."""
    address: bool = False
    """The rest of an address follows, of which nothing is said."""


def as_text(held: str) -> Found:
    """No markup after all: its first character stays, the rest may yet be some."""
    return Found(held[0], held[1:])
