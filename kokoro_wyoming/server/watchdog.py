"""Notices a model thread that is stuck in a turn. Native code cannot be interrupted: only a new process helps."""

from __future__ import annotations

import asyncio
import logging

from kokoro_wyoming import awake
from kokoro_wyoming.errors import StuckError
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.server.systemd import notify

_LOGGER = logging.getLogger(__name__)


class Watchdog:
    """Looks at the model thread's current turn, and tells systemd's watchdog while all is well."""

    def __init__(self, thread: ModelThread, stuck_seconds: float) -> None:
        self.stuck_seconds = stuck_seconds
        """A turn that lasts longer counts as stuck. May be changed."""
        self._thread = thread
        self._is_stuck = False

    async def until_hopeless(self) -> None:
        """Return when a turn has lasted twice `stuck_seconds`: only a new process can speak then."""
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
            _LOGGER.error("The model has not come back from its work for %.0f s; clients are told an error.", seconds)
        self._is_stuck = True
        # At each look, because a client may have asked just before.
        self._thread.fail_all(lambda: StuckError("The model does not come back from its work; try again later."))
