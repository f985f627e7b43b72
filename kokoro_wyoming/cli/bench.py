"""`bench`: how quick is it here, beside plain Kokoro?"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kokoro_wyoming.cli import files, settings
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.errors import AssetError, ConfigError
from kokoro_wyoming.releases import DEFAULT_VERSION

if TYPE_CHECKING:
    from kokoro_wyoming.bench.contenders import Setup
    from kokoro_wyoming.bench.course import Course

SUMMARY = "measure how quick this machine is, beside plain kokoro"
DESCRIPTION = """\
Measure the server beside plain `kokoro` on the same weights and threads: time to first audio (TTFA) by length of text,
pace, listeners at once, memory. Takes about 15 minutes, or 4 with --quick. The server is started on a port of its own
and ended; nothing is downloaded. Leave the machine alone meanwhile.
"""
EXAMPLES = """\
examples:
  kokoro-wyoming bench --quick
  kokoro-wyoming bench --as avx2 --json figures.json
  kokoro-wyoming bench --config my.yaml --threads 2 --repeat 10
"""

_VOICE = "af_heart"
_ENGLISH = "ab"
"""Kokoro's language codes that the texts are written in."""
_MOST_REPETITIONS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="one repetition")
    parser.add_argument("--repeat", metavar="N", type=_count, help="repetitions (default: 5, or 1 with --quick)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures to a file")
    parser.add_argument("--voice", metavar="NAME", default=_VOICE, help=f"an English voice (default: {_VOICE})")
    parser.add_argument("--threads", dest="model.threads", metavar="N", type=int, default=argparse.SUPPRESS,
                        help="processor threads for ours and plain; 0 is one per physical core")  # fmt: skip
    parser.add_argument("--device", dest="model.device", metavar="DEVICE", default=argparse.SUPPRESS,
                        help="where the network runs: auto, cpu, cuda or mps")  # fmt: skip
    parser.add_argument("--as", dest="processor", choices=("native", "avx2", "avx512"), default="native",
                        help="have both use no newer instructions than these, as an older processor would")  # fmt: skip
    settings.add_config_file(parser)


def run(args: argparse.Namespace) -> int:
    setup = setup_of(args)
    from kokoro_wyoming.bench import course, report

    made = course.Course(course.Plan(repeat=repetitions(args)), setup, tell)
    if not is_finished(made):
        return 128 + signal.SIGTERM
    print(report.headlines(made.results), end="\n\n")
    print_table(*report.table(made.results))
    if args.json:
        write(args.json, report.as_json(made.results))
    return 0


def repetitions(args: argparse.Namespace) -> int:
    """How many are wanted."""
    return args.repeat or (1 if args.quick else 5)


def setup_of(args: argparse.Namespace) -> Setup:
    """What the flags and settings ask for; AssetError for absent files, ConfigError for what would mislead."""
    from kokoro_wyoming.bench.contenders import Setup

    config = settings.load(args)
    store, version = settings.store(config), config.model.version
    if version != DEFAULT_VERSION:
        raise ConfigError(f"the benchmark measures Kokoro {DEFAULT_VERSION} alone, and model.version is {version}")
    if args.voice[:1] not in _ENGLISH:
        raise ConfigError(f"--voice: the benchmark speaks English, and {args.voice!r} does not; try {_VOICE}")
    if config.cache.megabytes:
        raise ConfigError(f"{args.config}: the benchmark would measure what is remembered; set cache.megabytes to 0")
    for path in (store.config(version), store.weights(version), store.voice(version, args.voice)):
        if not path.is_file():
            raise AssetError(f"{path} is missing; run `kokoro-wyoming fetch`")
    flags = (f"--models={config.folders.models}", f"--voices-folder={config.folders.voices}")
    return Setup(
        store=store,
        voice=args.voice,
        device=config.model.device,
        threads=config.model.threads,
        processor=args.processor,
        serve_arguments=(*([f"--config={args.config}"] if args.config else []), *flags),
    )


def is_finished(course: Course) -> bool:
    """Run it to its end; False where a stop signal came. That as well as Ctrl-C has to end the children first."""

    async def measured() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await course.run()

    try:
        asyncio.run(measured())
    except asyncio.CancelledError:
        return False
    return True


def tell(line: str) -> None:
    """Progress goes to stderr."""
    print(line, file=sys.stderr, flush=True)


def write(path: Path, figures: dict[str, Any]) -> None:
    """Write all figures to a file."""
    with files.written(path) as stream:
        stream.write(json.dumps(figures, indent=2).encode() + b"\n")
    print(f"\n{path}: all figures")


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MOST_REPETITIONS:
        raise argparse.ArgumentTypeError(f"{count} is not from 1 to {_MOST_REPETITIONS}")
    return count
