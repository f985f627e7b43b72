"""Values about voices: a client's request, the chosen voice, and the offers in Wyoming's `info`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

TYPICAL_LUFS = -24.0
"""The typical loudness of both releases' voices. A voice counts as this loud until it is measured."""


def folded(name: str) -> str:
    """A name as it is compared: without case, and with composed letters, as a Mac parts them in names of files."""
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True)
class VoiceRequest:
    """A client's request, unchecked: any part may be missing, unknown or nonsense."""

    name: str | None = None
    language: str | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class SpokenVoice:
    """A voice that can speak: a request resolved against the catalogue."""

    version: str
    """Kokoro release, "v1.0" or "v0.19"."""
    name: str
    """Name of a voice or blend of that release."""
    language: str
    """Advertised language tag, such as "en-US"."""
    speed: float
    """1.0 is the voice's own pace, 2.0 twice as fast."""
    loudness_lufs: float = field(default=TYPICAL_LUFS, compare=False)
    """The voice's own loudness (BS.1770), as far as known. It does not count in comparisons."""


@dataclass(frozen=True)
class VoiceDescription:
    """A voice in the server's `info`."""

    name: str
    label: str
    """The name in a list for people; the best voice of a language sorts first."""
    languages: tuple[str, ...]
    version: str
    sex: str | None = None
    """"female" or "male"; None where the name does not say it."""
    grade: str | None = None
    """How good the author of the model finds the voice, A to F; None where that is not published."""


@dataclass(frozen=True)
class ProgramDescription:
    """A Kokoro release in the server's `info`."""

    name: str
    description: str
    version: str
    voices: tuple[VoiceDescription, ...]


@dataclass(frozen=True)
class VoiceOptions:
    """The owner's settings for voices."""

    language: str = "en-US"
    """The language tag for requests without a voice and a language."""
    voice: str | None = None
    """The voice for such requests; None means the voice of `language`."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """Voices by language tag, for requests that name only a language."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Voices and blends by the owner's own names."""
    speed: float = 1.0
    """The speed where the voice expression has none."""
    offer_other_release: bool = True
    """Whether the first program lists the other releases' voices too."""
