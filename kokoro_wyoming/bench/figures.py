"""Figures out of event times, without a clock: first sound, pace, gaps, ratios against goals."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

PLAYER_BUFFER_SECONDS = 0.05
"""A player starts so long after its first sound; none starts without a buffer, and one fragment is 20 to 100 ms."""
_DISTURBING_SHARE = 0.1
"""Of the processor. Two threads that wait for each other lose far more than is taken from them."""


class Arrival(NamedTuple):
    """A piece of sound that came."""

    at: float
    """On any clock, in seconds."""
    seconds: float
    """How long it sounds."""


@dataclass(frozen=True)
class Reply:
    """What one text cost, from being asked to its last sound."""

    ttfa_seconds: float
    """From the text being complete enough to speak to the first sound."""
    audio_seconds: float
    wall_seconds: float
    """From the text being asked for to the end of the reply."""
    gaps_seconds: tuple[float, ...] = ()
    """Silences that a listener who plays as it comes would hear."""
    cpu_seconds: float | None = None
    """Of the process that spoke, all threads; None, as below, where it cannot be looked at."""
    peak_mib: float | None = None
    """The most resident memory of that process meanwhile."""
    others_share: float | None = None
    """What other programs took of the processor meanwhile, 0 to 1."""

    @property
    def is_disturbed(self) -> bool:
        return is_disturbing(self.others_share)


def is_disturbing(others_share: float | None) -> bool:
    """Whether other programs took so much of the processor that a measurement tells more of them than of us."""
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
    """None of none."""
    values = list(values)
    return statistics.median(values) if values else None


def pooled_rtf(replies: Iterable[Reply]) -> float | None:
    """All waiting over all sound, so that long replies count for more; None of none."""
    replies = list(replies)
    return sum(r.wall_seconds for r in replies) / sum(r.audio_seconds for r in replies) if replies else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """None where either is not known, or there is nothing to compare with."""
    return None if ours is None or not theirs else ours / theirs
