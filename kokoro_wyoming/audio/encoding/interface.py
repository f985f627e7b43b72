"""What every encoder does."""

from __future__ import annotations

from typing import Protocol


class Encoder(Protocol):
    """The sound of one answer, on its way into one file. Not for two threads at once."""

    def add(self, pcm: bytes) -> bytes:
        """Take PCM of any number of whole samples; return the bytes of the file that are ready now, maybe none."""
        ...

    def finish(self) -> bytes:
        """The sound has ended: return the rest of the file. The encoder is closed then."""
        ...

    def close(self) -> None:
        """Let go of the memory, which an encoder that is left in the middle may keep else. May be called again."""
        ...
