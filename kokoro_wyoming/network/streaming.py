"""Features to sound, in the pieces that a listener can wait for.

A short sentence is made whole. A longer one is made in windows, the first of them small, with moments that are
predicted; its first sound costs the same however long it is. Where a prediction is not to be trusted, the sentence is
made whole too, and what it teaches is kept for the next one.
"""

from __future__ import annotations

import itertools
import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME, Generator, Moments
from kokoro_wyoming.network.moments import Fit, InputMoments, Predictor, corrected, measure_inputs, residual

_LOGGER = logging.getLogger(__name__)

WHOLE_FRAMES = 160
"""2 s: so little is made whole, as it takes little longer than two windows, and as it is hardest to predict."""
WINDOW_FRAMES = (24, 40, 80)
"""0.3, 0.5, 1 s: each is made while the one before it is heard, even on a machine of half this pace."""
LATER_WINDOW_FRAMES = 160
"""2 s from then on: a longer one gains a thirtieth more, and is a longer turn for all others to wait."""
MAX_DOUBT = 0.7
"""Held-out voices have 0.4 at the median and 0.65 at the 95th percentile, and are spoken well enough."""
_LOUD = -5.0
_SILENT_FRAMES = 8
"""0.1 s, kept of the silence around a sentence: its first and last sound are seldom 0.05 s off what energy tells."""
_LESSONS = 3
"""Exact runs after which a voice's own offset gains no more."""
_TAUGHT = 256
"""Voices whose lessons are kept, 74 KB each: blends are named by clients, who could name them without end."""
_SHRINKAGE = 0.5
"""Of an offset, as if half a run had said that there is none."""


@dataclass(frozen=True)
class Features:
    """What the generator needs of one sentence."""

    x: Tensor
    """Decoder output, float32, shape (1, 512, n_frames), 80 frames a second."""
    f0: Tensor
    """Pitch in Hz, float32, shape (1, n_frames)."""
    energy: Tensor
    """How loud it is to be, about -10 in silence and 8 in a vowel: float32, shape (1, n_frames)."""
    style: Tensor
    """The sound's half of the style row, float32, shape (1, 128)."""
    durations: Tensor
    """Half-rate frames (1/40 s) for each token, pads included: int64, shape (n_tokens,)."""
    speed: float
    """1.0 is the voice's own pace."""

    @property
    def all(self) -> tuple[int, int]:
        """The first frame, and that behind the last."""
        return 0, self.x.shape[-1]

    @property
    def heard(self) -> tuple[int, int]:
        """The same without the silence around, but for 0.1 s.

        Both are even, as frames of `durations` are twice as long, and the first is in the first pad.
        """
        _, end = self.all
        loud = torch.nonzero(self.energy[0] > _LOUD)[:, 0].tolist()
        if not loud:
            return self.all
        first = min(loud[0] - _SILENT_FRAMES, 2 * int(self.durations[0]) - 2)
        last = loud[-1] + 1 + _SILENT_FRAMES
        return max(0, first) // 2 * 2, min(end, last + last % 2)

    def durations_of(self, frames: tuple[int, int]) -> list[int]:
        """`durations` of what is within such frames: as long as its sound, so that what comes behind is in time too."""
        ends = self.durations.cumsum(0).clamp(frames[0] // 2, frames[1] // 2).tolist()
        return [end - start for start, end in itertools.pairwise([frames[0] // 2, *ends])]


@dataclass
class _VoiceOffset:
    """What a voice's exact runs said of the predictions for it."""

    count: int = 0
    total: Tensor | float = 0.0

    def improve(self, predicted: Moments) -> Moments:
        if not isinstance(self.total, Tensor):
            return predicted
        return corrected(predicted, self.total / (self.count + _SHRINKAGE))

    def add(self, exact: Moments, predicted: Moments) -> None:
        self.count += 1
        self.total = self.total + residual(exact, predicted)


class StreamingVocoder:
    """Has the generator speak; every method is to be called on one thread at a time."""

    def __init__(self, generator: Generator, device: torch.device, fit: Fit | None) -> None:
        self._generator = generator
        # A graphics card makes a whole sentence sooner than this processor predicts it.
        in_windows = fit is not None and device.type == "cpu"
        self._predictor = Predictor(self._generator, fit) if fit is not None and in_windows else None
        self._lessons: OrderedDict[str, _VoiceOffset] = OrderedDict()
        """Replaced as a whole and never emptied: another thread may be in the middle of using it."""
        self.counts = {"windows": 0, "whole": 0, "doubted": 0}
        """Sentences by how they were made; the doubted ones were long enough for windows."""

    @property
    def generator(self) -> Generator:
        """What makes the sound."""
        return self._generator

    def speak(
        self, features: Features, voice: str, frames: tuple[int, int] | None = None, *, large_windows: bool = False
    ) -> Iterator[Tensor]:
        """Yield a sentence's sound piece by piece: float32, shape (n_samples,), 24 kHz, on the CPU.

        Only that of `frames`, from the first to before the second, where they are given. `large_windows` are the first
        ones too, where its first sound need not be made at once.
        """
        start, end = frames = frames or features.all
        sizes = _window_sizes(end - start, large=large_windows)
        with torch.inference_mode():
            harmonics = self._generator.harmonics(features.f0)
            pieces = self._pieces(features, harmonics, voice, frames, sizes)
        while True:
            # Entered anew for each piece: what others do between two of them is not to be inference.
            with torch.inference_mode():
                sound = next(pieces, None)
            if sound is None:
                return
            yield sound.cpu()

    def _pieces(
        self, features: Features, harmonics: Tensor, voice: str, frames: tuple[int, int], sizes: Iterator[int]
    ) -> Iterator[Tensor]:
        samples = slice(frames[0] * SAMPLES_PER_FRAME, frames[1] * SAMPLES_PER_FRAME)
        targets = self._generator.targets(features.style)
        if self._predictor is None or features.x.shape[-1] <= WHOLE_FRAMES:
            self.counts["whole"] += 1
            yield self._generator.whole(features.x, harmonics, targets)[0][samples]
            return
        prediction = self._predictor.predict(self._known(features, harmonics), targets)
        lessons = self._lessons_of(voice)
        if prediction.doubt > MAX_DOUBT and lessons.count < _LESSONS:
            self.counts["doubted"] += 1
            told = (voice, prediction.doubt, self.counts["doubted"], sum(self.counts.values()))
            _LOGGER.debug("A sentence of %s is unlike what is known (%.2f) and made whole: %d of %d so far", *told)
            sound, exact = self._generator.whole(features.x, harmonics, targets)
            yield sound[samples]
            lessons.add(exact, prediction.moments)
            return
        self.counts["windows"] += 1
        normalise = self._generator.given(targets, lessons.improve(prediction.moments))
        yield from self._generator.windows(features.x, harmonics, normalise, sizes, frames)

    def _lessons_of(self, voice: str) -> _VoiceOffset:
        taught = self._lessons
        lessons = taught.setdefault(voice, _VoiceOffset())
        taught.move_to_end(voice)
        if len(taught) > _TAUGHT:
            taught.popitem(last=False)
        return lessons

    def forget_voices(self) -> None:
        """Forget what voices taught, as they may be others under the same names; from any thread."""
        self._lessons = OrderedDict()

    def predict_with(self, fit: Fit) -> None:
        """Speak in windows from the next sentence on; from any thread."""
        predictor = Predictor(self._generator, fit)
        self._lessons = OrderedDict()
        self._predictor = predictor

    def _known(self, features: Features, harmonics: Tensor) -> InputMoments:
        return measure_inputs(self._generator, features.x, features.f0, harmonics, features.style, features.speed)


def _window_sizes(n_frames: int, *, large: bool) -> Iterator[int]:
    """Of the windows of so many frames, and without end."""
    first = WINDOW_FRAMES if not large else WINDOW_FRAMES[-1:] if n_frames > LATER_WINDOW_FRAMES else ()
    return itertools.chain(first, itertools.repeat(LATER_WINDOW_FRAMES))
