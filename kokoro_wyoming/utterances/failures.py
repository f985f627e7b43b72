"""What a client and the log are told of a failure."""

from __future__ import annotations

import logging
import re
import traceback

from kokoro_wyoming.errors import KokoroWyomingError, PeerError
from kokoro_wyoming.releases import names

_LOGGER = logging.getLogger(__name__)

_ERROR_CHARS = 200

_PATH = re.compile(r"[^\s'\"(]*[/\\]([^\s/\\]*)")


def error_text(error: KokoroWyomingError) -> str:
    """The error as a client may read it: one printable line of at most 200 characters, files without their folders."""
    text = _PATH.sub(lambda path: path[0 if _is_voice(path[0]) else 1], " ".join(str(error).split()))
    printable = "".join(character for character in text if character.isprintable())
    return printable if len(printable) <= _ERROR_CHARS else printable[: _ERROR_CHARS - 1] + "…"


def _is_voice(path: str) -> bool:
    """Whether it is the full name of a voice, such as v0.19/af_bella: it looks like a path and is none."""
    release, _, name = path.partition("/")
    return release in names() and "/" not in name and "\\" not in name


def log_refusal(peer: str, error: KokoroWyomingError) -> None:
    """Log a failure that is expected: the client's mistake, or something that is missing here."""
    if isinstance(error, PeerError):
        _LOGGER.info("%s: refused as %s: %s", peer, error.code, error_text(error))
    else:
        _LOGGER.error("%s: could not be served: %s", peer, error)


def log_defect(peer: str, error: Exception) -> None:
    """Log a defect of this server."""
    # The error's message may quote the text to speak, which is private above DEBUG.
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    _LOGGER.error("%s: failed with %s\n%s", peer, type(error).__name__, where)
    _LOGGER.debug("%s: the same in full", peer, exc_info=error)


def log_failure(peer: str, error: Exception) -> None:
    """Log a failure of either kind."""
    if isinstance(error, KokoroWyomingError):
        log_refusal(peer, error)
    else:
        log_defect(peer, error)
