"""What is said of voices between rooms: what a client asks for, who speaks, what describe offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TYPICAL_LUFS = -24.0
"""Of the voices of both releases: what one counts as that has not been measured."""


@dataclass(frozen=True)
class VoiceRequest:
    """What a client asked for, as it came: any part may be absent, unknown or nonsense."""

    name: str | None = None
    language: str | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class SpokenVoice:
    """A request resolved against the catalogue."""

    version: str
    """Kokoro release, "v1.0" or "v0.19"."""
    name: str
    """Name of a voice that the release has."""
    language: str
    """Advertised language tag, such as "en-US"."""
    speed: float
    """1.0 is the voice's own pace, 2.0 twice as fast."""
    loudness_lufs: float = field(default=TYPICAL_LUFS, compare=False)
    """How loud it is by itself (BS.1770), as far as is known: two that differ in it alone are one voice."""


@dataclass(frozen=True)
class VoiceDescription:
    """A voice as describe offers it."""

    name: str
    label: str
    """What a person reads in a list; the best voice of a language sorts first."""
    languages: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class ProgramDescription:
    """A Kokoro release as describe offers it."""

    name: str
    description: str
    version: str
    voices: tuple[VoiceDescription, ...]


@dataclass(frozen=True)
class VoiceOptions:
    """What the owner of the server chose."""

    language: str = "en-US"
    """The tag that is spoken when a client asks for nothing."""
    voice: str | None = None
    """The voice that speaks then; None is the one of the language."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """Voice by language tag, for when a client asks for the language alone."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Voices and blends by names of the owner's own."""
    speed: float = 1.0
    """Where the voice's expression names none."""
    offer_other_release: bool = True
    """Whether the first program lists the other releases' voices too."""
