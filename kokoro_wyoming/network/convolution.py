"""Convolutions over data that is in memory as (time, channels).

In this layout the processor multiplies at its full rate. It does not where each channel is a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-5
"""The epsilon of torch's InstanceNorm."""

_T = TypeVar("_T", bound="_Filter")

KokoroModule = Any
"""A module of `kokoro` 0.9.4, a package without type information."""


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 (AVX512-BF16 or AMX).

    The error of such a convolution is 40 dB below the sound, which is inaudible.
    """
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@dataclass(frozen=True)
class _Filter:
    """The parts that both kinds of convolution over (time, channels) share."""

    weight: Tensor
    """Shape (channels out, channels in, 1, taps); transposed: (channels in, channels out, 1, taps). Channels last."""
    bias: Tensor
    stride: int
    padding: int

    _out_axis: ClassVar[int] = 0
    """The axis of the weight that counts the channels out."""

    def as_type(self: _T, dtype: torch.dtype) -> _T:
        """The same convolution, computed in `dtype`. Where it has this type already, it shares the memory."""
        return replace(self, weight=self.weight.to(dtype), bias=self.bias.to(dtype))

    def parts(self: _T, channels: int) -> Iterator[_T]:
        """Split into convolutions of at most `channels` channels out each."""
        weights = torch.split(self.weight, channels, self._out_axis)
        for weight, bias in zip(weights, torch.split(self.bias, channels), strict=True):
            yield replace(self, weight=weight, bias=bias)


@dataclass(frozen=True)
class Convolution(_Filter):
    """A one-dimensional convolution over (time, channels)."""

    dilation: int

    @classmethod
    def of(cls, module: KokoroModule, dtype: torch.dtype) -> Convolution:
        weight, bias = _channels_last(module.weight, dtype), _bias(module, dtype)
        return cls(weight, bias, module.stride[0], module.padding[0], module.dilation[0])

    def __call__(self, u: Tensor) -> Tensor:
        return self._convolved(u, self.padding)

    def of_padded(self, u: Tensor) -> Tensor:
        """Convolve an input that already has `padding` rows of zeros at each end.

        oneDNN compiles a quarter of the code for it.
        """
        return self._convolved(u, 0)

    def _convolved(self, u: Tensor, padding: int) -> Tensor:
        options = ((1, self.stride), (0, padding), (1, self.dilation))
        return as_rows(functional.conv2d(as_image(u.to(self.weight.dtype)), self.weight, self.bias, *options))


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
