"""Results as tables, a plot in text, and JSON."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kokoro_wyoming import __version__
from kokoro_wyoming.bench import summary
from kokoro_wyoming.bench.course import Record, Results
from kokoro_wyoming.bench.figures import Bar, Reply, median, percentile, pooled_rtf, ratio, undisturbed
from kokoro_wyoming.bench.proc import processor
from kokoro_wyoming.bench.texts import ONE_SENTENCE

_PLOT_CHARS = 60
_UNKNOWN = "-"


@dataclass(frozen=True)
class Table:
    """To be printed with its title over it."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def headlines(results: Results) -> list[str]:
    """The machine and the run."""
    lines = [
        f"kokoro-wyoming {__version__} on {processor()}, {results.device}, {results.threads} threads, "
        f"torch {results.torch}, Python {platform.python_version()}; measured in {results.seconds / 60:.1f} minutes"
    ]
    if results.others_share is not None:
        lines.append(
            f"Other programs took {results.others_share:.0%} of the processor meanwhile; what they disturbed is left "
            "out where the same was measured in peace."
        )
    return lines


def tables(results: Results) -> Iterator[Table]:
    """All but the ratios."""
    yield _spoken(results)
    yield _streamed(results)
    yield _beside(results)
    yield _house(results)
    if results.parts:
        yield _parts(results)


def ratios(results: Results) -> Table:
    """What is judged, with its goal."""
    rows = [
        [bar.name, _number(bar.ours), _number(bar.other), _number(bar.value), _goal(bar), _met(bar)]
        for bar in summary.bars(results)
    ]
    headings = ["ratio", "ours", "compared with", "value", "goal", "met"]
    return Table("Ratios inside this run", headings, rows)


def plot(results: Results) -> list[str]:
    """First sound against the length of one sentence: a line for each length and contender."""
    points = [
        (text.label, name, seconds)
        for text in ONE_SENTENCE
        for name, record in results.records.items()
        if (seconds := summary.first_sound_seconds(record, text.label)) is not None
    ]
    most = max((seconds for *_, seconds in points), default=1.0)
    width = max((len(name) for _, name, _ in points), default=0)
    lines, last = [], ""
    for label, name, seconds in points:
        bar = "█" * max(1, round(_PLOT_CHARS * seconds / most))
        lines.append(f"{label if label != last else '':>10}  {name:<{width}}  {bar} {seconds:.2f}")
        last = label
    return lines


def as_json(results: Results) -> dict[str, Any]:
    """Everything that was measured, and the ratios; plain values only."""
    return {
        "version": __version__,
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **dataclasses.asdict(results),
        "summary": {name: _summary(results, record) for name, record in results.records.items()},
        "ratios": [{**dataclasses.asdict(bar), "met": bar.met} for bar in summary.bars(results)],
    }


def _summary(results: Results, record: Record) -> dict[str, Any]:
    return {
        "ttfa_p50_seconds": {label: summary.first_sound_seconds(record, label) for label in record.replies},
        "rtf": {label: pooled_rtf(undisturbed(replies)) for label, replies in record.replies.items()},
        "long_rtf": summary.long_rtf(record),
        "cpu_seconds_per_audio_second": summary.cpu_seconds(record),
        "gflops": summary.gflops(results, record),
        "peak_mib": summary.memory_mib(record),
        "listeners_without_a_gap": record.load.listeners,
    }


# The tables ----------------------------------------------------------------------------------------------------


def _spoken(results: Results) -> Table:
    records = results.records.values()
    labels = dict.fromkeys(label for record in records for label in record.replies)
    rows = []
    for label in labels:
        spoken = [record.replies.get(label, []) for record in records]
        rows.append([label, *(cell for replies in spoken for cell in _spoken_cells(replies))])
    columns = [f"{name} {figure}" for name in results.records for figure in ("sound", "TTFA p50", "p95", "RTF", "n")]
    return Table("Spoken whole, seconds", ["text", *columns], rows)


def _spoken_cells(all_replies: Sequence[Reply]) -> list[str]:
    replies = undisturbed(all_replies)
    first = [reply.ttfa_seconds for reply in replies]
    sound = median(reply.audio_seconds for reply in replies)
    first_cells = [_number(median(first)), _number(percentile(first, 95))]
    disturbed = sum(reply.is_disturbed for reply in replies)
    count = f"{len(replies)} disturbed" if disturbed else str(len(replies))
    return [_number(sound, 1), *first_cells, _number(pooled_rtf(replies)), count]


def _streamed(results: Results) -> Table:
    rows = []
    for name, record in results.records.items():
        for label, all_replies in record.streamed.items():
            replies = undisturbed(all_replies)
            first = [reply.ttfa_seconds for reply in replies]
            gaps = [gap for reply in replies for gap in reply.gaps_seconds]
            cells = [_number(median(first)), _number(percentile(first, 95)), _number(len(gaps) / len(replies), 1)]
            rows.append([name, label, *cells, _number(max(gaps, default=0.0))])
    headings = ["server", "text", "TTFA p50", "p95", "gaps a reply", "longest gap"]
    return Table("Spoken while a language model writes it, seconds from when it could be spoken", headings, rows)


def _beside(results: Results) -> Table:
    records = results.records.values()
    rows = []
    for count in dict.fromkeys(count for record in records for count in record.beside):
        spoken = [record.beside.get(count, []) for record in records]
        rows.append([str(count), *(cell for replies in spoken for cell in _beside_cells(replies))])
    columns = [f"{name} {figure}" for name in results.records for figure in ("TTFA p50", "worst", "whole p50")]
    return Table("3 s spoken beside busy programs, seconds", ["busy programs", *columns], rows)


def _beside_cells(replies: Sequence[Reply]) -> list[str]:
    first = [reply.ttfa_seconds for reply in replies]
    whole = [reply.wall_seconds for reply in replies]
    return [_number(median(first)), _number(percentile(first, 100)), _number(median(whole))]


def _house(results: Results) -> Table:
    def row(name: str, figure: Callable[[Record], float | None], digits: int = 2) -> list[str]:
        return [name, *(_number(figure(record), digits) for record in results.records.values())]

    rows = [
        row("start-up to ready, s", lambda r: median(r.start_seconds), 1),
        row("RTF of long speech", summary.long_rtf),
        row("long speech, times faster than it sounds", lambda r: ratio(1.0, summary.long_rtf(r)), 1),
        row("CPU seconds for a second of long speech", summary.cpu_seconds),
        row("GFLOP/s in long speech", lambda r: summary.gflops(results, r), 0),
    ]
    for kind, peak in results.matrix_peak_gflops.items():

        def fraction(record: Record, peak: float = peak) -> float | None:
            return ratio(summary.gflops(results, record), peak)

        rows.append(row(f"of the machine's {peak:.0f} GFLOP/s in {kind} matrices", fraction))
    rows += [
        row("peak memory with 30 s in one sentence, MiB", summary.memory_mib, 0),
        row("listeners without a gap", lambda r: r.load.listeners, 0),
        row("their first sound p50, s", lambda r: median(summary.listeners_first_sound(r))),
        row("their first sound at worst, s", lambda r: percentile(summary.listeners_first_sound(r), 100)),
        row("describe with nothing to do p50, s", lambda r: median(r.describe_seconds), 3),
        row("describe under load p50, s", lambda r: median(r.load.describe_seconds), 3),
        row("describe under load p95, s", lambda r: percentile(r.load.describe_seconds, 95), 3),
        row("describe under load at worst, s", lambda r: percentile(r.load.describe_seconds, 100), 3),
        row("describe under load without an answer", lambda r: r.load.describe_failures if r.load.trials else None, 0),
    ]
    if any(record.gave_up for record in results.records.values()):
        rows.append(["dropped out", *(record.gave_up or _UNKNOWN for record in results.records.values())])
    title = f"The house; a second of speech takes {results.gflop_per_audio_second:.1f} GFLOP"
    return Table(title, ["", *results.records], rows)


def _parts(results: Results) -> Table:
    parts = results.parts
    voices = parts.get("voice_seconds", [])
    rows = [
        ["importing libraries", _number(parts.get("imports_seconds"))],
        ["loading the weights", _number(parts.get("weights_seconds"))],
        *([f"pipeline of {tag}", _number(value)] for tag, value in parts.get("pipeline_seconds", {}).items()),
        [f"a voice, p50 of {len(voices)}", _number(median(voices), 4)],
        ["a voice, at worst", _number(percentile(voices, 100), 4)],
    ]
    return Table("Parts of our start, each in a cold process, seconds", ["", "ours"], rows)


def _goal(bar: Bar) -> str:
    return f"{'>=' if bar.at_least else '<='} {bar.goal:g}" if bar.goal is not None else _UNKNOWN


def _met(bar: Bar) -> str:
    return {True: "yes", False: "NO", None: _UNKNOWN}[bar.met] + (" (disturbed)" if bar.is_disturbed else "")


def _number(value: float | None, digits: int = 2) -> str:
    return _UNKNOWN if value is None else f"{value:.{digits}f}"
