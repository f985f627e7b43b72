"""`voices`: what can speak on this machine."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from typing import TYPE_CHECKING

from kokoro_wyoming.assets.store import weights_path
from kokoro_wyoming.cli import settings
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.releases import how_to_get, other_versions

if TYPE_CHECKING:
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.voices.catalogue import Catalogue
    from kokoro_wyoming.voices.selection import VoiceSelector

SUMMARY = "list the voices that are here"
DESCRIPTION = "List the voices in the voices folder: their names, what people see, and the language each speaks."
EXAMPLES = """\
examples:
  kokoro-wyoming voices
  kokoro-wyoming voices --json
  kokoro-wyoming voices --model-version v0.19    those of the older release
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = settings.load(args)
    version = config.model.version
    catalogue = scan(config, version)
    known = voice_selector(config)
    (program,) = (each for each in known.programs if each.version == version)
    listed = [voice for voice in program.voices if voice.version == version and "/" not in voice.name]
    if args.json:
        # UTF-8 in every locale, as JSON is.
        text = json.dumps([dataclasses.asdict(voice) for voice in listed], ensure_ascii=False, indent=2)
        sys.stdout.buffer.write(f"{text}\n".encode())
    elif listed:
        print_table(("voice", "label", "language"), [(v.name, v.label, ", ".join(v.languages)) for v in listed])
    for name, reason in {**catalogue.refused, **known.refused}.items():
        print(f"kokoro-wyoming: voice {name} cannot be used: {reason}", file=sys.stderr)
    if not catalogue.voices:
        command = how_to_get(version).strip("`")
        print(f"kokoro-wyoming: no voices in {config.folders.voices}; get them with: {command}", file=sys.stderr)
    return 0 if catalogue.voices else 1


def scan(config: Config, version: str) -> Catalogue:
    """The voices of a release."""
    from kokoro_wyoming.voices.catalogue import Catalogue

    found = Catalogue.scan(version, settings.store(config).voices_folder(version))
    return found.only(config.speech.languages)


def beside(config: Config) -> list[str]:
    """The releases that are installed besides the configured one."""
    folder = settings.store(config).models_folder
    others = other_versions(config.model.version)
    return [version for version in others if os.path.isfile(weights_path(folder(version), version))]


def voice_selector(config: Config) -> VoiceSelector:
    """The choice of voices with these settings."""
    from kokoro_wyoming.config.options import voice_options
    from kokoro_wyoming.voices.selection import VoiceSelector

    catalogues = [scan(config, version) for version in (config.model.version, *beside(config))]
    choices = voice_options(config)
    return VoiceSelector([catalogues[0], *(each for each in catalogues[1:] if each.voices)], {}, choices)
