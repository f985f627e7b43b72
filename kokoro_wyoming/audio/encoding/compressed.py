"""mp3, Ogg Opus and FLAC, by libsndfile.

soundfile is imported when the first of them is made, as few need it at the start.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any, NamedTuple

from kokoro_wyoming.audio.encoding.sink import Sink
from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES

_SILENT_SAMPLE = bytes(SAMPLE_WIDTH_BYTES)

_MP3_KBITS = 96
"""Constant, so that players know time from bytes without a Xing frame. On Kokoro's voices the noise is 26 to 38 dB
below the sound; with 64 kbit/s it is 23 to 29 dB below, and more is lost above 10 kHz."""
_OPUS_KBITS = 56
"""From 54 on libopus never chooses its speech mode, which makes 4 to 8 kHz 3 dB quieter and takes thrice the time."""
_OPUS_PAGE_MS = 60.0
"""Three packets. A page costs 28 bytes; libsndfile's default is a second, which a listener would wait for."""
_SET_OGG_PAGE_LATENCY_MS = 0x1302
"""A command of libsndfile for which soundfile has no name."""
_FLAC_STREAM_LEVEL = 2
"""Blocks of 1,152 samples, which the first 50 ms fill; those of level 3 and more have 4,096. About 5 % larger."""
_FLAC_WHOLE_LEVEL = 8

_MP3_FRAME_BYTES = 3 * _MP3_KBITS
"""Of 24 ms each."""
_MP3_HEADER_BYTES = 4


class _Kind(NamedTuple):
    """What soundfile is told; `compression` is its level, 0 to 1."""

    format: str
    subtype: str
    compression: float
    bitrate_mode: str | None = None


# The bit rates that level 0 and level 1 stand for are libsndfile's: 160 and 8 kbit/s for mp3 at this sample rate, 256
# and 6 for Opus.
_MP3 = _Kind("MP3", "MPEG_LAYER_III", (160 - _MP3_KBITS) / (160 - 8), "CONSTANT")
_OPUS = _Kind("OGG", "OPUS", (256 - _OPUS_KBITS) / (256 - 6))
_FLAC_STREAM = _Kind("FLAC", "PCM_16", _FLAC_STREAM_LEVEL / 8)
_FLAC_WHOLE = _Kind("FLAC", "PCM_16", _FLAC_WHOLE_LEVEL / 8)


def _opened(kind: _Kind, file: Sink | io.BytesIO) -> Any:
    """A soundfile.SoundFile that writes into `file`."""
    import soundfile

    return soundfile.SoundFile(
        file,
        "w",
        samplerate=SAMPLE_RATE_HZ,
        channels=CHANNELS,
        subtype=kind.subtype,
        format=kind.format,
        compression_level=kind.compression,
        bitrate_mode=kind.bitrate_mode,
    )


def flac(pcm: bytes) -> bytes:
    """The whole file; its header has the number of samples and their MD5."""
    made = io.BytesIO()
    with _opened(_FLAC_WHOLE, made) as file:
        file.buffer_write(pcm or _SILENT_SAMPLE, "int16")
    return made.getvalue()


class _CompressedEncoder:
    """libsndfile's file of a kind, as it grows."""

    _kind: _Kind

    def __init__(self) -> None:
        self._sink = Sink()
        self._file = _opened(self._kind, self._sink)
        self._is_empty = True

    def add(self, pcm: bytes) -> bytes:
        if pcm:
            self._is_empty = False
            self._file.buffer_write(pcm, "int16")
        return self._sink.take()

    def finish(self) -> bytes:
        begun = self.add(_SILENT_SAMPLE) if self._is_empty else b""
        self._file.close()
        return begun + self._sink.take()

    def close(self) -> None:
        self._file.close()
        self._sink.take()


class FlacEncoder(_CompressedEncoder):
    """FLAC of unknown length, which is 0 in its header. libsndfile cannot read that; ffmpeg and players can."""

    _kind = _FLAC_STREAM


class OpusEncoder(_CompressedEncoder):
    """Ogg Opus in short pages."""

    _kind = _OPUS

    def __init__(self) -> None:
        super().__init__()
        _shorten_pages(self._file)


class Mp3Encoder(_CompressedEncoder):
    """mp3 frames and nothing else, so that answers may be joined."""

    _kind = _MP3

    def __init__(self) -> None:
        super().__init__()
        self._has_begun = False

    def add(self, pcm: bytes) -> bytes:
        return self._without_empty_frame(super().add(pcm))

    def finish(self) -> bytes:
        return self._without_empty_frame(super().finish())

    def _without_empty_frame(self, ready: bytes) -> bytes:
        """Drop LAME's first frame, an empty place for a Xing frame that libsndfile would fill in at the end.

        No frame with sound is empty: LAME pads silence with its name.
        """
        if not ready or self._has_begun:
            return ready
        self._has_begun = True
        return ready if any(ready[_MP3_HEADER_BYTES:_MP3_FRAME_BYTES]) else ready[_MP3_FRAME_BYTES:]


def _shorten_pages(file: Any) -> None:
    """Have an Ogg file's pages leave early. Where soundfile is made otherwise, they leave every second."""
    import soundfile

    with contextlib.suppress(AttributeError, TypeError):
        latency = soundfile._ffi.new("double *", _OPUS_PAGE_MS)
        soundfile._snd.sf_command(file._file, _SET_OGG_PAGE_LATENCY_MS, latency, soundfile._ffi.sizeof("double"))
