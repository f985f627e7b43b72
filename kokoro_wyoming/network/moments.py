"""Predicts the moments of the generator's AdaIN layers for a whole sentence, before the generator runs.

Three steps. What enters the generator is linear in things known beforehand, so its moments are measured exactly.
From these a Gaussian estimate runs through all layers: after AdaIN each channel's mean and deviation are functions of
the style alone, whatever came in, and Snake and convolution then have a closed form. What the estimate gets wrong is
learned: a kernel ridge regression from some hundred exact runs over all voices, blends, languages and speeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.assets.tensor_files import read_archive
from kokoro_wyoming.errors import ModelError, first_line
from kokoro_wyoming.network.bucketing import bucket_length
from kokoro_wyoming.network.convolution import EPSILON, Convolution, Upsampling, mean_and_variance
from kokoro_wyoming.network.generator import HARMONICS_PER_FRAME, Block, Generator, Moments, Targets

FEATURE_SIZES = {"ups": 512, "n0": 512, "style": 128, "scalars": 5}
"""Numbers in each group of `InputMoments.features`."""
RESIDUAL_SIZE = 18432
"""A mean and a deviation of each of the 9,216 channels in the 48 AdaIN layers."""
MAX_POINTS = 4096
"""In a fit, as a square of so many numbers is inverted; the shipped one has 624."""
_LEAK = 0.1
_PART_CHANNELS = 64
_STEPS_PER_FRAME = 10
"""In the first stage."""
_VOICED_HZ = 10.0
_KERNEL_WIDTH, _KERNEL_LINEAR, RIDGE = 0.75, 0.5, 0.01
"""Of the regression; found on held-out texts and voices, and flat around these values."""


@dataclass(frozen=True)
class InputMoments:
    """Exact moments of the generator's three linear inputs, and what else tells sentences apart."""

    upsampled: Moments
    """Of `ups[0](leaky_relu(x))`, shape (256,) each."""
    noise: tuple[Moments, Moments]
    """Of `noise_convs[0]` and `[1]` of the harmonic source, shapes (256,) and (128,)."""
    scalars: Tensor
    """log frames, voiced share, mean and deviation of log pitch, log speed: float32, shape (5,)."""
    style: Tensor
    """float32, shape (1, 128)."""

    def features(self) -> dict[str, Tensor]:
        """What the regression looks at, in groups."""
        return {
            "ups": _shape_of(self.upsampled),
            "n0": _shape_of(self.noise[0]),
            "style": self.style[0],
            "scalars": self.scalars,
        }


@dataclass(frozen=True)
class Prediction:
    """Moments for a whole sentence, and how far the sentence is from all that was learned."""

    moments: Moments
    doubt: float
    """0: the like was seen; up to about 1.5: nothing like it."""


def measure_inputs(
    generator: Generator, x: Tensor, f0: Tensor, harmonics: Tensor, style: Tensor, speed: float
) -> InputMoments:
    """Measure what can be measured cheaply: about a hundredth of the generator's work."""
    n_frames = x.shape[-1]
    blank = bucket_length(n_frames) - n_frames
    active = functional.pad(functional.leaky_relu(x[0].T, _LEAK), (0, 0, 0, blank))
    spectrum = functional.pad(harmonics[0].T, (0, 0, 0, HARMONICS_PER_FRAME * blank))
    noise, one_tap = generator.sources
    return InputMoments(
        _in_parts(generator.upsamplings[0], active, n_frames),
        (_in_parts(noise, spectrum, n_frames), _moments_of_one_tap(one_tap, harmonics)),
        _scalars(f0, x.shape[-1], speed),
        style,
    )


def _scalars(f0: Tensor, frames: int, speed: float) -> Tensor:
    voiced = f0[0] > _VOICED_HZ
    pitch = torch.log(f0[0][voiced]) if bool(voiced.any()) else torch.tensor([5.0])
    mean, deviation = pitch.mean(), pitch.std(correction=0)
    return torch.stack(
        [torch.tensor(math.log(frames)), voiced.float().mean(), mean, deviation, torch.tensor(math.log(speed))]
    )


def _in_parts(convolution: Convolution | Upsampling, u: Tensor, n_frames: int) -> Moments:
    """Of what comes out for so many frames, some channels after the others: all of half a minute would be the peak of
    the memory.
    """
    count = n_frames * _STEPS_PER_FRAME
    return Moments.joined(mean_and_variance(part(u)[:count]) for part in convolution.parts(_PART_CHANNELS))


def _moments_of_one_tap(convolution: Convolution, u: Tensor) -> Moments:
    """Of a convolution with one tap, from the covariance of its input: without running it."""
    mean = u[0].mean(1)
    centred, weight = u[0] - mean[:, None], convolution.weight[:, :, 0, 0]
    covariance = centred @ centred.T / u.shape[-1]
    variance = ((weight @ covariance) * weight).sum(1).clamp(min=0)
    return Moments(weight @ mean + convolution.bias, variance)


def _shape_of(moments: Moments) -> Tensor:
    deviation = torch.sqrt(moments.variance + EPSILON)
    return torch.cat([moments.mean / deviation, torch.log(deviation)])


class _Sums:
    """The mean of a convolution's output from its input's (exact but for edges), and its variance as if independent."""

    def __init__(self, convolution: Convolution) -> None:
        weight = convolution.weight.float()
        self._total, self._squares = weight.sum((2, 3)), (weight**2).sum((2, 3))
        self._bias = convolution.bias.float()

    def __call__(self, moments: Moments) -> Moments:
        return Moments(self._total @ moments.mean + self._bias, self._squares @ moments.variance)


class Estimate:
    """The Gaussian estimate of all layers' moments."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        blocks = [*generator.noise, *(block for stage in generator.residual for block in stage)]
        self._sums = {block.first_layer: [(_Sums(a), _Sums(b)) for a, b in block.rounds] for block in blocks}
        up = generator.upsamplings[1]
        weight = up.weight[:, :, 0].transpose(0, 1)
        # Each output sample of a transposed convolution sees one tap in `stride`.
        self._up_total, self._up_squares = weight.sum(2) / up.stride, (weight**2).sum(2) / up.stride
        self._up_bias = up.bias

    def __call__(self, known: InputMoments, targets: Targets) -> Moments:
        """Means and variances of all layers' inputs, shape (9216,) each."""
        widths = self._generator.widths
        snaked = self._after_snake(targets)
        layers = [Moments(*parts) for parts in zip(*(torch.split(row, widths) for row in snaked), strict=True)]
        rows: list[Moments] = []
        entering = known.upsampled
        for stage, noise in enumerate(known.noise):
            inside, source = self._through(self._generator.noise[stage], noise, layers)
            rows += inside
            entering = Moments(entering.mean + source.mean, entering.variance + source.variance)
            leaving = []
            for block in self._generator.residual[stage]:
                inside, out = self._through(block, entering, layers)
                rows += inside
                leaving.append(out)
            if stage == 0:
                entering = self._upsampled(_average(leaving))
        return Moments(torch.cat([row.mean for row in rows]), torch.cat([row.variance for row in rows]))

    def _after_snake(self, targets: Targets) -> Moments:
        """Of Snake's output in every layer, were its input Gaussian."""
        a, deviation = self._generator.angles / 2, targets.gain.abs()
        cosine, damping = torch.cos(2 * a * targets.mean), torch.exp(-2 * (a * deviation) ** 2)
        mean = targets.mean + (1 - damping * cosine) / (2 * a)
        of_cosine = (1 + damping**4 * torch.cos(4 * a * targets.mean)) / 2 - (damping * cosine) ** 2
        together = 2 * deviation**2 * damping * torch.sin(2 * a * targets.mean)
        variance = deviation**2 + of_cosine / (4 * a**2) + together
        return Moments(mean, variance.clamp(min=1e-8))

    def _through(self, block: Block, entering: Moments, layers: list[Moments]) -> tuple[list[Moments], Moments]:
        """The inputs of a block's six layers, and what leaves it."""
        rows, layer = [], block.first_layer
        for dilated, plain in self._sums[block.first_layer]:
            inner = dilated(layers[layer])
            rows += [entering, inner]
            added = plain(layers[layer + 1])
            entering = Moments(entering.mean + added.mean, entering.variance + added.variance)
            layer += 2
        return rows, entering

    def _upsampled(self, x: Moments) -> Moments:
        """Of `ups[1](leaky_relu(x))` of a Gaussian x."""
        deviation = torch.sqrt(x.variance)
        standard = x.mean / deviation
        density = torch.exp(-0.5 * standard**2) / math.sqrt(2 * math.pi)
        above = 0.5 * (1 + torch.erf(standard / math.sqrt(2)))
        rectified = x.mean * above + deviation * density
        mean = rectified + _LEAK * (x.mean - rectified)
        return Moments(self._up_total @ mean + self._up_bias, self._up_squares @ x.variance)


def _average(parts: list[Moments]) -> Moments:
    count = len(parts)
    mean = torch.stack([part.mean for part in parts]).sum(0) / count
    return Moments(mean, torch.stack([part.variance for part in parts]).sum(0) / count**2)


def residual(exact: Moments, estimate: Moments) -> Tensor:
    """What is left to learn: mean errors in standard deviations, then logs of the ratio of deviations: (18432,)."""
    deviation = torch.sqrt(exact.variance + EPSILON)
    ratio = torch.log(deviation / torch.sqrt(estimate.variance + EPSILON))
    return torch.cat([(exact.mean - estimate.mean) / deviation, ratio])


def corrected(estimate: Moments, error: Tensor) -> Moments:
    """The moments of which `error` is the `residual` to the estimate."""
    of_mean, of_deviation = error.chunk(2)
    deviation = torch.sqrt(estimate.variance + EPSILON) * torch.exp(of_deviation)
    return Moments(estimate.mean + of_mean * deviation, (deviation**2 - EPSILON).clamp(min=0))


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """How alike sentences are: float64, shapes (n, d) and (m, d) give (n, m)."""
    product = a @ b.T
    distance = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * product
    return torch.exp(-_KERNEL_WIDTH * distance.clamp(min=0)) + _KERNEL_LINEAR * product


def _check(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """ValueError or KeyError when arrays do not fit each other as those of a `Fit` do."""
    count, width = arrays["points"].shape
    rank, size = arrays["basis"].shape
    axes = {group: arrays[f"{group}_axes"].shape for group in FEATURE_SIZES}
    fits = {
        "points": count <= MAX_POINTS and width == sum(shape[1] for shape in axes.values()),
        "basis": size == RESIDUAL_SIZE,
        "centre": arrays["centre"].shape == (RESIDUAL_SIZE,),
        "coefficients": arrays["coefficients"].shape == (count, rank),
        "step": arrays["step"].shape == (),
        **{f"{group}_axes": axes[group][0] == length for group, length in FEATURE_SIZES.items()},
        **{f"{group}_centre": arrays[f"{group}_centre"].shape == (n,) for group, n in FEATURE_SIZES.items()},
    }
    for name, is_right in fits.items():
        if not is_right or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} has another shape, or holds what is no number")


class Fit:
    """What was learned of a release's weights: the corrections to the estimate.

    Arrays: for each group of features `<group>_centre` (d,) and `<group>_axes` (d, k); `points` (n, sum of k) of the
    sentences learned from; `centre` (18432,), `coefficients` (n, rank) and `basis` (rank, 18432) in steps of `step`.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """ValueError or KeyError when the arrays are not those."""
        _check(arrays)
        # In torch: numpy's own threads would spin beside torch's, just when the first sound is made.
        self._basis = torch.from_numpy(np.asarray(arrays["basis"], np.float32) * np.float32(arrays["step"]))
        others = {name: np.asarray(arrays[name], np.float64) for name in arrays if name != "basis"}
        self._arrays = {name: torch.from_numpy(array) for name, array in others.items()}
        self._groups = [name.removesuffix("_axes") for name in arrays if name.endswith("_axes")]
        self._points = self._arrays["points"]
        likeness = kernel(self._points, self._points)
        self._inverse = torch.linalg.inv(likeness + RIDGE * torch.eye(len(likeness), dtype=torch.float64))
        if not bool(torch.isfinite(self._inverse).all()):
            raise ValueError("the points are no sentences of a network")
        self._centre = self._arrays["centre"].float()

    @classmethod
    def load(cls, path: Path, remedy: str = "install kokoro-wyoming anew") -> Fit:
        """Read a file; ModelError names one that is damaged or something else, and the remedy. No code is run."""
        arrays = read_archive(path, remedy)
        try:
            return cls(arrays)
        except Exception as error:
            what = "is damaged, or is not what was learned of a network's weights"
            raise ModelError(f"{path} {what} ({first_line(error)}); {remedy}.") from error

    def correction(self, known: InputMoments) -> tuple[Tensor, float]:
        """The residual of a sentence, shape (18432,), and the doubt."""
        point = self._point(known)
        likeness = kernel(point, self._points)
        weights = (likeness @ self._arrays["coefficients"]).float()
        doubt = kernel(point, point) - likeness @ self._inverse @ likeness.T
        return self._centre + (weights @ self._basis)[0], float(doubt)

    def _point(self, known: InputMoments) -> Tensor:
        features = known.features()
        parts = [
            (features[group].double() - self._arrays[f"{group}_centre"]) @ self._arrays[f"{group}_axes"]
            for group in self._groups
        ]
        return torch.cat(parts)[None]


class Predictor:
    """Moments of whole sentences for one generator."""

    def __init__(self, generator: Generator, fit: Fit) -> None:
        self._estimate = Estimate(generator)
        self._fit = fit

    def predict(self, known: InputMoments, targets: Targets) -> Prediction:
        """The moments of a sentence, and how much to doubt them."""
        error, doubt = self._fit.correction(known)
        return Prediction(corrected(self._estimate(known, targets), error), doubt)
