"""What follows from the results: each contender's figures, and the ratios that are judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

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
        _pace_bar(ours, plain),
        _listeners_bar(ours),
        _memory_bar(ours, plain),
        *(_beside_bar(ours, count) for count in ours.beside),
    ]


def _long(record: Record) -> list[Reply]:
    return [reply for label in LONG for reply in undisturbed(record.replies.get(label, []))]


def _first_sound_bar(ours: Record, plain: Record, label: str, goal: float) -> Bar:
    name = f"TTFA of a sentence of {label}, of plain's"
    mine, theirs = first_sound_seconds(ours, label), first_sound_seconds(plain, label)
    return Bar(name, mine, theirs, ratio(mine, theirs), goal, is_disturbed=_disturbed((ours, plain), [label]))


def _growth_bar(ours: Record) -> Bar:
    labels = SECONDS_3.label, SECONDS_30.label
    short, long = (first_sound_seconds(ours, label) for label in labels)
    name = "TTFA of a sentence of 30 s, of that of 3 s"
    return Bar(name, long, short, ratio(long, short), 1.6, is_disturbed=_disturbed([ours], labels))


def _beside_bar(ours: Record, count: int) -> Bar:
    beside = median(reply.ttfa_seconds for reply in ours.beside[count])
    alone = first_sound_seconds(ours, SECONDS_3.label)
    name = f"TTFA of a sentence of 3 s beside {count} busy program{'s' if count > 1 else ''}, of that alone"
    return Bar(name, beside, alone, ratio(beside, alone), 2.5, is_disturbed=_disturbed([ours], [SECONDS_3.label]))


def _pace_bar(ours: Record, plain: Record) -> Bar:
    mine, theirs = long_rtf(ours), long_rtf(plain)
    name = "RTF of long speech, of plain's"
    return Bar(name, mine, theirs, ratio(mine, theirs), 0.55, is_disturbed=_disturbed((ours, plain), LONG))


def _listeners_bar(ours: Record) -> Bar:
    served, goal = ours.load.listeners, listeners_goal(long_rtf(ours))
    name = "listeners without a gap, at least 0.9 / RTF"
    disturbed = ours.load.is_disturbed or _disturbed([ours], LONG)
    return Bar(name, served, None, served, goal, at_least=True, is_disturbed=disturbed)


def _memory_bar(ours: Record, plain: Record) -> Bar:
    mine, theirs = memory_mib(ours), memory_mib(plain)
    return Bar("peak memory for 30 s in one sentence, of plain's", mine, theirs, ratio(mine, theirs), 0.6)


def _disturbed(records: Iterable[Record], labels: Iterable[str]) -> bool:
    """Whether some of these texts could not be measured in peace for some of these contenders."""
    spoken = (record.replies.get(label, []) for record, label in product(records, labels))
    return any(reply.is_disturbed for replies in spoken for reply in undisturbed(replies))
