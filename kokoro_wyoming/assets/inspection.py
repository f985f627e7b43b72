"""Checks whether the files of a release are there, complete and correct."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kokoro_wyoming.assets import ledger
from kokoro_wyoming.assets.files import SAFETENSORS, content_of
from kokoro_wyoming.assets.ledger import Entry
from kokoro_wyoming.assets.manifest import Release, ReleaseFile, Role, release
from kokoro_wyoming.assets.placing import megabytes, sha256_of
from kokoro_wyoming.assets.store import Store
from kokoro_wyoming.errors import first_line
from kokoro_wyoming.releases import ReleaseDescription, described, is_found, names

OFFICIAL = "official weights"
HALF = "official half precision weights"
ROUNDED = "int8-rounded weights"
CUSTOM = "custom weights"

UNPINNED = "not pinned, checked by its shape"

MAX_CONFIG_BYTES = 1024 * 1024
"""The most bytes of a config.json; the published ones have 2,500."""

_PUBLISHED: dict[Role, str] = {"weights": OFFICIAL, "config": "config", "voice": "voice"}
_OWN: dict[Role, str] = {"weights": CUSTOM, "config": "custom config", "voice": "custom voice"}


@dataclass(frozen=True)
class FileState:
    path: Path
    status: Literal["ok", "missing", "truncated", "corrupt"]
    kind: str
    """The kind of an ok file: "official weights", "official half precision weights", "int8-rounded weights", "custom
    weights", "config", "custom config", "voice", "custom voice". The role of any other: "weights", "config", "voice".
    """
    detail: str
    """For people: the source of an ok file, or the fault of another. May be empty."""


def verify(store: Store, version: str = "v1.0", *, hashes: bool) -> list[FileState]:
    """The states of weights, config and voices, in this order.

    Without `hashes` it checks sizes and the ends of archives, in milliseconds: fit for every start. With `hashes` it
    reads every byte, in about a second. The user's own weights, config and voices are ok when they are complete. Voices
    that the release does not have are not checked.
    """
    if is_found(version):
        return _verify_described(store, described(version), hashes=hashes)
    return inspect(store, as_stored(store, release(version)), hashes=hashes)


def _verify_described(store: Store, known: ReleaseDescription, *, hashes: bool) -> list[FileState]:
    """The states of the files of a release that is a folder of data; its voices are read where they are offered."""
    weights, states = store.weights(known.name), []
    states.append(_described_weights(weights, known.sha256, hashes=hashes))
    config = store.models_folder(known.name) / known.config
    if known.config not in names():
        fault = None if _intact_json(config, hashes) else "is not JSON" if _size_bytes(config) else ""
        states.append(_described_state(config, "config", fault, _OWN["config"]))
    return states


def _described_weights(path: Path, pinned: str | None, *, hashes: bool) -> FileState:
    fault = None
    try:
        if _size_bytes(path) is None:
            fault = ""
        elif path.suffix == SAFETENSORS or zipfile.is_zipfile(path):
            if pinned and hashes and (digest := sha256_of(path)) != pinned:
                fault = f"unexpected content: SHA-256 {digest[:12]}..., expected {pinned[:12]}..."
        else:
            fault = "is no file of torch.save"
    except OSError as error:
        fault = f"cannot be read: {first_line(error)}"
    return _described_state(path, "weights", fault, CUSTOM, "as release.yaml pins it" if pinned else "not pinned")


def _described_state(path: Path, role: Role, fault: str | None, kind: str, detail: str = "") -> FileState:
    if fault is None:
        return FileState(path, "ok", kind, detail)
    return FileState(path, "corrupt" if fault else "missing", role, fault or "release.yaml names it")


def as_stored(store: Store, known: Release) -> Release:
    """The release; with weights in half precision where the store has only these."""
    if known.half is None or os.path.isfile(store.place(known.version, known.file("weights").name)):
        return known
    return known.halved() if os.path.isfile(store.place(known.version, known.half.name)) else known


def weights_source(store: Store, version: str = "v1.0") -> str | None:
    """The kind of the stored weights: `OFFICIAL`, `HALF`, `ROUNDED` or `CUSTOM`; None when missing or broken."""
    if is_found(version):
        return CUSTOM if os.path.isfile(store.weights(version)) else None
    known = as_stored(store, release(version))
    file = known.file("weights")
    path = store.place(version, file.name)
    entry = ledger.read(path.parent).get(path.name)
    # The user's own weights often have exactly the official size, so weights without an entry are hashed.
    state = _state(path, file, entry, hashes=entry is None)
    return state.kind if state.status == "ok" else None


def inspect(store: Store, known: Release, *, hashes: bool) -> list[FileState]:
    """`verify` for a given release."""
    models = ledger.read(store.models_folder(known.version))
    voices = ledger.read(store.voices_folder(known.version))
    states = []
    for file in known.files:
        path = store.place(known.version, file.name)
        entry = (voices if file.role == "voice" else models).get(path.name)
        states.append(_state(path, file, entry, hashes=hashes))
    return states


def _state(path: Path, file: ReleaseFile, entry: Entry | None, *, hashes: bool) -> FileState:
    try:
        return _checked(path, file, entry, hashes=hashes)
    except OSError as error:  # no permission, or the file was just deleted
        return FileState(path, "corrupt", file.role, f"cannot be read: {first_line(error)}")


def _checked(path: Path, file: ReleaseFile, entry: Entry | None, *, hashes: bool) -> FileState:
    size_bytes = _size_bytes(path)
    if size_bytes is None:
        return FileState(path, "missing", file.role, "not fetched yet")
    candidates = [each.sha256 for each in (entry, file) if each and each.sha256 and each.bytes == size_bytes]
    digest = sha256_of(path) if hashes and candidates else ""
    if any(not hashes or digest == sha256 for sha256 in candidates):
        if entry and entry.bytes == size_bytes:
            return FileState(path, "ok", entry.kind, entry.source)
        return FileState(path, "ok", published_kind(file), "as published")
    if _INTACT[file.role](path, hashes):
        if not entry and not file.is_pinned:
            return FileState(path, "ok", published_kind(file), UNPINNED)
        return FileState(path, "ok", _OWN[file.role], "not a published file, so your own")
    return _broken(path, file.role, size_bytes, entry or file, digest)


def _size_bytes(path: Path) -> int | None:
    """The size of a regular file; None when there is none. Raises OSError when the system does not tell.

    From Python 3.14 on, `Path.is_file` gives False there and no error.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def published_kind(file: ReleaseFile) -> str:
    """The `FileState.kind` of a published file."""
    return HALF if file.name.endswith("-half.pth") else _PUBLISHED[file.role]


def _broken(path: Path, role: Role, size_bytes: int, expected: Entry | ReleaseFile, digest: str) -> FileState:
    if size_bytes < expected.bytes:
        return FileState(path, "truncated", role, f"{megabytes(size_bytes)} of {megabytes(expected.bytes)}")
    what = f"SHA-256 {digest[:12]}..., expected {expected.sha256[:12]}..." if digest else f"{size_bytes:,} bytes"
    return FileState(path, "corrupt", role, f"unexpected content: {what}")


def _intact_archive(path: Path, hashes: bool) -> bool:
    """Whether a file of `torch.save` is complete.

    It is a zip archive: its directory is at the end, and it has a checksum for every tensor.
    """
    if not zipfile.is_zipfile(path):
        return False
    if not hashes:
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            # torch does not compress. A compressed archive could unpack from a megabyte to a gigabyte.
            is_uncompressed = sum(member.file_size for member in archive.infolist()) <= path.stat().st_size
            return is_uncompressed and archive.testzip() is None
    except Exception:  # a flipped bit in a header can claim any compression, encryption or offset
        return False


def _intact_json(path: Path, hashes: bool) -> bool:
    try:
        return isinstance(json.loads(content_of(path, MAX_CONFIG_BYTES)), dict)
    except Exception:  # deeply nested JSON raises a RecursionError
        return False


_INTACT: dict[Role, Callable[[Path, bool], bool]] = {
    "weights": _intact_archive,
    "config": _intact_json,
    "voice": _intact_archive,
}
