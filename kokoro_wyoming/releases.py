"""The releases of Kokoro that there are: their names, and where their files lie."""

from __future__ import annotations

from kokoro_wyoming.errors import UnknownVersionError

VERSIONS = ("v1.0",)
"""The releases this program speaks with."""
DEFAULT_VERSION = "v1.0"


def match_version(spelling: str) -> str:
    """A release's name for what people write ("v1.0", "1.0", "V1", "kokoro-v1_0").

    UnknownVersionError names those that there are.
    """
    wanted = spelling.strip().lower().removeprefix("kokoro").strip(" -_").removeprefix("v").replace("_", ".")
    version = f"v{wanted}.0" if wanted.isdecimal() else f"v{wanted}"
    if version not in VERSIONS:
        raise UnknownVersionError(f"There is no Kokoro release {spelling[:40]!r} here; use {', '.join(VERSIONS)}.")
    return version


def folder_name(version: str) -> str:
    """A release's folder below `models/` and `voices/`: "v1.0" is "v1_0"."""
    return version.replace(".", "_")


def weights_name(version: str) -> str:
    """The file that holds a release's weights: "kokoro-v1_0.pth"."""
    return f"kokoro-{folder_name(version)}.pth"
