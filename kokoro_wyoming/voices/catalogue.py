"""The voices of a release on disk, their labels, and the best voice of each language."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kokoro_wyoming.errors import AssetError
from kokoro_wyoming.languages import language_name, tag_of_letter
from kokoro_wyoming.releases import DEFAULT_VERSION, ReleaseDescription, described
from kokoro_wyoming.voices.blends import is_plain
from kokoro_wyoming.voices.descriptions import VoiceDescription, folded
from kokoro_wyoming.voices.packs import pack_paths, read_pack

_GRADES = Path(__file__).with_name("grades.tsv")
"""Release, voice, grade: the author's, of how each voice was trained, as published with the model."""

_SEXES = {"f": "female", "m": "male"}


def voice_language(name: str, version: str = DEFAULT_VERSION) -> str | None:
    """The language tag for a voice's name ("bf_emma": "en-GB"), or None for a name that the release cannot have."""
    release = described(version)
    if language := _language_of_prefix(name, release):
        return language
    return release.tags[0] if release.any_voice_names else None


def _language_of_prefix(name: str, release: ReleaseDescription) -> str | None:
    """The language of a name in Kokoro's form, by the release's letters; else None."""
    has_prefix = len(name) > 1 and name[1] in _SEXES and (len(name) == 2 or (len(name) > 3 and name[2] == "_"))
    if not has_prefix:
        return None
    # Where every name is in that form, a letter of another release means a voice that is left out.
    others = None if release.any_voice_names else tag_of_letter(name[0])
    return release.tag_of_letter(name[0]) or others


def voice_sex(name: str, version: str = DEFAULT_VERSION) -> str | None:
    """ "female" or "male" for a voice's name in Kokoro's form; None for a name in another form."""
    return None if _language_of_prefix(name, described(version)) is None else _SEXES[name[1]]


def voice_label(name: str, version: str = DEFAULT_VERSION) -> str:
    """The label for people: "Emma (British English, female)".

    Clients sort by it, and Home Assistant takes the first voice of a language for a new assistant. So the best voice
    has a star, which sorts before every letter.
    """
    language, sex = voice_language(name, version), voice_sex(name, version)
    if language is None:
        return name
    best = "* " if described(version).best_voice(language) == name else ""
    shown = (name[3:] if sex else name).replace("_", " ").title() or "Default"
    return f"{best}{shown} ({', '.join(filter(None, (language_name(language), sex)))})"


@dataclass(frozen=True)
class Catalogue:
    """The valid voices of one release that are on disk."""

    version: str
    folder: Path
    voices: tuple[VoiceDescription, ...]
    refused: dict[str, str]
    """The reasons why packs in the folder cannot be used, by name."""

    @classmethod
    def scan(cls, version: str, folder: Path, languages: Iterable[str] | None = None) -> Catalogue:
        """Read every pack in a folder. Voices with a language outside `languages`, if given, are left out."""
        spoken = None if languages is None else set(languages)
        voices: list[VoiceDescription] = []
        refused: dict[str, str] = {}
        seen: dict[str, Path] = {}
        for path in pack_paths(folder):
            name = path.stem
            first = seen.setdefault(folded(name), path)
            if first is not path:
                refused[path.name] = f"{path} is not used, as {first.name} beside it has the same voice's name."
                continue
            reason = _unusable(path, version)
            if reason is not None:
                refused[name] = reason
                continue
            language = str(voice_language(name, version))
            if spoken is None or language in spoken:
                label, grade = voice_label(name, version), _grades().get((version, name))
                voices.append(VoiceDescription(name, label, (language,), version, voice_sex(name, version), grade))
        voices.sort(key=lambda voice: (voice.languages, voice.label))
        return cls(version, folder, tuple(voices), refused)

    def named(self, name: str) -> VoiceDescription | None:
        """The voice with that name, compared without case; None if there is none."""
        wanted = folded(name)
        return next((voice for voice in self.voices if folded(voice.name) == wanted), None)

    def languages(self) -> tuple[str, ...]:
        """The tags of the languages that have a voice, sorted."""
        return tuple(sorted({voice.languages[0] for voice in self.voices}))

    def only(self, languages: Collection[str]) -> Catalogue:
        """The voices of these languages; all of them where none is named."""
        spoken = tuple(voice for voice in self.voices if not languages or voice.languages[0] in languages)
        return replace(self, voices=spoken)

    def best_voice(self, language: str) -> str | None:
        """The voice for a request that names only a language; None if that language has no voice."""
        candidates = [voice.name for voice in self.voices if language in voice.languages]
        best = described(self.version).best_voice(language)
        return best if best in candidates else next(iter(candidates), None)


def _unusable(path: Path, version: str) -> str | None:
    """The reason why a file is not a usable voice, or None."""
    if not is_plain(path.stem) and described(version).any_voice_names:
        return f"{path} is not named like a voice, such as anna.pt: letters, digits and _."
    if not is_plain(path.stem) or voice_language(path.stem, version) is None:
        return f"{path} is not named like a voice, such as af_heart.pt: letters for language and sex, then a name."
    try:
        read_pack(path, version)
    except AssetError as error:
        return str(error)
    return None


@cache
def _grades() -> dict[tuple[str, str], str]:
    """The grades by release and voice."""
    rows = [line.split("\t") for line in _GRADES.read_text(encoding="utf-8").splitlines()[1:]]
    return {(version, name): grade for version, name, grade in rows}
