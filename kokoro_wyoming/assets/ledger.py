"""What was fetched into a folder: `fetched.json`, one entry a file.

Converted files have no published hash, so without the ledger nobody could tell later whether they are whole. It
also remembers where the weights came from. A file without an entry was put there by the user.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kokoro_wyoming.errors import first_line
from kokoro_wyoming.files import content_of, replaced

_LOGGER = logging.getLogger(__name__)

FILE_NAME = "fetched.json"
MAX_BYTES = 1024 * 1024
"""Of a ledger; that of 54 voices has 20,000."""


@dataclass(frozen=True)
class Entry:
    """One fetched file, as it was when it was whole."""

    kind: str
    """For weights "official weights" or "int8-rounded weights", else "config" or "voice"."""
    source: str
    """Repository and commit, or packages and versions."""
    bytes: int
    sha256: str
    upstream_sha256: str
    """What `sha256` was made from; the same where nothing was converted."""
    converter: int = 0
    """Version of the conversion, 0 for files kept as published."""


def read(folder: Path) -> dict[str, Entry]:
    """File name -> entry. A missing or unreadable ledger is an empty one: the files then speak for themselves."""
    path = folder / FILE_NAME
    try:
        entries = json.loads(content_of(path, MAX_BYTES))
        return {name: _entry(fields) for name, fields in entries.items()}
    except FileNotFoundError:
        return {}
    except Exception as error:  # JSON that is nested too deep is a RecursionError
        _warn(path, first_line(error))
        return {}


def _entry(fields: dict[str, Any]) -> Entry:
    entry = Entry(**fields)
    if any(
        type(value) is not (int if field in ("bytes", "converter") else str) for field, value in vars(entry).items()
    ):
        raise TypeError("it holds numbers for words, or words for numbers")
    return entry


@cache
def _warn(path: Path, why: str) -> None:
    """Once, as a start reads it several times."""
    _LOGGER.warning("%s cannot be read (%s), so the files beside it count as put there by hand.", path, why)


def record(path: Path, entry: Entry) -> None:
    """Enters `path` in its folder's ledger, in one step. The caller holds the folder's lock."""
    entries = {**read(path.parent), path.name: entry}
    text = json.dumps({name: asdict(entries[name]) for name in sorted(entries)}, indent=1)
    with replaced(path.parent / FILE_NAME) as file:
        file.write(f"{text}\n".encode())
