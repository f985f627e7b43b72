"""What an utterance notes about itself, as plain values for whoever counts them. Nothing of the text is noted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kokoro_wyoming.audio.playback import PlaybackClock
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.voices.descriptions import SpokenVoice

Outcome = Literal["spoken", "cancelled", "refused", "failed"]
"""spoken: to its end. cancelled: the client left, or did not want the rest. refused: for a reason that the client can
mend, such as an unknown voice or too many utterances; some of the sound may have been heard. failed: all else."""

_HEARD_GAP_SECONDS = 0.02
"""Shorter gaps are not counted: every player holds that much sound."""


@dataclass(frozen=True)
class Measures:
    """One utterance, from its begin to its close."""

    face: str
    """The protocol by which it was asked for: "wyoming" or "http"."""
    outcome: Outcome
    voice: SpokenVoice | None = None
    """The voice that speaks where the text asks for no other; None where none was found."""
    characters: int = 0
    """Characters of the sentences that were begun."""
    sound_seconds: float = 0.0
    """Length of the sound that was given to the client."""
    first_sound_seconds: float | None = None
    """From the complete first sentence to the first sound; None without sound."""
    queue_wait_seconds: float | None = None
    """From the first wish for a turn of the model to that turn; None where no turn was wanted or had."""
    worked_seconds: float = 0.0
    """How long the model worked on it."""
    made_seconds: float = 0.0
    """Length of the sound that the model made of it: without sentences from the cache, with silence that was cut."""
    gaps: int = 0
    gap_seconds: float = 0.0
    """Silences as `Gaps` counts them, and their length."""

    @property
    def rtf(self) -> float | None:
        """Seconds of work for a second of sound; None where the model made none."""
        return self.worked_seconds / self.made_seconds if self.made_seconds else None


Observer = Callable[[Measures], None]
"""Gets the measures of each utterance once, at its end; it must be quick, and raise nothing."""


def outcome_of(error: Exception) -> Outcome:
    """What an utterance that ends with this error counts as."""
    return "refused" if isinstance(error, PeerError) else "failed"


class Gaps:
    """The silences that a listener hears because the model is late.

    The listener plays each piece as it comes, from the first on. A gap begins where the sound runs out while the model
    is at work on a sentence, or while that sentence waits for its turn; it ends with the next piece. No gap is what the
    server cannot help: silence that begins while text is still to come, or while the client does not take what was
    made. That stays so when the model is at work again before that silence ends. What the text asks for as a pause is
    sound.
    """

    def __init__(self) -> None:
        self.number = 0
        self.seconds = 0.0
        self.sound_seconds = 0.0
        """Length of all pieces."""
        self._player: PlaybackClock | None = None
        """None before the first piece."""
        self._silent_seconds = 0.0
        """Length of the gap since the last piece."""

    def given(self, seconds: float) -> None:
        """The listener was given a piece of this length."""
        if self._silent_seconds >= _HEARD_GAP_SECONDS:
            self.number += 1
            self.seconds += self._silent_seconds
        self._silent_seconds = 0.0
        self._player = self._player or PlaybackClock()
        self._player.add(seconds)
        self.sound_seconds += seconds

    def waited(self, since_seconds: float) -> None:
        """The model was waited for, from this monotonic time until now."""
        if self._player is None:
            return
        ended_at_seconds = self._player.ends_at_seconds
        if self._silent_seconds or since_seconds <= ended_at_seconds:
            self._silent_seconds += max(0.0, time.monotonic() - max(since_seconds, ended_at_seconds))
