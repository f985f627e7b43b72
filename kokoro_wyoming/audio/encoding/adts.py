"""AAC in ADTS, by PyAV, which is installed only where somebody wants it."""

from __future__ import annotations

import importlib

import numpy as np

from kokoro_wyoming.audio.encoding.sink import Sink
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ

_BITS_PER_SECOND = 64_000
_OPTIONS = {"aac_coder": "fast"}
"""ffmpeg's default takes three times as long, 40 ms for a noisy piece, and comes no nearer to the sound."""
_FULL_SCALE = np.float32(32768)


def is_available() -> bool:
    """Whether PyAV can be imported."""
    try:
        importlib.import_module("av")
    except ImportError:
        return False
    return True


class AdtsEncoder:
    """AAC in frames of 43 ms, each with a header of its own."""

    def __init__(self) -> None:
        import av

        self._sink = Sink()
        self._container = av.open(self._sink, "w", format="adts")
        self._stream = self._container.add_stream("aac", rate=SAMPLE_RATE_HZ, options=_OPTIONS)
        self._stream.codec_context.layout = "mono"
        self._stream.codec_context.bit_rate = _BITS_PER_SECOND
        self._samples = 0

    def add(self, pcm: bytes) -> bytes:
        if pcm:
            self._encode(np.frombuffer(pcm, "<i2"))
        return self._sink.take()

    def _encode(self, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
        import av

        frame = av.AudioFrame.from_ndarray(samples[np.newaxis] / _FULL_SCALE, format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = self._samples
        self._samples += len(samples)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> bytes:
        if not self._samples:
            self._encode(np.zeros(1, np.int16))
        self._container.mux(self._stream.encode(None))
        self.close()
        return self._sink.take()

    def close(self) -> None:
        self._container.close()
