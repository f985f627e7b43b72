"""Where a release's files lie on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kokoro_wyoming.assets.locations import home
from kokoro_wyoming.releases import described


@dataclass(frozen=True)
class Store:
    """Two folders, each with one folder per release: `models/v1_0/`, `voices/v1_0/`.

    Releases never share a folder: v0.19 and v1.0 have voices with the same names and different shapes.
    """

    models: Path
    voices: Path

    def models_folder(self, version: str) -> Path:
        return self.models / folder_name(version)

    def voices_folder(self, version: str) -> Path:
        return self.voices / folder_name(version)

    def weights(self, version: str) -> Path:
        return self.models_folder(version) / weights_name(version)

    def config(self, version: str) -> Path:
        return self.models_folder(version) / "config.json"

    def voice(self, version: str, name: str) -> Path:
        return self.voices_folder(version) / f"{name}.pt"

    def place(self, version: str, official_name: str) -> Path:
        """The path for the file with this name in the official repository."""
        folder, _, name = official_name.rpartition("/")
        return (self.voices_folder(version) if folder == "voices" else self.models_folder(version)) / name


def default_store() -> Store:
    """The folders that `kokoro-wyoming fetch` and the server use where no settings name others.

    `config/default.yaml` says the same; a test compares them.
    """
    return Store(models=home() / "models", voices=home() / "voices")


def folder_name(version: str) -> str:
    """A release's folder below `models/` and `voices/`: "v1.0" is "v1_0"."""
    return described(version).folder


def weights_name(version: str) -> str:
    """The file that holds a release's weights: "kokoro-v1_0.pth"."""
    return described(version).weights[0]


def weights_path(folder: Path, version: str) -> Path:
    """The path of a release's weights: the first of their files that is there; where none is, the first of all."""
    paths = [folder / name for name in described(version).weights]
    return next((path for path in paths if os.path.isfile(path)), paths[0])
