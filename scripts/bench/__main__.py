"""The benchmark for developers: all that `kokoro-wyoming bench` measures, and more.

    python -m scripts.bench [--piper] [--against tcp://192.168.1.10:10200] [--json figures.json]

Besides: other servers in the same run, text as a language model lets it out, several sentences, what the network takes
and the machine could do, processor time, describe under load, starts in fresh processes and their parts, first
utterances by language. Takes about 20 minutes on two cores, or 5 with --quick. `--json` has every single reply.
"""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kokoro_wyoming.cli import bench
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.errors import ConfigError, KokoroWyomingError

if TYPE_CHECKING:
    from scripts.bench.laboratory import LongPlan

_MOST_MINUTES = 240
_PHASES: dict[str, dict[str, Any]] = {
    "whole": {"texts": ()},
    "streamed": {"streamed": ()},
    "beside": {"busy_programs": ()},
    "listeners": {"most_listeners": 0},
    "starts": {"starts": 0, "packs": 0},
    "languages": {"speaks_languages": False},
}
"""What a run has, and how a plan leaves each out."""


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    try:
        return _run(parser().parse_args(argv))
    except KokoroWyomingError as error:
        print(f"scripts.bench: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1


def parser() -> argparse.ArgumentParser:
    """The flags."""
    made = argparse.ArgumentParser(
        prog="python -m scripts.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    bench.add_arguments(made)
    made.add_argument("--minutes", metavar="N", type=_minutes, help="begin no repetition after so long (default: 20)")
    made.add_argument(
        "--against", metavar="URI", action="append", default=[], help="another Wyoming server; may be given again"
    )
    made.add_argument("--piper", action="store_true",
                        help="wyoming-piper too, which is installed from PyPI into .cache/piper")  # fmt: skip
    made.add_argument("--only", metavar="PHASE", action="append", choices=_PHASES,
                        help=f"leave out all others; may be given again: {', '.join(_PHASES)}")  # fmt: skip
    return made


def _run(args: argparse.Namespace) -> int:
    against = tuple(dict.fromkeys(_address(uri) for uri in args.against))
    if args.piper and args.processor != "native":
        raise ConfigError(f"--piper: its ONNX Runtime cannot be held to {args.processor}; leave out --as")
    setup = bench.setup_of(args)
    # Not at the top: processes that are started for the benchmark import this module.
    from kokoro_wyoming.bench import report
    from scripts.bench import tables
    from scripts.bench.laboratory import Laboratory

    laboratory = Laboratory(plan_of(args), setup, bench.tell, against, with_piper=args.piper)
    if not bench.is_finished(laboratory):
        return 128 + signal.SIGTERM
    print(report.headlines(laboratory.results))
    for title, headings, rows in tables.tables(laboratory):
        print(f"\n{title}")
        print_table(headings, rows)
    print("\nFirst sound against the length of one sentence, seconds")
    print("\n".join(tables.plot(laboratory.results.records)))
    if args.json:
        bench.write(args.json, tables.as_json(laboratory))
    return 0


def plan_of(args: argparse.Namespace) -> LongPlan:
    """How much is wanted."""
    from scripts.bench.laboratory import SHORT_PLAN, LongPlan

    plan = SHORT_PLAN if args.quick and not args.only else LongPlan()
    seconds = plan.seconds if args.minutes is None else 60 * args.minutes
    plan = replace(plan, repeat=bench.repetitions(args), seconds=seconds)
    for phase in _PHASES.keys() - (args.only or _PHASES):
        plan = replace(plan, **_PHASES[phase])
    return plan


def _address(uri: str) -> str:
    from kokoro_wyoming.config import parse_remote_uri

    try:
        return str(parse_remote_uri(uri))
    except ValueError as error:
        raise ConfigError(f"--against: `{uri}` {error}") from error


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= _MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {_MOST_MINUTES}")
    return minutes


if __name__ == "__main__":
    sys.exit(main())
