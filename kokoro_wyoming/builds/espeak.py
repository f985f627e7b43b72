"""espeak-ng, which both releases use through `phonemizer`: where it is, and why it cannot be loaded.

`phonemizer` copies the library into the folder for temporary files, and loads the copy from there. espeak-ng itself
ends the process where it does not find its data, and it takes no path of 160 bytes or more for them.

`phonemizer` loads four copies for each language, and lets none of them go: 1.5 MB each, so 130 MB for all languages
that a sentence can have. Here all share one.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from kokoro_wyoming.errors import UnknownLanguageError, first_line

NEEDS = (("espeakng_loader", "espeakng-loader"), ("phonemizer", "phonemizer-fork"))
"""Modules to import, with the package that brings each."""

_MAX_PATH_BYTES = 159
_OPEN_FILES = "/proc/self/fd"
_IN_USE = threading.RLock()
"""Held while espeak works: it has one voice at a time, and a language is prepared beside the model thread."""


def fault() -> str | None:
    """Why the installed espeak cannot be loaded, with the remedy; None when it can."""
    try:
        folder = tempfile.gettempdir()
        may_not_run = os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
    except OSError as error:
        return f"there is no folder for temporary files ({first_line(error)}); name one by TMPDIR"
    if may_not_run:
        return f"nothing can be run from {folder}, as its disk is mounted with noexec; name another folder by TMPDIR"
    if _is_too_long(_data_path()) and not os.path.isdir(_OPEN_FILES):
        return f"espeak takes no path as long as {_data_path()}; install this program in a folder with a shorter one"
    return None


@contextlib.contextmanager
def loading(language: str) -> Iterator[None]:
    """The block makes a G2P with the espeak that is installed, and its data. UnknownLanguageError where that fails."""
    import espeakng_loader
    from phonemizer.backend.espeak import base, espeak
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    base.EspeakWrapper = espeak.EspeakWrapper = SharedEspeak
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    path = _data_path()
    if _is_too_long(path):
        # phonemizer would make the short path a long one again, so espeak gets it from the environment.
        os.environ["ESPEAK_DATA_PATH"] = _short_path(os.path.dirname(path))
        EspeakWrapper.set_data_path(None)
    else:
        EspeakWrapper.set_data_path(path)
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise UnknownLanguageError(
            f"{language} cannot be spoken: its G2P cannot be loaded: {first_line(error)}."
        ) from error


class SharedEspeak:
    """Stands where phonemizer has an `EspeakWrapper`. All of them read by one copy, each in its own voice."""

    def __init__(self) -> None:
        """RuntimeError or OSError where the library cannot be loaded."""
        self._voice = ""
        self._copy = _copy()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._copy.wrapper, name)

    def available_voices(self) -> list[Any]:
        """As `EspeakWrapper` has it."""
        with _IN_USE:
            return list(self._copy.wrapper.available_voices())

    def set_voice(self, voice: str) -> None:
        """Read in this language of espeak from now on; RuntimeError where it has none of that name."""
        with _IN_USE:
            self._copy.change_voice(voice)
            self._voice = voice

    def text_to_phonemes(self, text: str, tie: bool = False) -> str:
        """As `EspeakWrapper` has it."""
        with _IN_USE:
            self._copy.change_voice(self._voice)
            return str(self._copy.wrapper.text_to_phonemes(text, tie))


class _Copy:
    """The library as phonemizer loads it, and the voice that it reads in."""

    def __init__(self) -> None:
        from phonemizer.backend.espeak.wrapper import EspeakWrapper

        self.wrapper: Any = EspeakWrapper()
        self._voice: str | None = None

    def change_voice(self, voice: str) -> None:
        """Read in this voice; to change it takes 0.1 ms."""
        if self._voice != voice:
            self._voice = None
            self.wrapper.set_voice(voice)
            self._voice = voice


@cache
def _loaded_copy() -> _Copy:
    return _Copy()


def _copy() -> _Copy:
    """The one copy, loaded at its first use."""
    with _IN_USE:
        return _loaded_copy()


def _data_path() -> str:
    import espeakng_loader

    return os.path.realpath(espeakng_loader.get_data_path())


def _is_too_long(path: str) -> bool:
    return len(os.fsencode(path)) > _MAX_PATH_BYTES


@cache
def _short_path(folder: str) -> str:
    """A path of a few bytes to a folder, which stays open as long as this process runs."""
    return f"{_OPEN_FILES}/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}"
