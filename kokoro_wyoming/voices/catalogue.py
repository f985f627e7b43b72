"""Which voices a release has on disk, what people call them, and the best of each language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kokoro_wyoming.errors import AssetError
from kokoro_wyoming.languages import language_name, tag_of_letter
from kokoro_wyoming.voices.blends import is_plain
from kokoro_wyoming.voices.descriptions import VoiceDescription
from kokoro_wyoming.voices.packs import pack_paths, read_pack

BEST_VOICE = {
    "en-US": "af_heart",
    "en-GB": "bf_emma",
    "es-ES": "ef_dora",
    "fr-FR": "ff_siwis",
    "hi-IN": "hf_alpha",
    "it-IT": "if_sara",
    "ja-JP": "jf_alpha",
    "pt-BR": "pf_dora",
    "zh-CN": "zf_xiaoxiao",
}
"""The voice to use when only the language is known; for English the best by the author's own grades."""

BEST_VOICES = {"v1.0": BEST_VOICE, "v0.19": {"en-US": "af", "en-GB": "bf_emma"}}
"""The same by release. v0.19's `af` is the mean of Bella and Sarah, and was what its author let people hear first."""

_SEXES = {"f": "female", "m": "male"}


def voice_language(name: str) -> str | None:
    """The language tag that a voice's name stands for ("bf_emma": "en-GB"), or None for a name of another kind."""
    has_prefix = len(name) > 1 and name[1] in _SEXES and (len(name) == 2 or (len(name) > 3 and name[2] == "_"))
    return tag_of_letter(name[0]) if has_prefix else None


def voice_label(name: str, version: str = "v1.0") -> str:
    """What people read: "Emma (British English, female)".

    Clients sort by it, and Home Assistant takes the first voice of a language for a new assistant, so the best
    one carries a star, which sorts before every letter.
    """
    language = voice_language(name)
    if language is None:
        return name
    best = "* " if BEST_VOICES[version].get(language) == name else ""
    shown = name[3:].replace("_", " ").title() or "Default"
    return f"{best}{shown} ({language_name(language)}, {_SEXES[name[1]]})"


@dataclass(frozen=True)
class Catalogue:
    """The voices of one release that are on disk and sound."""

    version: str
    folder: Path
    voices: tuple[VoiceDescription, ...]
    refused: dict[str, str]
    """Packs that lie in the folder and cannot be used: name to reason."""

    @classmethod
    def scan(cls, version: str, folder: Path, languages: Iterable[str] | None = None) -> Catalogue:
        """Look at every pack in a folder; voices of a language outside `languages` (if given) are left out."""
        spoken = None if languages is None else set(languages)
        voices: list[VoiceDescription] = []
        refused: dict[str, str] = {}
        seen: dict[str, Path] = {}
        for path in pack_paths(folder):
            name = path.stem
            first = seen.setdefault(name.casefold(), path)
            if first is not path:
                refused[path.name] = f"{path} is not used, as {first.name} there has the same voice's name."
                continue
            reason = _unusable(path, version)
            if reason is not None:
                refused[name] = reason
                continue
            language = str(voice_language(name))
            if spoken is None or language in spoken:
                voices.append(VoiceDescription(name, voice_label(name, version), (language,), version))
        voices.sort(key=lambda voice: (voice.languages, voice.label))
        return cls(version, folder, tuple(voices), refused)

    def named(self, name: str) -> VoiceDescription | None:
        """The voice of that name, in whatever case it is written; None where it cannot speak."""
        folded = name.casefold()
        return next((voice for voice in self.voices if voice.name.casefold() == folded), None)

    def languages(self) -> tuple[str, ...]:
        """The languages that at least one voice speaks, in order of their tags."""
        return tuple(sorted({voice.languages[0] for voice in self.voices}))

    def best_voice(self, language: str) -> str | None:
        """The voice to use when only the language is known, or None when it has none."""
        candidates = [voice.name for voice in self.voices if language in voice.languages]
        best = BEST_VOICES[self.version].get(language)
        return best if best in candidates else next(iter(candidates), None)


def _unusable(path: Path, version: str) -> str | None:
    """Why a file is no voice, or None when it is one."""
    if voice_language(path.stem) is None or not is_plain(path.stem):
        return f"{path} is not named like a voice, such as af_heart.pt: language, sex, name."
    try:
        read_pack(path, version)
    except AssetError as error:
        return str(error)
    return None
