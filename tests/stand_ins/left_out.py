"""`kokoro-wyoming` as if it were installed for some languages: `python -m tests.stand_ins.left_out "en fr" check`.

The packages of all other languages are hidden from this process.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kokoro_wyoming.builds import chosen
from scripts.requirements import extras_of, requirements


def choose(words: str, folder: Path) -> None:
    """Let this process see only the packages that the words of KOKORO_LANGUAGES ask for; `folder` gets their note."""
    (folder / chosen.NOTE).write_text(words)
    sys.prefix = str(folder)
    hide({name for line in set(requirements("all")) - set(requirements(*extras_of(words))) for name in _modules(line)})


def _modules(requirement: str) -> set[str]:
    """The top-level modules of an installed package."""
    name = requirement.partition("=")[0].partition(">")[0]
    return {path.parts[0].removesuffix(".py") for path in distribution(name).files or () if path.suffix == ".py"}


def hide(names: set[str]) -> None:
    """Have no finder find these top-level modules."""
    sys.meta_path[:] = [_Without(finder, names) for finder in sys.meta_path]


class _Without:
    def __init__(self, finder: Any, names: set[str]) -> None:
        self._finder = finder
        self._names = names

    def find_spec(self, name: str, *more: Any) -> Any:
        return None if name.partition(".")[0] in self._names else self._finder.find_spec(name, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


def main() -> int:
    with TemporaryDirectory() as folder:
        choose(sys.argv[1], Path(folder))
        assert importlib.util.find_spec("kokoro") is not None
        from kokoro_wyoming.cli import main as program

        return program(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
