"""What the laboratory has found as tables, a plot in text, and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple, TypeVar

import numpy as np

from kokoro_wyoming.bench import report
from kokoro_wyoming.bench.contenders import OURS
from kokoro_wyoming.bench.course import Record
from kokoro_wyoming.bench.figures import Reply, median, pooled_rtf, ratio
from kokoro_wyoming.bench.load import most_served
from kokoro_wyoming.bench.report import first_sound, long_speech, memory_mib, number
from kokoro_wyoming.bench.texts import SECONDS_3, SECONDS_6, SECONDS_20, SECONDS_30, WORD
from scripts.bench.laboratory import Laboratory
from scripts.bench.piper import PIPER
from scripts.bench.texts import ONE_SENTENCE

_PLOT_CHARS = 60
_LONGER_SECONDS = 0.5
"""How much longer the first utterance in a language may take than the second."""
_PIPER_GOALS = {WORD: 2.5, SECONDS_3: 1.2, SECONDS_6: 0.7, SECONDS_20: 0.3}
"""The largest ratios wanted, on a processor with fast bfloat16."""

K = TypeVar("K")
Figure = Callable[[Sequence[Reply]], float | None]


class Table(NamedTuple):
    """To be printed with its title over it."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Linear between the two nearest values; None of none."""
    values = list(values)
    return float(np.percentile(values, percent)) if values else None


def cpu_per_audio_second(replies: Iterable[Reply]) -> float | None:
    """Processor seconds for each second of sound; None where no reply tells its own."""
    told = [(reply.cpu_seconds, reply.audio_seconds) for reply in replies if reply.cpu_seconds is not None]
    return sum(cpu for cpu, _ in told) / sum(audio for _, audio in told) if told else None


def first_sound_percentile(percent: float) -> Figure:
    """Seconds."""
    return lambda replies: percentile((reply.ttfa_seconds for reply in replies), percent)


_SPOKEN: dict[str, Figure] = {
    "sound": lambda replies: median(reply.audio_seconds for reply in replies),
    "TTFA p50": first_sound,
    "p95": first_sound_percentile(95),
    "RTF": pooled_rtf,
    "n": len,
    "disturbed": lambda replies: sum(reply.is_disturbed for reply in replies),
}
_STREAMED: dict[str, Figure] = {
    "TTFA p50": first_sound,
    "p95": first_sound_percentile(95),
    "gaps a reply": lambda replies: ratio(sum(len(reply.gaps_seconds) for reply in replies), len(replies)),
    "longest gap": lambda replies: max((gap for reply in replies for gap in reply.gaps_seconds), default=0.0),
}
_BESIDE: dict[str, Figure] = {
    "TTFA p50": first_sound,
    "worst": first_sound_percentile(100),
    "whole p50": lambda replies: median(reply.wall_seconds for reply in replies),
}


def tables(laboratory: Laboratory) -> Iterator[Table]:
    """Everything, the ratios last."""
    records, findings = laboratory.results.records, laboratory.findings
    whole = {name: record.replies for name, record in records.items()}
    yield _by_contender("Spoken whole, seconds", "text", _SPOKEN, whole)
    title = "Spoken while a language model writes it, seconds from when it could be spoken"
    yield _by_contender(title, "text", _STREAMED, findings.streamed)
    beside = {name: record.beside for name, record in records.items()}
    yield _by_contender("3 s spoken beside busy programs, seconds", "busy programs", _BESIDE, beside)
    house = {name: summary(laboratory, name) for name in records}
    rows = [[figure, *(number(of_one[figure]) for of_one in house.values())] for figure in next(iter(house.values()))]
    rows += [["dropped out", *(findings.gave_up.get(name, "-") for name in records)]] if findings.gave_up else []
    yield Table(f"The house; a second of speech takes {findings.gflop_per_audio_second:.1f} GFLOP", ["", *house], rows)
    if findings.parts:
        parts = findings.parts
        seconds = {
            "importing libraries": parts.imports,
            "loading the weights": parts.weights,
            **{f"pipeline of {tag}": value for tag, value in parts.pipelines.items()},
            f"a voice, p50 of {len(parts.voices)}": median(parts.voices),
            "a voice, at worst": max(parts.voices, default=None),
        }
        told = [[name, "-" if value is None else f"{value:.4f}"] for name, value in seconds.items()]
        yield Table("Parts of our start, each in a cold process, seconds", ["", "ours"], told)
    if findings.first_utterances:
        told = [
            [tag, number(one.first_seconds), number(one.second_seconds), number(one.longer_seconds), verdict]
            for tag, one in findings.first_utterances.items()
            for verdict in ["yes" if one.longer_seconds <= _LONGER_SECONDS else "NO"]
        ]
        headings = ["", "first", "second", "longer by", f"<= {_LONGER_SECONDS}"]
        yield Table("First sound of the first utterance in a language, seconds", headings, told)
    if PIPER in records:
        rows = [row.cells() for row in beside_piper(records)]
        yield Table("Ratios to wyoming-piper", report.HEADINGS, rows)
    yield Table("Ratios inside this run", *report.table(laboratory.results))


def summary(laboratory: Laboratory, name: str) -> dict[str, float | None]:
    """Figures of one contender."""
    record, findings = laboratory.results.records[name], laboratory.findings
    long = long_speech(record)
    gflops = ratio(findings.gflop_per_audio_second, pooled_rtf(long))
    loaded = findings.describe_under_load_seconds.get(name, [])
    first = _listeners_first_sound(record)
    return {
        "start-up to ready, s": median(findings.start_seconds.get(name, [])),
        "RTF of long speech": pooled_rtf(long),
        "long speech, times faster than it sounds": ratio(1.0, pooled_rtf(long)),
        "CPU seconds for a second of long speech": cpu_per_audio_second(long),
        "GFLOP/s in long speech": gflops,
        **{
            f"of the machine's {peak:.0f} GFLOP/s in {kind} matrices": ratio(gflops, peak)
            for kind, peak in findings.matrix_peak_gflops.items()
        },
        "peak memory with 30 s in one sentence, MiB": memory_mib(record.of(SECONDS_30)),
        "the same as the first text of a process, MiB": memory_mib(findings.fresh.get(name, [])),
        "listeners without a gap": most_served(record.trials),
        "their first sound p50, s": median(first),
        "their first sound at worst, s": percentile(first, 100),
        "describe with nothing to do p50, s": median(findings.describe_seconds.get(name, [])),
        "describe under load p50, s": median(loaded),
        "describe under load p95, s": percentile(loaded, 95),
        "describe under load at worst, s": percentile(loaded, 100),
        "describe under load without an answer": findings.describe_failures.get(name),
    }


def beside_piper(records: Mapping[str, Record]) -> Iterator[report.Row]:
    """Our first sound beside wyoming-piper's."""
    for text, goal in _PIPER_GOALS.items():
        ours, theirs = records[OURS].of(text), records[PIPER].of(text)
        disturbed = any(reply.is_disturbed for reply in (*ours, *theirs))
        yield report.Row(f"first sound of {text.label}, s", first_sound(ours), first_sound(theirs), goal, disturbed)


def plot(records: Mapping[str, Record]) -> list[str]:
    """First sound against the length of one sentence: a line for each length and contender."""
    points = [
        (text.label, name, seconds)
        for text in ONE_SENTENCE
        for name, record in records.items()
        if (seconds := first_sound(record.of(text))) is not None
    ]
    most = max((seconds for *_, seconds in points), default=1.0)
    label_width = max((len(label) for label, *_ in points), default=0)
    width = max((len(name) for _, name, _ in points), default=0)
    return [
        f"{label:>{label_width}}  {name:<{width}}  {'█' * max(1, round(_PLOT_CHARS * seconds / most))} {seconds:.2f}"
        for label, name, seconds in points
    ]


def as_json(laboratory: Laboratory) -> dict[str, Any]:
    """Everything that was measured; plain values only."""
    told = {name: summary(laboratory, name) for name in laboratory.results.records}
    return {**report.as_json(laboratory.results), "findings": asdict(laboratory.findings), "summary": told}


def _listeners_first_sound(record: Record) -> Sequence[float]:
    """First sound of all listeners, in the trial with the most listeners and no gap."""
    served = [trial.ttfa_seconds for trial in record.trials if trial.failure is None]
    return served[-1] if served else ()


def _by_contender(
    title: str, row: str, figures: Mapping[str, Figure], replies: Mapping[str, Mapping[K, Sequence[Reply]]]
) -> Table:
    """A row for each key, and for each contender the figures."""
    keys = dict.fromkeys(key for of_one in replies.values() for key in of_one)
    rows = []
    for key in keys:
        cells = [number(figure(of_one.get(key, ()))) for of_one in replies.values() for figure in figures.values()]
        rows.append([str(key), *cells])
    return Table(title, [row, *(f"{name} {figure}" for name in replies for figure in figures)], rows)
