"""The generator, Kokoro's second half: features at 80 frames a second to sound, whole or in windows.

What ties the generator to the whole sentence are 48 layers (AdaIN) that normalise each channel by its mean and
variance over all time. Given those beforehand, it can run on a window of features and a little context, and gives the
samples that a whole run would give.

Between two convolutions stand AdaIN and Snake: h = scale·u + shift, then h + sin²(ah)/a. As sin² is (1 - cos)/2, both
are done in a few passes, over memory that every layer uses again: fresh memory costs more than what is computed in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Generator as Steps
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.network.bucketing import bucket_length, bucket_span
from kokoro_wyoming.network.convolution import EPSILON, Convolution, KokoroModule, Upsampling, mean_and_variance
from kokoro_wyoming.network.source import Draw, HarmonicSource

SAMPLES_PER_FRAME = 300
"""24,000 Hz over 80 frames a second."""
HARMONICS_PER_FRAME = 60
"""The spectrum of the harmonic source has a hop of 5 samples."""
CONTEXT_FRAMES = 8
"""On each side of a window: with as many its samples are those of the whole run within 108 dB."""
_LAST_CONTEXT_FRAMES = 2
"""Enough for the last stage, most of the work: its two blocks of 60 steps each way reach two frames far."""
_LEAST_FRAMES = 40
"""A last window of fewer is made with the one before it: its context would be as much work as itself."""
_ROOM_FRAMES = 2 * 160
"""What is computed in one go may be this long and leave its memory (50 MB) for the next."""
_LEAK = 0.1


class Moments(NamedTuple):
    """Mean and biased variance over time of what enters each AdaIN layer, layer after layer."""

    mean: Tensor
    """float32, shape (9216,)."""
    variance: Tensor
    """float32, shape (9216,)."""

    @classmethod
    def joined(cls, parts: Iterable[tuple[Tensor, Tensor]]) -> Moments:
        """Those of some channels, and then of others."""
        means, variances = zip(*parts, strict=True)
        return cls(torch.cat(means), torch.cat(variances))


class Targets(NamedTuple):
    """What each AdaIN layer makes of its channels: functions of the style alone."""

    mean: Tensor
    """float32, shape (9216,)."""
    gain: Tensor
    """Standard deviation, with a sign: float32, shape (9216,)."""


class Affine(NamedTuple):
    """One layer's AdaIN as scale·u + shift, and the same as the angle 2ah of its Snake; float32, shape (channels,)."""

    scale: Tensor
    shift: Tensor
    angle_scale: Tensor
    angle_shift: Tensor


Normalise = Callable[[int, Tensor], Affine]
"""How a layer, told by its number, normalises its input of shape (time, channels)."""


class Workspace:
    """Memory for what is computed on the way, used by one layer after the other."""

    def __init__(self) -> None:
        self._memory: dict[str, Tensor] = {}

    def place(self, name: str, like: Tensor) -> Tensor:
        """float32 memory of the shape of `like`, to be written to; it may be what the name had before."""
        return self.around(like, 0, name, torch.float32)

    def around(self, like: Tensor, margin: int, name: str, dtype: torch.dtype) -> Tensor:
        """The same with so many more rows at both ends, of another type."""
        count, channels = len(like) + 2 * margin, like.shape[1]
        size = count * channels
        if name not in self._memory or self._memory[name].numel() < size:
            self._memory[name] = torch.empty(size, dtype=dtype, device=like.device)
        return self._memory[name][:size].view(count, channels)


@dataclass(frozen=True)
class Activation:
    """AdaIN and Snake before a convolution, layer by layer: h + (1 - cos 2ah)/2a of h = scale·u + shift."""

    normalise: Normalise
    steps: list[Tensor]
    """The layers' 1/2a, shape (channels,)."""
    dtype: torch.dtype
    """Of what comes out."""
    room: Workspace
    n_frames: int
    blank_frames: int = 0
    """So many of them, the last, are no part of the sentence: what is theirs is zero, as is what lies around one."""

    def __call__(self, layer: int, u: Tensor, convolution: Convolution) -> Tensor:
        """What the convolution makes of it: (time, channels) to (time, channels out)."""
        heard, margin = self._heard(u), convolution.padding
        affine, step = self.normalise(layer, heard), self.steps[layer]
        h, cosine = self.room.place("h", heard).copy_(heard), self.room.place("cosine", heard)
        torch.addcmul(affine.angle_shift, h, affine.angle_scale, out=cosine).cos_()
        torch.addcmul(affine.shift + step, h, affine.scale, out=h).addcmul_(cosine, step, value=-1)
        padded = self.room.around(u, margin, "active", self.dtype)
        padded[:margin].zero_()
        padded[margin + len(heard) :].zero_()
        padded[margin : margin + len(heard)].copy_(h)
        return convolution.of_padded(padded)

    def blanked(self, rows: Tensor) -> Tensor:
        """The same memory, where what belongs to blank frames is zero now."""
        rows[len(self._heard(rows)) :].zero_()
        return rows

    def _heard(self, rows: Tensor) -> Tensor:
        return rows[: len(rows) - self.blank_frames * (len(rows) // self.n_frames)]


@dataclass(frozen=True)
class Block:
    """Three times AdaIN, Snake, dilated convolution, AdaIN, Snake, convolution, each round added to its input."""

    first_layer: int
    rounds: tuple[tuple[Convolution, Convolution], ...]

    def __call__(self, x: Tensor, active: Activation, out: Tensor) -> Steps[None, None, Tensor]:
        """Write to `out`, which has x's shape, and return it; pauses after each convolution."""
        layer = self.first_layer
        for dilated, plain in self.rounds:
            inner = active(layer, x, dilated)
            yield None
            added = active(layer + 1, inner, plain)
            # In two steps: to add one type to another, torch makes a copy in fresh memory.
            x = torch.add(x, active.room.place("h", x).copy_(added), out=out)
            yield None
            layer += 2
        return x


class Generator:
    """`kokoro`'s generator with its own weights, able to run in windows."""

    def __init__(self, module: KokoroModule, dtype: torch.dtype = torch.float32, draw: Draw = torch.randn_like) -> None:
        """`module` is `KModel.decoder.generator`, weight norm folded; `dtype` is that of the convolutions.

        `draw` is where the harmonic source has its noise from.
        """
        self.dtype = dtype
        layers: list[_Layer] = []
        self.noise: list[Block] = []
        self.residual: list[list[Block]] = []
        for stage, noise in enumerate(module.noise_res):
            self.noise.append(_block(noise, layers, dtype))
            count = module.num_kernels
            residual = module.resblocks[stage * count : (stage + 1) * count]
            self.residual.append([_block(block, layers, dtype) for block in residual])
        alphas, norms = [layer.alpha for layer in layers], [layer.norm for layer in layers]
        self.widths = [len(alpha) for alpha in alphas]
        """Channels of each AdaIN layer: of a stage the noise block's six first, then the three residual blocks'."""
        self._steps = [0.5 / alpha for alpha in alphas]
        self._room = Workspace()
        self._source = HarmonicSource(module, draw)
        self.angles = 2 * torch.cat(alphas)
        """2a of every channel of every layer: shape (9216,)."""
        self.upsamplings = [Upsampling.of(up, torch.float32) for up in module.ups]
        """As exact as what is known beforehand is measured."""
        self._ups = [upsampling.as_type(dtype) for upsampling in self.upsamplings]
        self.sources = [Convolution.of(convolution, torch.float32) for convolution in module.noise_convs]
        """Of the harmonic source, one for each stage."""
        self._last = Convolution.of(module.conv_post, torch.float32)
        self._stft, self._bins = module.stft, module.post_n_fft // 2 + 1
        # All layers' linear maps of the style as one: first every gamma, then every beta.
        self._style_weight = _gammas_then_betas([norm.fc.weight for norm in norms])
        self._style_bias = _gammas_then_betas([norm.fc.bias for norm in norms])
        self._norm_weight = torch.cat([norm.norm.weight.detach() for norm in norms])
        self._norm_bias = torch.cat([norm.norm.bias.detach() for norm in norms])

    def harmonics(self, f0: Tensor) -> Tensor:
        """The harmonic source of a whole sentence, so that phase runs on through the joins of windows.

        `f0` in Hz, shape (1, n_frames); gives magnitude and phase, shape (1, 22, 60 * n_frames + 1).
        """
        return self._source(f0)

    def targets(self, style: Tensor) -> Targets:
        """What the layers make of their channels for a style of shape (1, 128)."""
        gamma, beta = functional.linear(style, self._style_weight, self._style_bias)[0].chunk(2)
        return Targets((1 + gamma) * self._norm_bias + beta, (1 + gamma) * self._norm_weight)

    def given(self, targets: Targets, moments: Moments) -> Normalise:
        """Normalise every layer by moments known beforehand."""
        scale = targets.gain * torch.rsqrt(moments.variance + EPSILON)
        shift = targets.mean - moments.mean * scale
        rows = [scale, shift, scale * self.angles, shift * self.angles]
        affines = [Affine(*parts) for parts in zip(*(torch.split(row, self.widths) for row in rows), strict=True)]
        return lambda layer, _: affines[layer]

    def measured(self, targets: Targets, seen: list[Moments]) -> Normalise:
        """Normalise every layer by what enters it, which is appended to `seen`, layer after layer."""
        means, gains, angles = (torch.split(row, self.widths) for row in (*targets, self.angles))

        def normalise(layer: int, u: Tensor) -> Affine:
            moments = Moments(*mean_and_variance(u))
            seen.append(moments)
            scale = gains[layer] * torch.rsqrt(moments.variance + EPSILON)
            shift = means[layer] - moments.mean * scale
            return Affine(scale, shift, scale * angles[layer], shift * angles[layer])

        return normalise

    def whole(self, x: Tensor, harmonics: Tensor, targets: Targets) -> tuple[Tensor, Moments]:
        """Sound of all features, shape (300 * n_frames,), and the moments that they have."""
        seen: list[Moments] = []
        n_frames = x.shape[-1]
        # A long one is computed as it is: to make code for its length is little of its work.
        blank = bucket_length(n_frames) - n_frames if n_frames <= _ROOM_FRAMES else 0
        x, harmonics = functional.pad(x, (0, blank)), functional.pad(harmonics, (0, HARMONICS_PER_FRAME * blank))
        sound = self.run(x, harmonics, self.measured(targets, seen), blank=blank)
        return sound, Moments.joined(seen)

    def run(
        self, x: Tensor, harmonics: Tensor, normalise: Normalise, shed: tuple[int, int] = (0, 0), blank: int = 0
    ) -> Tensor:
        """Sound of features x, shape (1, 512, n_frames): float32, shape (300 * n_frames,).

        So many frames at both ends are `shed` before the last stage, and are not in the sound. Nor are the last, if so
        many are `blank`: they are zero, and the sound is what it were without them.
        """
        room = self._room if x.shape[-1] <= _ROOM_FRAMES else Workspace()
        steps = self.steps(x, harmonics, normalise, room, shed, blank)
        while True:
            try:
                next(steps)
            except StopIteration as ended:
                return cast(Tensor, ended.value)

    def steps(
        self,
        x: Tensor,
        harmonics: Tensor,
        normalise: Normalise,
        room: Workspace,
        shed: tuple[int, int] = (0, 0),
        blank: int = 0,
    ) -> Steps[None, None, Tensor]:
        """`run` in a hundred short steps; nothing else may use the room before the last."""
        active = Activation(normalise, self._steps, self.dtype, room, x.shape[-1], blank)
        rows, spectrum = x[0].T, harmonics[0].T.contiguous()
        for stage, up in enumerate(self._ups):
            if stage == len(self._ups) - 1:
                rows = _without(active.blanked(rows), shed, self._ups[0].stride)
                spectrum = _without(spectrum, shed, HARMONICS_PER_FRAME)
                active = replace(active, n_frames=active.n_frames - sum(shed))
            source = self.sources[stage](spectrum)
            rows = up(functional.leaky_relu(rows, _LEAK))
            if stage == len(self._ups) - 1:
                rows = torch.cat([rows[1:2], rows])  # kokoro's reflection
            entering = yield from self.noise[stage](source, active, room.place("entering", source))
            entering += rows
            rows = yield from _blended(self.residual[stage], entering, active)
        spectrum = self._last(functional.leaky_relu(active.blanked(rows))).T[None]
        spectrum = spectrum[..., : spectrum.shape[-1] - HARMONICS_PER_FRAME * blank]
        magnitude, phase = torch.exp(spectrum[:, : self._bins]), torch.sin(spectrum[:, self._bins :])
        return cast(Tensor, self._stft.inverse(magnitude, phase)).reshape(-1)

    def windows(
        self,
        x: Tensor,
        harmonics: Tensor,
        normalise: Normalise,
        sizes: Iterator[int],
        frames: tuple[int, int] | None = None,
    ) -> Iterator[Tensor]:
        """The same sound window by window, or that of some `frames`.

        `sizes` are in frames; the last window is larger where but little would be left.
        """
        everything = 0, x.shape[-1]
        start, end = frames or everything
        while start < end:
            stop = start + next(sizes)
            if stop + _LEAST_FRAMES > end:
                stop = end
            # Only the last is of any length.
            span = bucket_span(start, stop, everything) if stop == end else (start, stop)
            low, high = _with_context(span, CONTEXT_FRAMES, everything)
            first, last = _with_context(span, _LAST_CONTEXT_FRAMES, everything)
            part = harmonics[..., HARMONICS_PER_FRAME * low : HARMONICS_PER_FRAME * high + 1]
            sound = self.run(x[..., low:high], part, normalise, (first - low, high - last))
            yield sound[SAMPLES_PER_FRAME * (start - first) : SAMPLES_PER_FRAME * (stop - first)]
            start = stop


class _Layer(NamedTuple):
    """One AdaIN and the Snake behind it."""

    norm: KokoroModule
    alpha: Tensor
    """Shape (channels,)."""


def _block(block: KokoroModule, layers: list[_Layer], dtype: torch.dtype) -> Block:
    """The block, whose layers are appended to those before it."""
    first_layer, rounds = len(layers), []
    for dilated, plain, *rest in zip(
        *(block.convs1, block.convs2, block.adain1, block.adain2, block.alpha1, block.alpha2), strict=True
    ):
        rounds.append((Convolution.of(dilated, dtype), Convolution.of(plain, dtype)))
        layers += [_Layer(norm, alpha.detach().reshape(-1)) for norm, alpha in zip(rest[:2], rest[2:], strict=True)]
    return Block(first_layer, tuple(rounds))


def _gammas_then_betas(layers: list[Tensor]) -> Tensor:
    halves = [layer.detach().chunk(2) for layer in layers]
    return torch.cat([gamma for gamma, _ in halves] + [beta for _, beta in halves])


def _blended(blocks: list[Block], entering: Tensor, active: Activation) -> Steps[None, None, Tensor]:
    """The average of what the blocks make of the same input."""
    first, *others = blocks
    total = yield from first(entering, active, active.room.place("leaving", entering))
    for block in others:
        total += yield from block(entering, active, active.room.place("branch", entering))
    return total.div_(len(blocks))


def _with_context(span: tuple[int, int], context: int, within: tuple[int, int]) -> tuple[int, int]:
    return max(within[0], span[0] - context), min(within[1], span[1] + context)


def _without(rows: Tensor, frames: tuple[int, int], rows_per_frame: int) -> Tensor:
    """All but what belongs to so many frames at both ends."""
    return rows[rows_per_frame * frames[0] : len(rows) - rows_per_frame * frames[1]]


class InPlace(torch.nn.Module):
    """Ours where `kokoro`'s generator stood, so that its weights lie in memory once."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self._generator = generator

    def forward(self, x: Tensor, s: Tensor, f0: Tensor) -> Tensor:
        """As kokoro's: x of shape (1, 512, n_frames), a style of (1, 128), pitch of (1, n_frames); to (1, 1, n)."""
        generator = self._generator
        return generator.whole(x, generator.harmonics(f0), generator.targets(s))[0][None, None]
