"""Puts a fetched file in its place: complete and verified, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from kokoro_wyoming.assets import ledger
from kokoro_wyoming.assets.manifest import Pinned
from kokoro_wyoming.errors import AssetError, ModelError, first_line

SPARE_BYTES = 64 * 1024 * 1024
"""A fetch leaves this much of the disk free."""


class SourceError(AssetError):
    """A source could not deliver. Another source may."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        """The text without the remedy, for use where there is another source."""


class WrongContentError(SourceError):
    """A source delivered other content than the published one."""


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def part_of(target: Path) -> Path:
    """The temporary file beside the target, on the same file system, so that the rename is atomic."""
    return target.with_name(f"{target.name}.part")


def verify_or_delete(path: Path, expected: Pinned, source: str) -> None:
    """Delete the file and raise `WrongContentError` unless its content is `expected`."""
    try:
        _verify(path.stat().st_size, sha256_of(path), expected, source)
    except WrongContentError:
        path.unlink()
        raise


def shape_or_delete(path: Path, name: str, shape: tuple[int, ...], source: str) -> None:
    """Delete the file of `torch.save` and raise `WrongContentError` unless it holds a tensor of that shape."""
    from kokoro_wyoming.assets.tensor_files import read_tensor

    try:
        found = tuple(read_tensor(path).shape)
    except ModelError as error:
        fault = first_line(error)
    else:
        if found == shape:
            return
        fault = f"its shape is {found}, expected {shape}"
    path.unlink()
    raise WrongContentError(f"{name} from {source} is no voice and was deleted ({fault})", "fetch again")


def verified(content: bytes, expected: Pinned, source: str) -> bytes:
    """Return `content`; raise `WrongContentError` unless it is `expected`."""
    _verify(len(content), hashlib.sha256(content).hexdigest(), expected, source)
    return content


def _verify(size_bytes: int, digest: str, expected: Pinned, source: str) -> None:
    if (size_bytes, digest) != (expected.bytes, expected.sha256):
        raise WrongContentError(
            f"{expected.name} from {source} is not the published file and was deleted ({size_bytes:,} bytes with "
            f"SHA-256 {digest[:12]}..., expected {expected.bytes:,} bytes with {expected.sha256[:12]}...)",
            "fetch again; if the error stays, something between here and there changes the file",
        )


def settle(part: Path, target: Path, entry: ledger.Entry) -> None:
    """Move a verified file to its place.

    The ledger is written first. If the process is killed before the move, the old file no longer matches its entry and
    is fetched again. In the other order, a converted file would have no entry and count as the user's own.
    """
    with part.open("rb") as file:
        os.fsync(file.fileno())
    ledger.record(target, entry)
    os.replace(part, target)


@contextmanager
def disk_errors_explained(folder: Path) -> Iterator[None]:
    """Turn the errors of a full or read-only disk into an `AssetError` with a remedy."""
    try:
        yield
    except OSError as problem:
        place = problem.filename or folder
        raise AssetError(
            f"cannot write {place} ({problem.strerror}); {_remedy(problem.errno, Path(place))}"
        ) from problem


def _remedy(number: int | None, place: Path) -> str:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "free some space on that disk and fetch again"
    others = "or choose others under `folders` in the configuration"
    folder, owner = _owned(place)
    if number not in (errno.EACCES, errno.EPERM) or owner == os.geteuid():
        return f"make the folder writable, {others}"
    return (
        f"{folder} belongs to user {owner}, and this program runs as user {os.geteuid()}: make the folder its own "
        f"(`chown -R {os.geteuid()} {folder}`; for a container, on the host, with the folder's name there), {others}"
    )


def _owned(place: Path) -> tuple[Path, int]:
    """The deepest folder of the path that is there, and the number of the user whom it belongs to."""
    for folder in place.absolute().parents:
        with suppress(OSError):
            return folder, folder.stat().st_uid
    return place, os.geteuid()


def ensure_space(needs_bytes: Mapping[Path, int]) -> None:
    """Raise `AssetError` unless each disk has enough free space for all folders on it. The folders must exist."""
    devices: dict[int, list[Path]] = defaultdict(list)
    for folder in needs_bytes:
        devices[folder.stat().st_dev].append(folder)
    for folders in devices.values():
        need_bytes = sum(needs_bytes[folder] for folder in folders) + SPARE_BYTES
        free_bytes = shutil.disk_usage(folders[0]).free
        if free_bytes < need_bytes:
            raise AssetError(
                f"not enough disk space in {folders[0]}: {megabytes(need_bytes)} needed, {megabytes(free_bytes)} free; "
                "free some space, or choose other `folders` in the configuration"
            )


def megabytes(size_bytes: int) -> str:
    """For people: "327 MB", "2.4 MB"."""
    size_mb = size_bytes / 1e6
    return f"{size_mb:,.0f} MB" if size_mb >= 10 else f"{size_mb:.1f} MB"
