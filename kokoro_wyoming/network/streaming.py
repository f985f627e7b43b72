"""Turns features into sound, in pieces that are ready soon.

A short sentence runs through the generator whole. A longer one runs in windows with predicted moments, and its first
window is small: so the first sound costs the same for every length. Where the prediction is in doubt, the sentence runs
whole, and its exact moments improve the next predictions for that voice. Of a long one, only the middle does.
"""

from __future__ import annotations

import itertools
import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kokoro_wyoming.network.generator import HARMONICS_PER_FRAME, SAMPLES_PER_FRAME, Generator, Moments, Targets
from kokoro_wyoming.network.moments import Fit, Prediction, Predictor, corrected, measure_inputs, residual

_LOGGER = logging.getLogger(__name__)

WHOLE_FRAMES = 96
"""1.2 s. A sentence up to this length runs whole: it is the hardest to predict, and is made soon anyway."""
WINDOW_FRAMES = (24, 40, 80)
"""The first windows: 0.3, 0.5 and 1 s. Each is ready before the one before it ends, even at half of real-time speed."""
LATER_WINDOW_FRAMES = 160
"""All later windows: 2 s. Longer windows would save a thirtieth, but make other listeners wait longer."""
LONGEST_WHOLE_FRAMES = 640
"""8 s. Of a longer sentence in doubt only the middle is run for its moments: 40 s at once would take 600 MB."""
MAX_DOUBT = 0.7
"""Held-out voices have a doubt of 0.4 at the median and 0.65 at the 95th percentile, and sound well enough."""
_AUDIBLE_ENERGY = -5.0
_SILENT_FRAMES = 8
"""0.1 s of the silence around a sentence is kept, as the energy tells its first and last sound to about 0.05 s."""
_MAX_OFFSET_RUNS = 3
"""After this many exact runs a voice's own offset improves no more."""
_MAX_OFFSETS = 256
"""Offsets are kept for the voices used last, 74 KB each. Clients can name any number of blends."""
_SHRINKAGE = 0.5
"""Shrinks the learned offset toward 0, like half an observation of 0."""


@dataclass(frozen=True)
class Features:
    """The generator's input for one sentence."""

    x: Tensor
    """Decoder output, float32, shape (1, 512, n_frames), 80 frames a second."""
    f0: Tensor
    """Pitch in Hz, float32, shape (1, n_frames)."""
    energy: Tensor
    """Predicted loudness, about -10 in silence and 8 in a vowel: float32, shape (1, n_frames)."""
    style: Tensor
    """The sound's half of the style row, float32, shape (1, 128)."""
    durations: Tensor
    """Half-rate frames (1/40 s) for each token, pads included: int64, shape (n_tokens,)."""
    speed: float
    """1.0 is the voice's own pace."""

    @property
    def all(self) -> tuple[int, int]:
        """The first frame, and the one behind the last."""
        return 0, self.x.shape[-1]

    @property
    def audible(self) -> tuple[int, int]:
        """`all` without the silence around the sentence, except for 0.1 s on each side.

        Both numbers are even, as frames of `durations` are twice as long. The first frame is in the first pad.
        """
        _, end = self.all
        audible = torch.nonzero(self.energy[0] > _AUDIBLE_ENERGY)[:, 0].tolist()
        if not audible:
            return self.all
        first = min(audible[0] - _SILENT_FRAMES, 2 * int(self.durations[0]) - 2)
        last = audible[-1] + 1 + _SILENT_FRAMES
        return max(0, first) // 2 * 2, min(end, last + last % 2)

    def durations_within(self, frames: tuple[int, int]) -> list[int]:
        """`durations` cut to these frames, so that their sum is the length of the frames' sound."""
        ends = self.durations.cumsum(0).clamp(frames[0] // 2, frames[1] // 2).tolist()
        return [end - start for start, end in itertools.pairwise([frames[0] // 2, *ends])]


@dataclass
class _VoiceOffset:
    """The mean residual of a voice's predictions, from its exact runs."""

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
    """Runs the generator; every method is to be called on one thread at a time."""

    def __init__(self, generator: Generator, device: torch.device, fit: Fit | None) -> None:
        self._generator = generator
        # Apple's cards have no float64, which the prediction needs.
        in_windows = fit is not None and device.type in ("cpu", "cuda")
        self._predictor = Predictor(self._generator, fit) if fit is not None and in_windows else None
        self._offsets: OrderedDict[str, _VoiceOffset] = OrderedDict()
        """By voice. Replaced as a whole and never emptied, as another thread may be using it."""
        self.counts = {"windows": 0, "whole": 0, "doubted": 0}
        """Sentences by how they were made. The doubted ones were long enough for windows, but were made whole."""

    @property
    def generator(self) -> Generator:
        """The generator that makes the sound."""
        return self._generator

    def speak(
        self, features: Features, voice: str, frames: tuple[int, int] | None = None, *, large_windows: bool = False
    ) -> Iterator[Tensor]:
        """Yield a sentence's sound piece by piece: float32, shape (n_samples,), 24 kHz, on the CPU.

        `frames` limits the sound to the frames from the first to before the second. With `large_windows` the first
        windows are large too: less work, but the first sound takes longer.
        """
        start, end = frames = frames or features.all
        sizes = _window_sizes(end - start, large=large_windows)
        with torch.inference_mode():
            harmonics = self._generator.harmonics(features.f0)
            pieces = self._pieces(features, harmonics, voice, frames, sizes)
        while True:
            # Entered for each piece, as other code on this thread runs between two pieces.
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
        prediction = self._prediction(self._predictor, features, harmonics, targets)
        offset = self._offset_of(voice)
        if prediction.doubt > MAX_DOUBT and offset.count < _MAX_OFFSET_RUNS:
            self.counts["doubted"] += 1
            counts = f"{self.counts['doubted']} of {sum(self.counts.values())} so far"
            _LOGGER.debug("A sentence of %s has a doubt of %.2f: %s", voice, prediction.doubt, counts)
            part, part_harmonics = _middle(features, harmonics)
            sound, exact = self._generator.whole(part.x, part_harmonics, targets)
            if part is features:
                yield sound[samples]
                offset.add(exact, prediction.moments)
                return
            offset.add(exact, self._prediction(self._predictor, part, part_harmonics, targets).moments)
        self.counts["windows"] += 1
        affines = self._generator.affines(targets, offset.improve(prediction.moments))
        yield from self._generator.windows(features.x, harmonics, affines, sizes, frames)

    def _prediction(self, predictor: Predictor, features: Features, harmonics: Tensor, targets: Targets) -> Prediction:
        x, f0, style, speed = features.x, features.f0, features.style, features.speed
        return predictor.predict(measure_inputs(self._generator, x, f0, harmonics, style, speed), targets)

    def _offset_of(self, voice: str) -> _VoiceOffset:
        offsets = self._offsets
        offset = offsets.setdefault(voice, _VoiceOffset())
        offsets.move_to_end(voice)
        if len(offsets) > _MAX_OFFSETS:
            offsets.popitem(last=False)
        return offset

    def forget_voices(self) -> None:
        """Forget the offsets, as another voice may now have the same name; from any thread."""
        self._offsets = OrderedDict()

    def predict_with(self, fit: Fit) -> None:
        """Speak in windows from the next sentence on; from any thread."""
        predictor = Predictor(self._generator, fit)
        self._offsets = OrderedDict()
        self._predictor = predictor


def _middle(features: Features, harmonics: Tensor) -> tuple[Features, Tensor]:
    """The middle LONGEST_WHOLE_FRAMES of a sentence, with their harmonics; a sentence that is not longer, as it is."""
    count = features.x.shape[-1]
    if count <= LONGEST_WHOLE_FRAMES:
        return features, harmonics
    start = (count - LONGEST_WHOLE_FRAMES) // 2
    stop = start + LONGEST_WHOLE_FRAMES
    x, f0, energy = (rows[..., start:stop] for rows in (features.x, features.f0, features.energy))
    return (
        replace(features, x=x, f0=f0, energy=energy),
        harmonics[..., HARMONICS_PER_FRAME * start : HARMONICS_PER_FRAME * stop + 1],
    )


def _window_sizes(n_frames: int, *, large: bool) -> Iterator[int]:
    """The sizes of windows over `n_frames` frames, without end."""
    first = WINDOW_FRAMES if not large else WINDOW_FRAMES[-1:] if n_frames > LATER_WINDOW_FRAMES else ()
    return itertools.chain(first, itertools.repeat(LATER_WINDOW_FRAMES))
