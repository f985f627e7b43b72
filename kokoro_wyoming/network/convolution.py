"""Convolutions over what lies in memory as (time, channels), as sound does on its way through the network.

So the processor multiplies at its full rate, which it does not where each channel is a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-5
"""InstanceNorm's."""

_T = TypeVar("_T", bound="_Filter")

KokoroModule = Any
"""A module of `kokoro`, which has no types; its attributes are those of version 0.9.4."""


def convolution_type(device: torch.device) -> torch.dtype:
    """What convolutions are computed in.

    bfloat16 where the processor multiplies it (AVX512-BF16 or AMX): 40 dB away from float32, which nobody hears, in
    two thirds of the time. float32 elsewhere.
    """
    if device.type != "cpu":
        return torch.float32
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


@dataclass(frozen=True)
class _Filter:
    """What both kinds of convolution over (time, channels) have."""

    weight: Tensor
    """Shape (channels out, channels in, 1, taps), a transposed one's (in, out, 1, taps); channels last in memory."""
    bias: Tensor
    stride: int
    padding: int

    _out_axis: ClassVar[int] = 0
    """That of the weight's channels out."""

    def as_type(self: _T, dtype: torch.dtype) -> _T:
        """Computed in another type; the same memory where it is that already."""
        return replace(self, weight=self.weight.to(dtype), bias=self.bias.to(dtype))

    def parts(self: _T, channels: int) -> Iterator[_T]:
        """The same, so many channels out at a time."""
        weights = torch.split(self.weight, channels, self._out_axis)
        for weight, bias in zip(weights, torch.split(self.bias, channels), strict=True):
            yield replace(self, weight=weight, bias=bias)


@dataclass(frozen=True)
class Convolution(_Filter):
    """A one-dimensional convolution over (time, channels); bfloat16 where the processor has instructions for it."""

    dilation: int

    @classmethod
    def of(cls, module: KokoroModule, dtype: torch.dtype) -> Convolution:
        weight, bias = _channels_last(module.weight, dtype), _bias(module, dtype)
        return cls(weight, bias, module.stride[0], module.padding[0], module.dilation[0])

    def __call__(self, u: Tensor) -> Tensor:
        return self._of(u, self.padding)

    def of_padded(self, u: Tensor) -> Tensor:
        """Of what has as many rows of zeros around it as padding: oneDNN makes a quarter of the code for that."""
        return self._of(u, 0)

    def _of(self, u: Tensor, padding: int) -> Tensor:
        steps = ((1, self.stride), (0, padding), (1, self.dilation))
        return as_rows(functional.conv2d(as_image(u.to(self.weight.dtype)), self.weight, self.bias, *steps))


@dataclass(frozen=True)
class Upsampling(_Filter):
    """A transposed convolution over (time, channels)."""

    _out_axis: ClassVar[int] = 1

    @classmethod
    def of(cls, module: KokoroModule, dtype: torch.dtype) -> Upsampling:
        weight, bias = _channels_last(module.weight, dtype), _bias(module, dtype)
        return cls(weight, bias, module.stride[0], module.padding[0])

    def __call__(self, u: Tensor) -> Tensor:
        image = as_image(u.to(self.weight.dtype))
        return as_rows(functional.conv_transpose2d(image, self.weight, self.bias, (1, self.stride), (0, self.padding)))


def _bias(module: KokoroModule, dtype: torch.dtype) -> Tensor:
    """Zeros where there is none."""
    if module.bias is None:
        return module.weight.new_zeros(len(module.weight), dtype=dtype)
    return module.bias.detach().to(dtype)


def _channels_last(weight: Tensor, dtype: torch.dtype) -> Tensor:
    return weight.detach()[:, :, None].to(dtype, memory_format=torch.channels_last)


def as_image(u: Tensor) -> Tensor:
    """(time, channels) as torch's images of one row, shape (1, channels, 1, time): the same memory."""
    return u.T[None, :, None]


def as_rows(image: Tensor) -> Tensor:
    """And back."""
    return image[0, :, 0].T


def mean_and_variance(u: Tensor) -> tuple[Tensor, Tensor]:
    """Of each channel over time, biased: float32, shape (channels,) each, of (time, channels)."""
    # In two passes: down the columns, torch's own var_mean takes ten times as long.
    mean = u.mean(0, dtype=torch.float32)
    return mean, (u - mean).square_().mean(0)
