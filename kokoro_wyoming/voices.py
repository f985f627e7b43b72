"""Voice packs on disk: which there are for a release, what people call them, and reading one safely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from kokoro_wyoming.errors import AssetError, ModelError, UnknownVoiceError
from kokoro_wyoming.languages import language_name, tag_of_letter
from kokoro_wyoming.network.tensors import read_tensors
from kokoro_wyoming.speech import VoiceDescription

STYLE_ROW_SIZE = 256
PACK_ROWS = {"v1.0": 510, "v0.19": 511}
"""Rows of a release's packs: one for each length of text that its network takes."""

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

_SEXES = {"f": "female", "m": "male"}
_MAX_NAME_CHARS = 128
_PACKS_IN_MEMORY = 64
"""Half a megabyte each: all 54 of v1.0 and some of the owner's own."""


def voice_language(name: str) -> str | None:
    """The language tag that a voice's name stands for ("bf_emma": "en-GB"), or None for a name of another kind."""
    has_prefix = len(name) > 3 and name[1] in _SEXES and name[2] == "_"
    return tag_of_letter(name[0]) if has_prefix else None


def voice_label(name: str) -> str:
    """What people read: "Emma (British English, female)".

    Clients sort by it, and Home Assistant takes the first voice of a language for a new assistant, so the best
    one carries a star, which sorts before every letter.
    """
    language = voice_language(name)
    if language is None:
        return name
    best = "* " if BEST_VOICE[language] == name else ""
    return f"{best}{name[3:].replace('_', ' ').title()} ({language_name(language)}, {_SEXES[name[1]]})"


def read_pack(path: Path, version: str) -> Tensor:
    """A voice pack: float32, shape (rows, 1, 256), one style row for each length of text.

    AssetError names the file when it is missing, cut, not a tensor, not finite, or made for another release.
    """
    try:
        pack = read_tensors(path)
    except ModelError as error:
        raise AssetError(str(error)) from error
    expected = (PACK_ROWS[version], 1, STYLE_ROW_SIZE)
    if not isinstance(pack, Tensor):
        raise AssetError(f"{path} is not a voice: it holds a {type(pack).__name__} where a tensor was expected.")
    if tuple(pack.shape) != expected or not pack.is_floating_point():
        raise AssetError(
            f"{path} is not a voice for Kokoro {version}: its shape is {_shape(pack.shape)} of {pack.dtype}, "
            f"where {_shape(expected)} of floats was expected."
        )
    if not bool(torch.isfinite(pack).all()):
        raise AssetError(f"{path} is damaged: it holds values that are not numbers; fetch it again.")
    return pack.float()


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
        for path in sorted(folder.glob("*.pt")):
            language = voice_language(path.stem)
            if language is None:
                refused[path.stem] = f"{path} is not named like a voice, such as af_heart.pt: language, sex, name."
                continue
            try:
                read_pack(path, version)
            except AssetError as error:
                refused[path.stem] = str(error)
                continue
            if spoken is None or language in spoken:
                voices.append(VoiceDescription(path.stem, voice_label(path.stem), (language,), version))
        voices.sort(key=lambda voice: (voice.languages, voice.label))
        return cls(version, folder, tuple(voices), refused)

    def has(self, name: str) -> bool:
        """Whether a voice of that name can speak."""
        return any(voice.name == name for voice in self.voices)

    def languages(self) -> tuple[str, ...]:
        """The languages that at least one voice speaks, in order of their tags."""
        return tuple(sorted({voice.languages[0] for voice in self.voices}))

    def best_voice(self, language: str) -> str | None:
        """The voice to use when only the language is known, or None when it has none."""
        candidates = [voice.name for voice in self.voices if language in voice.languages]
        return BEST_VOICE[language] if BEST_VOICE[language] in candidates else next(iter(candidates), None)


class VoicePacks:
    """The packs of one release by name, read once and kept."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        self.version = version
        self._read = lru_cache(_PACKS_IN_MEMORY)(self._read_pack)

    def get(self, name: str) -> Tensor:
        """The pack of a name: float32, shape (rows, 1, 256). UnknownVoiceError or AssetError."""
        return self._read(name)

    def forget(self) -> None:
        """Read every pack anew at its next use."""
        self._read.cache_clear()

    def _read_pack(self, name: str) -> Tensor:
        path = self.folder / f"{name}.pt"
        # The name may come from a client: only a plain file name of this folder is ever opened.
        if len(name) > _MAX_NAME_CHARS or not name.replace("_", "").isalnum() or not path.is_file():
            known = ", ".join(sorted(file.stem for file in self.folder.glob("*.pt"))[:5])
            raise UnknownVoiceError(
                f"There is no voice {name[:40]!r} in Kokoro {self.version}; `kokoro-wyoming voices` lists them"
                + (f" ({known}, ...)." if known else ".")
            )
        return read_pack(path, self.version)


def _shape(shape: Iterable[int]) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ")"
