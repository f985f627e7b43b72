"""The command line: which command is meant, and how failures become words and an exit status.

Nothing heavy is imported before a command runs, so that `--help` and `--version` answer at once.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from types import ModuleType
from typing import Any

from kokoro_wyoming import __version__
from kokoro_wyoming.cli import standard, stopping
from kokoro_wyoming.errors import ConfigError, KokoroWyomingError
from kokoro_wyoming.network.memory import keep_freed

COMMANDS = (
    "serve",
    "fetch",
    "check",
    "voices",
    "voice",
    "release",
    "say",
    "announce",
    "speakers",
    "health",
    "bench",
    "relay",
    "app",
)

OK, FAILED, MISUSED = 0, 1, 2

_NOT_ASKED_FOR = ("kokoro", "misaki")
"""Packages that work on Python 3.13 and later but say that they do not, so that setup.cfg cannot ask pip for them."""

_DESCRIPTION = "Kokoro's voices over the Wyoming protocol, for Home Assistant and every other Wyoming client."

_EPILOG = """\
Without a command it serves: `kokoro-wyoming --voice bf_emma` is `kokoro-wyoming serve --voice bf_emma`.
`kokoro-wyoming COMMAND --help` tells the flags of a command.

examples:
  kokoro-wyoming                                           fetch what is missing, then serve on port 10200
  kokoro-wyoming --config my.yaml --log-level debug        the same with settings of your own
  kokoro-wyoming fetch                                     only fetch weights and voices, about 360 MB
  kokoro-wyoming check                                     is everything there and unharmed? what is missing?
  kokoro-wyoming say "The front door is open."             speak on this machine's sound card
  kokoro-wyoming say "Hello." --voice bm_george --out hello.wav
  kokoro-wyoming speakers                                  find the speakers of the house
  kokoro-wyoming announce "Dinner!" --to cast://hall       speak on one, or on many at once

environment:
  KOKORO_WYOMING_HOME   folder in which models/ and voices/ lie
  HF_ENDPOINT, HF_HUB_OFFLINE, HTTPS_PROXY and their like are honoured when files are fetched

exit status: 0 done, also a server that was told to stop; 1 failed; 2 wrong usage or settings; 130 interrupted;
143 ended by SIGTERM
"""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that keeps the line breaks of examples and knows no abbreviated flags."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    standard.mend()
    words = _with_command(sys.argv[1:] if argv is None else argv)
    seconds = stopping.SPEAKERS_SECONDS if words[0] in ("announce", "speakers") else stopping.UNWIND_SECONDS
    serves = words[0] in ("serve", "relay", "app")
    if serves:
        keep_freed()  # before there is a second thread
    with stopping.heard(serving=serves, seconds=seconds) as told:
        try:
            status = _run(words)
            sys.stdout.flush()
        except KokoroWyomingError as error:
            print(f"kokoro-wyoming: {error}", file=sys.stderr)
            return MISUSED if isinstance(error, ConfigError) else FAILED
        except ModuleNotFoundError as error:
            if error.name not in _NOT_ASKED_FOR:
                raise
            print(f"kokoro-wyoming: {_how_to_install()}", file=sys.stderr)
            return FAILED
        except KeyboardInterrupt:
            return told.end()
        except BrokenPipeError:  # whoever read our output is gone (`| head`)
            return FAILED
        finally:
            standard.end()
        return status


def _how_to_install() -> str:
    """What to do where a package of _NOT_ASKED_FOR is missing."""
    wanted = re.compile(rf"({'|'.join(_NOT_ASKED_FOR)})==[\w.]+")
    pins = [found[0] for line in metadata.requires("kokoro-wyoming") or () if (found := wanted.match(line))]
    installer = f"{sys.executable} -m pip install --ignore-requires-python"
    if importlib.util.find_spec("pip") is None:  # uv makes environments without it, and asks for no upper bound itself
        installer = f"uv pip install --python {sys.executable}"
    command = f"{installer} --no-deps {' '.join(pins)}"
    return f"Kokoro's own packages do not come by themselves on this Python; run: {command}"


def _with_command(argv: Sequence[str]) -> Sequence[str]:
    """The same with `serve` where no command is named."""
    about_all = ("-h", "--help", "--version")
    return ["serve", *argv] if not argv or (argv[0].startswith("-") and argv[0] not in about_all) else argv


def _run(argv: Sequence[str]) -> int:
    try:
        args = _parse(argv)
    except SystemExit as leaving:  # argparse has said why
        return leaving.code if isinstance(leaving.code, int) else OK
    return int(args.run(args))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    # Here, as a signal is heard from the beginning of `main` on.
    parser = _parser({name: importlib.import_module(f"{__name__}.{name}") for name in COMMANDS})
    if not argv[0].startswith("-") and argv[0] not in COMMANDS:
        parser.error(f"there is no command {argv[0]!r}{_did_you_mean(argv[0], COMMANDS)}")
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_unknown(args.command, unknown))
    return args


def _unknown(command: str, unknown: Sequence[str]) -> str:
    late = next((word for word in unknown if word in COMMANDS), None)
    if late is not None:
        return f"a command comes first: kokoro-wyoming {late} ..."
    from kokoro_wyoming.cli import settings

    hint = _did_you_mean(unknown[0].partition("=")[0], settings.FLAG_NAMES)
    return f"{command} knows no {unknown[0]!r}{hint or f'; see kokoro-wyoming {command} --help'}"


def _did_you_mean(word: str, candidates: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(word, candidates, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _parser(modules: Mapping[str, ModuleType]) -> argparse.ArgumentParser:
    parser = _Parser(prog="kokoro-wyoming", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"kokoro-wyoming {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, parser_class=_Parser
    )
    for name, module in modules.items():
        # Without a summary it is a command that no person calls, and is not listed.
        listed = {"help": module.SUMMARY} if module.SUMMARY else {}
        command = commands.add_parser(name, description=module.DESCRIPTION, epilog=module.EXAMPLES, **listed)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
