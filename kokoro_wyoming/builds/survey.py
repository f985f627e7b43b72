"""What a folder that somebody published holds: weights, voices, configurations; and what it says of itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kokoro_wyoming.assets.files import SAFETENSORS, content_of, opened
from kokoro_wyoming.assets.inspection import MAX_CONFIG_BYTES
from kokoro_wyoming.assets.placing import megabytes
from kokoro_wyoming.assets.tensor_files import ARRAY_SUFFIXES, MAX_ARRAY_BYTES, read_tensors
from kokoro_wyoming.errors import AssetError, KokoroWyomingError, ModelError
from kokoro_wyoming.languages import OTHERS_CODES, is_tag, match_language
from kokoro_wyoming.network.layouts import parts_of
from kokoro_wyoming.network.loading import MODULES
from kokoro_wyoming.voices.packs import read_any

WEIGHT_SUFFIXES = (".pth", ".pt", SAFETENSORS)
PATTERNS = ("*.pth", "*.pt", f"*{SAFETENSORS}", "*.json", "*.npy", "*.bin", "*.md", "*.yaml", "LICENSE*")
"""The names of files that may be part of a release, for a repository that has more."""
_REMEDY = "leave it out, or publish it as tensors"
_LFS_POINTER = b"version https://git-lfs"
_MAX_FILES = 2_000
_MAX_README_BYTES = 1 << 20


@dataclass(frozen=True)
class Survey:
    """What was found, each file by its path below the folder."""

    folder: Path
    weights: tuple[Path, ...] = ()
    """Checkpoints with every part of Kokoro's network, the one to use first: that of `release.yaml`, or the largest."""
    configs: tuple[Path, ...] = ()
    """Configurations of such networks, the most likely first."""
    voices: tuple[Path, ...] = ()
    """Packs that have the same number of rows as most others."""
    rows: int | None = None
    """Their rows; None without voices."""
    others: dict[str, str] = field(default_factory=dict)
    """Files that are not used, with the reason."""
    card: dict[str, Any] = field(default_factory=dict)
    """What the head of README.md says: language, licence."""

    @property
    def licence(self) -> str | None:
        """As the README names it; None where it does not."""
        told = self.card.get("license")
        return told if isinstance(told, str) and told.isprintable() and told.strip() else None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the README names, as they are written there."""
        told = self.card.get("language")
        words = [told] if isinstance(told, str) else told if isinstance(told, list) else []
        return tuple(word for word in words if isinstance(word, str) and word.isascii() and word.strip())

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """Rows for a table: what, file, what is known of it."""
        for path in self.weights[:1]:
            yield "weights", self._name(path), megabytes(path.stat().st_size)
        for path in self.configs[:1]:
            yield "config", self._name(path), "sizes and vocabulary of the network"
        if self.voices:
            names = ", ".join(path.stem for path in self.voices[:6])
            yield f"voices ({len(self.voices)})", self._name(self.voices[0].parent), f"{self.rows} rows: {names}"
        for path in (*self.weights[1:], *self.configs[1:]):
            yield "not used", self._name(path), f"the release has one such file: {self._first_like(path)}"
        for name, reason in self.others.items():
            yield "not used", name, reason

    def config_named(self, name: str) -> Path | None:
        """The configuration in a file of that name, in whatever folder; None where there is none."""
        return next((path for path in self.configs if path.name == name), None)

    def _first_like(self, path: Path) -> str:
        return self._name(self.weights[0] if path in self.weights else self.configs[0])

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


def survey(folder: Path, named: Sequence[str] = ()) -> Survey:
    """Look at a folder and those in it. Files of tensors are read as tensors alone. AssetError for no folder.

    `named` are the files of weights that the release's own `release.yaml` names; without it the largest is taken.
    """
    if not folder.is_dir():
        raise AssetError(f"{folder} is no folder; name the one with weights and voices")
    weights: list[Path] = []
    packs: dict[Path, int] = {}
    configs: list[Path] = []
    others: dict[str, str] = {}
    for path in _files(folder):
        try:
            if path.suffix in (*WEIGHT_SUFFIXES, *ARRAY_SUFFIXES):
                _sort_tensors(path, weights, packs)
            elif path.suffix == ".json" and _is_config(path):
                configs.append(path)
        except (KokoroWyomingError, OSError) as error:
            others[str(path.relative_to(folder))] = str(error)
    rows = max(set(packs.values()), key=lambda each: ([*packs.values()].count(each), each), default=None)
    seen: dict[str, Path] = {}
    for path in sorted(packs, key=lambda path: (len(path.parts), ARRAY_SUFFIXES.index(path.suffix), path)):
        first = seen.setdefault(path.stem.casefold(), path) if packs[path] == rows else path
        if packs[path] != rows:
            others[str(path.relative_to(folder))] = f"a voice with {packs.pop(path)} rows, where others have {rows}"
        elif first is not path:
            others[str(path.relative_to(folder))] = f"{first.relative_to(folder)} has the same voice's name"
            del packs[path]
    return Survey(
        folder,
        weights=tuple(sorted(weights, key=lambda path: (_place_of(path.name, named), -path.stat().st_size))),
        configs=tuple(sorted(configs, key=lambda path: (path.name != "config.json", len(path.parts)))),
        voices=tuple(sorted(packs)),
        rows=rows,
        others=others,
        card=_card(folder / "README.md"),
    )


def _place_of(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _files(folder: Path) -> list[Path]:
    """The files that are not hidden, sorted; links to folders are not followed."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(parent, name) for name in names if not name.startswith("."))
        found += (path for path in paths if path.is_file())
        if len(found) > _MAX_FILES:
            raise AssetError(f"{folder} has more than {_MAX_FILES:,} files; name the folder of the release alone")
    return sorted(found)


def _sort_tensors(path: Path, weights: list[Path], packs: dict[Path, int]) -> None:
    """Add a file of tensors to what it is. KokoroWyomingError where it is neither, or cannot be read."""
    with opened(path) as file:
        if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
            raise ModelError("a pointer of Git LFS in place of the file; run `git lfs pull` there")
    if path.stat().st_size > MAX_ARRAY_BYTES:
        if path.suffix not in WEIGHT_SUFFIXES:
            raise ModelError("too large for a voice, and no format of weights")
        parts = parts_of(read_tensors(path, _REMEDY), MODULES)
        missing = [name for name in MODULES if name not in parts]
        if missing:
            raise ModelError(f"tensors, but not Kokoro's network: there is no {', '.join(missing)}")
        weights.append(path)
        return
    packs[path] = len(read_any(path))


def _is_config(path: Path) -> bool:
    try:
        content = json.loads(content_of(path, MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"vocab", "istftnet", "plbert"} <= set(content)


def _card(path: Path) -> dict[str, Any]:
    """The YAML between the first two lines of dashes of a README; nothing where there is none."""
    try:
        text = content_of(path, _MAX_README_BYTES).decode("utf-8")
        head = text.split("\n---", 1)[0].removeprefix("---") if text.startswith("---") else ""
        if "&" in head or "*" in head:  # aliases grow
            return {}
        card = yaml.safe_load(head)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return card if isinstance(card, dict) else {}


def tag_of(word: str) -> str | None:
    """The tag for a language as a README names it: "de" is de-DE; None where no country is likely."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    if is_tag(word) and "-" in word:
        return word
    if word.lower() not in OTHERS_CODES and (known := match_language(word)):
        return known
    try:
        likely = get_global("likely_subtags").get(word.lower())
        locale = Locale.parse(likely or word, sep="_" if likely else "-")
    except (UnknownLocaleError, ValueError):
        return None
    return f"{locale.language}-{locale.territory}" if locale.territory else None
