"""Convolutions over data that is in memory as (time, channels).

In this layout the processor multiplies at its full rate. It does not where each channel is a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-5
"""The epsilon of torch's InstanceNorm."""

KokoroModule = Any
"""A module of `kokoro` 0.9.4, a package without type information."""


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 (AVX512-BF16 or AMX).

    The error of such a convolution is 40 dB below the sound, which is inaudible.
    """
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@dataclass(frozen=True)
class Convolution:
    """A one-dimensional convolution over (time, channels)."""

    weight: Tensor
    """Shape (channels out, channels in, 1, taps), channels last."""
    bias: Tensor
    stride: int
    padding: int
    dilation: int

    @classmethod
    def of(cls, module: KokoroModule, dtype: torch.dtype) -> Convolution:
        weight, bias = _channels_last(module.weight, dtype), _bias(module, dtype)
        return cls(weight, bias, module.stride[0], module.padding[0], module.dilation[0])

    @property
    def weight_by_taps(self) -> Tensor:
        """The weight in the same memory: contiguous, shape (channels out, taps, channels in)."""
        return self.weight[:, :, 0].transpose(1, 2)

    def as_type(self, dtype: torch.dtype) -> Convolution:
        """The same convolution, computed in `dtype`. Where it has this type already, it shares the memory."""
        return replace(self, weight=self.weight.to(dtype), bias=self.bias.to(dtype))

    def parts(self, channels: int) -> Iterator[Convolution]:
        """Split into convolutions of at most `channels` channels out each."""
        for weight, bias in zip(torch.split(self.weight, channels), torch.split(self.bias, channels), strict=True):
            yield replace(self, weight=weight, bias=bias)

    def __call__(self, u: Tensor) -> Tensor:
        return self._convolved(u, self.padding)

    def of_padded(self, u: Tensor) -> Tensor:
        """Convolve an input that already has `padding` rows of zeros at each end.

        oneDNN compiles a quarter of the code for it.
        """
        return self._convolved(u, 0)

    def product(self, u: Tensor) -> Tensor:
        """`of_padded` as one matrix product over neighbouring rows, for a stride of 1.

        It reads large weights as they are, where torch's own convolution reorders them in every call, and it needs no
        code for a length. So it suits short inputs, which must be contiguous. The weights are the first factor: the
        other order takes a fifth longer.
        """
        taps, channels = self.weight.shape[-1], u.shape[1]
        shape = len(u) - self.dilation * (taps - 1), taps, channels
        neighbours = u.as_strided(shape, (channels, self.dilation * channels, 1), u.storage_offset()).flatten(1)
        return torch.addmm(self.bias[:, None], self.weight_by_taps.flatten(1), neighbours.T).T.contiguous()

    def _convolved(self, u: Tensor, padding: int) -> Tensor:
        options = ((1, self.stride), (0, padding), (1, self.dilation))
        return as_rows(functional.conv2d(as_image(u.to(self.weight.dtype)), self.weight, self.bias, *options))


@dataclass(frozen=True)
class Upsampling:
    """A transposed convolution over (time, channels), as a convolution that gives all rows of a step at once.

    This is quicker than a transposed convolution. In float32 a processor computes it as a product, as oneDNN's code for
    512 channels takes 3.5 MB for each length.
    """

    stride: int
    convolution: Convolution
    """Its channels out are those of the first row of a step, then those of the second, and so on: `stride` rows."""
    padding: int
    """So many rows are cut off at each end."""

    @classmethod
    def of(cls, module: KokoroModule, dtype: torch.dtype) -> Upsampling:
        weight, stride = module.weight.detach(), module.stride[0]
        taps = -(-weight.shape[2] // stride)
        padded = functional.pad(weight, (0, taps * stride - weight.shape[2]))
        steps = padded.view(*weight.shape[:2], taps, stride).flip(2).permute(3, 1, 0, 2).flatten(0, 1)
        bias = _bias(module, dtype).repeat(stride)
        return cls(stride, Convolution(_channels_last(steps, dtype), bias, 1, taps - 1, 1), module.padding[0])

    def as_type(self, dtype: torch.dtype) -> Upsampling:
        """The same, computed in `dtype`. Where it has this type already, it shares the memory."""
        return replace(self, convolution=self.convolution.as_type(dtype))

    def __call__(self, u: Tensor) -> Tensor:
        """(time, channels) to (stride * time, channels out)."""
        is_product = u.device.type == "cpu" and self.convolution.weight.dtype == torch.float32
        convolve = self.convolution.product if is_product else self.convolution.of_padded
        rows = convolve(self._padded(u)).reshape(-1, self._channels_out)
        return rows[self.padding : self.padding + self.stride * len(u)]

    def phases(self, u: Tensor) -> Iterator[Tensor]:
        """The rows of the result that lie `stride` apart, for each first row: (time, channels out)."""
        padded = self._padded(u)
        for row, part in enumerate(self.convolution.parts(self._channels_out)):
            first = -(-(self.padding - row) // self.stride)
            yield part.of_padded(padded)[first : first + len(u)]

    @property
    def _channels_out(self) -> int:
        return len(self.convolution.bias) // self.stride

    def _padded(self, u: Tensor) -> Tensor:
        margin = self.convolution.padding
        return functional.pad(u, (0, 0, margin, margin))


def _bias(module: KokoroModule, dtype: torch.dtype) -> Tensor:
    """The module's bias, or zeros where it has none."""
    if module.bias is None:
        return module.weight.new_zeros(len(module.weight), dtype=dtype)
    return module.bias.detach().to(dtype)


def _channels_last(weight: Tensor, dtype: torch.dtype) -> Tensor:
    return weight.detach()[:, :, None].to(dtype, memory_format=torch.channels_last)


def as_image(u: Tensor) -> Tensor:
    """View (time, channels) as an image of one row, shape (1, channels, 1, time), in the same memory."""
    return u.T[None, :, None]


def as_rows(image: Tensor) -> Tensor:
    """View an image of one row, shape (1, channels, 1, time), as (time, channels)."""
    return image[0, :, 0].T


def mean_and_variance(u: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over time of u, shape (time, channels): float32, shape (channels,) each."""
    # Two passes, as torch.var_mean down the columns takes ten times as long.
    mean = u.mean(0, dtype=torch.float32)
    return mean, (u - mean).square_().mean(0)
