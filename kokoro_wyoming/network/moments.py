"""Predicts the moments of the generator's AdaIN layers for a whole sentence, before the generator runs.

1. The generator's inputs are linear in known data, so their moments are measured exactly.
2. From these a Gaussian estimate runs through all layers. After AdaIN each channel's mean and deviation depend on the
   style alone. The moments after Snake and convolution then have a closed form.
3. A kernel ridge regression corrects the estimate. It was learned from exact runs over all voices, blends, languages
   and speeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.assets.tensor_files import read_archive
from kokoro_wyoming.errors import ModelError, first_line
from kokoro_wyoming.network.activation import GeneratorBlock
from kokoro_wyoming.network.bucketing import bucket_length
from kokoro_wyoming.network.convolution import EPSILON, Convolution, Upsampling, mean_and_variance
from kokoro_wyoming.network.generator import HARMONICS_PER_FRAME, Generator, Moments, Targets

FEATURE_SIZES = {"ups": 512, "n0": 512, "style": 128, "scalars": 5}
"""Numbers in each group of `InputMoments.features`."""
RESIDUAL_SIZE = 18432
"""A mean and a deviation for each of the 9,216 channels in the 48 AdaIN layers."""
MAX_POINTS = 4096
"""The most points of a fit, as a matrix with a row and a column for each is inverted; the shipped fit has 624."""
_LEAK = 0.1
_PART_CHANNELS = 64
_STEPS_PER_FRAME = 10
"""Rows for each frame in the first stage."""
_VOICED_HZ = 10.0
_KERNEL_WIDTH, _KERNEL_LINEAR, RIDGE = 0.75, 0.5, 0.01
"""Parameters of the regression, chosen on held-out texts and voices; the error is flat around these values."""


@dataclass(frozen=True)
class InputMoments:
    """Exact moments of the generator's three linear inputs, and other features of a sentence."""

    upsampled: Moments
    """Moments of `ups[0](leaky_relu(x))`, shape (256,) each."""
    noise: tuple[Moments, Moments]
    """Moments of `noise_convs[0]` and `[1]` over the harmonic source, shapes (256,) and (128,)."""
    scalars: Tensor
    """log frames, voiced share, mean and deviation of log pitch, log speed: float32, shape (5,)."""
    style: Tensor
    """float32, shape (1, 128)."""

    def features(self) -> dict[str, Tensor]:
        """The inputs of the regression, in groups of float32, each of shape (size,)."""
        return {
            "ups": _standardised(self.upsampled),
            "n0": _standardised(self.noise[0]),
            "style": self.style[0],
            "scalars": self.scalars,
        }


@dataclass(frozen=True)
class Prediction:
    """Moments for a whole sentence, and how far the sentence is from all sentences of the fit."""

    moments: Moments
    doubt: float
    """0: the fit has similar sentences; up to about 1.5: it has none."""


def measure_inputs(
    generator: Generator, x: Tensor, f0: Tensor, harmonics: Tensor, style: Tensor, speed: float
) -> InputMoments:
    """Measure the generator's inputs, shapes as in `Generator.run`: about a hundredth of the generator's work."""
    n_frames = x.shape[-1]
    padding = bucket_length(n_frames) - n_frames
    active = functional.pad(functional.leaky_relu(x[0].T, _LEAK), (0, 0, 0, padding))
    spectrum = functional.pad(harmonics[0].T, (0, 0, 0, HARMONICS_PER_FRAME * padding))
    noise, one_tap = generator.sources
    return InputMoments(
        _upsampled_moments(generator.upsamplings[0], active, n_frames),
        (_output_moments(noise, spectrum, n_frames), _one_tap_moments(one_tap, harmonics)),
        _scalars(f0, x.shape[-1], speed),
        style,
    )


def _scalars(f0: Tensor, frames: int, speed: float) -> Tensor:
    voiced = f0[0] > _VOICED_HZ
    pitch = torch.log(f0[0][voiced]) if bool(voiced.any()) else f0.new_tensor([5.0])
    measured = [voiced.float().mean(), pitch.mean(), pitch.std(correction=0)]
    return torch.stack([f0.new_tensor(math.log(frames)), *measured, f0.new_tensor(math.log(speed))])


def _output_moments(convolution: Convolution, u: Tensor, n_frames: int) -> Moments:
    """Moments of the convolution's output over `n_frames` frames, 64 channels at a time.

    30 s with all channels at once would set the memory peak.
    """
    count = n_frames * _STEPS_PER_FRAME
    return Moments.joined(mean_and_variance(part(u)[:count]) for part in convolution.parts(_PART_CHANNELS))


def _upsampled_moments(upsampling: Upsampling, u: Tensor, n_frames: int) -> Moments:
    """Moments of the upsampled frames, from those of its phases."""
    mean, variance = (
        torch.stack(rows)
        for rows in zip(*(mean_and_variance(phase[:n_frames]) for phase in upsampling.phases(u)), strict=True)
    )
    return Moments(mean.mean(0), variance.mean(0) + mean.var(0, correction=0))


def _one_tap_moments(convolution: Convolution, u: Tensor) -> Moments:
    """Output moments of a convolution with one tap, from the covariance of its input, without running it."""
    mean = u[0].mean(1)
    centred, weight = u[0] - mean[:, None], convolution.weight[:, :, 0, 0]
    covariance = centred @ centred.T / u.shape[-1]
    variance = ((weight @ covariance) * weight).sum(1).clamp(min=0)
    return Moments(weight @ mean + convolution.bias, variance)


def _standardised(moments: Moments) -> Tensor:
    deviation = torch.sqrt(moments.variance + EPSILON)
    return torch.cat([moments.mean / deviation, torch.log(deviation)])


class _ConvolutionEstimate:
    """Moments of a convolution's output from the moments of its input.

    The mean is exact except at the edges. The variance assumes independent inputs.
    """

    def __init__(self, convolution: Convolution, phases: int = 1) -> None:
        """The channels out are those of `phases` rows, one behind the other, whose moments are averaged."""
        weight, bias = (
            part.float().view(phases, -1, *part.shape[1:]) for part in (convolution.weight, convolution.bias)
        )
        self._total, self._squares = weight.sum((3, 4)).mean(0), (weight**2).sum((3, 4)).mean(0)
        self._bias = bias.mean(0)

    def __call__(self, moments: Moments) -> Moments:
        return Moments(self._total @ moments.mean + self._bias, self._squares @ moments.variance)


class Estimate:
    """The Gaussian estimate of all layers' moments."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._convolutions = [_ConvolutionEstimate(convolution) for convolution in generator.convolutions]
        up = generator.upsamplings[1]
        self._up = _ConvolutionEstimate(up.convolution, phases=up.stride)

    def __call__(self, inputs: InputMoments, targets: Targets) -> Moments:
        """Means and variances of all layers' inputs, shape (9216,) each."""
        widths = self._generator.widths
        after_snake = self._after_snake(targets)
        layers = [Moments(*parts) for parts in zip(*(torch.split(row, widths) for row in after_snake), strict=True)]
        rows: list[Moments] = []
        entering = inputs.upsampled
        for stage, noise in enumerate(inputs.noise):
            layer_inputs, source = self._through_block(self._generator.noise[stage], noise, layers)
            rows += layer_inputs
            entering = Moments(entering.mean + source.mean, entering.variance + source.variance)
            leaving = []
            for block in self._generator.residual[stage]:
                layer_inputs, out = self._through_block(block, entering, layers)
                rows += layer_inputs
                leaving.append(out)
            if stage == 0:
                entering = self._upsampled(_average(leaving))
        return Moments(torch.cat([row.mean for row in rows]), torch.cat([row.variance for row in rows]))

    def _after_snake(self, targets: Targets) -> Moments:
        """Moments of Snake's output in every layer, for a Gaussian input."""
        a, deviation = self._generator.angles / 2, targets.gain.abs()
        cosine, damping = torch.cos(2 * a * targets.mean), torch.exp(-2 * (a * deviation) ** 2)
        mean = targets.mean + (1 - damping * cosine) / (2 * a)
        cosine_variance = (1 + damping**4 * torch.cos(4 * a * targets.mean)) / 2 - (damping * cosine) ** 2
        covariance_term = 2 * deviation**2 * damping * torch.sin(2 * a * targets.mean)
        variance = deviation**2 + cosine_variance / (4 * a**2) + covariance_term
        return Moments(mean, variance.clamp(min=1e-8))

    def _through_block(
        self, block: GeneratorBlock, entering: Moments, layers: list[Moments]
    ) -> tuple[list[Moments], Moments]:
        """Moments of the inputs of a block's six layers, and of the block's output.

        `layers` has the moments after the Snake of each layer.
        """
        rows, first = [], block.first_layer
        for layer in range(first, first + 2 * len(block.rounds), 2):
            dilated, plain = self._convolutions[layer : layer + 2]
            inner = dilated(layers[layer])
            rows += [entering, inner]
            added = plain(layers[layer + 1])
            entering = Moments(entering.mean + added.mean, entering.variance + added.variance)
        return rows, entering

    def _upsampled(self, x: Moments) -> Moments:
        """Moments of `ups[1](leaky_relu(x))` for a Gaussian x."""
        deviation = torch.sqrt(x.variance)
        standard = x.mean / deviation
        density = torch.exp(-0.5 * standard**2) / math.sqrt(2 * math.pi)
        above = 0.5 * (1 + torch.erf(standard / math.sqrt(2)))
        rectified = x.mean * above + deviation * density
        mean = rectified + _LEAK * (x.mean - rectified)
        return self._up(Moments(mean, x.variance))


def _average(parts: list[Moments]) -> Moments:
    count = len(parts)
    mean = torch.stack([part.mean for part in parts]).sum(0) / count
    return Moments(mean, torch.stack([part.variance for part in parts]).sum(0) / count**2)


def residual(exact: Moments, estimate: Moments) -> Tensor:
    """The errors of an estimate, shape (18432,): of the means in deviations, then logs of the ratios of deviations."""
    deviation = torch.sqrt(exact.variance + EPSILON)
    ratio = torch.log(deviation / torch.sqrt(estimate.variance + EPSILON))
    return torch.cat([(exact.mean - estimate.mean) / deviation, ratio])


def corrected(estimate: Moments, error: Tensor) -> Moments:
    """The moments whose `residual` to the estimate is `error`."""
    mean_error, deviation_error = error.chunk(2)
    deviation = torch.sqrt(estimate.variance + EPSILON) * torch.exp(deviation_error)
    return Moments(estimate.mean + mean_error * deviation, (deviation**2 - EPSILON).clamp(min=0))


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """The similarity of sentences: float64, shapes (n, d) and (m, d) give (n, m)."""
    product = a @ b.T
    distance = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * product
    return torch.exp(-_KERNEL_WIDTH * distance.clamp(min=0)) + _KERNEL_LINEAR * product


def _check(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Raise ValueError or KeyError unless the arrays have the shapes of a `Fit` and are finite."""
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
            raise ValueError(f"{name} has another shape, or values that are not numbers")


class Fit:
    """The learned corrections to the estimate, for the weights of one release.

    Arrays: for each group of features `<group>_centre` (d,) and `<group>_axes` (d, k); `points` (n, sum of k), one for
    each sentence of the fit; `centre` (18432,), `coefficients` (n, rank) and `basis` (rank, 18432) in steps of `step`.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Raise ValueError or KeyError when the arrays are not those of a fit."""
        _check(arrays)
        # In torch, as numpy's threads would spin beside torch's while the first sound is made.
        self._basis = torch.from_numpy(np.asarray(arrays["basis"], np.float32) * np.float32(arrays["step"]))
        others = {name: np.asarray(arrays[name], np.float64) for name in arrays if name != "basis"}
        self._arrays = {name: torch.from_numpy(array) for name, array in others.items()}
        self._groups = [name.removesuffix("_axes") for name in arrays if name.endswith("_axes")]
        self._points = self._arrays["points"]
        similarity = kernel(self._points, self._points)
        self._inverse = torch.linalg.inv(similarity + RIDGE * torch.eye(len(similarity), dtype=torch.float64))
        if not bool(torch.isfinite(self._inverse).all()):
            raise ValueError("the matrix of its points has no inverse")
        self._centre = self._arrays["centre"].float()

    @classmethod
    def load(cls, path: Path, remedy: str = "install kokoro-wyoming again") -> Fit:
        """Read a file without running code from it; ModelError names a damaged or other file, and the remedy."""
        arrays = read_archive(path, remedy)
        try:
            return cls(arrays)
        except Exception as error:
            what = "is damaged, or does not hold the corrections for a network"
            raise ModelError(f"{path} {what} ({first_line(error)}); {remedy}.") from error

    def to(self, device: torch.device) -> Fit:
        """The same fit in a device's memory."""
        moved = copy(self)
        moved._arrays = {name: array.to(device) for name, array in self._arrays.items()}
        moved._points = moved._arrays["points"]
        moved._basis, moved._inverse, moved._centre = (
            tensor.to(device) for tensor in (self._basis, self._inverse, self._centre)
        )
        return moved

    def correction(self, inputs: InputMoments) -> tuple[Tensor, Tensor]:
        """The predicted residual of a sentence, shape (18432,), and its doubt, shape ()."""
        point = self._point(inputs)
        similarity = kernel(point, self._points)
        weights = (similarity @ self._arrays["coefficients"]).float()
        doubt = kernel(point, point) - similarity @ self._inverse @ similarity.T
        return self._centre + (weights @ self._basis)[0], doubt[0, 0]

    def _point(self, inputs: InputMoments) -> Tensor:
        features = inputs.features()
        parts = [
            (features[group].double() - self._arrays[f"{group}_centre"]) @ self._arrays[f"{group}_axes"]
            for group in self._groups
        ]
        return torch.cat(parts)[None]


class Predictor:
    """Moments of whole sentences for one generator."""

    def __init__(self, generator: Generator, fit: Fit) -> None:
        self._estimate = Estimate(generator)
        self._fit = fit.to(generator.device)
        self._generator = generator

    def predict(self, inputs: InputMoments, targets: Targets) -> Prediction:
        """The moments of a sentence, and their doubt."""
        measured = *inputs.upsampled, *inputs.noise[0], *inputs.noise[1], inputs.scalars, inputs.style
        mean, variance, doubt = self._generator.replay(self, self._predicted, *measured, *targets)
        return Prediction(Moments(mean, variance), float(doubt))

    def _predicted(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Mean, variance and doubt."""
        upsampled, first, second = (Moments(*tensors[at : at + 2]) for at in (0, 2, 4))
        inputs = InputMoments(upsampled, (first, second), *tensors[6:8])
        error, doubt = self._fit.correction(inputs)
        return *corrected(self._estimate(inputs, Targets(*tensors[8:])), error), doubt
