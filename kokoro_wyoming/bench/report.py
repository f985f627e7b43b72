"""Results as one table of figures and ratios, and as JSON."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from kokoro_wyoming import __version__
from kokoro_wyoming.bench.contenders import OURS, PLAIN
from kokoro_wyoming.bench.course import Record, Results
from kokoro_wyoming.bench.figures import Reply, median, pooled_rtf, ratio
from kokoro_wyoming.bench.load import MOST_LISTENERS, most_served
from kokoro_wyoming.bench.texts import (
    FOUR_SENTENCES,
    ONE_SENTENCE,
    SECONDS_3,
    SECONDS_6,
    SECONDS_20,
    SECONDS_30,
    UNMARKED,
    WORD,
)
from kokoro_wyoming.processor import processor_name

Figure = Callable[[Sequence[Reply]], float | None]

_FIRST_SOUND_GOALS = {SECONDS_6.label: 0.25, SECONDS_20.label: 0.08}
HEADINGS = ("", "ours", "compared with", "ratio", "goal", "met")
"""Of a table of rows."""


class Row(NamedTuple):
    """One figure, what it is compared with, and its goal."""

    name: str
    ours: float | None
    """None where it was not measured; so are the next two."""
    other: float | None = None
    """Plain's figure, or ours when alone or at another length."""
    goal: float | None = None
    """The largest ratio wanted; the smallest figure wanted where there is nothing to compare with."""
    is_disturbed: bool = False
    """Whether other programs took much of the processor during the measurement."""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached."""
        value = self.ours if self.other is None else ratio(self.ours, self.other)
        if value is None or self.goal is None:
            return None
        return value >= self.goal if self.other is None else value <= self.goal

    def cells(self) -> list[str]:
        """For `HEADINGS`."""
        goal = "-" if self.goal is None else f"{'>=' if self.other is None else '<='} {self.goal:g}"
        met = {True: "yes", False: "NO", None: "-"}[self.met] + (" (disturbed)" if self.is_disturbed else "")
        return [self.name, number(self.ours), number(self.other), number(ratio(self.ours, self.other)), goal, met]


def first_sound(replies: Sequence[Reply]) -> float | None:
    """Median seconds."""
    return median(reply.ttfa_seconds for reply in replies)


def memory_mib(replies: Sequence[Reply]) -> float | None:
    """Median of the most resident memory."""
    return median(reply.peak_mib for reply in replies if reply.peak_mib is not None)


def long_speech(record: Record) -> list[Reply]:
    """Replies of 20 s and longer."""
    return [*record.of(SECONDS_20), *record.of(SECONDS_30)]


def rows(results: Results) -> Iterator[Row]:
    """Our server beside plain `kokoro` and itself."""
    ours, plain = results.records[OURS], results.records[PLAIN]

    def row(name: str, figure: Figure, mine: Sequence[Reply], other: Sequence[Reply], goal: float | None = None) -> Row:
        return Row(name, figure(mine), figure(other), goal, any(reply.is_disturbed for reply in (*mine, *other)))

    for text in (*ONE_SENTENCE, FOUR_SENTENCES):
        goal = _FIRST_SOUND_GOALS.get(text.label)
        yield row(f"first sound of {text.label}, s", first_sound, ours.of(text), plain.of(text), goal)
    alone = ours.of(SECONDS_3)
    for text in (SECONDS_30, UNMARKED):
        yield row(f"first sound of {text.label}, of that of 3 s", first_sound, ours.of(text), alone, 1.6)
    yield row("first sound of one word, of that of 6 s", first_sound, ours.of(WORD), ours.of(SECONDS_6), 1.0)
    for count, beside in ours.beside.items():
        name = f"first sound of 3 s beside busy programs: {count}"
        yield row(name, first_sound, beside, plain.beside.get(count, []))
        yield row(f"{name}, of that alone", first_sound, beside, alone, 2.5)
    for text in (WORD, FOUR_SENTENCES):
        yield row(f"seconds of work for a second of {text.label}", pooled_rtf, ours.of(text), plain.of(text))
    yield row("seconds of work for a second of long speech", pooled_rtf, long_speech(ours), long_speech(plain), 0.55)
    rtf, disturbed = pooled_rtf(long_speech(ours)), any(trial.is_disturbed for trial in ours.trials[-1:])
    # As many as take nine tenths of the processor's time.
    listeners = min(MOST_LISTENERS, math.floor(0.9 / rtf)) if rtf else None
    yield Row("listeners without a gap", most_served(ours.trials), None, listeners, disturbed)
    yield row("peak memory for 30 s, MiB", memory_mib, ours.of(SECONDS_30), plain.of(SECONDS_30), 0.6)


def table(results: Results) -> tuple[Sequence[str], list[list[str]]]:
    """The headings and all rows."""
    return HEADINGS, [row.cells() for row in rows(results)]


def headlines(results: Results) -> str:
    """The machine and the run."""
    others = (
        "" if results.others_share is None else f"; other programs took {results.others_share:.0%} of the processor"
    )
    return (
        f"kokoro-wyoming {__version__} on {processor_name()}, {results.device}, {results.threads} threads"
        f"{'' if results.processor == 'native' else f', as {results.processor}'}, "
        f"torch {results.torch}, Python {platform.python_version()}\n"
        f"measured in {results.seconds / 60:.1f} minutes, beside plain kokoro where nothing else is said{others}"
    )


def as_json(results: Results) -> dict[str, Any]:
    """Everything that was measured, and the rows; plain values only."""
    machine = {"processor": processor_name(), "cores": os.cpu_count(), "python": platform.python_version()}
    told = [{**row._asdict(), "ratio": ratio(row.ours, row.other), "met": row.met} for row in rows(results)]
    return {"version": __version__, **machine, **asdict(results), "rows": told}


def number(value: float | None) -> str:
    """A figure for people."""
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.2f}"
