"""How an announcement went, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kokoro_wyoming.speakers.announcer import Outcome


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`{"speakers": [{"name", "status", "reason", "seconds", "begun_seconds", "restored"}]}`."""
    return {"speakers": [_told(outcome) for outcome in outcomes]}


def _told(outcome: Outcome) -> dict[str, Any]:
    begun_seconds = outcome.begun_seconds
    return {
        "name": outcome.speaker,
        "status": outcome.status,
        "reason": outcome.reason,
        "seconds": round(outcome.seconds, 3),
        "begun_seconds": None if begun_seconds is None else round(begun_seconds, 3),
        "restored": outcome.restored,
    }
