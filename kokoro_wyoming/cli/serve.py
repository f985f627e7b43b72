"""`serve`: fetch what is missing, then speak for whoever asks."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import io
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import settings
from kokoro_wyoming.server.read_ahead import load_torch_ahead, read_ahead

if TYPE_CHECKING:
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.server.lifecycle import Tell

SUMMARY = "run the server (the default)"
DESCRIPTION = "Fetch the files that are missing, check them, load the model and serve until a signal ends it."
EXAMPLES = """\
examples:
  kokoro-wyoming serve
  kokoro-wyoming serve --config my.yaml
  kokoro-wyoming serve --uri tcp://127.0.0.1:10300 --voice bf_emma --speed 1.1 --no-zeroconf
"""

_LOGGER = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    return start(partial(settings.load, args))


def start(load: Callable[[], Config], tell: Tell | None = None) -> int:
    """Serve with the settings that `load` reads, now and at each SIGHUP. `tell` is told the port, as in `lifecycle`."""
    load_torch_ahead()
    config = load()
    set_up_logging(config.server.log_level)
    # Where native code crashed or hung is written to the log, without a word of what was spoken.
    with contextlib.suppress(io.UnsupportedOperation):  # stderr is no file
        faulthandler.enable()
    from kokoro_wyoming import assets
    from kokoro_wyoming.assets.store import weights_path

    store = settings.store(config)
    assets.fetch(
        store,
        version=config.model.version,
        source=config.assets.source,
        offline=config.assets.offline,
        report=_LOGGER.info,
    )
    read_ahead(weights_path(store.models_folder(config.model.version), config.model.version))
    # To look for garbage takes a tenth of a start, so it begins when the server is ready.
    gc.disable()
    try:
        from kokoro_wyoming.server.process import serve

        return int(serve(config, load, tell))
    finally:
        gc.enable()


def set_up_logging(level: str) -> None:
    """Log to stderr: our own words from `level` up, other libraries' warnings, and at debug their news too."""
    debugging = level == "debug"
    form = "%(asctime)s %(levelname)-7s " + ("%(name)s: %(message)s" if debugging else "%(message)s")
    logging.basicConfig(level=logging.INFO if debugging else logging.WARNING, format=form, force=True)
    logging.getLogger("kokoro_wyoming").setLevel(level.upper())
    # Deprecations inside torch and its kin are nothing that the owner of a server can mend.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.WARNING if debugging else logging.ERROR)
