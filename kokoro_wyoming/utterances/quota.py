"""How many utterances the clients of one address may have waiting."""

from __future__ import annotations

from kokoro_wyoming.errors import BusyError


class Quota:
    """Counts the utterances that all clients of one address have waiting: one address must not take every place."""

    def __init__(self, limit: int | None = None) -> None:
        """`limit` is a number of utterances; None is no limit."""
        self.limit = limit
        self.waiting = 0
        """Utterances that were begun and not closed."""

    def take(self) -> None:
        """Count one more utterance. Raises BusyError where the limit is reached."""
        if self.limit is not None and self.waiting >= self.limit:
            raise BusyError(f"Your address has {self.waiting} utterances waiting; try again later.")
        self.waiting += 1

    def give_back(self) -> None:
        """Count one utterance less: it was spoken, or will never be."""
        self.waiting -= 1
