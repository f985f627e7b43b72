"""Reads and writes files safely: no half-written file is used or left behind, and no read blocks for ever."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SAFETENSORS = ".safetensors"
"""The suffix of files of that format."""

_LEFT_OVER_SECONDS = 3_600.0
"""No file takes this long to write, so an older temporary file was left by a killed process."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading. OSError for anything but a regular file, as a named pipe would block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        file = os.fdopen(descriptor, "rb", closefd=False)
        with file:
            yield file
    finally:
        os.close(descriptor)


def content_of(path: Path, max_bytes: int) -> bytes:
    """All bytes of a regular file. OSError if it cannot be read, is too large, or changes during the read."""
    with opened(path) as file:
        before = os.fstat(file.fileno())
        if before.st_size > max_bytes:
            raise OSError(
                errno.EFBIG, f"it has {before.st_size:,} bytes, and at most {max_bytes:,} are read", str(path)
            )
        content = file.read(before.st_size + 1)
        after = os.fstat(file.fileno())
    if len(content) != before.st_size or (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise OSError(errno.EBUSY, "it is being written to", str(path))
    return content


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write. When the block ends without an exception, it replaces `path` in one step; else it is deleted.

    Its temporary name is unique, so two writers at the same time write two files, and the later one remains.
    """
    _remove_left_overs(path)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _remove_left_overs(path: Path) -> None:
    with contextlib.suppress(OSError):
        for part in path.parent.glob(f"{glob.escape(path.name)}.{'?' * 8}.part"):
            if time.time() - part.stat().st_mtime > _LEFT_OVER_SECONDS:
                part.unlink()
