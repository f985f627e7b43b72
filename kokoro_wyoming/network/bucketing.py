"""Lengths that recur. For each length that it meets oneDNN makes code of its own, some milliseconds for every layer.

Sentences are of any length, so most of it would be made for a single one: what is computed is made longer instead, by
what changes nothing, until it is as long as something before it.
"""

from __future__ import annotations

_STEPS_PER_OCTAVE = 8
_LEAST_STEP = 16


def bucket_length(length: int) -> int:
    """The next length that recurs: at most an eighth more, but for those below 128, which go by 16."""
    step = max(_LEAST_STEP, (1 << length.bit_length()) // (2 * _STEPS_PER_OCTAVE))
    return -(-length // step) * step


def bucket_span(start: int, stop: int, within: tuple[int, int]) -> tuple[int, int]:
    """The span widened to a length that recurs, to the left if there is room, else to the right, else as it is."""
    first, last = within
    wanted = bucket_length(stop - start)
    start = max(first, stop - wanted)
    return start, min(last, start + wanted)
