"""`app`: serve as an app of Home Assistant. The image of the app starts it; nobody types it."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import app_options, serve, settings
from kokoro_wyoming.errors import ConfigError

if TYPE_CHECKING:
    from kokoro_wyoming.config import Config

SUMMARY = ""
"""Not listed among the commands."""
DESCRIPTION = (
    "Serve as an app of Home Assistant: with the options of the app's page, over a settings file of the owner's if "
    "there is one, and told to Home Assistant by the Supervisor."
)
EXAMPLES = """\
environment:
  SUPERVISOR_TOKEN      the Supervisor sets it; without it Home Assistant is not told

examples:
  kokoro-wyoming app
  kokoro-wyoming app --options options.json --config settings.yaml --supervisor http://127.0.0.1:8000
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--options",
        metavar="FILE",
        type=Path,
        default=Path("/data/options.json"),
        help="the options as the Supervisor writes them (default: %(default)s)",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=Path("/config/settings.yaml"),
        help="YAML file with further settings, if it is there (default: %(default)s)",
    )
    parser.add_argument(
        "--supervisor",
        metavar="URL",
        default="http://supervisor",
        help="the Supervisor's address (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    token = os.environ.get("SUPERVISOR_TOKEN")
    return serve.start(partial(_load, args), partial(_tell, args.supervisor, token) if token else None)


def _load(args: argparse.Namespace) -> Config:
    """The settings. Raises ConfigError, which names options by their names."""
    from kokoro_wyoming import config

    settings.check_temporary_folder()
    try:
        chosen = app_options.settings_of(app_options.read(args.options))
        path = args.config if args.config.exists() else None
        return config.load(path, {**app_options.OF_THE_APP, **chosen}, flags=app_options.FLAGS)
    except ConfigError as error:
        raise ConfigError(app_options.in_words_of_options(str(error))) from error


async def _tell(supervisor: str, token: str, port: int) -> None:
    from kokoro_wyoming.server.supervisor import offer  # aiohttp is loaded by then

    await offer(port, supervisor=supervisor, token=token)
