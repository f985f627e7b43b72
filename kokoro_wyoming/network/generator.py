"""The generator, Kokoro's second half: features at 80 frames a second to sound, whole or in windows.

What ties the generator to the whole sentence are 48 layers (AdaIN) that normalise each channel by its mean and
variance over all time. Given those beforehand, it can run on a window of features and a little context, and gives the
samples that a whole run would give.

Between two convolutions stand AdaIN and Snake: h = scale·u + shift, then h + sin²(ah)/a. As sin² is (1 - cos)/2, both
are done in four passes over memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  # everybody's name for it
from torch import Tensor

SAMPLES_PER_FRAME = 300
"""24,000 Hz over 80 frames a second."""
HARMONICS_PER_FRAME = 60
"""The spectrum of the harmonic source has a hop of 5 samples."""
CONTEXT_FRAMES = 8
"""On each side of a window: with as many its samples are those of the whole run within 108 dB."""
EPSILON = 1e-5
"""InstanceNorm's."""
_LEAK = 0.1

KokoroModule = Any
"""A module of `kokoro`, which has no types; its attributes are those of version 0.9.4."""


class Moments(NamedTuple):
    """Mean and biased variance over time of what enters each AdaIN layer, layer after layer."""

    mean: Tensor
    """float32, shape (9216,)."""
    variance: Tensor
    """float32, shape (9216,)."""


class Targets(NamedTuple):
    """What each AdaIN layer makes of its channels: functions of the style alone."""

    mean: Tensor
    """float32, shape (9216,)."""
    gain: Tensor
    """Standard deviation, with a sign: float32, shape (9216,)."""


class Affine(NamedTuple):
    """One layer's AdaIN as scale·u + shift, and the same as the angle 2ah of its Snake; shape (1, channels, 1)."""

    scale: Tensor
    shift: Tensor
    angle_scale: Tensor
    angle_shift: Tensor


Normalise = Callable[[int, Tensor], Affine]
"""How a layer, told by its number, normalises its input of shape (1, channels, time)."""


@dataclass(frozen=True)
class Convolution:
    """A one-dimensional convolution's weights; float32, or bfloat16 where the processor has instructions for it."""

    weight: Tensor
    bias: Tensor
    padding: int
    dilation: int

    @classmethod
    def of(cls, module: KokoroModule, dtype: torch.dtype) -> Convolution:
        weight, bias = module.weight.detach().to(dtype), module.bias.detach().to(dtype)
        return cls(weight, bias, module.padding[0], module.dilation[0])

    def __call__(self, u: Tensor) -> Tensor:
        return F.conv1d(u.to(self.weight.dtype), self.weight, self.bias, 1, self.padding, self.dilation)


@dataclass(frozen=True)
class Block:
    """Three times AdaIN, Snake, dilated convolution, AdaIN, Snake, convolution, each round added to its input."""

    first_layer: int
    rounds: tuple[tuple[Convolution, Convolution], ...]

    def __call__(self, x: Tensor, normalise: Normalise, steps: list[Tensor]) -> Tensor:
        layer = self.first_layer
        for dilated, plain in self.rounds:
            inner = dilated(_snake(x, normalise(layer, x), steps[layer]))
            x = plain(_snake(inner, normalise(layer + 1, inner), steps[layer + 1])) + x
            layer += 2
        return x


def _snake(u: Tensor, affine: Affine, step: Tensor) -> Tensor:
    """h + (1 - cos 2ah)/2a of h = scale·u + shift; `step` is 1/2a."""
    cosine = torch.addcmul(affine.angle_shift, u, affine.angle_scale).cos_()
    return torch.addcmul(affine.shift + step, u, affine.scale).addcmul_(cosine, step, value=-1)


class Generator:
    """`kokoro`'s generator with its own weights, able to run in windows."""

    def __init__(self, module: KokoroModule, dtype: torch.dtype = torch.float32) -> None:
        """`module` is `KModel.decoder.generator`, weight norm folded; `dtype` is that of the convolutions."""
        self.module = module
        self.dtype = dtype
        self._norms: list[KokoroModule] = []
        self._alphas: list[Tensor] = []
        self.noise: list[Block] = []
        self.residual: list[list[Block]] = []
        for stage, noise in enumerate(module.noise_res):
            self.noise.append(self._block(noise))
            count = module.num_kernels
            self.residual.append([self._block(b) for b in module.resblocks[stage * count : (stage + 1) * count]])
        self.widths = [norm.norm.num_features for norm in self._norms]
        """Channels of each AdaIN layer: of a stage the noise block's six first, then the three residual blocks'."""
        self._steps = [0.5 / alpha for alpha in self._alphas]
        self.angles = 2 * torch.cat([alpha.reshape(-1) for alpha in self._alphas])
        """2a of every channel of every layer: shape (9216,)."""
        self._ups = [_Upsampling(up, dtype) for up in module.ups]
        self._last = Convolution.of(module.conv_post, torch.float32)
        self._style_weight, self._style_bias = self._style_projection()
        self._norm_weight = torch.cat([norm.norm.weight.detach() for norm in self._norms])
        self._norm_bias = torch.cat([norm.norm.bias.detach() for norm in self._norms])

    def _block(self, block: KokoroModule) -> Block:
        first_layer, rounds = len(self._norms), []
        for dilated, plain, *rest in zip(
            *(block.convs1, block.convs2, block.adain1, block.adain2, block.alpha1, block.alpha2), strict=True
        ):
            rounds.append((Convolution.of(dilated, self.dtype), Convolution.of(plain, self.dtype)))
            self._norms += rest[:2]
            self._alphas += [alpha.detach() for alpha in rest[2:]]
        return Block(first_layer, tuple(rounds))

    def _style_projection(self) -> tuple[Tensor, Tensor]:
        """All layers' linear maps of the style as one: first every gamma, then every beta."""
        weights = [norm.fc.weight.detach().chunk(2) for norm in self._norms]
        biases = [norm.fc.bias.detach().chunk(2) for norm in self._norms]
        return (
            torch.cat([w[0] for w in weights] + [w[1] for w in weights]),
            torch.cat([b[0] for b in biases] + [b[1] for b in biases]),
        )

    def harmonics(self, f0: Tensor) -> Tensor:
        """The harmonic source of a whole sentence, so that phase runs on through the joins of windows.

        `f0` in Hz, shape (1, n_frames); gives magnitude and phase, shape (1, 22, 60 * n_frames + 1).
        """
        module = self.module
        source, _, _ = module.m_source(module.f0_upsamp(f0[:, None]).transpose(1, 2))
        return torch.cat(module.stft.transform(source.transpose(1, 2).squeeze(1)), dim=1)

    def targets(self, style: Tensor) -> Targets:
        """What the layers make of their channels for a style of shape (1, 128)."""
        gamma, beta = F.linear(style, self._style_weight, self._style_bias)[0].chunk(2)
        return Targets((1 + gamma) * self._norm_bias + beta, (1 + gamma) * self._norm_weight)

    def given(self, targets: Targets, moments: Moments) -> Normalise:
        """Normalise every layer by moments known beforehand."""
        scale = targets.gain * torch.rsqrt(moments.variance + EPSILON)
        shift = targets.mean - moments.mean * scale
        rows = [scale, shift, scale * self.angles, shift * self.angles]
        affines = [
            Affine(*(part[None, :, None] for part in parts))
            for parts in zip(*(torch.split(row, self.widths) for row in rows), strict=True)
        ]
        return lambda layer, _: affines[layer]

    def measured(self, targets: Targets, seen: list[Moments]) -> Normalise:
        """Normalise every layer by what enters it, which is appended to `seen`, layer after layer."""
        means, gains, angles = (torch.split(row, self.widths) for row in (*targets, self.angles))

        def normalise(layer: int, u: Tensor) -> Affine:
            variance, mean = torch.var_mean(u[0].float(), dim=-1, correction=0)
            seen.append(Moments(mean, variance))
            scale = gains[layer] * torch.rsqrt(variance + EPSILON)
            shift = means[layer] - mean * scale
            parts = (scale, shift, scale * angles[layer], shift * angles[layer])
            return Affine(*(part[None, :, None] for part in parts))

        return normalise

    def run(self, x: Tensor, harmonics: Tensor, normalise: Normalise) -> Tensor:
        """Sound of features x, shape (1, 512, n_frames): float32, shape (300 * n_frames,)."""
        module = self.module
        for stage, up in enumerate(self._ups):
            source = self.noise[stage](module.noise_convs[stage](harmonics), normalise, self._steps)
            x = up(F.leaky_relu(x, _LEAK))
            if stage == len(self._ups) - 1:
                x = module.reflection_pad(x)
            x = x + source
            parts = [block(x, normalise, self._steps) for block in self.residual[stage]]
            x = sum(parts[1:], start=parts[0]) / len(parts)
        x = self._last(F.leaky_relu(x))
        half = module.post_n_fft // 2 + 1
        return module.stft.inverse(torch.exp(x[:, :half]), torch.sin(x[:, half:])).reshape(-1)

    def windows(
        self, x: Tensor, harmonics: Tensor, normalise: Normalise, sizes: Iterator[int]
    ) -> Iterator[Tensor]:
        """The same sound window by window; `sizes` are in frames."""
        start, end = 0, x.shape[-1]
        while start < end:
            stop = min(end, start + next(sizes))
            low, high = max(0, start - CONTEXT_FRAMES), min(end, stop + CONTEXT_FRAMES)
            part = harmonics[..., HARMONICS_PER_FRAME * low : HARMONICS_PER_FRAME * high + 1]
            sound = self.run(x[..., low:high], part, normalise)
            yield sound[SAMPLES_PER_FRAME * (start - low) : SAMPLES_PER_FRAME * (stop - low)]
            start = stop


class _Upsampling:
    """A transposed convolution's weights."""

    def __init__(self, module: KokoroModule, dtype: torch.dtype) -> None:
        self.weight, self.bias = module.weight.detach().to(dtype), module.bias.detach().to(dtype)
        self.stride, self.padding = module.stride[0], module.padding[0]

    def __call__(self, u: Tensor) -> Tensor:
        return F.conv_transpose1d(u.to(self.weight.dtype), self.weight, self.bias, self.stride, self.padding)
