"""Layers whose weights lie in memory as oneDNN reads them, so that it need not lay them out anew in every pass.

That counts before the generator, where weights are large and what they are multiplied by is short. BERT gains most:
torch has MKL multiply there, which on AMD's processors does 0.09 TFLOP/s a core where oneDNN does 0.22. What comes out
differs in the last bits alone. On other architectures nobody has measured it, so there torch does as it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kokoro_wyoming.network.convolution import Convolution, KokoroModule


class PackedLinear(nn.Module):
    """A linear layer; what it is made of may go."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """`weight` has the shape (features out, features in), both are of the type that is computed in."""
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), None)
        self._bias = bias.detach()

    def forward(self, u: Tensor) -> Any:
        """Shape (..., features in), to (..., features out)."""
        return torch.ops.mkldnn._linear_pointwise(u, self._weight, self._bias, "none", [], "")


class PackedConvolution(nn.Module):
    """A convolution of stride 1, not dilated: rows one behind the other are one long row for a linear layer."""

    def __init__(self, convolution: Convolution) -> None:
        super().__init__()
        weight = convolution.weight[:, :, 0].transpose(1, 2).flatten(1)
        self._linear = PackedLinear(weight.contiguous(), convolution.bias)
        self._taps, self._padding = convolution.weight.shape[-1], convolution.padding
        self._dtype = convolution.weight.dtype

    def rows(self, u: Tensor) -> Tensor:
        """(time, channels) to (time, channels out)."""
        padded = functional.pad(u.to(self._dtype), (0, 0, self._padding, self._padding)).contiguous()
        count, channels = len(padded) - self._taps + 1, u.shape[1]
        out: Tensor = self._linear(padded.as_strided((count, self._taps * channels), (channels, 1)))
        return out

    def forward(self, x: Tensor) -> Tensor:
        """As torch's: shape (1, channels, time) to (1, channels out, time)."""
        return self.rows(x[0].T).T[None]


def packed(convolution: Convolution) -> Callable[[Tensor], Tensor]:
    """The same function of rows, quicker where it can be."""
    fits = convolution.stride == convolution.dilation == 1 and convolution.weight.device.type == "cpu"
    return PackedConvolution(convolution).rows if fits and _is_quicker() else convolution


def quicken_bert(bert: nn.Module) -> None:
    """Have `kokoro`'s BERT, on the CPU, multiply by oneDNN where that is known to be quicker."""
    for module in bert.modules():
        if hasattr(module, "activation"):  # GELU by tanh, spelt out in six passes over fresh memory
            module.activation = nn.GELU(approximate="tanh")
    if _is_quicker():
        _pack(bert)


def quicken_text(encoder: KokoroModule) -> None:
    """The same for the convolutions of `kokoro`'s text encoder, weight norm folded."""
    if _is_quicker():
        for layers in encoder.cnn:
            layers[0] = PackedConvolution(Convolution.of(layers[0], torch.float32))


def _is_quicker() -> bool:
    """Whether the processor is one it was measured on, and this torch has oneDNN's layers."""
    measured = torch.cpu.get_capabilities().get("architecture") == "x86_64"
    return measured and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _pack(module: nn.Module) -> None:
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            setattr(module, name, PackedLinear(child.weight, child.bias))
        else:
            _pack(child)
