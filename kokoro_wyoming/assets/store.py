"""Where a release's files lie on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Store:
    """Two folders, each with one folder per release: `models/v1_0/`, `voices/v1_0/`. Releases never mix: v0.19
    and v1.0 have voices of the same names that do not fit each other."""

    models: Path
    voices: Path

    def models_folder(self, version: str) -> Path:
        return self.models / _folder(version)

    def voices_folder(self, version: str) -> Path:
        return self.voices / _folder(version)

    def weights(self, version: str) -> Path:
        return self.models_folder(version) / f"kokoro-{_folder(version)}.pth"

    def config(self, version: str) -> Path:
        return self.models_folder(version) / "config.json"

    def voice(self, version: str, name: str) -> Path:
        return self.voices_folder(version) / f"{name}.pt"

    def place(self, version: str, official_name: str) -> Path:
        """Where the file with this name in the official repository belongs."""
        folder, _, name = official_name.rpartition("/")
        return (self.voices_folder(version) if folder == "voices" else self.models_folder(version)) / name


def _folder(version: str) -> str:
    return version.replace(".", "_")
