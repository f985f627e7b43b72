"""Sentences one after the other as one sound: the silence between them, and no edge that clicks.

A network frames all that it says with silence of its own, 0.3 s before and 0.5 s after: two sentences would stand
almost a second apart, and so would the two halves of one that was cut at a clause. Here it is cut off and the pause
that is wanted put in its place, while the sound passes by: kept back is never more than what is silent so far, and the
last few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]

SILENCE = 0.0005
"""-66 dB of full scale: a voice's softest breath is above it, and the networks' silence at -100 dB below."""
_FADE = 120
"""Samples, 5 ms: of this length are a sentence's edges, and so much is kept back, as any piece may be its last."""
_ONSET = 24
"""Samples, 1 ms."""
_ABRUPT = 0.25
_LEAD = 480
"""Samples, 20 ms, kept of the silence before a sentence: what begins softly begins whole."""
_FIRST_LEAD = 2_400
"""The same before the first of all, 100 ms: players and amplifiers wake up in it."""
_AFTERGLOW = 720
"""Samples, 30 ms, kept of what follows the last that is not silent."""
_REST = 2_400
"""Samples of silence that follow a sentence at once, 100 ms: its end is not to wait in a chunk that is not yet full
for a sentence whose text may be long in coming."""

MAX_SILENCE_SECONDS = 20.0
"""Silence in one piece, whatever it is made of: pauses, breaks, paragraphs, lead-in, tail. Who hears nothing for longer
takes the server for dead, and a few letters could ask for days of it."""

_SENTENCE_ENDS = frozenset(".!?…؟।॥。！？｡")
_CLOSERS = "\"'”’»)]}」』*_ \n"
_ZERO = np.float32(0)
_NONE = np.zeros(0, dtype=np.float32)
_RISE = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE) + 0.5) / _FADE)).astype(np.float32)


@dataclass(frozen=True)
class Pauses:
    """Silence after a sentence, from sound to sound; what is less than 0.12 s counts as that."""

    sentence_seconds: float
    clause_seconds: float
    """After whatever does not end as a sentence does."""
    paragraph_seconds: float

    def after(self, text: str, *, paragraph: bool = False) -> float:
        """The pause after a piece of text; `paragraph`: with the next one another paragraph begins."""
        if paragraph:
            return self.paragraph_seconds
        is_sentence = text.rstrip(_CLOSERS)[-1:] in _SENTENCE_ENDS
        return self.sentence_seconds if is_sentence else self.clause_seconds


@dataclass(frozen=True)
class SoundOptions:
    """How loud every utterance is, and its silences."""

    loudness_lufs: float | None = None
    """Loudness to which every voice is brought; None leaves each as loud as it is."""
    pauses: Pauses | None = None
    """Pauses between sentences; None leaves them as the voice makes them."""
    lead_in_seconds: float = 0.0
    """Silence before the first sound."""
    tail_seconds: float = 0.0
    """Silence after the last sound."""
    volume: float = 1.0
    """Gain on top of the loudness; 1 changes nothing."""

    def gain(self, voice_lufs: float) -> float:
        """What the samples of a voice of this loudness are multiplied by."""
        to_loudness = 1.0 if self.loudness_lufs is None else 10 ** ((self.loudness_lufs - voice_lufs) / 20)
        return float(self.volume * to_loudness)


class Joiner:
    """The sound of one utterance: for each sentence `begin`, `add` as it is made, `end`; after the last, `finish`.

    What is given back may be sent: float32, shape (n_samples,), 24 kHz. How a sentence's sound is cut into pieces
    changes nothing, but for the silence before the very first: what comes of it alone is passed on at once, as it is
    the time in which the piece after it is made.
    """

    def __init__(self, options: SoundOptions) -> None:
        self._pauses = options.pauses
        self._tail = _samples(options.tail_seconds)
        self._owed = _samples(options.lead_in_seconds)
        """Silence to be given before whatever comes next."""
        self.left_out_seconds = 0.0
        """Silence that was asked for beyond MAX_SILENCE_SECONDS in one piece."""
        self._out = 0
        """Samples given so far."""
        self._before: str | None = None
        """The text of the last sentence that was heard."""
        self._paragraph = False
        self._asked: int | None = None
        self._quiet = 0
        """Samples given since the last that was not silent; below 0, as many of the held ones are not."""
        self._sentence = _Sentence("")

    @property
    def sentence_at_seconds(self) -> float | None:
        """Where in the sound the first sample of the sentence at hand is, or would be; None until it is heard."""
        at = self._sentence.at
        return None if at is None else at / SAMPLE_RATE_HZ

    def pause(self, seconds: float) -> None:
        """Have this silence before the next sentence, in place of the one that the text asks for."""
        self._asked = self._bounded((self._asked or 0) + _samples(seconds))

    def begin(self, text: str, *, paragraph: bool = False) -> None:
        """A sentence begins, and a paragraph with it."""
        self._paragraph |= paragraph
        self._sentence = _Sentence(text)

    def pause_so_far(self) -> Samples:
        """What is certain of the silence before the sentence that has begun: nobody's sound runs out in a pause."""
        if self._pauses is None or self._before is None:
            return _NONE
        silence = max(0, self._wanted(self._pauses, self._before) - self._quiet - _LEAD)
        self._quiet += silence
        return self._give(_silent(silence))

    def add(self, samples: ArrayLike) -> Samples:
        """More of the sentence's sound."""
        sentence, sound = self._sentence, np.asarray(samples, dtype=np.float32)
        if self._pauses is None:
            return self._as_made(sound)
        sound = np.concatenate([sentence.held, sound])
        loud = np.flatnonzero(np.abs(sound) > SILENCE)
        if not loud.size and self._before is None:
            return self._pass_on(sound)
        if sentence.at is None:
            if not loud.size or len(sound) - loud[0] < 2 * _FADE:
                sentence.held = sound
                return _NONE
            start = self._open(int(loud[0]))
            sound, loud = sound[start:], loud - start
            _raise(sound, sentence.passed_on)
            _soften(sound[loud[0] :])
        last = int(loud[-1]) + 1 if loud.size else -self._quiet
        end = max(0, min(last + _AFTERGLOW, len(sound) - _FADE))
        sentence.held, self._quiet = sound[end:], end - last
        return self._give(sound[:end])

    def end(self) -> Samples:
        """The sentence's sound has ended."""
        sentence = self._sentence
        if self._pauses is None or not sentence.is_heard:
            return _NONE
        # Less than two fades is made up to it.
        first = self.add(np.zeros(2 * _FADE)) if sentence.at is None else _NONE
        rest = max(0, _REST - self._quiet - _FADE)
        self._quiet += _FADE + rest
        edge = sentence.held[:_FADE] * _RISE[::-1]
        sentence.held = _NONE
        return np.concatenate([first, self._give(np.concatenate([edge, _silent(rest)]))])

    def finish(self) -> Samples:
        """All has been said."""
        if self._asked is not None or self._pauses is not None:
            wanted = _samples(self._pauses.sentence_seconds) if self._pauses else 0
            wanted = wanted if self._asked is None else self._asked
            self._owed += max(0, wanted - (self._quiet if self._pauses else 0))
        anything = self._out or self._asked
        self._owed = self._bounded(self._owed + self._tail) if anything else 0
        return self._give(_NONE)

    def _bounded(self, samples: int) -> int:
        """So much silence, or as much as may stand together; notes what is left out."""
        bounded = min(samples, _samples(MAX_SILENCE_SECONDS))
        self.left_out_seconds += (samples - bounded) / SAMPLE_RATE_HZ
        return bounded

    def _pass_on(self, silence: Samples) -> Samples:
        _raise(silence, self._sentence.passed_on)
        self._sentence.passed_on += len(silence)
        return self._give(silence)

    def _as_made(self, sound: Samples) -> Samples:
        if self._sentence.at is None:
            self._owed = self._bounded(self._owed + (self._asked or 0))
            self._opened(0)
        return self._give(sound)

    def _open(self, first_loud: int) -> int:
        """The sentence is heard now; owes the silence before it, and returns where its own begins."""
        assert self._pauses is not None
        lead = _LEAD if self._before is not None else first_loud if self._sentence.passed_on else _FIRST_LEAD
        start = max(0, first_loud - lead)
        if self._before is None:
            self._owed = self._bounded(self._owed + (self._asked or 0))
        else:
            wanted = self._wanted(self._pauses, self._before)
            self._owed += max(0, wanted - self._quiet - (first_loud - start))
        self._opened(start)
        return start

    def _wanted(self, pauses: Pauses, before: str) -> int:
        """Samples of silence between the last sentence that was heard and the one at hand."""
        return _samples(pauses.after(before, paragraph=self._paragraph)) if self._asked is None else self._asked

    def _opened(self, start: int) -> None:
        self._sentence.at = self._out + self._owed - self._sentence.passed_on - start
        self._before, self._paragraph, self._asked = self._sentence.text, False, None

    def _give(self, sound: Samples) -> Samples:
        given = sound
        if self._owed:
            given = np.concatenate([_silent(self._owed), sound]) if len(sound) else _silent(self._owed)
        self._owed = 0
        self._out += len(given)
        return given


class _Sentence:
    """The one at hand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.held = _NONE
        """The end of its sound so far, kept back."""
        self.at: int | None = None
        """Where its first sample is in what is given; None until it is heard."""
        self.passed_on = 0
        """Samples of silence given before it is heard."""

    @property
    def is_heard(self) -> bool:
        return self.at is not None or bool(np.any(np.abs(self.held) > SILENCE))


def _raise(sound: Samples, at: int) -> None:
    """Fade in, in place, what is `at` samples from the beginning."""
    rise = _RISE[at : at + len(sound)]
    sound[: len(rise)] *= rise


def _soften(onset: Samples) -> None:
    """Fade in, in place, what is nearly as loud in its first millisecond as in the five after it.

    Some voices begin so out of silence, ef_dora and pf_dora most often, and it is heard as a click.
    """
    first, after = np.abs(onset[:_ONSET]), np.abs(onset[_ONSET : _ONSET + _FADE])
    if first.max() > _ABRUPT * after.max():
        _raise(onset, 0)


def _silent(count: int) -> Samples:
    """So many zeros, which take no memory; they cannot be written to."""
    return np.broadcast_to(_ZERO, (count,))


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
