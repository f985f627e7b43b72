"""Signals that end a command while nothing of its own hears them.

SIGTERM and SIGHUP unwind it as Ctrl-C does, so that programs that it started are ended and no half file is left. Soon
after it ends in any case: code that is not Python's, such as the search for a host's address, is not interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_LOGGER = logging.getLogger(__name__)

UNWIND_SECONDS = 1.0
SPEAKERS_SECONDS = 15.0
"""The same for a command that leaves speakers as they were: each of them has to answer."""


class Told:
    """Which signal ended the command, if any did."""

    def __init__(self, *, serving: bool) -> None:
        self.serving = serving
        self.number = signal.SIGINT

    @property
    def status(self) -> int:
        """The exit status: 0 for a server, else what shells know: 130 for Ctrl-C, 143 for SIGTERM."""
        return 0 if self.serving else 128 + self.number

    def log(self) -> None:
        """Log that a server stops."""
        words = f"{self.number.name}: stopping at once"
        if logging.getLogger().handlers:
            _LOGGER.info(words)
        else:  # logging is set up when the settings are read
            print(f"kokoro-wyoming: {words}", file=sys.stderr)

    def end(self) -> int:
        """The exit status of a command that a signal stopped. The process of a server ends here: an interpreter that
        shuts down while native code is half loaded may crash.
        """
        if self.serving:
            self.log()
            os._exit(self.status)
        return self.status

    def stop(self, number: int, frame: FrameType | None) -> None:
        """As Ctrl-C would, for which asyncio has a handler of its own."""
        self.number = signal.Signals(number)
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):  # it is ignored, as in a script's background
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)


@contextlib.contextmanager
def heard(*, serving: bool = False, seconds: float = UNWIND_SECONDS) -> Iterator[Told]:
    """A stop signal raises KeyboardInterrupt in the block, and the process ends where that does not within `seconds`.

    A server goes on after SIGHUP. A signal that is ignored, as SIGHUP under nohup, stays so; but a server hears SIGINT
    also in a script's background, as it does when it runs. Only the main thread hears signals; elsewhere nothing is
    changed.
    """
    told = Told(serving=serving)
    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], object]]
    handlers = {signal.SIGTERM: told.stop, signal.SIGHUP: _go_on if serving else told.stop}
    if serving:
        handlers[signal.SIGINT] = signal.default_int_handler
    before = {number: signal.getsignal(number) for number in handlers}
    numbers = {signal.SIGINT, signal.SIGTERM} if serving else {signal.SIGINT, *handlers}
    with _ended_in_time(told, numbers, seconds):
        for number, handler in handlers.items():
            if before[number] is not signal.SIG_IGN or number == signal.SIGINT:
                signal.signal(number, handler)
        try:
            yield told
        finally:
            for number in handlers:
                signal.signal(number, before[number])


def _go_on(number: int, frame: FrameType | None) -> None:
    """Not as by default, which is to end."""


@contextlib.contextmanager
def _ended_in_time(told: Told, numbers: set[signal.Signals], seconds: float) -> Iterator[None]:
    over = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def watch() -> None:
        # Python writes the number here whatever the main thread is doing, and calls the handler when that is back.
        while number := os.read(reading, 1):
            if number[0] in numbers and not over.wait(seconds):
                told.number = signal.Signals(number[0])
                # Only where writing cannot block, as it would in a full pipe.
                if told.serving and select.select((), (2,), (), 0)[1]:
                    told.log()
                os._exit(told.status)
        os.close(reading)

    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=watch, name="stopping", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
