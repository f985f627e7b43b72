"""A clock that counts only the time in which this process runs.

A process can be suspended: by SIGSTOP, by `docker pause` or with its machine. The monotonic clock may go on in that
time. Afterwards every deadline has passed, though nothing was slow. So code that decides whether something is stuck,
late or idle uses this clock. Each reading adds the time since the last reading, but at most two look intervals.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LOOK_SECONDS = 0.25
"""The interval in which `watchdog` reads the clock: a quarter of the shortest `limits.stuck_seconds`."""
_MAX_STEP_SECONDS = 2 * LOOK_SECONDS
"""The most that one reading adds. A reading is often a little late, so this is more than one interval."""


class AwakeClock:
    """A clock that advances by half a second at most between two readings, however long a suspension lasts."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` gives monotonic seconds."""
        self._now = now
        self._reading = threading.Lock()
        self._read_at = now()
        self._seconds = 0.0

    def __call__(self) -> float:
        """Seconds since the clock was made; from any thread."""
        with self._reading:
            now = self._now()
            self._seconds += min(now - self._read_at, _MAX_STEP_SECONDS)
            self._read_at = now
            return self._seconds


seconds = AwakeClock()
"""The clock of this process."""
