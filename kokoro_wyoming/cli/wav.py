"""WAV as it arrives: into a file that appears only when it is whole, or into a pipe."""

from __future__ import annotations

import contextlib
import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.files import replaced

_UNKNOWN_LENGTH_BYTES = 0xFFFF_FF00
"""What a header says when the end is not known yet; readers of pipes take it for "until the end"."""


@dataclass(frozen=True)
class Sound:
    """A PCM format."""

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


class Sink(Protocol):
    """Takes one sound in one format; raises KokoroWyomingError or OSError when it cannot."""

    def start(self, sound: Sound) -> None: ...

    def write(self, pcm: bytes) -> None: ...


class WavStream:
    """WAV into something that cannot seek."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def start(self, sound: Sound) -> None:
        self._stream.write(endless_header(sound))

    def write(self, pcm: bytes) -> None:
        self._stream.write(pcm)
        self._stream.flush()


class _WavFile:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._writer: wave.Wave_write | None = None

    def start(self, sound: Sound) -> None:
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
    with _telling(path), replaced(path) as stream, contextlib.closing(_WavFile(stream)) as wav:
        yield wav


@contextlib.contextmanager
def wav_device(path: Path) -> Iterator[Sink]:
    """WAV into a device or named pipe."""
    with _telling(path), path.open("wb") as stream:
        yield WavStream(stream)


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KokoroWyomingError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error


def _writer(stream: BinaryIO, sound: Sound) -> wave.Wave_write:
    writer = wave.Wave_write(stream)
    writer.setframerate(sound.rate_hz)
    writer.setsampwidth(sound.width_bytes)
    writer.setnchannels(sound.channels)
    return writer


def endless_header(sound: Sound) -> bytes:
    """The beginning of a WAV whose length is not known yet."""
    buffer = io.BytesIO()
    writer = _writer(buffer, sound)
    writer.setnframes(_UNKNOWN_LENGTH_BYTES // sound.frame_bytes)
    writer.writeframesraw(b"")
    header = buffer.getvalue()
    # Closing writes the true length, which is no longer wanted.
    writer.close()
    return header
