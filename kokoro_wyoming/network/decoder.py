"""The decoder up to its generator: five blocks of convolutions at 40 frames a second. The last one doubles the rate.

It has the weights of `kokoro`'s decoder. It computes on (time, channels), in the type and the way that are the quickest
on this machine (`tuning`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Generator as Steps
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.network.convolution import EPSILON, Convolution, KokoroModule, mean_and_variance
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.network.ways import Lengths, TunedConvolution, Ways

FRAMES = Lengths((16, 32, 64, 96, 128), (320, 640))
"""Frames of the decoder, 40 a second, for which convolutions are tuned."""
_RECEPTIVE_FRAMES = 10
"""The convolutions of all blocks together reach so many frames to each side."""
_LEAK = 0.2

_Measure = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Gives the mean and the biased variance by which rows (time, channels) are normalised; float32, shape (channels,)."""


@dataclass(frozen=True)
class Frames:
    """The decoder's input."""

    text: Tensor
    """float32, shape (1, 512, n_frames), 40 frames a second."""
    f0: Tensor
    """Pitch in Hz, float32, shape (1, 2 * n_frames), 80 frames a second."""
    energy: Tensor
    """Predicted loudness, float32, shape (1, 2 * n_frames), 80 frames a second."""

    @property
    def count(self) -> int:
        """Frames of the text."""
        return self.text.shape[2]

    def first(self, count: int) -> Frames:
        """A copy of the first `count` frames."""
        return Frames(
            self.text[..., :count].clone(), self.f0[:, : 2 * count].clone(), self.energy[:, : 2 * count].clone()
        )

    def followed_by(self, other: Frames) -> Frames:
        """These frames, then the other's."""
        mine, others = (self.text, self.f0, self.energy), (other.text, other.f0, other.energy)
        return Frames(*(torch.cat(pair, dim=-1) for pair in zip(mine, others, strict=True)))


@dataclass(frozen=True)
class DecodedContext:
    """What other frames need of those that follow them, to be decoded as if these followed."""

    beginning: Frames
    """The frames that convolutions reach from before."""
    count: int
    """How many frames the whole context has."""
    moments: list[tuple[Tensor, Tensor]]
    """What a `_Measure` gives for the input of each normalising layer, in the layers' order."""


class Decoder:
    """`kokoro`'s decoder with its own weights, without the generator."""

    def __init__(self, module: KokoroModule, tuning: Tuning) -> None:
        """`module` is `KModel.decoder` with folded weight norm; `tuning` chooses how its convolutions are computed."""
        ways = tuning.ways(Convolution.of(module.decode[0].conv2, torch.float32), FRAMES, has_large_weights=True)
        self.dtype = ways.dtype
        """The type of the large convolutions."""
        self._first = DecoderBlock(module.encode, ways)
        self._others = [DecoderBlock(block, ways) for block in module.decode]
        self._residual = ways.of(Convolution.of(module.asr_res[0], torch.float32))
        self._halvings = [Convolution.of(halving, torch.float32) for halving in (module.F0_conv, module.N_conv)]

    def take_place_in(self, module: KokoroModule) -> None:
        """Put these blocks into `kokoro`'s decoder, so that their weights are in memory once."""
        module.encode, module.decode = self._first, torch.nn.ModuleList(self._others)

    def steps(self, frames: Frames, style: Tensor, context: DecodedContext | None = None) -> Steps[None, None, Tensor]:
        """Compute the generator's x block by block; the result is float32, shape (1, 512, 2 * frames.count).

        `style` is the sound's half of the style row, shape (1, 128). `context` follows the frames.
        """
        if context is None:
            return (yield from self._steps(frames, style, mean_and_variance))
        x = yield from self._steps(frames.followed_by(context.beginning), style, _joint(frames.count, context))
        return x[..., : 2 * frames.count]

    def context_steps(self, frames: Frames, style: Tensor) -> Steps[None, None, DecodedContext]:
        """Decode frames that will follow others. `style` is as for `steps`.

        A copy of them stands before them: without anything before them, their moments would be others.
        """
        seen: list[tuple[Tensor, Tensor]] = []

        def measure(u: Tensor) -> tuple[Tensor, Tensor]:
            seen.append(mean_and_variance(u[len(u) // 2 :]))
            return mean_and_variance(u)

        yield from self._steps(frames.followed_by(frames), style, measure)
        return DecodedContext(frames.first(_RECEPTIVE_FRAMES), frames.count, seen)

    def _steps(self, frames: Frames, style: Tensor, measure: _Measure) -> Steps[None, None, Tensor]:
        text = frames.text[0].T
        curves = [
            halving(curve[0, :, None])
            for halving, curve in zip(self._halvings, (frames.f0, frames.energy), strict=True)
        ]
        rows = self._first.rows(torch.cat([text, *curves], dim=1), style, measure)
        residual = self._residual.rows(text)
        for block in self._others:
            yield None
            rows = block.rows(torch.cat([rows, residual, *curves], dim=1), style, measure)
        return rows.T[None]


def _joint(count: int, context: DecodedContext) -> _Measure:
    """Measures `count` frames, which the beginning of the context follows, together with the whole context.

    Rows may be several times as many as frames.
    """
    share, theirs = count / (count + context.count), iter(context.moments)
    fraction = count / (count + context.beginning.count)

    def measure(u: Tensor) -> tuple[Tensor, Tensor]:
        mean, variance = mean_and_variance(u[: round(len(u) * fraction)])
        other_mean, other_variance = next(theirs)
        between = (mean - other_mean).square_().mul_(share * (1 - share))
        return torch.lerp(other_mean, mean, share), torch.lerp(other_variance, variance, share) + between

    return measure


class DecoderBlock(torch.nn.Module):
    """AdaIN, leaky ReLU and convolution, twice, plus a shortcut of one tap. Can replace kokoro's block."""

    def __init__(self, block: KokoroModule, ways: Ways) -> None:
        super().__init__()
        self.upsample_type = block.upsample_type
        """kokoro's decoder reads this to know whether the block doubles the rate."""
        self._norms = torch.nn.ModuleList([block.norm1, block.norm2])
        self._convolutions = _tuned(block.conv1, ways), _tuned(block.conv2, ways)
        self._shortcut = _tuned(block.conv1x1, ways) if block.learned_sc else None
        self._pool = None if block.upsample_type == "none" else _Pool(block.pool)

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        """The interface of kokoro's block: x of shape (1, channels, n_frames), style of shape (1, 128)."""
        return self.rows(x[0].T, s, mean_and_variance).T[None]

    def rows(self, u: Tensor, style: Tensor, measure: _Measure) -> Tensor:
        """float32, shape (n_frames, channels in), to (n_frames or twice as many, channels out)."""
        (first_norm, second_norm), (first, second) = self._norms, self._convolutions
        shortcut = u if self._shortcut is None else self._shortcut.rows(u).float()
        rows = _adain_leaky_relu(u, first_norm, style, measure)
        if self._pool is not None:
            shortcut = shortcut.repeat_interleave(2, dim=0)
            rows = self._pool(rows)
        rows = second.rows(_adain_leaky_relu(first.rows(rows), second_norm, style, measure))
        return torch.add(rows.float(), shortcut).mul_(math.sqrt(0.5))


class TunedModule(torch.nn.Module):
    """A tuned convolution with the interface of torch's layer: shape (1, channels, time) to (1, channels out, time)."""

    def __init__(self, module: torch.nn.Conv1d, ways: Ways) -> None:
        super().__init__()
        self._convolution = _tuned(module, ways)

    def forward(self, x: Tensor) -> Tensor:
        """The result is not in shared memory."""
        return self._convolution.rows(x[0].T).T[None].clone()


def _tuned(module: KokoroModule, ways: Ways) -> TunedConvolution:
    return ways.of(Convolution.of(module, ways.dtype))


class _Pool:
    """Doubles the rate of each channel: kokoro's transposed convolution of three taps and stride 2, written out."""

    def __init__(self, module: KokoroModule) -> None:
        self._before, self._at, self._behind = module.weight.detach()[:, 0].unbind(1)
        self._bias = module.bias.detach()

    def __call__(self, u: Tensor) -> Tensor:
        """(time, channels) to (2 * time, channels)."""
        even = torch.addcmul(self._bias, u, self._at)
        odd = torch.addcmul(self._bias, u, self._behind)
        odd[:-1].addcmul_(u[1:], self._before)
        return torch.stack([even, odd], dim=1).flatten(0, 1)


def _adain_leaky_relu(u: Tensor, norm: KokoroModule, style: Tensor, measure: _Measure) -> Tensor:
    """AdaIN and leaky ReLU; the result is float32."""
    gamma, beta = norm.fc(style)[0].chunk(2)
    mean, variance = measure(u)
    scale = (1 + gamma) * norm.norm.weight * torch.rsqrt(variance + EPSILON)
    shift = (1 + gamma) * norm.norm.bias + beta - mean * scale
    return functional.leaky_relu_(torch.addcmul(shift, u, scale), _LEAK)
