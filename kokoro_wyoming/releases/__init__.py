"""The releases of Kokoro: those that come with this program, and those whose folders were found.

A release is known by the values of its `release.yaml` alone: in `builds/v1_0`, say, or in a folder of the models.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kokoro_wyoming import languages
from kokoro_wyoming.errors import ConfigError, UnknownVersionError
from kokoro_wyoming.releases.description import Attribution, ReleaseDescription, ReleaseLanguage

__all__ = [
    "DEFAULT_VERSION",
    "DEPRECATION_NOTICE",
    "VERSIONS",
    "Attribution",
    "ReleaseDescription",
    "ReleaseLanguage",
    "built_in_like",
    "clash",
    "described",
    "files_in",
    "find",
    "forget_found",
    "how_to_get",
    "is_built_in",
    "is_described",
    "is_found",
    "is_older",
    "match_version",
    "names",
    "other_versions",
    "refused",
]

_LOGGER = logging.getLogger(__name__)

VERSIONS = ("v1.0", "v0.19", "v1.1-zh")
"""The releases that come with this program: the default one, the one before it, and the Chinese one."""
DEFAULT_VERSION = "v1.0"

DEPRECATION_NOTICE = (
    "Kokoro %s is the older release. It stays in every version 0 of this program and may go after that; %s has more "
    "voices and languages. docs/migration.md tells how to change, model.deprecation_notice: false silences this."
)
"""Logged where the older release is the default."""

_ALSO_WRITTEN = {"v0.19.0": "v0.19", "v.19": "v0.19", "v019": "v0.19", "v10": "v1.0", "v1.0.0": "v1.0"}
_ALSO_WRITTEN |= dict.fromkeys(("v1.1.zh", "v1.1", "v11", "v11.zh"), "v1.1-zh")

_BUILDS = Path(__file__).parent.parent / "builds"

_Stamp = tuple[int, int]
_read: dict[Path, tuple[_Stamp, ReleaseDescription | str]] = {}
"""By file: its stamp, and what it describes or why it cannot be used."""
_found: dict[Path, dict[str, ReleaseDescription]] = {}
"""By folder of models."""
_refused: dict[Path, dict[str, str]] = {}
_remembered: dict[str, ReleaseDescription] = {}
"""Those that were ever found: who still speaks, or is shown, by one that has just gone asks for its values."""


@cache
def _built_in() -> dict[str, ReleaseDescription]:
    from kokoro_wyoming.releases.file import FILE_NAME, read_release

    folders = {version: re.sub(r"[.-]", "_", version) for version in VERSIONS}
    return {name: read_release(_BUILDS / folder / FILE_NAME, name, folder) for name, folder in folders.items()}


def _known() -> dict[str, ReleaseDescription]:
    known = dict(_built_in())
    for found in list(_found.values()):
        known |= found
    return known


def names() -> tuple[str, ...]:
    """The names of all releases that are known: those of this program, then those that were found, sorted."""
    known = _known()
    return (*VERSIONS, *sorted(name for name in known if name not in VERSIONS))


def is_built_in(version: str) -> bool:
    """Whether a release comes with this program, so that its files can be fetched."""
    return version in VERSIONS


def is_older(version: str) -> bool:
    """Whether a release has another one after it that speaks all its languages."""
    return version == "v0.19"


def is_described(version: str) -> bool:
    """Whether a release is spoken by its values alone: a found one, or v1.1-zh."""
    return version not in VERSIONS[:2]


def is_found(version: str) -> bool:
    """Whether a release was found in a folder."""
    return version not in VERSIONS and version in names()


def described(version: str) -> ReleaseDescription:
    """The values of a release by its name. UnknownVersionError where it was never found."""
    known = _remembered | _known()
    if version not in known:
        raise _unknown(version)
    return known[version]


def match_version(spelling: str) -> str:
    """A release's name for a spelling ("v1.0", "1.0", "V1", "kokoro-v1_0", "0.19", "v0_19"), its name or its label.

    UnknownVersionError names the known releases.
    """
    plain = spelling.strip().casefold()
    for folders in list(_found.values()):
        for name, release in folders.items():
            if plain.replace(" ", "-") in (name, f"kokoro-{name}", release.label.casefold().replace(" ", "-")):
                return name
    version = _built_in_version(spelling)
    if version is None:
        raise _unknown(spelling)
    return version


def _built_in_version(spelling: str) -> str | None:
    """The release of this program that a spelling of a version means, or None."""
    wanted = spelling.strip().lower().removeprefix("kokoro").strip(" -_").removeprefix("v")
    written = f"v{wanted.replace('_', '.').replace('-', '.')}"
    version = _ALSO_WRITTEN.get(written) or (f"{written}.0" if wanted.isdecimal() else written)
    return version if version in VERSIONS else None


def built_in_like(spelling: str) -> str | None:
    """The release of this program that a name means to a client, by its version or its label; None for any other."""
    plain = spelling.strip().casefold().replace(" ", "-")
    labels = {release.label.casefold().replace(" ", "-"): name for name, release in _built_in().items()}
    return labels.get(plain) or _built_in_version(spelling)


def _unknown(spelling: str) -> UnknownVersionError:
    for reasons in list(_refused.values()):
        if (reason := reasons.get(spelling.strip().casefold())) is not None:
            return UnknownVersionError(f"The release {spelling[:40]!r} cannot be used: {reason}.")
    *most, last = names()
    return UnknownVersionError(f"There is no Kokoro release {spelling[:40]!r} here; use {', '.join(most)} or {last}.")


def other_versions(version: str) -> tuple[str, ...]:
    """All releases except one."""
    return tuple(known for known in names() if known != version)


def how_to_get(version: str) -> str:
    """The command that fetches a release's files, in backquotes."""
    if not is_built_in(version):
        return "`kokoro-wyoming release add`"
    flag = "" if version == DEFAULT_VERSION else f" --model-version {version}"
    return f"`kokoro-wyoming fetch{flag}`"


# Folders


def find(models: Path, keep: str | None = None) -> None:
    """Look for folders with a `release.yaml` in a folder of models: these releases are known from now on.

    What cannot be used is logged once, and told by `refused`; a release that was found before stays as it was, and so
    does `keep`, whatever became of its file.
    """
    before = _found.get(models, {})
    found: dict[str, ReleaseDescription] = {}
    reasons: dict[str, str] = {}
    for path in files_in(models):
        folder = path.parent.name
        release = _described_by(path)
        reason = release if isinstance(release, str) else _clash(release, found)
        if reason is not None:
            reasons[folder] = reason
            if folder in before:
                found[folder] = before[folder]
            if _refused.get(models, {}).get(folder) != reason:
                _LOGGER.warning("The release in %s is not offered: %s", path.parent, reason)
        elif isinstance(release, ReleaseDescription):
            found[folder] = release
    if keep in before:
        found.setdefault(keep, before[keep])
    _remembered.update(found)
    _found[models], _refused[models] = found, reasons
    _learn_languages()


def refused(models: Path) -> dict[str, str]:
    """Why releases in a folder of models cannot be used, by the names of their folders, as `find` saw them last."""
    return dict(_refused.get(models, {}))


def forget_found() -> None:
    """Know only the releases of this program."""
    _found.clear()
    _refused.clear()
    _remembered.clear()
    _learn_languages()


def files_in(models: Path) -> list[Path]:
    """The `release.yaml` files in a folder of models, sorted."""
    from kokoro_wyoming.releases.file import FILE_NAME

    try:
        return sorted(models.glob(f"*/{FILE_NAME}"))
    except OSError:  # an unreadable folder counts as empty
        return []


def _described_by(path: Path) -> ReleaseDescription | str:
    """What a file describes, read again when it has changed; or why it cannot be used."""
    from kokoro_wyoming.releases.file import read_release

    try:
        state = path.stat()
        stamp = state.st_mtime_ns, state.st_size
        if path not in _read or _read[path][0] != stamp:
            _read[path] = stamp, read_release(path)
        return _read[path][1]
    except (ConfigError, OSError) as error:
        return str(error)


def clash(release: ReleaseDescription) -> str | None:
    """Why a release cannot stand beside all that are known, or None."""
    return _clash(release, {name: other for name, other in _known().items() if name != release.name})


def _clash(release: ReleaseDescription, others: Mapping[str, ReleaseDescription]) -> str | None:
    """Why a release cannot stand beside others, or None. Each name and label means one release to a client."""
    if taken := built_in_like(release.name):
        return f"its folder has the name of a release of this program ({taken}); give it another"
    if taken := built_in_like(release.label):
        return f"its label {release.label!r} is that of {taken} already; give it another"
    plain = {release.name, release.label.casefold()}
    for other in others.values():
        if plain & {other.name, other.label.casefold()}:
            return f"its name or label {release.label!r} is that of {other.name} already; give it another"
    return None


def _learn_languages() -> None:
    languages.learn(
        languages.Language(language.tag, language.letter, language.name, language.aliases)
        for found in list(_found.values())
        for release in found.values()
        for language in release.languages
    )
