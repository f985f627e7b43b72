"""The memory of the C library and of oneDNN, told to suit speaking; what is not glibc is left as it is."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 64 << 20
_LARGEST_KEPT_BYTES = 32 << 20
"""glibc's own upper bound; what is larger comes from the system and goes back at once."""


def keep_freed() -> None:
    """Keep freed memory for the next layer, window and sentence: fetching it anew costs a sixth of all time.

    All threads share it: what each keeps for itself would be 50 MB at the peak.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_ARENA_MAX, 1)


def bound_kernels() -> None:
    """Keep oneDNN from hoarding the code it makes for every length of sound; to be called before its first use.

    Of 1,024 pieces of code, its own bound, most are for lengths that come seldom: 50 MB after ten sentences. With room
    for 320 it makes code anew for 12 to 16 ms of a sentence, with 480 for 10 to 13.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "320")


def give_back() -> None:
    """Give all freed memory back to the system."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def return_memory() -> None:
    """Give what is no longer used back to the system: Python frees in cycles, and glibc keeps what was freed."""
    gc.collect()
    give_back()
