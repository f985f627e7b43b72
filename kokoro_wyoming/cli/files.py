"""Files that a command writes: whole or not at all, and one sentence where they cannot be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kokoro_wyoming.assets.files import replaced
from kokoro_wyoming.errors import KokoroWyomingError


def is_device(path: Path) -> bool:
    """Whether it is a device or named pipe, which no file can take the place of."""
    return path.exists() and not path.is_file()


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file, or a device, to write. A file gets its name when the block ends well; else it is removed.

    Raises KokoroWyomingError where it cannot be written.
    """
    try:
        with path.open("wb") if is_device(path) else replaced(path) as stream:
            yield stream
    except OSError as error:
        raise KokoroWyomingError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error
