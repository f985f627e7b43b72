"""`voices`: what can speak on this machine."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import settings
from kokoro_wyoming.cli.tables import print_table

if TYPE_CHECKING:
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.voices import Catalogue

SUMMARY = "list the voices that are here"
DESCRIPTION = "List the voices in the voices folder: their names, what people see, and the language each speaks."
EXAMPLES = """\
examples:
  kokoro-wyoming voices
  kokoro-wyoming voices --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = settings.load(args)
    catalogue = scan(config)
    if args.json:
        print(json.dumps([dataclasses.asdict(voice) for voice in catalogue.voices], ensure_ascii=False, indent=2))
    elif catalogue.voices:
        rows = [(voice.name, voice.label, ", ".join(voice.languages)) for voice in catalogue.voices]
        print_table(("voice", "label", "language"), rows)
    for name, reason in catalogue.refused.items():
        print(f"kokoro-wyoming: voice {name} cannot be used: {reason}", file=sys.stderr)
    if not catalogue.voices:
        print(
            f"kokoro-wyoming: no voices in {config.folders.voices}; get them with: kokoro-wyoming fetch",
            file=sys.stderr,
        )
    return 0 if catalogue.voices else 1


def scan(config: Config) -> Catalogue:
    """The voices of the configured release."""
    from kokoro_wyoming.voices import Catalogue

    version = config.model.version
    return Catalogue.scan(version, settings.store(config).voices_folder(version))
