"""Formats that hold PCM as it is: WAV and nothing at all."""

from __future__ import annotations

import struct

from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES

_FRAME_BYTES = CHANNELS * SAMPLE_WIDTH_BYTES
_HEADER_BYTES = 36
"""What RIFF's size counts besides the sound: all of the header but its first eight bytes."""
_UNKNOWN_BYTES = 0xFFFF_FFFF
"""A size that nobody knows yet; readers of streams take it for "until the end"."""


def wav(pcm: bytes) -> bytes:
    """The whole file. Raises struct.error for more than 4 GiB, a day of sound."""
    return _header(_HEADER_BYTES + len(pcm), len(pcm)) + pcm


def _header(riff_bytes: int, data_bytes: int) -> bytes:
    # `wave` computes one size from the other, so that both cannot be unknown.
    rate = (SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * _FRAME_BYTES, _FRAME_BYTES, 8 * SAMPLE_WIDTH_BYTES)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, CHANNELS, *rate)
    return struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + form + struct.pack("<4sI", b"data", data_bytes)


class PcmEncoder:
    """PCM without a header."""

    def add(self, pcm: bytes) -> bytes:
        return pcm

    def finish(self) -> bytes:
        return b""

    def close(self) -> None:
        pass


class WavEncoder(PcmEncoder):
    """WAV of unknown length. Nothing follows the sound: sizes at the end would be heard as a click."""

    def __init__(self) -> None:
        self._header = _header(_UNKNOWN_BYTES, _UNKNOWN_BYTES)

    def add(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        return self.add(b"")
