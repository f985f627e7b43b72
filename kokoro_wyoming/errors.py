"""What can go wrong, by whose fault it is.

Everything here is expected: its text is one sentence that names the thing and says what to do, and it is
shown without a traceback. Any other exception is a defect of ours: logged with its traceback, and told to a
client only as "internal".
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
    """The model does not come back from its work."""

    code = "stuck"


class PeerError(KokoroWyomingError):
    """The client's fault: told to the client, then the connection is closed."""

    code = "invalid-request"


class UnknownVoiceError(PeerError):
    """A voice that no catalogue of the chosen release has."""

    code = "unknown-voice"


class UnknownLanguageError(PeerError):
    """A language that no build speaks, or whose parts are not installed."""

    code = "unknown-language"


class UnknownVersionError(PeerError):
    """A Kokoro release that this program does not know."""

    code = "unknown-program"


class TextTooLongError(PeerError):
    """More text in one utterance than the limit allows."""

    code = "too-long"


class BusyError(PeerError):
    """More is asked at once than the server admits; try again later."""

    code = "busy"


class ShuttingDownError(BusyError):
    """The server is about to stop."""

    code: ClassVar[str] = "shutting-down"

    def __init__(self) -> None:
        super().__init__("The server is shutting down; try again later.")


def first_line(error: BaseException, line: int = 0) -> str:
    """One line of an exception's text, to quote in ours; of a file that cannot be read, what the system says."""
    told = error.strerror if isinstance(error, OSError) else None
    lines = (told or str(error)).strip().splitlines() or [type(error).__name__]
    return lines[min(line, len(lines) - 1)].strip()[:200]
