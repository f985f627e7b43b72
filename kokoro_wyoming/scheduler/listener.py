"""Who waits for sound: when it runs out, and by when a turn is wanted."""

from __future__ import annotations

import math
import time

_NEWCOMER_SECONDS = 0.9
"""Time that a newcomer, a listener without sound, can wait for a turn. For a listener with sound a delay is a gap;
for a newcomer it is only a later start."""
_FETCHING_SECONDS = 1.0
"""When a client that fetches sound wants more at the earliest. It is later than a newcomer's time, so that who has
asked to hear something now comes first."""
HORIZON_SECONDS = 10.0
"""Time over which the sound that is wanted counts."""


class Listener:
    """The listener of one utterance. `due` is the monotonic time when the sound that was made runs out.

    A `due` of infinity means that nobody listens: such work is done while no listener wants a turn.
    """

    def __init__(self, due: float | None = None, *, fetches: bool = False) -> None:
        """`fetches`: the client takes sound as fast as it is made, and nobody knows when it is heard."""
        self.fetches = fetches
        self.due = time.monotonic() + _NEWCOMER_SECONDS if due is None else due
        self.hears = False
        """Whether any sound was made for this listener."""
        self._delivered_until: float | None = None
        """Monotonic time when the sound that was sent runs out."""
        self.waited_seconds: float | None = None
        """From the first wish for a turn to that turn; None before."""
        self.worked_seconds = 0.0
        """How long all turns together took."""
        self.made_seconds = 0.0
        """Length of the sound that was made."""

    @property
    def ahead_seconds(self) -> float:
        """How long the sound that was made will last; 0 while there is none."""
        return self.due - time.monotonic() if self.hears else 0.0

    @property
    def wanted_by(self) -> float:
        """Monotonic time when a turn is wanted at the latest.

        A newcomer's time moves with the clock: however long a newcomer waits, a listener who would hear a gap is first.
        """
        if self.hears and not self.fetches:
            return self.due
        return max(self.due, time.monotonic() + (_FETCHING_SECONDS if self.hears else _NEWCOMER_SECONDS))

    @property
    def wanted_share(self) -> float:
        """The part of the sound of the next HORIZON_SECONDS that is still to be made: 0 to 1."""
        return min(max(0.0, 1 - self.ahead_seconds / HORIZON_SECONDS), 1.0)

    def wants_more(self) -> None:
        """A new sentence is asked for. A listener whose sound ran out before is due now, not in the past."""
        if self._delivered_until is not None:
            self.due = self._delivered_until
        self.due = max(self.due, time.monotonic())

    def given(self, seconds: float) -> None:
        """More sound was made: it is heard after the sound before it, or now."""
        now = time.monotonic()
        self.due = (max(self.due, now) if self.hears or math.isinf(self.due) else now) + seconds
        self.hears = True
        self.made_seconds += seconds

    def delivered(self, seconds: float) -> None:
        """More sound was sent. It differs from what was made: silence was cut off and pauses were put in."""
        if self.due < math.inf:
            self._delivered_until = max(self._delivered_until or 0.0, time.monotonic()) + seconds
