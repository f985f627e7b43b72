"""Notices a model thread that does not come back: native code cannot be interrupted, only told of and outlived."""

from __future__ import annotations

import asyncio
import logging

from kokoro_wyoming import awake
from kokoro_wyoming.errors import StuckError
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.server.systemd import notify

_LOGGER = logging.getLogger(__name__)


class Watchdog:
    """Looks at the model thread, and so at its clock; while all is well, systemd's own watchdog is fed by it."""

    def __init__(self, thread: ModelThread, stuck_seconds: float) -> None:
        self.stuck_seconds = stuck_seconds
        """A turn that lasts longer is not coming back. May be changed."""
        self._thread = thread
        self._is_stuck = False

    async def until_hopeless(self) -> None:
        """Return when a turn has lasted twice the time: then only a new process can speak."""
        while self._thread.turn_seconds < 2 * self.stuck_seconds:
            self._look()
            await asyncio.sleep(awake.LOOK_SECONDS)

    def _look(self) -> None:
        seconds = self._thread.turn_seconds
        if seconds < self.stuck_seconds:
            notify("WATCHDOG=1")
            if self._is_stuck:
                _LOGGER.warning("The model has come back, and speaks again.")
            self._is_stuck = False
            return
        if not self._is_stuck:
            _LOGGER.error("The model has not come back from its work for %.0f s; whoever waits is told.", seconds)
        self._is_stuck = True
        # At each look, as somebody may have asked just before.
        self._thread.fail_all(lambda: StuckError("The model does not come back from its work; try again later."))
