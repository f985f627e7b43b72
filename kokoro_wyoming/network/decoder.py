"""The decoder up to its generator: five blocks of convolutions at 40 frames a second, the last of which doubles them.

They are `kokoro`'s own, over (time, channels) and in bfloat16 where the processor multiplies it: half the time.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps

import torch
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.network.convolution import EPSILON, Convolution, KokoroModule, mean_and_variance
from kokoro_wyoming.network.prepacking import packed

_LEAK = 0.2


class Decoder:
    """`kokoro`'s decoder with its own weights, without the generator."""

    def __init__(self, module: KokoroModule, dtype: torch.dtype = torch.float32) -> None:
        """`module` is `KModel.decoder`, weight norm folded; `dtype` is that of the convolutions."""
        self._first = Block(module.encode, dtype)
        self._others = [Block(block, dtype) for block in module.decode]
        self._residual = packed(Convolution.of(module.asr_res[0], torch.float32))
        self._halvings = [Convolution.of(halving, torch.float32) for halving in (module.F0_conv, module.N_conv)]

    def take_place_in(self, module: KokoroModule) -> None:
        """Have `kokoro`'s decoder work with these blocks, so that their weights lie in memory once."""
        module.encode, module.decode = self._first, torch.nn.ModuleList(self._others)

    def steps(self, text: Tensor, f0: Tensor, energy: Tensor, style: Tensor) -> Steps[None, None, Tensor]:
        """The generator's x, block by block: float32, shape (1, 512, 2 * n_frames).

        `text` is float32 of shape (1, 512, n_frames); `f0` in Hz and `energy` have twice as many, shape (1, 2 *
        n_frames); `style` is the sound's, shape (1, 128).
        """
        text = text[0].T
        curves = [halving(curve[0, :, None]) for halving, curve in zip(self._halvings, (f0, energy), strict=True)]
        rows = self._first.rows(torch.cat([text, *curves], dim=1), style)
        residual = self._residual(text)
        for block in self._others:
            yield None
            rows = block.rows(torch.cat([rows, residual, *curves], dim=1), style)
        return rows.T[None]


class Block(torch.nn.Module):
    """Twice AdaIN, leaky ReLU and convolution; its input is added through one tap. Takes the place of kokoro's."""

    def __init__(self, block: KokoroModule, dtype: torch.dtype) -> None:
        super().__init__()
        self.upsample_type = block.upsample_type
        """For kokoro's decoder, which asks its blocks whether they double the rate."""
        self._norms = torch.nn.ModuleList([block.norm1, block.norm2])
        self._convolutions = packed(Convolution.of(block.conv1, dtype)), packed(Convolution.of(block.conv2, dtype))
        self._shortcut = packed(Convolution.of(block.conv1x1, dtype)) if block.learned_sc else None
        self._pool = None if block.upsample_type == "none" else _Pool(block.pool)

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        """As kokoro's: x of shape (1, channels, n_frames), a style of shape (1, 128)."""
        return self.rows(x[0].T, s).T[None]

    def rows(self, u: Tensor, style: Tensor) -> Tensor:
        """float32, shape (n_frames, channels in), to (n_frames or twice as many, channels out)."""
        (norm, inner_norm), (outer, inner) = self._norms, self._convolutions
        straight = u if self._shortcut is None else self._shortcut(u).float()
        bent = _active(u, norm, style)
        if self._pool is not None:
            straight = straight.repeat_interleave(2, dim=0)
            bent = self._pool(bent)
        bent = inner(_active(outer(bent), inner_norm, style))
        return torch.add(bent.float(), straight).mul_(math.sqrt(0.5))


class _Pool:
    """Each channel at twice the rate: kokoro's transposed convolution of three taps and stride 2, spelt out."""

    def __init__(self, module: KokoroModule) -> None:
        self._before, self._at, self._behind = module.weight.detach()[:, 0].unbind(1)
        self._bias = module.bias.detach()

    def __call__(self, u: Tensor) -> Tensor:
        """(time, channels) to (2 * time, channels)."""
        even = torch.addcmul(self._bias, u, self._at)
        odd = torch.addcmul(self._bias, u, self._behind)
        odd[:-1].addcmul_(u[1:], self._before)
        return torch.stack([even, odd], dim=1).flatten(0, 1)


def _active(u: Tensor, norm: KokoroModule, style: Tensor) -> Tensor:
    """AdaIN and leaky ReLU, float32."""
    gamma, beta = norm.fc(style)[0].chunk(2)
    mean, variance = mean_and_variance(u)
    scale = (1 + gamma) * norm.norm.weight * torch.rsqrt(variance + EPSILON)
    shift = (1 + gamma) * norm.norm.bias + beta - mean * scale
    return functional.leaky_relu_(torch.addcmul(shift, u, scale), _LEAK)
