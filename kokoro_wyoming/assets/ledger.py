"""The record of the files that were fetched into a folder: `fetched.json`, one entry for each file.

Converted files have no published hash, so only the ledger tells later whether they are intact. It also tells where the
weights came from. A file without an entry was put there by the user.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kokoro_wyoming.assets.files import content_of, replaced
from kokoro_wyoming.errors import first_line

_LOGGER = logging.getLogger(__name__)

FILE_NAME = "fetched.json"
MAX_BYTES = 1024 * 1024
"""The most bytes of a ledger; with 54 voices it has 20,000."""


@dataclass(frozen=True)
class Entry:
    """The properties of one fetched file when it was intact."""

    kind: str
    """For weights "official weights" or "int8-rounded weights", else "config" or "voice"."""
    source: str
    """Repository and commit, or packages and versions."""
    bytes: int
    sha256: str
    upstream_sha256: str
    """SHA-256 of the file before its conversion; equal to `sha256` where nothing was converted."""
    converter: int = 0
    """Version of the conversion; 0 for files that were not converted."""


def read(folder: Path) -> dict[str, Entry]:
    """The entries by file name. A missing or unreadable ledger is an empty one."""
    path = folder / FILE_NAME
    try:
        entries = json.loads(content_of(path, MAX_BYTES))
        return {name: _entry(fields) for name, fields in entries.items()}
    except FileNotFoundError:
        return {}
    except Exception as error:  # deeply nested JSON raises a RecursionError
        _warn(path, first_line(error))
        return {}


def _entry(fields: dict[str, Any]) -> Entry:
    entry = Entry(**fields)
    if any(
        type(value) is not (int if field in ("bytes", "converter") else str) for field, value in vars(entry).items()
    ):
        raise TypeError("a field has the wrong type")
    return entry


@cache
def _warn(path: Path, why: str) -> None:
    """Warn once, as a start reads the ledger several times."""
    _LOGGER.warning("%s cannot be read (%s), so the files beside it count as your own.", path, why)


def record(path: Path, entry: Entry) -> None:
    """Enter `path` in its folder's ledger, in one atomic step. The caller holds the folder's lock."""
    entries = {**read(path.parent), path.name: entry}
    text = json.dumps({name: asdict(entries[name]) for name in sorted(entries)}, indent=1)
    with replaced(path.parent / FILE_NAME) as file:
        file.write(f"{text}\n".encode())
