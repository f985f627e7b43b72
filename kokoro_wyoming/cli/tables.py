"""Tables for people: columns in a terminal, and whole lines for `grep`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

_WIDE = 10_000
"""Columns when nobody looks: rows are not broken for a file or a pipe."""


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print to stdout; in a terminal long cells are wrapped."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _WIDE
    console = Console(markup=False, highlight=False, emoji=False, width=width)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())
