"""The sound of an announcement as pyatv takes it: by packets, each at its time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyatv.interface import MediaMetadata
from pyatv.protocols.raop.audio_source import AudioSource

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.audio.resampling import Resampler
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound

_TAIL_SECONDS = 0.5
"""Silence behind the sound. Receivers play later than pyatv knows, and stop at once when it says that all is sent."""
_WIDTH_BYTES = 2
_STORE_SECONDS = 0.2
"""After silence, sound begins when there is so much of it: packets go out as fast as they are heard."""


class SoundSource(AudioSource):
    """16-bit sound at the receiver's rate, on each of its channels. Silence where the next sound is not made yet."""

    def __init__(self, form: PcmFormat, rate_hz: int, channels: int) -> None:
        self._form = form
        self._rate_hz = rate_hz
        self._channels = channels
        self._resampler = Resampler(form.rate_hz, rate_hz)
        self._ready = bytearray()
        self._is_whole = False
        self._is_flowing = False

    async def read(self, sound: AnnouncedSound) -> None:
        """Take all of the sound, as it is made."""
        async for pcm in sound.pieces():
            samples = np.frombuffer(pcm, "<i2").reshape(-1, self._form.channels).mean(axis=1, dtype=np.float32)
            self._ready += self._encoded(self._resampler.add(samples))
        self._ready += self._encoded(self._resampler.finish())
        self._ready += bytes(self._bytes(round(_TAIL_SECONDS * self._rate_hz)))
        self._is_whole = True

    async def readframes(self, nframes: int) -> bytes:
        enough = self._bytes(round(_STORE_SECONDS * self._rate_hz))
        self._is_flowing = self._is_whole or len(self._ready) >= (1 if self._is_flowing else enough)
        size = self._bytes(nframes)
        if not self._is_flowing:
            return bytes(size)
        frames = bytes(self._ready[:size])
        del self._ready[:size]
        return frames

    async def get_metadata(self) -> MediaMetadata:
        return MediaMetadata()

    @property
    def sample_rate(self) -> int:
        return self._rate_hz

    @property
    def channels(self) -> int:
        return self._channels

    @property
    def sample_size(self) -> int:
        return _WIDTH_BYTES

    @property
    def duration(self) -> int:
        return 0  # not known yet

    def _bytes(self, frames: int) -> int:
        return frames * self._channels * _WIDTH_BYTES

    def _encoded(self, samples: NDArray[np.float32]) -> bytes:
        """Big-endian, as it goes over the network."""
        whole = np.clip(np.rint(samples), -32_768, 32_767).astype(">i2")
        return np.repeat(whole[:, None], self._channels, axis=1).tobytes()
