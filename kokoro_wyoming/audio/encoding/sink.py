"""A file in memory for libraries that write files, of which only what is new is kept."""

from __future__ import annotations

import os


class Sink:
    """Takes what is appended, until it is taken.

    What a library writes elsewhere is dropped: it mends the header of its file at the end, when the header has long
    been sent, and would overwrite sound.
    """

    def __init__(self) -> None:
        self._new = bytearray()
        self._at = 0
        self._end = 0

    def take(self) -> bytes:
        """What was appended since the last call."""
        new, self._new = bytes(self._new), bytearray()
        return new

    def write(self, data: bytes) -> int:
        if self._at == self._end:
            self._new += data
            self._end += len(data)
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at
