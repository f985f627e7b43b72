"""Seconds during which this process runs.

A process can be suspended, by SIGSTOP, by `docker pause` or with its machine. The monotonic clock may go on meanwhile;
then every deadline has passed at the end, though nobody was slow. So whatever decides that somebody is stuck, late or
idle counts: each reading of this clock adds the time since the reading before it, but no more than two looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LOOK_SECONDS = 0.25
"""How often the clock is to be read, and is by `watchdog`: a quarter of the shortest `limits.stuck_seconds`."""
_MOST_SECONDS = 2 * LOOK_SECONDS
"""What one reading adds at most: a look is often a little late, and then not all of a suspension is counted."""


class AwakeClock:
    """A clock that a suspension advances by half a second at most; so does any time in which nobody reads it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` gives monotonic seconds."""
        self._now = now
        self._reading = threading.Lock()
        self._read_at = now()
        self._seconds = 0.0

    def __call__(self) -> float:
        """Seconds since the clock was made. Any thread may ask."""
        with self._reading:
            now = self._now()
            self._seconds += min(now - self._read_at, _MOST_SECONDS)
            self._read_at = now
            return self._seconds


seconds = AwakeClock()
"""The clock of this process."""
