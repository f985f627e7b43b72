"""Tunes glibc's malloc and oneDNN's code cache for this program. With another C library, malloc stays as it is."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 64 << 20
_LARGEST_KEPT_BYTES = 4 << 20
"""A larger block comes from the system, and `free` returns it at once. Only long sentences have such blocks. With 8 MB
they would leave 100 MB more in holes of the heap; with 2 MB, first sound of 20 s would take an eighth longer.
"""
_LARGE_BYTES = 256 << 10

_MADV_DONTNEED = 4
_MAPS = Path("/proc/self/maps")

_keeps_freed = False


def keep_freed() -> None:
    """Keep freed memory for the next layer, window and sentence: page faults would take a sixth of the time.

    Call this while there is one thread, so that all share one arena. With an arena each, they would need 50 MB more at
    the peak.
    """
    global _keeps_freed
    _keeps_freed = True
    _set(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
    _set(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    _set(_M_ARENA_MAX, 1)


@contextlib.contextmanager
def large_blocks_apart() -> Iterator[None]:
    """Take no block above 256 KB from the heap meanwhile, where freed memory is kept.

    What a load holds for a while then leaves no holes between the weights. Sentences would fill these here and there,
    and 30 MB more of them in the end.
    """
    if _keeps_freed:
        _set(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    try:
        yield
    finally:
        if _keeps_freed:
            _set(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)


def _set(parameter: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(parameter, value)


def limit_kernel_cache() -> None:
    """Limit the code that oneDNN keeps for input lengths it has met; call this before the first use of oneDNN.

    Its own limit is 1,024 entries. Most are for lengths that rarely occur again, and take 50 MB after ten sentences.
    With 320 entries, compiling takes 12 to 16 ms of a sentence; with 480, 10 to 13 ms.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "320")


def return_memory() -> None:
    """Give unused memory back to the system: free Python's reference cycles, then trim glibc's heap."""
    gc.collect()
    trim_heap()


def trim_heap() -> None:
    """Give the unused memory in glibc's heap back to the system."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def let_dictionaries_go() -> None:
    """Unmap the pages of dictionaries that MeCab has mapped from files: 110 MB after a day with Japanese, on Linux.

    They stay in the system's cache, and come back when they are read, which takes half a millisecond of a sentence. No
    G2P may be closed meanwhile.
    """
    _unmap_pages(" r--s ", (".dic", ".bin"))


def let_code_go() -> None:
    """Unmap the pages of libraries' code, of which a start has run more than speech will, on Linux.

    They stay in the system's cache, and what is run comes back.
    """
    _unmap_pages(" r-xp ", (".so",))


def _unmap_pages(kind: str, suffixes: tuple[str, ...]) -> None:
    """Unmap the pages of files that are mapped in this way, and that nothing has written to."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for line in _MAPS.read_text().splitlines():
            if kind in line and line.endswith(suffixes):
                start, end = (int(address, 16) for address in line.split()[0].split("-"))
                library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)
