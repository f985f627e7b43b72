"""The releases of Kokoro: their names, and the commands that fetch them."""

from __future__ import annotations

from kokoro_wyoming.errors import UnknownVersionError

VERSIONS = ("v1.0", "v0.19")
"""The releases that this program supports, the newest first."""
DEFAULT_VERSION = "v1.0"

DEPRECATION_NOTICE = (
    "Kokoro %s is the older release. It stays in every version 0 of this program and may go after that; %s has more "
    "voices and languages. docs/migration.md tells how to change, model.deprecation_notice: false silences this."
)
"""Logged where the older release is the default."""

_ALSO_WRITTEN = {"v0.19.0": "v0.19", "v.19": "v0.19", "v019": "v0.19", "v10": "v1.0", "v1.0.0": "v1.0"}


def match_version(spelling: str) -> str:
    """A release's name for a spelling ("v1.0", "1.0", "V1", "kokoro-v1_0", "0.19", "v0_19").

    UnknownVersionError names the known releases.
    """
    wanted = spelling.strip().lower().removeprefix("kokoro").strip(" -_").removeprefix("v")
    written = f"v{wanted.replace('_', '.').replace('-', '.')}"
    version = _ALSO_WRITTEN.get(written) or (f"{written}.0" if wanted.isdecimal() else written)
    if version not in VERSIONS:
        raise UnknownVersionError(f"There is no Kokoro release {spelling[:40]!r} here; use {' or '.join(VERSIONS)}.")
    return version


def other_versions(version: str) -> tuple[str, ...]:
    """All releases except one."""
    return tuple(known for known in VERSIONS if known != version)


def how_to_get(version: str) -> str:
    """The command that fetches a release's files, in backquotes."""
    flag = "" if version == DEFAULT_VERSION else f" --model-version {version}"
    return f"`kokoro-wyoming fetch{flag}`"
