"""The expected errors of this program.

The text of an expected error is one sentence with the cause and the remedy, and it is shown without a traceback. Any
other exception is a bug: it is logged with its traceback, and a client is told only "internal".
"""

from __future__ import annotations

from typing import ClassVar


class KokoroWyomingError(Exception):
    """An expected failure; `str()` is one sentence with the remedy."""

    code: ClassVar[str] = "error"
    """The `code` of the Wyoming `error` event, when a client is told."""


class ConfigError(KokoroWyomingError):
    """A configuration that cannot be used: names file, path in the file, value and remedy. Exit status 2."""

    code = "config"


class AssetError(KokoroWyomingError):
    """A file that should have been fetched is missing, truncated, corrupt or unreachable."""

    code = "not-installed"


class ModelError(KokoroWyomingError):
    """Weights or their config.json cannot be loaded, or the network does not fit them."""

    code = "model"


class StuckError(KokoroWyomingError):
    """The model has not finished a step within the time limit."""

    code = "stuck"


class PeerError(KokoroWyomingError):
    """An error of the client. The client is told, and the connection is closed."""

    code = "invalid-request"


class UnknownVoiceError(PeerError):
    """A voice that the chosen release does not have."""

    code = "unknown-voice"


class UnknownLanguageError(PeerError):
    """A language that the release does not speak, or whose parts are not installed."""

    code = "unknown-language"


class UnknownVersionError(PeerError):
    """A Kokoro release that this program does not know."""

    code = "unknown-program"


class TextTooLongError(PeerError):
    """More text in one utterance than the limit allows."""

    code = "too-long"


class BusyError(PeerError):
    """The client exceeds a limit of the server at this moment, and may try again later."""

    code = "busy"


class ShuttingDownError(BusyError):
    """The server is about to stop."""

    code: ClassVar[str] = "shutting-down"

    def __init__(self) -> None:
        super().__init__("The server is shutting down; try again later.")


def first_line(error: BaseException, line: int = 0) -> str:
    """One line of an exception's text, to quote in another error; for an OSError, the system's text."""
    system_text = error.strerror if isinstance(error, OSError) else None
    lines = (system_text or str(error)).strip().splitlines() or [type(error).__name__]
    return lines[min(line, len(lines) - 1)].strip()[:200]
