"""What follows from the results: each contender's figures, and the ratios that are judged."""

from __future__ import annotations

from collections.abc import Sequence

from kokoro_wyoming.bench.contenders import OURS, PLAIN
from kokoro_wyoming.bench.course import Record, Results
from kokoro_wyoming.bench.figures import (
    Bar,
    Reply,
    cpu_per_audio_second,
    listeners_goal,
    median,
    pooled_rtf,
    ratio,
    undisturbed,
)
from kokoro_wyoming.bench.texts import SECONDS_3, SECONDS_6, SECONDS_20, SECONDS_30

LONG = (SECONDS_20.label, SECONDS_30.label)
"""The texts whose pace is that of long speech."""


def first_sound_seconds(record: Record, label: str) -> float | None:
    """Median for a text."""
    return median(reply.ttfa_seconds for reply in undisturbed(record.replies.get(label, [])))


def long_rtf(record: Record) -> float | None:
    return pooled_rtf(_long(record))


def cpu_seconds(record: Record) -> float | None:
    """For each second of sound in long speech."""
    return cpu_per_audio_second(_long(record))


def memory_mib(record: Record) -> float | None:
    """Peak of a process that spoke the longest text."""
    return median(record.peak_mib)


def gflops(results: Results, record: Record) -> float | None:
    """10^9 useful operations a second in long speech."""
    return ratio(results.gflop_per_audio_second, long_rtf(record))


def listeners_first_sound(record: Record) -> Sequence[float]:
    """Of all who were served without a gap when there were most of them."""
    served = [trial for trial in record.load.trials if trial.is_served]
    return served[-1].ttfa_seconds if served else ()


def bars(results: Results) -> list[Bar]:
    """What is wanted of our server, most of it compared with plain `kokoro` in the same run."""
    ours, plain = (results.records.get(name, Record()) for name in (OURS, PLAIN))
    return [
        *(_first_sound_bar(ours, plain, label, goal) for label, goal in ((SECONDS_6.label, 0.25), (LONG[0], 0.08))),
        _growth_bar(ours),
        _compared("RTF of long speech, of plain's", long_rtf(ours), long_rtf(plain), 0.55),
        _listeners_bar(ours),
        _compared("peak memory for 30 s in one sentence, of plain's", memory_mib(ours), memory_mib(plain), 0.6),
    ]


def _long(record: Record) -> list[Reply]:
    return [reply for label in LONG for reply in undisturbed(record.replies.get(label, []))]


def _compared(name: str, ours: float | None, other: float | None, goal: float) -> Bar:
    return Bar(name, ours, other, ratio(ours, other), goal)


def _first_sound_bar(ours: Record, plain: Record, label: str, goal: float) -> Bar:
    name = f"TTFA of a sentence of {label}, of plain's"
    return _compared(name, first_sound_seconds(ours, label), first_sound_seconds(plain, label), goal)


def _growth_bar(ours: Record) -> Bar:
    short, long = (first_sound_seconds(ours, text.label) for text in (SECONDS_3, SECONDS_30))
    return _compared("TTFA of a sentence of 30 s, of that of 3 s", long, short, 1.6)


def _listeners_bar(ours: Record) -> Bar:
    served, goal = ours.load.listeners, listeners_goal(long_rtf(ours))
    name = "listeners without a gap, at least 0.9 / RTF"
    return Bar(name, served, None, served, goal, at_least=True)
