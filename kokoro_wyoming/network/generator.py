"""The generator, Kokoro's second half: features at 80 frames a second to sound, whole or in windows.

48 AdaIN layers normalise each channel by its mean and variance over the whole sentence. When these moments are known
beforehand, the generator can run on a window of features with a little context, and gives the samples of a whole run.

All layers compute in the same memory, as page faults would cost more than the computation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Generator as Steps
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.network.activation import Activation, Affine, GeneratorBlock, Normaliser
from kokoro_wyoming.network.bucketing import bucket_length, bucket_span
from kokoro_wyoming.network.convolution import EPSILON, Convolution, KokoroModule, Upsampling, mean_and_variance
from kokoro_wyoming.network.cuda_graphs import Replay, replay_on
from kokoro_wyoming.network.source import Draw, HarmonicSource
from kokoro_wyoming.network.steps import result_of
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.network.ways import Lengths, TunedConvolution
from kokoro_wyoming.network.workspace import Workspace

SAMPLES_PER_FRAME = 300
"""24,000 Hz divided by 80 frames a second."""
HARMONICS_PER_FRAME = 60
"""The spectrum of the harmonic source has a hop of 5 samples."""
CONTEXT_FRAMES = 8
"""Context on each side of a window. With it, the samples equal those of the whole run within 108 dB."""
_LAST_CONTEXT_FRAMES = 2
"""Context of the last stage, which does most of the work: its receptive field is two frames on each side."""
_MIN_LAST_FRAMES = 40
"""A shorter last window is joined to the one before it: its context would cost as much as the window."""
_MIN_SECOND_FRAMES = 16
"""The same behind a window that is shorter itself: the first one, whose sound would come later."""
_WORKSPACE_FRAMES = 160 + 2 * CONTEXT_FRAMES
"""Up to this length, the largest window with its context, a run keeps its memory for the next run."""
_ROWS = Lengths((10 * 40,), (10 * 176,)), Lengths((60 * 28,), (60 * 164,))
"""In each stage, the rows of the smallest and of the largest window with its context."""
_LEAK = 0.1


class Moments(NamedTuple):
    """Mean and biased variance over time of the input of each AdaIN layer, layer after layer."""

    mean: Tensor
    """float32, shape (9216,)."""
    variance: Tensor
    """float32, shape (9216,)."""

    @classmethod
    def joined(cls, parts: Iterable[tuple[Tensor, Tensor]]) -> Moments:
        """Concatenate the means and variances of groups of channels."""
        means, variances = zip(*parts, strict=True)
        return cls(torch.cat(means), torch.cat(variances))


class Targets(NamedTuple):
    """The mean and deviation that each AdaIN layer gives its channels. Both depend on the style alone."""

    mean: Tensor
    """float32, shape (9216,)."""
    gain: Tensor
    """Standard deviation with a sign: float32, shape (9216,)."""


class Generator:
    """`kokoro`'s generator with its own weights; it can run in windows."""

    def __init__(
        self,
        module: KokoroModule,
        dtype: torch.dtype = torch.float32,
        tuning: Tuning | None = None,
        draw: Draw = torch.randn_like,
    ) -> None:
        """`module` is `KModel.decoder.generator` with folded weight norm.

        `tuning` chooses how the convolutions are computed; without it, directly in `dtype`, as the upsamplings are.
        `draw` makes the noise of the harmonic source.
        """
        tuning = tuning or Tuning([dtype], measures=False)
        layers: list[_Layer] = []
        self.convolutions: list[Convolution] = []
        """The convolution of each layer."""
        self.noise: list[GeneratorBlock] = []
        self.residual: list[list[GeneratorBlock]] = []
        for stage, noise in enumerate(module.noise_res):
            tuned = partial(self._tuned, tuning, _ROWS[stage])
            self.noise.append(_block(noise, layers, tuned))
            count = module.num_kernels
            residual = module.resblocks[stage * count : (stage + 1) * count]
            self.residual.append([_block(block, layers, tuned) for block in residual])
        alphas, norms = [layer.alpha for layer in layers], [layer.norm for layer in layers]
        self.widths = [len(alpha) for alpha in alphas]
        """Channels of each AdaIN layer. In a stage, the six layers of its noise block precede its residual blocks."""
        self._amplitudes = [0.5 / alpha for alpha in alphas]
        self._workspace = tuning.workspace  # nothing else computes while a window does
        self.device = module.conv_post.weight.device
        self.replay: Replay = replay_on(self.device)
        """Computes what recurs for each sentence or window."""
        self._source = HarmonicSource(module, draw)
        self.angles = 2 * torch.cat(alphas)
        """2a of every channel of every layer, shape (9216,)."""
        self.upsamplings = [Upsampling.of(up, torch.float32) for up in module.ups]
        """In float32, for measuring the moments of the generator's inputs."""
        self._ups = [upsampling.as_type(dtype) for upsampling in self.upsamplings]
        self.sources = [Convolution.of(convolution, torch.float32) for convolution in module.noise_convs]
        """The convolutions over the harmonic source, one for each stage."""
        self._last = Convolution.of(module.conv_post, torch.float32)
        self._stft, self._bins = module.stft, module.post_n_fft // 2 + 1
        # The linear maps of the style of all layers in one matrix: first every gamma, then every beta.
        self._style_weight = _gammas_then_betas([norm.fc.weight for norm in norms])
        self._style_bias = _gammas_then_betas([norm.fc.bias for norm in norms])
        self._norm_weight = torch.cat([norm.norm.weight.detach() for norm in norms])
        self._norm_bias = torch.cat([norm.norm.bias.detach() for norm in norms])

    def _tuned(self, tuning: Tuning, rows: Lengths, module: KokoroModule) -> TunedConvolution:
        """The convolution of the next layer."""
        convolution = Convolution.of(module, torch.float32)
        ways = tuning.ways(convolution, rows)
        self.convolutions.append(convolution.as_type(ways.dtype))
        return ways.of(self.convolutions[-1])

    def harmonics(self, f0: Tensor) -> Tensor:
        """The harmonic source of a whole sentence, so that its phase is continuous across windows.

        `f0` is in Hz, shape (1, n_frames). The result has magnitude and phase, shape (1, 22, 60 * n_frames + 1).
        """
        return self._source(f0)

    def targets(self, style: Tensor) -> Targets:
        """The layers' targets for a style of shape (1, 128)."""
        gamma, beta = functional.linear(style, self._style_weight, self._style_bias)[0].chunk(2)
        return Targets((1 + gamma) * self._norm_bias + beta, (1 + gamma) * self._norm_weight)

    def affines(self, targets: Targets, moments: Moments) -> Tensor:
        """The AdaIN of all layers by moments that are known beforehand; a row for each part of `Affine`."""
        scale = targets.gain * torch.rsqrt(moments.variance + EPSILON)
        shift = targets.mean - moments.mean * scale
        return torch.stack([scale, shift, scale * self.angles, shift * self.angles])

    def _fixed_normaliser(self, affines: Tensor) -> Normaliser:
        """Normalise every layer by `affines`."""
        layers = [Affine(*layer) for layer in torch.split(affines, self.widths, dim=1)]
        return lambda layer, _: layers[layer]

    def measuring_normaliser(self, targets: Targets, seen: list[Moments]) -> Normaliser:
        """Normalise every layer by the moments of its input, and append these to `seen`."""
        means, gains, angles = (torch.split(row, self.widths) for row in (*targets, self.angles))

        def normalise(layer: int, u: Tensor) -> Affine:
            moments = Moments(*mean_and_variance(u))
            seen.append(moments)
            scale = gains[layer] * torch.rsqrt(moments.variance + EPSILON)
            shift = means[layer] - moments.mean * scale
            return Affine(scale, shift, scale * angles[layer], shift * angles[layer])

        return normalise

    def whole(self, x: Tensor, harmonics: Tensor, targets: Targets) -> tuple[Tensor, Moments]:
        """The sound of all features, shape (300 * n_frames,), and the moments of all layers' inputs."""
        seen: list[Moments] = []
        n_frames = x.shape[-1]
        # A long sentence is not padded: compiling for its length is a small part of its cost.
        padding = bucket_length(n_frames) - n_frames if n_frames <= _WORKSPACE_FRAMES else 0
        x, harmonics = functional.pad(x, (0, padding)), functional.pad(harmonics, (0, HARMONICS_PER_FRAME * padding))
        sound = self.run(x, harmonics, self.measuring_normaliser(targets, seen), padding=padding)
        return sound, Moments.joined(seen)

    def run(
        self, x: Tensor, harmonics: Tensor, normalise: Normaliser, crop: tuple[int, int] = (0, 0), padding: int = 0
    ) -> Tensor:
        """The sound of features x, shape (1, 512, n_frames): float32, shape (300 * n_frames,).

        `crop` frames at the start and end are context: they are cut off before the last stage, and have no sound.
        The last `padding` frames are zero and have no sound either; they do not change the sound of the others.
        """
        return self._sound(self._spectrum(x, harmonics, normalise, crop, padding))

    def _spectrum(
        self, x: Tensor, harmonics: Tensor, normalise: Normaliser, crop: tuple[int, int], padding: int = 0
    ) -> Tensor:
        # A card's memory has no page faults, and a recording keeps its own.
        keeps = self.device.type == "cpu" and x.shape[-1] <= _WORKSPACE_FRAMES
        steps = self.steps(x, harmonics, normalise, self._workspace if keeps else Workspace(), crop, padding)
        return result_of(steps)

    def _sound(self, spectrum: Tensor) -> Tensor:
        magnitude, phase = torch.exp(spectrum[:, : self._bins]), torch.sin(spectrum[:, self._bins :])
        return cast(Tensor, self._stft.inverse(magnitude, phase)).reshape(-1)

    def steps(
        self,
        x: Tensor,
        harmonics: Tensor,
        normalise: Normaliser,
        workspace: Workspace,
        crop: tuple[int, int] = (0, 0),
        padding: int = 0,
    ) -> Steps[None, None, Tensor]:
        """The spectrum of `run` in a hundred short steps, shape (1, 22, 60 * n_frames + 1).

        Nothing else may use the workspace until the last one is done.
        """
        active = Activation(normalise, self._amplitudes, workspace, x.shape[-1], padding)
        rows, spectrum = x[0].T, harmonics[0].T.contiguous()
        for stage, up in enumerate(self._ups):
            if stage == len(self._ups) - 1:
                rows = _cropped(active.with_zeroed_padding(rows), crop, self._ups[0].stride)
                spectrum = _cropped(spectrum, crop, HARMONICS_PER_FRAME)
                active = replace(active, n_frames=active.n_frames - sum(crop))
            source = self.sources[stage](spectrum)
            rows = up(functional.leaky_relu(rows, _LEAK))
            if stage == len(self._ups) - 1:
                rows = torch.cat([rows[1:2], rows])  # kokoro's reflection padding
            entering = yield from self.noise[stage](source, active, workspace.place("entering", source))
            entering += rows
            rows = yield from _average(self.residual[stage], entering, active)
        spectrum = self._last(functional.leaky_relu(active.with_zeroed_padding(rows))).T[None]
        return spectrum[..., : spectrum.shape[-1] - HARMONICS_PER_FRAME * padding]

    def windows(
        self,
        x: Tensor,
        harmonics: Tensor,
        affines: Tensor,
        sizes: Iterator[int],
        frames: tuple[int, int] | None = None,
    ) -> Iterator[Tensor]:
        """The sound of `run` window by window; of all frames, or from the first to before the second of `frames`.

        `affines` normalises every layer. `sizes` are in frames. A short rest is joined to the last window.
        """
        all_frames = 0, x.shape[-1]
        normaliser = cache(self._fixed_normaliser)
        start, end = frames or all_frames
        while start < end:
            size = next(sizes)
            shortest = _MIN_LAST_FRAMES if size >= _MIN_LAST_FRAMES else _MIN_SECOND_FRAMES
            stop = start + size if end - start - size >= shortest else end
            # The last window alone can have any length, so it begins earlier to fill a bucket length.
            span = bucket_span(start, stop, all_frames) if stop == end else (start, stop)
            low, high = _with_context(span, CONTEXT_FRAMES, all_frames)
            first, last = _with_context(span, _LAST_CONTEXT_FRAMES, all_frames)
            part = harmonics[..., HARMONICS_PER_FRAME * low : HARMONICS_PER_FRAME * high + 1]
            spectrum = partial(self._window_spectrum, normaliser, crop := (first - low, high - last))
            # torch's inverse transform waits for the card, so no recording can contain it.
            sound = self._sound(*self.replay((high - low, crop), spectrum, x[..., low:high], part, affines))
            yield sound[SAMPLES_PER_FRAME * (start - first) : SAMPLES_PER_FRAME * (stop - first)]
            start = stop

    def _window_spectrum(
        self,
        normaliser: Callable[[Tensor], Normaliser],
        crop: tuple[int, int],
        x: Tensor,
        harmonics: Tensor,
        affines: Tensor,
    ) -> tuple[Tensor]:
        return (self._spectrum(x, harmonics, normaliser(affines), crop),)


class _Layer(NamedTuple):
    """One AdaIN and the Snake after it."""

    norm: KokoroModule
    alpha: Tensor
    """Shape (channels,)."""


def _block(
    block: KokoroModule, layers: list[_Layer], tuned: Callable[[KokoroModule], TunedConvolution]
) -> GeneratorBlock:
    """The block of a module of `kokoro`; its layers are appended to `layers`."""
    first_layer, rounds = len(layers), []
    for dilated, plain, *rest in zip(
        *(block.convs1, block.convs2, block.adain1, block.adain2, block.alpha1, block.alpha2), strict=True
    ):
        rounds.append((tuned(dilated), tuned(plain)))
        layers += [_Layer(norm, alpha.detach().reshape(-1)) for norm, alpha in zip(rest[:2], rest[2:], strict=True)]
    return GeneratorBlock(first_layer, tuple(rounds))


def _gammas_then_betas(layers: list[Tensor]) -> Tensor:
    halves = [layer.detach().chunk(2) for layer in layers]
    return torch.cat([gamma for gamma, _ in halves] + [beta for _, beta in halves])


def _average(blocks: list[GeneratorBlock], entering: Tensor, active: Activation) -> Steps[None, None, Tensor]:
    """The average of the blocks' outputs for the same input."""
    first, *others = blocks
    total = yield from first(entering, active, active.workspace.place("leaving", entering))
    for block in others:
        total += yield from block(entering, active, active.workspace.place("branch", entering))
    return total.div_(len(blocks))


def _with_context(span: tuple[int, int], context: int, within: tuple[int, int]) -> tuple[int, int]:
    return max(within[0], span[0] - context), min(within[1], span[1] + context)


def _cropped(rows: Tensor, frames: tuple[int, int], rows_per_frame: int) -> Tensor:
    """Cut the rows of `frames` frames off at the start and at the end."""
    return rows[rows_per_frame * frames[0] : len(rows) - rows_per_frame * frames[1]]


class GeneratorModule(torch.nn.Module):
    """Takes the place of `kokoro`'s generator in its model, so that the weights are in memory once."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self._generator = generator

    def forward(self, x: Tensor, s: Tensor, f0: Tensor) -> Tensor:
        """The interface of kokoro's generator: sound of shape (1, 1, n_samples).

        x has shape (1, 512, n_frames), the style s (1, 128), the pitch f0 (1, n_frames).
        """
        generator = self._generator
        return generator.whole(x, generator.harmonics(f0), generator.targets(s))[0][None, None]
