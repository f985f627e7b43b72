"""How PCM is written: rate, width and channels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PcmFormat:
    """A format of PCM; samples are signed and little-endian, but unsigned where they have one byte."""

    rate_hz: int
    width_bytes: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """One sample of each channel."""
        return self.width_bytes * self.channels

    def seconds(self, pcm: bytes) -> float:
        """How long a piece of it is."""
        return len(pcm) / (self.rate_hz * self.frame_bytes)
