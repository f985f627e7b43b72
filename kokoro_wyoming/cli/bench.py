"""`bench`: how fast is it here, and against others?"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import files, settings
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.errors import AssetError, ConfigError
from kokoro_wyoming.releases import DEFAULT_VERSION

if TYPE_CHECKING:
    from kokoro_wyoming.bench.contenders import Setup
    from kokoro_wyoming.bench.course import Plan, Results
    from kokoro_wyoming.bench.report import Table
    from kokoro_wyoming.config import Config

SUMMARY = "measure the speed of this machine against plain kokoro and other servers"
DESCRIPTION = """\
Measure the server against plain `kokoro` on the same weights and threads, and against any other Wyoming server: time
to first audio (TTFA) by length of text, pace, listeners at once, memory, start-up. Takes about 15 minutes, or 2 with
--quick. Servers are started on ports of their own and ended; nothing is downloaded. Leave the machine alone meanwhile.
"""
EXAMPLES = """\
examples:
  kokoro-wyoming bench --quick
  kokoro-wyoming bench --json figures.json
  kokoro-wyoming bench --config my.yaml --threads 2 --repeat 10
  kokoro-wyoming bench --against tcp://192.168.1.10:10200 --against tcp://127.0.0.1:10300
"""

_VOICE = "af_heart"
_ENGLISH = "ab"
"""Kokoro's language codes that the texts are written in."""
_MOST_REPETITIONS = 100
_MOST_MINUTES = 240


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer texts and one repetition")
    parser.add_argument("--repeat", metavar="N", type=_count, help="repetitions (default: 5, or 1 with --quick)")
    parser.add_argument(
        "--minutes",
        metavar="N",
        type=_minutes,
        help="begin no repetition after so long (default: 20, or 1 with --quick)",
    )
    parser.add_argument(
        "--against", metavar="URI", action="append", default=[], help="another Wyoming server; may be given again"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures to a file")
    parser.add_argument("--voice", metavar="NAME", default=_VOICE, help=f"an English voice (default: {_VOICE})")
    parser.add_argument("--threads", dest="model.threads", metavar="N", type=int, default=argparse.SUPPRESS,
                        help="processor threads for ours and plain; 0 is one per physical core")  # fmt: skip
    parser.add_argument("--device", dest="model.device", metavar="DEVICE", default=argparse.SUPPRESS,
                        help="where the network runs: auto, cpu, cuda or mps")  # fmt: skip
    settings.add_config_file(parser)


def run(args: argparse.Namespace) -> int:
    setup, plan = _setup(args, settings.load(args)), _plan(args)
    try:
        results = asyncio.run(_measured(plan, setup))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    show(results)
    if args.json:
        _write(args.json, results)
    return 0


def show(results: Results) -> None:
    """Print everything to stdout, the ratios last."""
    from kokoro_wyoming.bench import report

    print("\n".join(report.headlines(results)))
    for table in report.tables(results):
        _print(table)
    print("\nFirst sound against the length of one sentence, seconds")
    print("\n".join(report.plot(results)))
    _print(report.ratios(results))


def _print(table: Table) -> None:
    print(f"\n{table.title}")
    print_table(table.headings, table.rows)


def _write(path: Path, results: Results) -> None:
    from kokoro_wyoming.bench import report

    with files.written(path) as stream:
        stream.write(json.dumps(report.as_json(results), indent=2).encode() + b"\n")
    print(f"\n{path}: all figures")


async def _measured(plan: Plan, setup: Setup) -> Results:
    from kokoro_wyoming.bench import course

    task = asyncio.current_task()
    assert task is not None
    # A stop signal as well as Ctrl-C has to end the children first.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await course.run(plan, setup, report=lambda line: print(line, file=sys.stderr, flush=True))


def _plan(args: argparse.Namespace) -> Plan:
    from kokoro_wyoming.bench.course import Plan

    make = Plan.quick if args.quick else Plan.full
    plan = make() if args.repeat is None else make(args.repeat)
    return plan if args.minutes is None else replace(plan, seconds=60 * args.minutes)


def _setup(args: argparse.Namespace, config: Config) -> Setup:
    """The settings as the benchmark wants them; AssetError for absent files, ConfigError for what would mislead."""
    from kokoro_wyoming.bench.contenders import Setup

    store, version = settings.store(config), config.model.version
    if version != DEFAULT_VERSION:
        raise ConfigError(f"the benchmark measures Kokoro {DEFAULT_VERSION} alone, and model.version is {version}")
    if args.voice[:1] not in _ENGLISH:
        raise ConfigError(f"--voice: the benchmark speaks English, and {args.voice!r} does not; try {_VOICE}")
    if config.cache.megabytes:
        raise ConfigError(f"{args.config}: the benchmark would measure what is remembered; set cache.megabytes to 0")
    against = tuple(dict.fromkeys(_address(uri) for uri in args.against))
    for path in (store.config(version), store.weights(version), store.voice(version, args.voice)):
        if not path.is_file():
            raise AssetError(f"{path} is missing; run `kokoro-wyoming fetch`")
    flags = (f"--models={config.folders.models}", f"--voices-folder={config.folders.voices}")
    return Setup(
        config=store.config(version),
        weights=store.weights(version),
        voices=store.voices_folder(version),
        voice=args.voice,
        letter=args.voice[0],
        device=config.model.device,
        threads=config.model.threads,
        serve_arguments=(*([f"--config={args.config}"] if args.config else []), *flags),
        against=against,
    )


def _address(uri: str) -> str:
    from kokoro_wyoming.config import parse_remote_uri

    try:
        return str(parse_remote_uri(uri))
    except ValueError as error:
        raise ConfigError(f"--against: `{uri}` {error}") from error


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MOST_REPETITIONS:
        raise argparse.ArgumentTypeError(f"{count} is not from 1 to {_MOST_REPETITIONS}")
    return count


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= _MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {_MOST_MINUTES}")
    return minutes
