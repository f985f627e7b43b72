"""Work that is done in short steps, so that others may have their turn between two of them."""

from __future__ import annotations

from collections.abc import Generator as Steps
from typing import TypeVar, cast

_T = TypeVar("_T")


def next_step(steps: Steps[None, None, _T]) -> _T | None:
    """Take one step; returns the result of the steps after the last one, else None."""
    try:
        next(steps)
    except StopIteration as ended:
        return cast(_T, ended.value)
    return None


def result_of(steps: Steps[None, None, _T]) -> _T:
    """Take all steps, and return their result, which is not None."""
    while (result := next_step(steps)) is None:
        pass
    return result
