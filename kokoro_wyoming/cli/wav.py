"""WAV as it arrives: into a file that appears only when it is whole, or into a pipe."""

from __future__ import annotations

import contextlib
import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli import files

_UNKNOWN_LENGTH_BYTES = 0xFFFF_FF00
"""What a header says when the end is not known yet; readers of pipes take it for "until the end"."""


class Sink(Protocol):
    """Takes one sound in one format; raises KokoroWyomingError or OSError when it cannot."""

    def start(self, sound: PcmFormat) -> None: ...

    def write(self, pcm: bytes) -> None: ...


class WavStream:
    """WAV into something that cannot seek."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def start(self, sound: PcmFormat) -> None:
        self._stream.write(endless_header(sound))

    def write(self, pcm: bytes) -> None:
        self._stream.write(pcm)
        self._stream.flush()


class _WavFile:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._writer: wave.Wave_write | None = None

    def start(self, sound: PcmFormat) -> None:
        self._writer = _writer(self._stream, sound)

    def write(self, pcm: bytes) -> None:
        if self._writer is not None:
            self._writer.writeframesraw(pcm)

    def close(self) -> None:
        """Write the length into the header."""
        if self._writer is not None:
            self._writer.close()


@contextlib.contextmanager
def wav_file(path: Path) -> Iterator[Sink]:
    """A WAV file that appears under its name when the block ends well; else nothing is left of it."""
    with files.written(path) as stream, contextlib.closing(_WavFile(stream)) as wav:
        yield wav


@contextlib.contextmanager
def wav_device(path: Path) -> Iterator[Sink]:
    """WAV into a device or named pipe."""
    with files.written(path) as stream:
        yield WavStream(stream)


def _writer(stream: BinaryIO, sound: PcmFormat) -> wave.Wave_write:
    writer = wave.Wave_write(stream)
    writer.setframerate(sound.rate_hz)
    writer.setsampwidth(sound.width_bytes)
    writer.setnchannels(sound.channels)
    return writer


def endless_header(sound: PcmFormat) -> bytes:
    """The beginning of a WAV whose length is not known yet."""
    buffer = io.BytesIO()
    writer = _writer(buffer, sound)
    writer.setnframes(_UNKNOWN_LENGTH_BYTES // sound.frame_bytes)
    writer.writeframesraw(b"")
    header = buffer.getvalue()
    # Closing writes the true length, which is no longer wanted.
    writer.close()
    return header
