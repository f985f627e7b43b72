"""stdin, stdout and stderr as they are at times: closed, full, broken off, or without the letters that are written."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import select
import sys
import warnings
from typing import Any, BinaryIO, TextIO

from kokoro_wyoming.errors import KokoroWyomingError

_closed: list[str] = []


class OutputError(KokoroWyomingError):
    """stdout takes no more."""


class _Output(io.FileIO):
    """A stream that says once that it takes no more, and then swallows the rest; stderr, which nobody can be told of,
    at once."""

    def __init__(self, file: int, name: str) -> None:
        super().__init__(file, "wb", closefd=False)
        self._name = name
        self._is_over = False

    def write(self, content: Any) -> int:
        """All of it, also where the stream does not wait by itself. Raises OutputError or BrokenPipeError."""
        left = memoryview(content).cast("B")
        size_bytes = len(left)
        try:
            while left and not self._is_over:
                written = super().write(left)
                if written is None:
                    select.select((), (self,), ())
                else:
                    left = left[written:]
        except OSError as error:
            self._is_over = True
            if self._name == "stderr":
                return size_bytes
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"stdout cannot be written: {(error.strerror or str(error)).lower()}") from error
        return size_bytes


def leave_out_warnings() -> None:
    """Show no warnings of libraries: they are for who writes programs. `python -W` asks for them all the same."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def mend() -> None:
    """Make the standard streams of this process ones that can be used.

    First of all, as the next file to be opened would take the number of a closed one.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(nowhere, True)
            stream = os.fdopen(nowhere, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
            _closed.append(name)
    for name, errors in (("stdout", "as-given"), ("stderr", "backslashreplace")):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):  # it was not replaced
            setattr(sys, name, _text(stream, name, errors))
        elif isinstance(stream, io.TextIOWrapper):  # file names may hold bytes that are no characters
            stream.reconfigure(errors="backslashreplace")


def _text(before: TextIO, name: str, errors: str) -> TextIO:
    raw = _Output(before.fileno(), name)
    writes_through = bool(getattr(before, "write_through", False))
    # Unbuffered, as Python's own stderr with PYTHONUNBUFFERED.
    buffer: Any = raw if writes_through else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer,
        encoding=before.encoding,
        errors=errors,
        line_buffering=bool(getattr(before, "line_buffering", False)),
        write_through=writes_through,
    )


def bytes_out() -> BinaryIO:
    """stdout for what is no text. Raises OutputError where it is closed: what it is asked for would be lost."""
    if "stdout" in _closed:
        raise OutputError("stdout is closed, so nothing can be written there")
    return sys.stdout.buffer


def end() -> None:
    """Have nothing left to write, so that Python does not try at its end; what went wrong was told."""
    with contextlib.suppress(KokoroWyomingError, OSError):
        sys.stdout.flush()


def _as_given(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes of an argument that are no text as they were, and letters that the encoding lacks by their numbers."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)


codecs.register_error("as-given", _as_given)
