"""Figures out of event times, without a clock: first sound, pace, gaps, percentiles, ratios against goals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

PLAYER_BUFFER_SECONDS = 0.05
"""A player starts so long after its first sound; none starts without a buffer, and one fragment is 20 to 100 ms."""

_DISTURBING_SHARE = 0.1
"""Of the processor. Two threads that wait for each other lose far more than is taken from them."""


@dataclass(frozen=True)
class Arrival:
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
    """Of the process that spoke, all threads; None where it cannot be looked at."""
    others_share: float | None = None
    """What other programs took of the processor meanwhile, 0 to 1; None where that is not known."""

    @property
    def is_disturbed(self) -> bool:
        return is_disturbing(self.others_share)

    @property
    def rtf(self) -> float:
        """Waiting seconds for each second of sound."""
        return self.wall_seconds / self.audio_seconds


def is_disturbing(others_share: float | None) -> bool:
    """Whether other programs took so much of the processor that a measurement tells more of them than of us."""
    return others_share is not None and others_share > _DISTURBING_SHARE


def undisturbed(replies: Iterable[Reply]) -> list[Reply]:
    """Those that were measured in peace; all of them where none was."""
    replies = list(replies)
    return [reply for reply in replies if not reply.is_disturbed] or replies


def reply_of(
    arrivals: Sequence[Arrival], *, asked_at: float, ended_at: float, cpu_seconds: float | None = None
) -> Reply:
    """The figures of one reply; ValueError when nothing was heard."""
    if not any(arrival.seconds for arrival in arrivals):
        raise ValueError("a reply without sound has no figures")
    playback = Playback()
    for arrival in arrivals:
        playback.hear(arrival)
    return Reply(
        ttfa_seconds=arrivals[0].at - asked_at,
        audio_seconds=sum(arrival.seconds for arrival in arrivals),
        wall_seconds=ended_at - asked_at,
        gaps_seconds=tuple(playback.gaps_seconds),
        cpu_seconds=cpu_seconds,
    )


@dataclass
class Playback:
    """A listener who plays sound as it comes and falls silent where it has run out."""

    gaps_seconds: list[float] = field(default_factory=list)
    _runs_out_at: float | None = None

    @property
    def begun(self) -> bool:
        """Whether there was any sound yet."""
        return self._runs_out_at is not None

    def hear(self, arrival: Arrival) -> None:
        """Take the next piece; it plays behind the one before, or at once where that has ended."""
        if self._runs_out_at is None:
            self._runs_out_at = arrival.at + PLAYER_BUFFER_SECONDS
        elif arrival.at > self._runs_out_at:
            self.gaps_seconds.append(arrival.at - self._runs_out_at)
            self._runs_out_at = arrival.at
        self._runs_out_at += arrival.seconds


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Linear between the two nearest values; None of none."""
    values = list(values)
    return float(np.percentile(values, percent)) if values else None


def median(values: Iterable[float]) -> float | None:
    return percentile(values, 50)


def pooled_rtf(replies: Iterable[Reply]) -> float | None:
    """All waiting over all sound, so that long replies count for more; None of none."""
    replies = list(replies)
    return sum(r.wall_seconds for r in replies) / sum(r.audio_seconds for r in replies) if replies else None


def cpu_per_audio_second(replies: Iterable[Reply]) -> float | None:
    """Processor seconds for each second of sound; None where no reply tells its own."""
    told = [(r.cpu_seconds, r.audio_seconds) for r in replies if r.cpu_seconds is not None]
    return sum(cpu for cpu, _ in told) / sum(audio for _, audio in told) if told else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """None where either is not known, or there is nothing to compare with."""
    return None if ours is None or not theirs else ours / theirs


def listeners_goal(rtf: float | None) -> int | None:
    """How many listeners a server of that pace should keep in sound, a tenth of its time left over."""
    return None if rtf is None else math.floor(0.9 / rtf)


@dataclass(frozen=True)
class Bar:
    """One comparison and what is wanted of it."""

    name: str
    ours: float | None
    other: float | None
    """What ours is compared with: plain's figure, or ours at another length."""
    value: float | None
    """What is judged; None where it was not measured."""
    goal: float | None
    at_least: bool = False
    """Whether the value should be no less than the goal, where it usually should be no more."""
    is_disturbed: bool = False
    """Whether anything it is made of could only be measured while other programs took the processor."""

    @property
    def met(self) -> bool | None:
        if self.value is None or self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal
