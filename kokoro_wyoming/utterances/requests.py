"""What a client asks for besides its text, and what the owner's settings make of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from kokoro_wyoming.audio.joining import SoundOptions
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.text.cleaning import clean, composed
from kokoro_wyoming.text.text_stream import TextFormat, TextOptions
from kokoro_wyoming.voices.descriptions import VoiceRequest

MAX_NAME_CHARS = 256
"""Longest name of a voice, language, speaker or program: room for a blend of eight voices."""


@dataclass(frozen=True)
class SpeechRequest:
    """What a client asks for besides its text."""

    voice: VoiceRequest = field(default_factory=VoiceRequest)
    program: str | None = None
    """The program to choose the voice from; None: the default one."""
    text_format: TextFormat = "text"
    word_times: bool = False
    """Whether the client wants to know when each word is heard."""
    speed: float = 1.0
    """Factor on the pace that the voice has by the owner's settings. The result is MIN_SPEED to MAX_SPEED."""
    volume: float = 1.0
    """Factor on the samples; 1.0 is what the owner's settings ask for."""
    fetched: bool = False
    """Whether the client takes the sound as fast as it is made: nobody knows when it is heard."""


@dataclass(frozen=True)
class SpeechOptions:
    """What the owner's settings say about every utterance."""

    text: TextOptions = field(default_factory=TextOptions)
    sound: SoundOptions = field(default_factory=SoundOptions)
    max_chars: int = 100_000
    """Longest text of one utterance; 100,000 characters are about two hours of speech."""


def checked_name(name: object, what: str) -> str | None:
    """A name as a client wrote it, without control characters and outer blanks; None where there is none.

    Raises PeerError for what is no string and for more than MAX_NAME_CHARS characters. `what` begins the message.
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise PeerError(f"{what} must be a string.")
    if len(name) > MAX_NAME_CHARS:
        raise PeerError(f"{what} may have {MAX_NAME_CHARS} characters.")
    return composed(clean(name)).strip() or None
