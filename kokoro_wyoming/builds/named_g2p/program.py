"""A G2P that is a program of the owner's: it answers each line of text with one line of phonemes, both in UTF-8.

It is started once, and asked for one line at a time. It has to flush after each answer and to print nothing else on
its standard output; what it prints as errors goes to the log. It ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

from kokoro_wyoming.builds.named_g2p.interface import NamedG2P, SymbolMap
from kokoro_wyoming.errors import ModelError, UnknownLanguageError, first_line
from kokoro_wyoming.pronunciation.phonemes import Phonemes, fitting_pieces

_LOGGER = logging.getLogger(__name__)

_TRIES = 2
"""Starts for one line: a program that died is started anew once."""
_REST_SECONDS = 10
"""After a line without an answer nothing is started for so long, so that other languages keep the model thread."""
_LONGEST_MESSAGE_BYTES = 200
_MOST_MESSAGES = 100
"""Lines of the log for one start of the program."""
_FIRST_LINE = "a"
"""What the program is asked when it is started, to see that it answers before somebody waits."""


@dataclass(frozen=True)
class Limits:
    """What a program is held to."""

    start_seconds: float = 30.0
    """Time for the first answer after a start."""
    answer_seconds: float = 5.0
    """Time for each answer after it."""
    longest_answer_bytes: int = 16_384
    """The longest line of phonemes, without its end."""
    stop_seconds: float = 2.0
    """Time to end by itself; then it is ended."""

    @classmethod
    def below(cls, seconds: float) -> Limits:
        """Limits with which a text that a program dies of, and one that it is slow with, take less than so long."""
        usual = cls()
        return cls(
            start_seconds=min(usual.start_seconds, seconds / 4),
            answer_seconds=min(usual.answer_seconds, seconds / 12),
            stop_seconds=min(usual.stop_seconds, seconds / 30),
        )


class _NoAnswerError(Exception):
    """Why there was no answer, as half a sentence."""


class Program(NamedG2P):
    """The phonemes that a program makes. No text is given to it twice but after its death."""

    def __init__(self, command: Sequence[str], language: str, symbols: Mapping[str, str], limits: Limits) -> None:
        """Start the program and have it answer once; UnknownLanguageError where it does not."""
        self._conversation = _Conversation(command, limits)
        self._language = language
        self._map = SymbolMap(symbols)
        try:
            self._conversation.ask(_FIRST_LINE)
        except _NoAnswerError as error:
            self.close()
            raise UnknownLanguageError(self._told(error)) from error

    def pieces(self, text: str) -> Iterator[Phonemes]:
        return fitting_pieces(text, self._phonemes, words_may_be_endless=False)

    def close(self) -> None:
        self._conversation.close()

    def _phonemes(self, text: str) -> str:
        try:
            return self._map(self._conversation.ask(text))
        except _NoAnswerError as error:
            raise ModelError(self._told(error)) from error

    def _told(self, error: _NoAnswerError) -> str:
        return f"{self._language} cannot be spoken: its G2P, the program {self._conversation.name}, {error}."


class _Conversation:
    """A running program, and a line for a line. One thread asks at a time; any may close."""

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self.name = os.path.basename(command[0])
        self._command = [*command]
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = _nothing
        self._has_answered = False
        self._rests_until = 0.0
        self._is_closed = False
        self._lock = threading.Lock()

    def ask(self, text: str) -> str:
        """The program's line for a line; it is started where it does not run. _NoAnswerError."""
        line = " ".join(text.split())
        if not line:
            return ""
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise _NoAnswerError("did not answer just now")
            return self._answer_in_spite_of_deaths(line)

    def _answer_in_spite_of_deaths(self, line: str) -> str:
        for tries_left in reversed(range(_TRIES)):
            process = self._in_step()
            if self._is_closed:  # which may happen at any time, and before a new program is known to `close`
                self._end()
                raise _NoAnswerError("was ended")
            try:
                return self._answer(process, line)
            except EOFError:
                self._end()
                _LOGGER.warning("The program %s ended with status %s.", self.name, process.returncode)
                if not tries_left:
                    self._rest()
                    raise _NoAnswerError(f"ends at its text (status {process.returncode})") from None
            except _NoAnswerError:
                self._end()
                self._rest()
                raise
        raise AssertionError("the last try returns or raises")

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + _REST_SECONDS

    def _in_step(self) -> subprocess.Popen[bytes]:
        """The program, running; it is started anew where it printed what nobody asked for."""
        if self._is_closed:
            raise _NoAnswerError("was ended")
        process = self._running()
        if process.stdout is None or not _is_readable(process.stdout, 0):
            return process
        if os.read(process.stdout.fileno(), 1):
            _LOGGER.warning("The program %s printed more than its answer: it is started anew.", self.name)
        self._end()
        return self._running()

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is None:
            return process
        if process is not None:
            self._end()
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self._rest()
            raise _NoAnswerError(f"cannot be started: {first_line(error)}") from error
        self._process = process
        self._has_answered = False
        self._end = weakref.finalize(self, _stop, process, self._limits.stop_seconds)
        if process.stderr is not None:
            messages = partial(_log_messages, process.stderr, self.name)
            threading.Thread(target=messages, name=f"messages of {self.name}", daemon=True).start()
        return process

    def _answer(self, process: subprocess.Popen[bytes], line: str) -> str:
        """One line. EOFError where the program ended; _NoAnswerError for what it may not do."""
        limits = self._limits
        seconds = limits.answer_seconds if self._has_answered else limits.start_seconds
        if process.stdin is None or process.stdout is None:
            raise EOFError
        try:
            process.stdin.write(f"{line}\n".encode())
        except OSError:
            raise EOFError from None
        answer = _line_of(process.stdout, time.monotonic() + seconds, seconds, limits.longest_answer_bytes)
        self._has_answered = True
        return answer.decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End the program, also while it is asked; it is not started again."""
        self._is_closed = True
        process = self._process
        if not self._lock.acquire(blocking=False):
            if process is not None:
                _signal(process, signal.SIGKILL)
            self._lock.acquire()
        try:
            self._end()
            self._process = None
        finally:
            self._lock.release()


def _line_of(stream: IO[bytes], deadline: float, seconds: float, longest: int) -> bytes:
    """The one line that is there until the deadline."""
    answer = b""
    while not answer.endswith(b"\n"):
        if not _is_readable(stream, max(0.0, deadline - time.monotonic())):
            raise _NoAnswerError(f"gave no answer within {seconds:g} s")
        read = os.read(stream.fileno(), longest + 2 - len(answer))
        if not read:
            raise EOFError
        answer += read
        if b"\n" in answer[:-1]:
            raise _NoAnswerError("answered with more than a line")
        if len(answer.rstrip(b"\r\n")) > longest:
            raise _NoAnswerError(f"answered with more than {longest} bytes")
    return answer


def _is_readable(stream: IO[bytes], seconds: float) -> bool:
    """Whether there is something to read within a time, the end included."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _log_messages(stream: IO[bytes], name: str) -> None:
    """Log what a program prints as errors, until it ends; what is too much is read and left out."""
    count = 0
    with stream, contextlib.suppress(OSError, ValueError):
        while read := stream.readline(_LONGEST_MESSAGE_BYTES):
            message = read.decode("utf-8", "replace").strip()
            count += bool(message)
            if message and count <= _MOST_MESSAGES:
                _LOGGER.info("%s: %s", name, message)
            elif message and count == _MOST_MESSAGES + 1:
                _LOGGER.info("%s: its further messages are left out", name)


def _stop(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End a program and all that it started: by the end of its input, then by signals."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    for ending in (None, signal.SIGTERM, signal.SIGKILL):
        if ending is not None:
            _signal(process, ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    _signal(process, signal.SIGKILL)  # what it started and left


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a program and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _nothing() -> None:
    """Nothing was started yet."""
