"""`announce`: a text on any number of Wyoming speakers at once."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import asking, client
from kokoro_wyoming.errors import ConfigError

if TYPE_CHECKING:
    from kokoro_wyoming.speakers.announcer import Announcement, Outcome
    from kokoro_wyoming.speakers.book import Target
    from kokoro_wyoming.speakers.chime import Chime

SUMMARY = "speak a text on the speakers of the house"
DESCRIPTION = """\
Have a running server speak a text, and play it on Wyoming `snd` services (wyoming-snd-external, satellites) while it is
being made. Each speaker is on its own: one that is away, slow or stuck is told at the end, and holds up no other.
Without a text, stdin is spoken as it arrives.
"""
EXAMPLES = """\
exit status: 0 when every speaker took all of it, else 1

examples:
  kokoro-wyoming announce "Dinner is ready." --to tcp://kitchen:10601 --to tcp://attic:10601
  kokoro-wyoming announce "The door is open." --to tcp://hall:10601 --chime bell.wav --voice bf_emma
  weather | kokoro-wyoming announce --to tcp://hall:10601 --uri tcp://192.168.1.10:10200
"""

_SILENT_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", metavar="URI", action="append", required=True, help="a speaker's address; may be given several times"
    )
    parser.add_argument("--chime", metavar="FILE", type=Path, help="WAV file to play first, at most 30 seconds")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=_SILENT_SECONDS,
        help=f"how long a speaker may give no sign of life (default: {_SILENT_SECONDS:.0f})",
    )
    asking.add_arguments(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 3600")
    return seconds


def run(args: argparse.Namespace) -> int:
    from kokoro_wyoming.speakers.announcer import Announcement

    uri = client.server_uri(args)
    targets = [_target(to) for to in dict.fromkeys(args.to)]
    announcement = Announcement(targets, _chime(args.chime))
    return 0 if asyncio.run(_announce(uri, args, announcement)) else 1


def _target(to: str) -> Target:
    from kokoro_wyoming.speakers import addresses
    from kokoro_wyoming.speakers.book import Target
    from kokoro_wyoming.speakers.kinds import KINDS

    try:
        address = addresses.parse(to, KINDS)
    except ValueError as error:
        raise ConfigError(f"--to: `{to}` {error}") from error
    return Target(str(address), address)


def _chime(path: Path | None) -> Chime | None:
    if path is None:
        return None
    from kokoro_wyoming.speakers import chime

    return chime.read(path)


async def _announce(uri: str, args: argparse.Namespace, announcement: Announcement) -> bool:
    """Play it on all speakers and tell how each fared; returns whether all did well. Raises ServerError."""
    from kokoro_wyoming.assets import locations
    from kokoro_wyoming.cli.offering import offering
    from kokoro_wyoming.speakers.announcer import Announcer
    from kokoro_wyoming.speakers.interface import Means
    from kokoro_wyoming.speakers.journal import Journal
    from kokoro_wyoming.speakers.kinds import speaker_at

    async with offering() as host, contextlib.aclosing(asking.spoken(uri, args)) as speech:
        announcer = Announcer(speaker_at, Means(host, args.timeout), Journal(locations.home() / "speakers"))
        outcomes = await announcer.announce(announcement, speech)
    for outcome in outcomes:
        _tell(outcome)
    return all(outcome.is_well for outcome in outcomes)


def _tell(outcome: Outcome) -> None:
    """Say how a speaker fared."""
    if outcome.status == "played":
        print(f"{outcome.speaker}: played {outcome.seconds:.1f} s")
    elif outcome.status == "taken" and outcome.seconds:
        print(f"{outcome.speaker}: took {outcome.seconds:.1f} s of sound, and does not tell when it has played")
    if outcome.reason is not None:
        print(f"{outcome.speaker}: {outcome.reason}", file=sys.stderr)
