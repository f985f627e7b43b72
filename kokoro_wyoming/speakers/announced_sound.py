"""The sound of one announcement, made once for all its speakers. Each reads it at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from kokoro_wyoming.audio.pcm_format import PcmFormat

_PIECE_SECONDS = 0.1


class AnnouncedSound:
    """PCM while it is made. Chime and speech are one sound."""

    def __init__(self) -> None:
        self.format: PcmFormat | None = None
        """Known with the first piece."""
        self.is_whole = False
        self._pcm = bytearray()
        self._news = asyncio.Event()

    @property
    def seconds(self) -> float:
        """How much there is so far."""
        return self.format.seconds(bytes(self._pcm)) if self.format else 0.0

    def add(self, pcm_format: PcmFormat, pcm: bytes) -> None:
        """Put more sound behind the rest. The format stays the first one's."""
        assert self.format in (None, pcm_format)
        self.format = pcm_format
        self._pcm += pcm
        self._tell()

    def finish(self) -> None:
        """No more comes: it is whole, or its making has failed, which is told to whoever asked for it."""
        self.is_whole = True
        self._tell()

    async def begun(self) -> PcmFormat | None:
        """Wait until there is sound; its format. None: there will be none."""
        while not self._pcm and not self.is_whole:
            await self._news.wait()
        return self.format if self._pcm else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it from the beginning, in whole samples of 0.1 s at most, as it is made."""
        at = 0
        while True:
            for piece in self._from(at):
                yield piece
                at += len(piece)
            if at < len(self._pcm):
                continue
            if self.is_whole:
                return
            await self._news.wait()

    async def whole(self) -> bytes:
        """Wait until it is whole."""
        while not self.is_whole:
            await self._news.wait()
        return bytes(self._pcm)

    def _from(self, at: int) -> Iterator[bytes]:
        if self.format is None:
            return
        size = max(1, round(self.format.rate_hz * _PIECE_SECONDS)) * self.format.frame_bytes
        for start in range(at, len(self._pcm), size):
            yield bytes(self._pcm[start : start + size])

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
