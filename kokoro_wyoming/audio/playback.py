"""When sound will have been heard that is played as it comes."""

from __future__ import annotations

import time


class PlaybackClock:
    """Counts the sound that a player was given. It plays one piece after the other, and waits where none is left."""

    def __init__(self) -> None:
        self.ends_at_seconds = time.monotonic()
        """Monotonic time when all that was given will have been heard."""

    @property
    def left_seconds(self) -> float:
        """How long the player plays on without more sound; 0 where it has played all."""
        return max(0.0, self.ends_at_seconds - time.monotonic())

    def add(self, seconds: float) -> None:
        """The player was given more sound: it is heard after the sound before it, or now."""
        self.ends_at_seconds = max(self.ends_at_seconds, time.monotonic()) + seconds
