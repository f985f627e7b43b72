"""Joins the sentences of an utterance into one sound: the pauses between them, and no edge that clicks.

The network puts silence around each sentence, about 0.3 s before it and 0.5 s after it. Two sentences would be almost
a second apart, and so would the two halves of a sentence that was cut at a clause. The joiner cuts this silence off and
puts the wanted pause in its place. It works on the pieces of sound as they are made:

- Sound is returned at once, but for the last 5 ms. Any piece may be a sentence's last, and its end is faded out.
- Silence is held back from 30 ms after the last sound. If more sound follows in the sentence, the silence is returned;
  if the sentence ends, the silence is dropped.
- The joiner counts the silent samples at the end of all that it returned. When the next sentence's sound begins, the
  pause is filled up from this count to the wanted length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]

SILENCE = 0.0005
"""-66 dB of full scale: a voice's softest breath is louder, and the network's silence, at -100 dB, is softer."""
_FADE = 120
"""Samples, 5 ms: length of the fades at a sentence's edges, and of the sound that is held back."""
_ONSET = 24
"""Samples, 1 ms: the first sound of a sentence, whose level tells whether it begins abruptly."""
_ABRUPT = 0.25
"""A sentence begins abruptly if its onset has more than this share of the level of the 5 ms after it."""
_LEAD = 480
"""Samples, 20 ms, kept of the silence before a sentence, so that a soft beginning is not cut."""
_FIRST_LEAD = 2_400
"""Samples, 100 ms, kept of the silence before the first sentence: players and amplifiers wake up in it."""
_AFTERGLOW = 720
"""Samples, 30 ms, kept of the silence after the last sound of a sentence."""
_REST = 2_400
"""Samples of silence, 100 ms, returned at once after a sentence. They fill the last chunk: the sentence's end must not
wait in it for a next sentence whose text may come late."""

MAX_SILENCE_SECONDS = 20.0
"""Longest silence in one piece: pauses, breaks, paragraphs, lead-in and tail together. After a longer silence listeners
would think that the server is dead, and a text of a few letters could ask for days of silence."""

_SENTENCE_ENDS = frozenset(".!?…؟।॥。！？｡")
_CLOSERS = "\"'”’»)]}」』*_ \n"
_ZERO = np.float32(0)
_NONE = np.zeros(0, dtype=np.float32)
_RISE = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE) + 0.5) / _FADE)).astype(np.float32)


@dataclass(frozen=True)
class Pauses:
    """Silence after a sentence, from sound to sound. Less than 0.12 s counts as 0.12 s."""

    sentence_seconds: float
    clause_seconds: float
    """Silence after a text without a full stop or the like at its end."""
    paragraph_seconds: float

    def after(self, text: str, *, paragraph: bool = False) -> float:
        """The pause after a text; `paragraph`: the next text begins another paragraph."""
        if paragraph:
            return self.paragraph_seconds
        is_sentence = text.rstrip(_CLOSERS)[-1:] in _SENTENCE_ENDS
        return self.sentence_seconds if is_sentence else self.clause_seconds


@dataclass(frozen=True)
class SoundOptions:
    """Loudness and pauses of every utterance."""

    loudness_lufs: float | None = None
    """Loudness of every voice; None leaves each voice as loud as it is."""
    pauses: Pauses | None = None
    """Pauses between sentences; None leaves them as the voice makes them."""
    lead_in_seconds: float = 0.0
    """Silence before the first sound."""
    tail_seconds: float = 0.0
    """Silence after the last sound."""
    volume: float = 1.0
    """Gain on top of the loudness; 1 changes nothing."""

    def gain(self, voice_lufs: float) -> float:
        """Factor for the samples of a voice of this loudness."""
        to_loudness = 1.0 if self.loudness_lufs is None else 10 ** ((self.loudness_lufs - voice_lufs) / 20)
        return float(self.volume * to_loudness)


class Joiner:
    """The sound of one utterance: for each sentence `begin`, `add` for each piece of sound, `end`; at last `finish`.

    The returned sound may be sent: float32, shape (n_samples,), 24 kHz. How a sentence's sound is cut into pieces does
    not change the result, except for the silence before the very first sentence. This silence is returned as it comes:
    while it is played, the piece after it is made.
    """

    def __init__(self, options: SoundOptions) -> None:
        self._pauses = options.pauses
        self._tail = _samples(options.tail_seconds)
        self._due_silence = _samples(options.lead_in_seconds)
        """Samples of silence to return before the next sound."""
        self.left_out_seconds = 0.0
        """Silence left out so far, as it was beyond MAX_SILENCE_SECONDS in one piece."""
        self._returned = 0
        """Samples returned so far."""
        self._previous_text: str | None = None
        """Text of the last sentence that had sound; None before the first."""
        self._begins_paragraph = False
        self._asked_pause: int | None = None
        """Samples of silence that the text asks for before the next sentence; None where it asks for none."""
        self._silent_end = 0
        """Silent samples at the end of what was returned. Negative: that many samples, up to the last that is not
        silent, are still held back."""
        self._sentence = _Sentence("")

    @property
    def sentence_at_seconds(self) -> float | None:
        """Where the sentence's first sample lies in the utterance, or would lie if it were not cut off.

        None until the sentence has sound.
        """
        at = self._sentence.at
        return None if at is None else at / SAMPLE_RATE_HZ

    def pause(self, seconds: float) -> None:
        """Put this silence before the next sentence, in place of the usual pause. Several add up."""
        self._asked_pause = self._bounded((self._asked_pause or 0) + _samples(seconds))

    def begin(self, text: str, *, paragraph: bool = False) -> None:
        """Begin a sentence; `paragraph`: it begins a paragraph, too."""
        self._begins_paragraph |= paragraph
        self._sentence = _Sentence(text)

    def pause_so_far(self) -> Samples:
        """The part of the pause before this sentence that is certain already: the listener hears it meanwhile."""
        if self._pauses is None or self._previous_text is None:
            return _NONE
        silence = max(0, self._wanted_pause() - self._silent_end - _LEAD)
        self._silent_end += silence
        return self._with_due_silence(_silent(silence))

    def add(self, samples: ArrayLike) -> Samples:
        """Take more of the sentence's sound, and return the sound that is ready."""
        sentence, sound = self._sentence, np.asarray(samples, dtype=np.float32)
        if self._pauses is None:
            if sentence.at is None:
                self._start_sound(0)
            return self._with_due_silence(sound)
        sound = np.concatenate([sentence.held, sound])
        loud = np.flatnonzero(np.abs(sound) > SILENCE)
        if not loud.size and self._previous_text is None:
            _fade_in(sound, sentence.returned_silence)
            sentence.returned_silence += len(sound)
            return self._with_due_silence(sound)
        if sentence.at is None:
            if not loud.size or len(sound) - loud[0] < 2 * _FADE:
                sentence.held = sound
                return _NONE
            start = self._start_sound(int(loud[0]))
            sound, loud = sound[start:], loud - start
            _fade_in(sound, sentence.returned_silence)
            _soften(sound[loud[0] :])
        loud_end = int(loud[-1]) + 1 if loud.size else -self._silent_end
        end = max(0, min(loud_end + _AFTERGLOW, len(sound) - _FADE))
        sentence.held, self._silent_end = sound[end:], end - loud_end
        return self._with_due_silence(sound[:end])

    def end(self) -> Samples:
        """End the sentence, and return the rest of its sound."""
        sentence = self._sentence
        if self._pauses is None or not sentence.has_sound:
            return _NONE
        # A sound that is shorter than two fades is still held whole: silence makes it long enough.
        first = self.add(np.zeros(2 * _FADE)) if sentence.at is None else _NONE
        rest = max(0, _REST - self._silent_end - _FADE)
        self._silent_end += _FADE + rest
        edge = sentence.held[:_FADE] * _RISE[::-1]
        sentence.held = _NONE
        return np.concatenate([first, self._with_due_silence(np.concatenate([edge, _silent(rest)]))])

    def finish(self) -> Samples:
        """End the utterance, and return the silence at its end. An utterance without sound and pauses stays empty."""
        usual = _samples(self._pauses.sentence_seconds) if self._pauses else 0
        pause = usual if self._asked_pause is None else self._asked_pause
        self._due_silence += max(0, pause - self._silent_end)
        is_empty = not (self._returned or self._asked_pause)
        self._due_silence = 0 if is_empty else self._bounded(self._due_silence + self._tail)
        return self._with_due_silence(_NONE)

    def _start_sound(self, first_loud: int) -> int:
        """The sentence's sound begins: note the silence that is due before it, and where the sentence lies.

        `first_loud` is the first sample that is not silent. Returns the first sample to keep.
        """
        sentence, pause = self._sentence, self._wanted_pause()
        if self._pauses is None or self._previous_text is None:
            start = 0 if sentence.returned_silence else max(0, first_loud - _FIRST_LEAD)
            self._due_silence = self._bounded(self._due_silence + pause)
        else:
            start = max(0, first_loud - _LEAD)
            self._due_silence += max(0, pause - self._silent_end - (first_loud - start))
        sentence.at = self._returned + self._due_silence - sentence.returned_silence - start
        self._previous_text, self._begins_paragraph, self._asked_pause = sentence.text, False, None
        return start

    def _wanted_pause(self) -> int:
        """Samples of silence between the previous sentence and this one."""
        if self._asked_pause is not None:
            return self._asked_pause
        if self._pauses is None or self._previous_text is None:
            return 0
        return _samples(self._pauses.after(self._previous_text, paragraph=self._begins_paragraph))

    def _bounded(self, silence: int) -> int:
        """At most MAX_SILENCE_SECONDS of this silence, in samples; the rest is counted as left out."""
        bounded = min(silence, _samples(MAX_SILENCE_SECONDS))
        self.left_out_seconds += (silence - bounded) / SAMPLE_RATE_HZ
        return bounded

    def _with_due_silence(self, sound: Samples) -> Samples:
        """The sound behind the silence that is due; both count as returned."""
        if self._due_silence:
            sound = np.concatenate([_silent(self._due_silence), sound])
        self._due_silence = 0
        self._returned += len(sound)
        return sound


class _Sentence:
    """The sentence whose sound is made."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.held = _NONE
        """The end of its sound so far, held back."""
        self.at: int | None = None
        """The place of its first sample in all that is returned; None until it has sound."""
        self.returned_silence = 0
        """Silent samples returned before it had sound."""

    @property
    def has_sound(self) -> bool:
        return self.at is not None or bool(np.any(np.abs(self.held) > SILENCE))


def _fade_in(sound: Samples, at: int) -> None:
    """Fade in, in place, a sound that begins `at` samples after the beginning of the fade."""
    rise = _RISE[at : at + len(sound)]
    sound[: len(rise)] *= rise


def _soften(onset: Samples) -> None:
    """Fade in, in place, a sound that begins abruptly.

    Some voices begin so, ef_dora and pf_dora most often, and it is heard as a click.
    """
    first, after = np.abs(onset[:_ONSET]), np.abs(onset[_ONSET : _ONSET + _FADE])
    if first.max() > _ABRUPT * after.max():
        _fade_in(onset, 0)


def _silent(count: int) -> Samples:
    """So many zeros, read-only: they take no memory."""
    return np.broadcast_to(_ZERO, (count,))


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
