"""16-bit PCM as a file that players read: while it is made, or whole.

PCM is what `audio/pcm` makes: little-endian, mono, 24 kHz, whole samples. What each format does to it:

| | samples that a decoder gives for n | bit for bit |
|---|---|---|
| wav, pcm, flac | n | yes |
| opus | n | no |
| mp3 | 576 * (ceil(n / 576) + 2), the first of n after MP3_DELAY_SAMPLES | no |
| aac | 1024 * (ceil(n / 1024) + 1), the first of n after AAC_DELAY_SAMPLES | no |

No sound at all is one silent sample in all but wav and pcm, as their encoders write no file without one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kokoro_wyoming.audio.encoding import adts, compressed, plain
from kokoro_wyoming.audio.encoding.interface import Encoder

__all__ = [
    "AAC_DELAY_SAMPLES",
    "FORMATS",
    "MP3_DELAY_SAMPLES",
    "Encoder",
    "canonical",
    "extension",
    "media_type",
    "stream",
    "whole",
]

MP3_DELAY_SAMPLES = 1105
"""Silence of LAME and of every decoder before the sound, 46 ms. A Xing frame would tell players to cut it off, but
clients join the mp3s of several answers, and players then stop where the first one's Xing frame says."""

AAC_DELAY_SAMPLES = 1024
"""Silence before the sound, 43 ms: ADTS has no place to tell of it."""


class _Format(NamedTuple):
    media_type: str
    stream: Callable[[], Encoder]
    whole: Callable[[bytes], bytes]


def _at_once(encoder: Callable[[], Encoder]) -> Callable[[bytes], bytes]:
    """For formats whose beginning says nothing of their end."""

    def whole(pcm: bytes) -> bytes:
        made = encoder()
        return made.add(pcm) + made.finish()

    return whole


_FORMATS = {
    "mp3": _Format("audio/mpeg", compressed.Mp3Encoder, _at_once(compressed.Mp3Encoder)),
    "opus": _Format("audio/ogg; codecs=opus", compressed.OpusEncoder, _at_once(compressed.OpusEncoder)),
    "flac": _Format("audio/flac", compressed.FlacEncoder, compressed.flac),
    "wav": _Format("audio/wav", plain.WavEncoder, plain.wav),
    "pcm": _Format("audio/pcm;rate=24000;channels=1", plain.PcmEncoder, bytes),
    "aac": _Format("audio/aac", adts.AdtsEncoder, _at_once(adts.AdtsEncoder)),
}
_ALIASES = {"mpeg": "mp3", "ogg": "opus", "oga": "opus", "wave": "wav", "raw": "pcm", "adts": "aac"}

FORMATS = tuple(_FORMATS)
"""Names of all formats, the one that clients expect first."""


def canonical(name: str) -> str:
    """One of FORMATS for a name as clients write it: in any case, `ogg` for `opus`.

    Raises ValueError with the end of a sentence that begins with the name.
    """
    plain_name = name.strip().lower()
    known = _ALIASES.get(plain_name, plain_name)
    if known not in _FORMATS:
        raise ValueError(f"is not a format of sound here: there are {', '.join(FORMATS[:-1])} and {FORMATS[-1]}")
    if known == "aac" and not adts.is_available():
        raise ValueError('needs PyAV, which is not installed: pip install "kokoro-wyoming[aac]"')
    return known


def media_type(name: str) -> str:
    """Content-Type of a format of FORMATS."""
    return _FORMATS[name].media_type


def extension(name: str) -> str:
    """What a file's name ends with, without the dot, for a format of FORMATS."""
    return name


def stream(name: str) -> Encoder:
    """An encoder for one answer. Raises ValueError as `canonical` does."""
    return _FORMATS[canonical(name)].stream()


def whole(name: str, pcm: bytes) -> bytes:
    """The whole file, with its sizes; opus takes about a second for a minute of sound. May run on any thread.

    Raises ValueError as `canonical` does.
    """
    return _FORMATS[canonical(name)].whole(pcm)
