"""`check`: are the settings right, the files whole, the languages ready?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import settings
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.cli.voices import scan
from kokoro_wyoming.languages import language_name

if TYPE_CHECKING:
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.voices import Catalogue

SUMMARY = "check settings, files and languages"
DESCRIPTION = "Check the settings, every file with its checksum, and every language. Changes nothing, fetches nothing."
EXAMPLES = """\
exit status: 0 when all is well, 1 when something is missing or damaged, 2 when the settings are wrong

examples:
  kokoro-wyoming check
  kokoro-wyoming check --config my.yaml --no-hashes
"""

_OK = "ok"
_FILE_FAULTS = ("missing", "truncated", "corrupt")
_MAX_NAMES = 6


@dataclass(frozen=True)
class _Finding:
    what: str
    state: str
    """`ok`, or what is wrong."""
    detail: str

    @property
    def row(self) -> tuple[str, str, str]:
        return self.what, self.state, self.detail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hashes",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare checksums, which reads every file once (default), or only sizes",
    )
    settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = settings.load(args)
    findings = [
        _Finding("settings", _OK, str(args.config) if args.config else "the defaults"),
        *_files(config, hashes=args.hashes),
        *_voices(config),
        *_languages(config),
    ]
    print_table(("what", "state", "detail"), (finding.row for finding in findings))
    if all(finding.state == _OK for finding in findings):
        print("\nAll is well.")
        return 0
    files_are_wrong = any(finding.state in _FILE_FAULTS for finding in findings)
    print("\nNot all is well." + (" `kokoro-wyoming fetch` gets files anew." if files_are_wrong else ""))
    return 1


def _files(config: Config, *, hashes: bool) -> Iterator[_Finding]:
    """One line for all files of a kind in the same state."""
    from kokoro_wyoming import assets

    states = assets.verify(settings.store(config), config.model.version, hashes=hashes)
    alike: dict[tuple[str, str, str], list[Path]] = {}
    for state in states:
        alike.setdefault((state.kind, state.status, state.detail), []).append(state.path)
    for (kind, status, detail), paths in alike.items():
        what = kind if len(paths) == 1 else f"{kind} ({len(paths)})"
        yield _Finding(what, status, f"{_where(paths)}: {detail}" if detail else _where(paths))


def _where(paths: Sequence[Path]) -> str:
    if len(paths) == 1:
        return str(paths[0])
    names = ", ".join(path.name for path in paths[:_MAX_NAMES])
    return str(paths[0].parent) + (f" ({names})" if len(paths) <= _MAX_NAMES else "")


def _voices(config: Config) -> Iterator[_Finding]:
    """Packs that cannot be used, and configured voices that are not there."""
    catalogue = scan(config)
    for name, reason in catalogue.refused.items():
        yield _Finding(f"voice {name}", "unusable", reason)
    wanted = {"speech.voice": config.speech.voice} if config.speech.voice else {}
    wanted |= {f"speech.voices.{tag}": name for tag, name in config.speech.voices.items()}
    for path, name in wanted.items():
        yield _configured_voice(catalogue, path, name)


def _configured_voice(catalogue: Catalogue, path: str, name: str) -> _Finding:
    from kokoro_wyoming.config.mistakes import nearest

    names = [voice.name for voice in catalogue.voices]
    if name in names:
        return _Finding(path, _OK, name)
    meant = nearest(name, names)
    return _Finding(path, "unknown", f"there is no voice {name}" + (f"; did you mean {meant}?" if meant else ""))


def _languages(config: Config) -> Iterator[_Finding]:
    from kokoro_wyoming.model_manager import installed_languages

    for tag, reason in installed_languages(config.model.version).items():
        state = _OK if reason is None else "not installed"
        yield _Finding(tag, state, language_name(tag) if reason is None else reason)
