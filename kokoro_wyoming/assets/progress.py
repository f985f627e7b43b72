"""Progress bars, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(label: str, total_bytes: int) -> Iterator[Callable[[int], object]]:
    """Show a bar; yields `advance(bytes)`."""
    from tqdm import tqdm

    # disable=None shows the bar only where standard error is a terminal.
    with tqdm(total=total_bytes, desc=label, unit="B", unit_scale=True, leave=False, disable=None) as shown:
        yield shown.update
