"""What a client may read of a failure, and what the log is told of it."""

from __future__ import annotations

import logging
import re
import traceback

from kokoro_wyoming.errors import KokoroWyomingError, PeerError

_LOGGER = logging.getLogger(__name__)

_ERROR_CHARS = 200

_PATH = re.compile(r"[^\s'\"(]*[/\\]([^\s/\\]*)")

_OF_A_RELEASE = re.compile(r"v?[0-9.]+/[^/\\]+$")
"""A voice by its full name, such as v0.19/af_bella, and no path."""


def error_text(error: KokoroWyomingError) -> str:
    """What a client may read of it: one printable line, at most 200 characters, files without folders."""
    text = _PATH.sub(lambda found: found[0 if _OF_A_RELEASE.match(found[0]) else 1], " ".join(str(error).split()))
    printable = "".join(character for character in text if character.isprintable())
    return printable if len(printable) <= _ERROR_CHARS else printable[: _ERROR_CHARS - 1] + "…"


def log_refusal(peer: str, error: KokoroWyomingError) -> None:
    """An expected failure."""
    if isinstance(error, PeerError):
        _LOGGER.info("%s: refused as %s: %s", peer, error.code, error_text(error))
    else:
        _LOGGER.error("%s: could not be served: %s", peer, error)


def log_defect(peer: str, error: Exception) -> None:
    """A failure that is ours."""
    # Its message may quote what was to be said, which is nobody's business above DEBUG.
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    _LOGGER.error("%s: failed with %s\n%s", peer, type(error).__name__, where)
    _LOGGER.debug("%s: the same in full", peer, exc_info=error)
