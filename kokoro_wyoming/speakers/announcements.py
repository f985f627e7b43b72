"""The announcements of a server: on the speakers of the settings, each to its end whoever hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers.announcer import Announcement, Announcer, Outcome, Spoken
from kokoro_wyoming.speakers.book import Book
from kokoro_wyoming.speakers.chime import Chime

_LOGGER = logging.getLogger(__name__)
_RESTORE_SECONDS = 5.0
"""Longest wait, when the server stops, for the speakers to be as they were. The next start does the rest."""


@dataclass(frozen=True)
class Wishes:
    """What the owner's settings say."""

    book: Book = field(default_factory=Book)
    chime: Chime | None = None
    """None: none, unless an announcement asks for one."""
    patience_seconds: float = 10.0


class Announcements:
    """Those that are in hand, and what holds for the next."""

    def __init__(self, announcer: Announcer, wishes: Wishes) -> None:
        self.announcer = announcer
        self.wishes = wishes
        self._tasks: set[asyncio.Task[list[Outcome]]] = set()
        self._restoring: asyncio.Task[None] | None = None

    def change(self, wishes: Wishes) -> None:
        """Use other settings from the next announcement on."""
        self.wishes = wishes
        self.announcer.means = replace(self.announcer.means, patience_seconds=wishes.patience_seconds)

    def restore_left(self) -> None:
        """Begin to restore what a program that was killed left, without waiting for it."""
        self._restoring = asyncio.create_task(self.announcer.restore_left())

    def begin(self, announcement: Announcement, speech: AsyncGenerator[Spoken, None]) -> asyncio.Task[list[Outcome]]:
        """Begin one, which goes on if nobody waits for it. How it went is logged."""
        task = asyncio.create_task(self._announce(announcement, speech))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def drain(self, seconds: float) -> None:
        """Let those in hand finish within this time; then end them and restore their speakers."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        left = [*self._tasks, *([self._restoring] if self._restoring else [])]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_RESTORE_SECONDS)

    async def _announce(self, announcement: Announcement, speech: AsyncGenerator[Spoken, None]) -> list[Outcome]:
        async with contextlib.aclosing(speech):
            return await self.announcer.announce(announcement, speech)

    def _ended(self, task: asyncio.Task[list[Outcome]]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            for outcome in task.result():
                _log(outcome)
        elif isinstance(error, KokoroWyomingError):
            _LOGGER.warning("An announcement could not be spoken: %s", error)
        else:
            _LOGGER.error("An announcement failed with %s", type(error).__name__)


def _log(outcome: Outcome) -> None:
    level = logging.INFO if outcome.is_well else logging.WARNING
    why = f" ({outcome.reason})" if outcome.reason else ""
    _LOGGER.log(level, "Announced on %s: %s, %.1f s of sound%s", outcome.speaker, outcome.status, outcome.seconds, why)
