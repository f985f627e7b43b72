"""`speakers`: those of the settings, and those that are found on the network."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from kokoro_wyoming.cli import announce, client
from kokoro_wyoming.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kokoro_wyoming.config import Config
    from kokoro_wyoming.speakers.discovery import FoundSpeaker

SUMMARY = "list and find the speakers of the house"
DESCRIPTION = """\
List the speakers of the settings, and look for others on the local network: the line of each can be copied into the
settings. Some kinds cannot be found, and are written by hand (docs/announcements.md).
"""
EXAMPLES = """\
examples:
  kokoro-wyoming speakers --config my.yaml
  kokoro-wyoming speakers --json --seconds 10
  kokoro-wyoming speakers --config my.yaml --test Kitchen    have a running server say a word on it
"""

_SECONDS = 5.0
_NOT_IN_NAMES = "/,:"
_NAME_CHARS = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds",
        metavar="SECONDS",
        type=announce.seconds,
        default=_SECONDS,
        help=f"how long to look for speakers (default: {_SECONDS:.0f})",
    )
    parser.add_argument("--test", metavar="SPEAKER", help="play a word on this one: a name, a group, or an address")
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    client.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from kokoro_wyoming import config

    settings = config.load(args.config)
    if args.test is not None:
        return _test(settings, args)
    from kokoro_wyoming.speakers import discovery

    found = asyncio.run(discovery.find(args.seconds))
    own = _own(settings)
    known = {row["address"] for row in own}
    new = [each for each in found if each.address.partition("?")[0] not in known]
    if args.json:
        listed = {"settings": own, "found": [_as_json(each) for each in found]}
        sys.stdout.buffer.write(json.dumps(listed, ensure_ascii=False, indent=2).encode() + b"\n")
    else:
        _print(own, new)
    return 0


def _test(settings: Config, args: argparse.Namespace) -> int:
    """Say a word on one speaker, as an announcement does."""
    from kokoro_wyoming.speakers.announcer import Announcement
    from kokoro_wyoming.speakers.chime import gentle

    targets = announce.targets_of(settings, [args.test])
    asked = argparse.Namespace(
        text=["Hello."], voice=None, speaker=None, language=None, ssml=False, program=None, uri=args.uri
    )
    patience_seconds = settings.announcements.patience_seconds
    announcement = Announcement(targets, gentle())
    outcomes = asyncio.run(announce.announced(client.server_uri(args), asked, announcement, patience_seconds))
    announce.tell(outcomes, as_json=args.json)
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


def _own(settings: Config) -> list[dict[str, Any]]:
    """The speakers and groups of the settings, without secrets."""
    from kokoro_wyoming.config.options import speaker_book

    book = speaker_book(settings)
    speakers = [
        {
            "name": target.name,
            "kind": target.address.kind,
            "address": str(target.address),
            "volume": target.volume,
            "quiet_hours": None if target.quiet_hours is None else str(target.quiet_hours),
        }
        for target in book.speakers.values()
    ]
    groups = [
        {"name": name, "kind": "group", "address": None, "speakers": [*members]}
        for name, members in book.groups.items()
    ]
    return [*speakers, *groups]


def _as_json(found: FoundSpeaker) -> dict[str, Any]:
    return {"name": found.name, "kind": found.kind, "address": found.address, "model": found.model, "note": found.note}


def _print(own: Iterable[dict[str, Any]], found: Sequence[FoundSpeaker]) -> None:
    rows = [(row["name"], row["kind"], row["address"] or ", ".join(row["speakers"])) for row in own]
    if rows:
        print_table(("speaker", "kind", "address"), rows)
    if found:
        print("\n# Found on the network, as lines for the settings:" if rows else "# Found on the network:")
        print("speakers:")
        for each in found:
            print(f"  {_line(each)}")
    elif not rows:
        print("No speakers were found; docs/announcements.md says how to name them by hand.")


def _line(found: FoundSpeaker) -> str:
    """A speaker as a line of the settings. JSON's texts are YAML's too."""
    name = "".join(" " if letter in _NOT_IN_NAMES or not letter.isprintable() else letter for letter in found.name)
    name = " ".join(name.split())[:_NAME_CHARS].strip() or found.kind
    about = "; ".join(filter(None, (found.model, found.note)))
    comment = "".join(letter for letter in about if letter.isprintable())
    return f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(found.address)}{f'  # {comment}' if comment else ''}"
