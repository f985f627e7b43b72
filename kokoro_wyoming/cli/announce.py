"""`announce`: a text on any number of speakers at once."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import asking, client
from kokoro_wyoming.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kokoro_wyoming.config import Config
    from kokoro_wyoming.speakers.announcer import Announcement, Outcome
    from kokoro_wyoming.speakers.book import Target
    from kokoro_wyoming.speakers.chime import Chime

SUMMARY = "speak a text on the speakers of the house"
DESCRIPTION = """\
Have a running server speak a text, and play it on speakers while it is being made. A speaker is a name or group of the
settings (--config), or an address such as snapcast://192.168.1.20/Kitchen. Each is on its own: one that is away, slow
or stuck is told at the end, and holds up no other. What they played before goes on afterwards, also when this command
is interrupted. Without a text, stdin is spoken as it arrives.
"""
EXAMPLES = """\
exit status: 0 when every speaker took all of it, or has quiet hours; else 1

examples:
  kokoro-wyoming announce "Dinner is ready." --config my.yaml --to Kitchen --to Hall --volume 0.4
  kokoro-wyoming announce "The door is open." --to tcp://hall:10601 --chime gentle --voice bf_emma
  kokoro-wyoming announce "Smoke in the cellar!" --config my.yaml --to everywhere --priority alarm
  weather | kokoro-wyoming announce --to tcp://hall:10601 --uri tcp://192.168.1.10:10200
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        metavar="SPEAKER",
        action="append",
        required=True,
        help="a name or group of the settings, or an address; may be given several times",
    )
    parser.add_argument(
        "--volume", metavar="LEVEL", type=_volume, help="0 to 1, as loud as they can (default: the settings')"
    )
    parser.add_argument(
        "--priority",
        choices=("low", "normal", "alarm"),
        default="normal",
        help="an alarm ends other announcements, and is heard in quiet hours (default: normal)",
    )
    parser.add_argument(
        "--chime", metavar="FILE", help="gentle, none, or a WAV file of at most 30 seconds (default: the settings')"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        help="how long a speaker may give no sign of life (default: the settings', 10)",
    )
    parser.add_argument("--json", action="store_true", help="tell how each speaker fared as JSON")
    asking.add_arguments(parser)


def seconds(text: str) -> float:
    """An argument that is a time limit."""
    value = float(text)
    if not 0 < value <= 3_600:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 3600")
    return value


def _volume(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1")
    return value


def run(args: argparse.Namespace) -> int:
    from kokoro_wyoming import config
    from kokoro_wyoming.speakers.announcer import Announcement
    from kokoro_wyoming.speakers.turns import Priority

    settings = config.load(args.config)
    targets = targets_of(settings, args.to)
    announcement = Announcement(targets, _chime(settings, args.chime), args.volume, Priority[args.priority.upper()])
    patience_seconds = args.timeout or settings.announcements.patience_seconds
    outcomes = asyncio.run(announced(client.server_uri(args), args, announcement, patience_seconds))
    tell(outcomes, as_json=args.json)
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


def targets_of(settings: Config, names: Iterable[str]) -> tuple[Target, ...]:
    """The speakers of these names and addresses, each once. Raises ConfigError."""
    from kokoro_wyoming.config.options import speaker_book
    from kokoro_wyoming.speakers.book import UnknownSpeakerError

    book = speaker_book(settings)
    targets: dict[str, Target] = {}
    for name in names:
        try:
            found = book.find(name)
        except UnknownSpeakerError:
            found = (_at_address(settings, name, book.names()),)
        for target in found:
            targets.setdefault(target.address.uri, target)
    return tuple(targets.values())


def _at_address(settings: Config, uri: str, names: Sequence[str]) -> Target:
    from kokoro_wyoming.speakers import addresses
    from kokoro_wyoming.speakers.book import QuietHours, Target
    from kokoro_wyoming.speakers.kinds import KINDS

    try:
        address = addresses.parse(uri, KINDS)
    except ValueError as error:
        others = f" ({', '.join(names)})" if names else ", as they name none"
        is_name = "" if "://" in uri else f"; and it is no speaker of the settings{others}"
        raise ConfigError(f"--to: `{uri.partition('?')[0]}` {error}{is_name}") from error
    quiet_hours = settings.announcements.quiet_hours
    quiet = None if quiet_hours is None else QuietHours.parse(quiet_hours)
    return Target(str(address), address, settings.announcements.volume, quiet)


def _chime(settings: Config, wanted: str | None) -> Chime | None:
    from kokoro_wyoming.config import options
    from kokoro_wyoming.speakers import chime

    if wanted is None:
        return options.chime(settings)
    if wanted == "none":
        return None
    return chime.gentle() if wanted == "gentle" else chime.read(Path(wanted))


async def announced(
    uri: str, args: argparse.Namespace, announcement: Announcement, patience_seconds: float
) -> list[Outcome]:
    """Have the server at `uri` speak what `args` say, and play it on all speakers. Raises ServerError."""
    from kokoro_wyoming.assets import locations
    from kokoro_wyoming.cli.offering import offering
    from kokoro_wyoming.speakers.announcer import Announcer
    from kokoro_wyoming.speakers.interface import Means
    from kokoro_wyoming.speakers.journal import Journal
    from kokoro_wyoming.speakers.kinds import speaker_at

    async with offering() as host, contextlib.aclosing(asking.spoken(uri, args)) as speech:
        announcer = Announcer(speaker_at, Means(host, patience_seconds), Journal(locations.home() / "speakers"))
        return await announcer.announce(announcement, speech)


def tell(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Say how each speaker fared."""
    from kokoro_wyoming.speakers.report import report

    if as_json:
        # UTF-8 in every locale, as JSON is.
        sys.stdout.buffer.write(json.dumps(report(outcomes), ensure_ascii=False, indent=2).encode() + b"\n")
        return
    for outcome in outcomes:
        _tell(outcome)


def _tell(outcome: Outcome) -> None:
    if outcome.status == "played":
        print(f"{outcome.speaker}: played {outcome.seconds:.1f} s")
    elif outcome.status == "taken" and outcome.seconds:
        print(f"{outcome.speaker}: took {outcome.seconds:.1f} s of sound, and does not tell when it has played")
    if outcome.reason is not None:
        print(f"{outcome.speaker}: {outcome.reason}", file=sys.stderr)
    if outcome.restored is False and outcome.status not in ("played", "taken"):
        print(f"{outcome.speaker}: what it played before could not be restored", file=sys.stderr)
