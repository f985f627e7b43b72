"""Length buckets: oneDNN compiles new code for every new input length, some milliseconds for each layer.

Sentences have any length, so most of that code would run once. The network therefore pads its inputs to one of a few
lengths. The padding does not change the result.
"""

from __future__ import annotations

_BUCKETS_PER_OCTAVE = 8
_MIN_STEP = 16
_SMALL = 32
_SMALL_STEP = 8


def bucket_length(length: int) -> int:
    """The bucket for a length: at most an eighth longer; below 128 a multiple of 16, up to 32 of 8."""
    octave_step = (1 << length.bit_length()) // (2 * _BUCKETS_PER_OCTAVE)
    step = _SMALL_STEP if length <= _SMALL else max(_MIN_STEP, octave_step)
    return -(-length // step) * step


def bucket_span(start: int, stop: int, within: tuple[int, int]) -> tuple[int, int]:
    """Widen the span to a bucket length: to the left where there is room, else also to the right, within the limits."""
    first, last = within
    wanted = bucket_length(stop - start)
    start = max(first, stop - wanted)
    return start, min(last, start + wanted)
