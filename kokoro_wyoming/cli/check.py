"""`check`: are the settings right, the files whole, the languages ready?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import settings
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.cli.voices import beside, scan, voice_selector
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.languages import language_name
from kokoro_wyoming.releases import DEFAULT_VERSION, described, is_described, is_found, is_older, names, refused

if TYPE_CHECKING:
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.voices.selection import VoiceSelector

SUMMARY = "check settings, files and languages"
DESCRIPTION = "Check the settings, every file with its checksum, and every language. Changes nothing, fetches nothing."
EXAMPLES = """\
exit status: 0 when all is well, 1 when something is missing or damaged, 2 when the settings are wrong

examples:
  kokoro-wyoming check
  kokoro-wyoming check --config my.yaml --no-hashes
"""

_OK = "ok"
_LEFT_OUT = "left out"
"""The state of a language that nobody chose at the installation, which is no fault."""
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
    from kokoro_wyoming.config.options import api_key

    config = settings.load(args)
    api_key(config)
    findings = [
        _Finding("settings", _OK, str(args.config) if args.config else "the defaults"),
        *_files(config, hashes=args.hashes),
        *_voices(config),
        *_languages(config),
        *_found_releases(config),
    ]
    print_table(("what", "state", "detail"), (finding.row for finding in findings))
    for hint in _hints(config):
        print(f"\n{hint}")
    if all(finding.state in (_OK, _LEFT_OUT) for finding in findings):
        print("\nAll is well.")
        return 0
    files_are_wrong = any(finding.state in _FILE_FAULTS for finding in findings)
    print("\nNot all is well." + (" `kokoro-wyoming fetch` gets files anew." if files_are_wrong else ""))
    return 1


def _files(config: Config, *, hashes: bool) -> Iterator[_Finding]:
    """One line for all files of a kind in the same state."""
    from kokoro_wyoming import assets

    alike: dict[tuple[str, str, str], list[Path]] = {}
    for version in (config.model.version, *beside(config)):
        is_beside = version != config.model.version
        for state in assets.verify(settings.store(config), version, hashes=hashes):
            # A release that is installed besides the default one need not have all its voices.
            if not (is_beside and state.status == "missing"):
                kind = f"{version} {state.kind}" if is_beside else state.kind
                alike.setdefault((kind, state.status, state.detail), []).append(state.path)
    for (kind, status, detail), paths in alike.items():
        what = kind if len(paths) == 1 else f"{kind} ({len(paths)})"
        yield _Finding(what, status, f"{_where(paths)}: {detail}" if detail else _where(paths))


def _found_releases(config: Config) -> Iterator[_Finding]:
    """Releases that are known by their values alone: their languages, how they speak, and those that cannot be used."""
    for folder, reason in refused(config.folders.models).items():
        yield _Finding(f"release {folder}", "unusable", reason)
    for version in filter(is_found, names()):
        yield _voices_found(config, version)
    for version in filter(is_described, (config.model.version, *beside(config))):
        if version != config.model.version:
            yield from _languages_of(config, version, f"{version} ")
        yield _Finding(f"{version} sound", _OK, _how_it_speaks(config, version))


def _voices_found(config: Config, version: str) -> _Finding:
    """The voices of a release that was found, or why it is not offered."""
    store, voices = settings.store(config), scan(config, version).voices
    weights, folder = store.weights(version), store.voices_folder(version)
    if not weights.is_file():
        return _Finding(f"release {version}", "unusable", f"{weights} is not there; release.yaml names it")
    if not voices:
        return _Finding(f"release {version}", "unusable", f"{folder} has no voice for it")
    shown = ", ".join(voice.name for voice in voices[:_MAX_NAMES])
    return _Finding(f"{version} voice ({len(voices)})", _OK, f"{folder}: {shown}{', ...' * (len(voices) > _MAX_NAMES)}")


def _how_it_speaks(config: Config, version: str) -> str:
    """Whether long sentences are heard while they are made: the network has to learn its own sound first."""
    from kokoro_wyoming.builds.described import ENOUGH_TEXTS, can_rehearse, lessons_of
    from kokoro_wyoming.network.learning import ENOUGH_UTTERANCES

    if config.model.stream == "exact":
        return "in whole sentences (model.stream)"
    learned = lessons_of(settings.store(config), version)
    if learned >= ENOUGH_UTTERANCES:
        return f"in windows, as learned from {learned} utterances"
    if config.model.calibrate == "never":
        return "in whole sentences (model.calibrate)"
    if not any(map(can_rehearse, described(version).languages)):
        return f"in whole sentences: release.yaml needs {ENOUGH_TEXTS} texts of a language to learn its own sound with"
    return f"in whole sentences, until it has learned from {ENOUGH_UTTERANCES} utterances while nobody waits"


def _where(paths: Sequence[Path]) -> str:
    if len(paths) == 1:
        return str(paths[0])
    names = ", ".join(path.name for path in paths[:_MAX_NAMES])
    return str(paths[0].parent) + (f" ({names})" if len(paths) <= _MAX_NAMES else "")


def _voices(config: Config) -> Iterator[_Finding]:
    """Packs that cannot be used, and configured voices that are not there."""
    for version in (config.model.version, *beside(config)):
        for name, reason in scan(config, version).refused.items():
            yield _Finding(f"voice {name}", "unusable", reason)
    wanted = {"speech.voice": config.speech.voice} if config.speech.voice else {}
    wanted |= {f"speech.voices.{tag}": name for tag, name in config.speech.voices.items()}
    known = voice_selector(config)
    for path, name in wanted.items():
        yield _configured_voice(known, path, name)
    for name, expression in config.voices.items():
        fault = known.refused.get(name)
        yield _Finding(f"voices.{name}", "unknown" if fault else _OK, fault or expression)


def _configured_voice(known: VoiceSelector, path: str, name: str) -> _Finding:
    from kokoro_wyoming.voices.descriptions import VoiceRequest

    try:
        known.resolve(VoiceRequest(name=name))
    except PeerError as error:
        return _Finding(path, "unknown", str(error))
    return _Finding(path, _OK, name)


def _hints(config: Config) -> Iterator[str]:
    """What somebody with the older release may want to know; nothing of it is a fault."""
    version = config.model.version
    if is_older(version) and config.model.deprecation_notice:
        yield (
            f"Hint: Kokoro {version} is the older release and may go after version 0 of this program. With\n"
            f"`model: {{version: {DEFAULT_VERSION}}}` there are 54 voices in nine languages, and the old ones stay as\n"
            f"{version}/NAME. docs/migration.md has more; `model: {{deprecation_notice: false}}` silences this."
        )
    for other in beside(config):
        names = f"{other}/NAME" + (" in the first one too" if config.speech.offer_other_release else "")
        yield f"Kokoro {other} is installed beside {version}: a second program, with its voices as {names}."


def _languages(config: Config) -> Iterator[_Finding]:
    yield from _languages_of(config, config.model.version)


def _languages_of(config: Config, version: str, before: str = "") -> Iterator[_Finding]:
    from kokoro_wyoming.builds.chosen import is_left_out
    from kokoro_wyoming.builds.installed import installed_languages

    for tag, reason in installed_languages(version, config.model.allow_g2p_commands).items():
        if reason is None:
            yield _Finding(f"{before}{tag}", _OK, language_name(tag))
        else:
            yield _Finding(f"{before}{tag}", _LEFT_OUT if is_left_out(tag) else "not installed", reason)
