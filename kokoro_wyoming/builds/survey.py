"""What a folder that somebody published holds: weights, voices, configurations; and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from kokoro_wyoming.assets.files import SAFETENSORS, content_of
from kokoro_wyoming.assets.inspection import MAX_CONFIG_BYTES
from kokoro_wyoming.assets.placing import megabytes
from kokoro_wyoming.assets.tensor_files import ARRAY_SUFFIXES, MAX_ARRAY_BYTES, read_array, read_tensors
from kokoro_wyoming.errors import AssetError, KokoroWyomingError, ModelError
from kokoro_wyoming.languages import OTHERS_CODES, is_tag, match_language
from kokoro_wyoming.network.layouts import parts_of
from kokoro_wyoming.network.loading import MODULES
from kokoro_wyoming.voices.packs import STYLE_ROW_SIZE

WEIGHT_SUFFIXES = (".pth", ".pt", SAFETENSORS)
PATTERNS = ("*.pth", "*.pt", f"*{SAFETENSORS}", "*.json", "*.npy", "*.bin", "*.md", "*.yaml", "LICENSE*")
"""The names of files that may be part of a release, for a repository that has more."""
_REMEDY = "leave it out, or publish it as tensors"
_MAX_FILES = 2_000
_MAX_README_BYTES = 1 << 20


@dataclass(frozen=True)
class Survey:
    """What was found, each file by its path below the folder."""

    folder: Path
    weights: tuple[Path, ...] = ()
    """Checkpoints with every part of Kokoro's network, the largest first."""
    config: Path | None = None
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
        for path in self.weights:
            yield "weights", self._name(path), megabytes(path.stat().st_size)
        if self.config is not None:
            yield "config", self._name(self.config), "sizes and vocabulary of the network"
        if self.voices:
            names = ", ".join(path.stem for path in self.voices[:6])
            yield f"voices ({len(self.voices)})", self._name(self.voices[0].parent), f"{self.rows} rows: {names}"
        for name, reason in self.others.items():
            yield "not used", name, reason

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


def survey(folder: Path) -> Survey:
    """Look at a folder and those in it. Files of tensors are read as tensors alone. AssetError for no folder."""
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
        except KokoroWyomingError as error:
            others[str(path.relative_to(folder))] = str(error)
    rows = max(set(packs.values()), key=lambda each: ([*packs.values()].count(each), each), default=None)
    for path in [path for path in packs if packs[path] != rows]:
        others[str(path.relative_to(folder))] = f"a voice with {packs.pop(path)} rows, where others have {rows}"
    return Survey(
        folder,
        weights=tuple(sorted(weights, key=lambda path: -path.stat().st_size)),
        config=next(iter(sorted(configs, key=lambda path: (path.name != "config.json", len(path.parts)))), None),
        voices=tuple(sorted(packs)),
        rows=rows,
        others=others,
        card=_card(folder / "README.md"),
    )


def _files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            found.append(path)
        if len(found) > _MAX_FILES:
            raise AssetError(f"{folder} has more than {_MAX_FILES:,} files; name the folder of the release alone")
    return found


def _sort_tensors(path: Path, weights: list[Path], packs: dict[Path, int]) -> None:
    """Add a file of tensors to what it is. ModelError where it is neither, or cannot be read."""
    if path.stat().st_size > MAX_ARRAY_BYTES:
        if path.suffix not in WEIGHT_SUFFIXES:
            raise ModelError("too large for a voice, and no format of weights")
        parts = parts_of(read_tensors(path, _REMEDY), MODULES)
        missing = [name for name in MODULES if name not in parts]
        if missing:
            raise ModelError(f"tensors, but not Kokoro's network: there is no {', '.join(missing)}")
        weights.append(path)
        return
    pack = read_array(path)
    if not isinstance(pack, Tensor) or pack.dim() not in (1, 3) or pack.numel() % STYLE_ROW_SIZE:
        shape = tuple(pack.shape) if isinstance(pack, Tensor) else type(pack).__name__
        raise ModelError(f"no voice: {shape}, where (rows, 1, {STYLE_ROW_SIZE}) was expected")
    packs[path] = pack.numel() // STYLE_ROW_SIZE


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
