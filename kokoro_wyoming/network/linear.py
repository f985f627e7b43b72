"""Linear layers by oneDNN, for the network's language model (BERT).

torch multiplies by MKL, which on AMD's processors does 0.09 TFLOP/s a core where oneDNN does 0.22; what comes out
differs in the last bits alone. On other architectures nobody has measured it, so there torch does as it likes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class PackedLinear(nn.Module):
    """A linear layer whose weight lies as oneDNN reads it; the layer that it is made of may go."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)
        self._bias = linear.bias.detach()

    def forward(self, u: Tensor) -> Any:
        """float32, shape (..., features in), to (..., features out)."""
        return torch.ops.mkldnn._linear_pointwise(u, self._weight, self._bias, "none", [], "")


def quicken(bert: nn.Module) -> None:
    """Have `kokoro`'s BERT, on the CPU, multiply by oneDNN where that is known to be quicker."""
    for module in bert.modules():
        if hasattr(module, "activation"):  # GELU by tanh, spelt out in six passes over fresh memory
            module.activation = nn.GELU(approximate="tanh")
    if _is_quicker():
        _pack(bert)


def _is_quicker() -> bool:
    """Whether the processor is one it was measured on, and this torch has oneDNN's layers."""
    measured = torch.cpu.get_capabilities().get("architecture") == "x86_64"
    return measured and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _pack(module: nn.Module) -> None:
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            setattr(module, name, PackedLinear(child))
        else:
            _pack(child)
