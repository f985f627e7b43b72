"""How much of the model thread's time its listeners need."""

from __future__ import annotations

import time
from collections.abc import Hashable, Set

_PACE_SECONDS = 30.0
"""Length of the sound over which the pace is measured."""
_HEARD_SECONDS = 10.0
"""Longest time that a listener counts whose sound is made: whoever took an hour's sound needs none for a while."""


class Pace:
    """How long the thread works for a second of sound, over the last sound that it made."""

    def __init__(self) -> None:
        self._worked_seconds = self._sound_seconds = 0.0

    @property
    def seconds_a_second(self) -> float:
        """Seconds of work for a second of sound; 0 while nothing is known."""
        return self._worked_seconds / self._sound_seconds if self._sound_seconds else 0.0

    def add(self, worked_seconds: float, sound_seconds: float) -> None:
        """A turn took so long, and made so much sound or none."""
        self._worked_seconds += worked_seconds
        self._sound_seconds += sound_seconds
        if self._sound_seconds > _PACE_SECONDS:
            self._worked_seconds /= 2
            self._sound_seconds /= 2


class Load:
    """Who needs sound, and what part of the thread's time that takes.

    A listener needs a second of sound a second, from the first wish to the end of what is heard.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._served: dict[Hashable, float] = {}
        """Listeners for whom all is made that they asked for, and until when they count, in monotonic time."""

    def served(self, listener: Hashable, due: float) -> None:
        """All that a listener asked for is made; its sound runs out at `due`, in monotonic time."""
        now = time.monotonic()
        self._served = {who: until for who, until in self._served.items() if until > now}
        self._served[listener] = min(due, now + _HEARD_SECONDS)

    def of(self, waiting: Set[Hashable]) -> float:
        """The load now: 1 is all that the thread can make. `waiting` are those for whom sound is still to be made."""
        now = time.monotonic()
        hearing = {who for who, until in self._served.items() if until > now}
        return self._pace.seconds_a_second * len(hearing | waiting)
