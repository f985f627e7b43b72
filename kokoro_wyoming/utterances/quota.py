"""How many utterances the clients of one address may have waiting."""

from __future__ import annotations

from kokoro_wyoming.errors import BusyError


class Quota:
    """What the clients of one address may ask together, so that the places with the engine are not all theirs."""

    def __init__(self, limit: int | None = None) -> None:
        """`limit` is a number of utterances; None is any."""
        self.limit = limit
        self.asked = 0
        """Not yet said."""

    def take(self) -> None:
        """One more is asked. Raises BusyError."""
        if self.limit is not None and self.asked >= self.limit:
            raise BusyError(f"Your address has {self.asked} utterances waiting; try again later.")
        self.asked += 1

    def give_back(self) -> None:
        """One is said, or will never be."""
        self.asked -= 1
