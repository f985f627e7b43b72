"""Figures out of event times, without a clock: first sound, pace, gaps, ratios against goals."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

PLAYER_BUFFER_SECONDS = 0.05
"""Time between the first sound and the start of playback. Players buffer one fragment, which is 20 to 100 ms."""
_DISTURBING_SHARE = 0.1
"""Share of the processor. Two threads that wait for each other lose far more than other programs take."""


class Arrival(NamedTuple):
    """A piece of sound that came."""

    at: float
    """Time of arrival in seconds, on any clock."""
    seconds: float
    """How long it sounds."""


@dataclass(frozen=True)
class Reply:
    """The figures of one text, from the request to the last sound."""

    ttfa_seconds: float
    """From the text being complete enough to speak to the first sound."""
    audio_seconds: float
    wall_seconds: float
    """From the text being asked for to the end of the reply."""
    gaps_seconds: tuple[float, ...] = ()
    """Lengths of the silences between sounds, for a player that plays each sound when it comes."""
    cpu_seconds: float | None = None
    """Processor time of the speaking process, all threads. This and the next are None for a process elsewhere."""
    peak_mib: float | None = None
    """The most resident memory of that process meanwhile."""
    others_share: float | None = None
    """What other programs took of the processor meanwhile, 0 to 1."""

    @property
    def is_disturbed(self) -> bool:
        return is_disturbing(self.others_share)


def is_disturbing(others_share: float | None) -> bool:
    """Whether other programs took so much of the processor that a measurement means little."""
    return others_share is not None and others_share > _DISTURBING_SHARE


def reply_of(arrivals: Sequence[Arrival], *, asked_at: float, ended_at: float) -> Reply:
    """The figures of one reply; ValueError when nothing was heard."""
    if not any(arrival.seconds for arrival in arrivals):
        raise ValueError("a reply without sound has no figures")
    gaps_seconds, runs_out_at = [], arrivals[0].at + PLAYER_BUFFER_SECONDS
    for at, seconds in arrivals:
        if at > runs_out_at:
            gaps_seconds.append(at - runs_out_at)
            runs_out_at = at
        runs_out_at += seconds
    audio_seconds = sum(arrival.seconds for arrival in arrivals)
    return Reply(arrivals[0].at - asked_at, audio_seconds, ended_at - asked_at, tuple(gaps_seconds))


def median(values: Iterable[float]) -> float | None:
    """None for no value."""
    values = list(values)
    return statistics.median(values) if values else None


def pooled_rtf(replies: Iterable[Reply]) -> float | None:
    """Seconds of all replies over seconds of all their sound: long replies count for more. None for no reply."""
    replies = list(replies)
    return sum(r.wall_seconds for r in replies) / sum(r.audio_seconds for r in replies) if replies else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """None where either is not known, or there is nothing to compare with."""
    return None if ours is None or not theirs else ours / theirs
