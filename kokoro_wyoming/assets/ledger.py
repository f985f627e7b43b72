"""What was fetched into a folder: `fetched.json`, one entry a file.

Converted files have no published hash, so without the ledger nobody could tell later whether they are whole. It
also remembers where the weights came from. A file without an entry was put there by the user.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "fetched.json"


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
    try:
        entries = json.loads((folder / FILE_NAME).read_text("utf-8"))
        return {name: Entry(**entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def record(path: Path, entry: Entry) -> None:
    """Enters `path` in its folder's ledger, in one step. The caller holds the folder's lock."""
    entries = {**read(path.parent), path.name: entry}
    text = json.dumps({name: asdict(entries[name]) for name in sorted(entries)}, indent=1)
    part = path.parent / f"{FILE_NAME}.part"
    part.write_text(text + "\n", "utf-8")
    os.replace(part, path.parent / FILE_NAME)
