"""Layers whose weights lie in memory as oneDNN reads them, so that it need not lay them out anew in every pass.

That counts before the generator, where weights are large and what they are multiplied by is short. BERT gains most:
torch has MKL multiply there, which on AMD's processors does 0.09 TFLOP/s a core where oneDNN does 0.22. All compute on
lengths that recur (`bucketing`). What comes out differs in the last bits alone. On other architectures nobody has
measured it, so there torch does as it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from kokoro_wyoming.network.bucketing import bucket_length
from kokoro_wyoming.network.convolution import Convolution, KokoroModule, as_image, as_rows

_EXACT = torch.float32
"""Of what decides timing and melody."""
_LSTM = 2
"""torch's number for it, among the kinds of such networks."""
_TYPICAL_ROWS = 160
"""What the weights are laid out for; they serve other lengths as well."""


class PackedLinear(nn.Module):
    """A linear layer; what it is made of may go."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """`weight` has the shape (features out, features in), both are of the type that is computed in."""
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), None)
        self._bias = bias.detach()

    def forward(self, u: Tensor) -> Tensor:
        """Shape (..., rows, features in), to (..., rows, features out)."""
        out: Tensor = torch.ops.mkldnn._linear_pointwise(_lengthened(u), self._weight, self._bias, "none", [], "")
        return out[..., : u.shape[-2], :]


class PackedConvolution(nn.Module):
    """A convolution of stride 1."""

    def __init__(self, convolution: Convolution) -> None:
        super().__init__()
        weight, self._bias, self._padding = convolution.weight, convolution.bias, convolution.padding
        self._steps = [0, 0], [1, 1], [1, convolution.dilation], 1
        """Padding, stride, dilation, groups."""
        self._lost_rows = (weight.shape[-1] - 1) * convolution.dilation
        self._dtype, (_, channels, _, taps) = weight.dtype, weight.shape
        if taps > 1:  # of one tap, what suits one length does so badly for another that it takes ten times as long
            size = [1, channels, 1, _TYPICAL_ROWS]
            weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *self._steps, size)
        self._weight = weight

    def rows(self, u: Tensor) -> Tensor:
        """(time, channels) to (time, channels out)."""
        count = len(u) + 2 * self._padding - self._lost_rows
        blank = bucket_length(count) - count
        padded = functional.pad(u.to(self._dtype), (0, 0, self._padding, self._padding + blank)).contiguous()
        image = torch.ops.mkldnn._convolution_pointwise(
            as_image(padded), self._weight, self._bias, *self._steps, "none", [], ""
        )
        return as_rows(image)[:count]

    def forward(self, x: Tensor) -> Tensor:
        """As torch's: shape (1, channels, time) to (1, channels out, time)."""
        return self.rows(x[0].T).T[None]


class PackedLstm(nn.Module):
    """An LSTM of one layer and two directions, for a batch of one. The backward one reads forward what was turned."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self._size = lstm.hidden_size
        self._directions = [self._packed(lstm, direction) for direction in ("", "_reverse")]
        self._nothing = torch.zeros(1, self._size)

    def _packed(self, lstm: nn.LSTM, direction: str) -> list[Tensor]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        inner, outer, *biases = (getattr(lstm, f"{name}_l0{direction}").detach() for name in names)
        layout = inner, outer, self._size, False, True, False, None  # not reversed, with biases, time first
        return [*torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight(*layout), *biases]

    def flatten_parameters(self) -> None:
        """Nothing is left to be done; kokoro asks for it."""

    def forward(self, x: Any) -> tuple[Any, None]:
        """As torch's: shape (1, time, features), or packed, to (1, time, 2 * size)."""
        if isinstance(x, PackedSequence):
            return x._replace(data=self._both(x.data)), None
        return self._both(x[0])[None], None

    def _both(self, u: Tensor) -> Tensor:
        ahead, back = self._directions
        return torch.cat([self._one(u, ahead), self._one(u.flip(0), back).flip(0)], dim=1)

    def _one(self, u: Tensor, weights: list[Tensor]) -> Tensor:
        """(time, features) to (time, size)."""
        padded = _lengthened(u)[:, None]
        states = self._nothing, self._nothing
        # Not reversed, no batches, which kind and size, one layer, with biases, one way, time first, nothing learned.
        what: tuple[Any, ...] = False, [], _LSTM, self._size, 1, True, False, False, False
        out: Tensor = torch.ops.aten.mkldnn_rnn_layer(padded, *weights, *states, *what)[0]
        return out[: len(u), 0]


def _lengthened(u: Tensor) -> Tensor:
    """With rows of zeros at the end, and in one piece, which oneDNN takes for granted: shape (..., rows, features)."""
    count = u.shape[-2]
    return functional.pad(u, (0, 0, 0, bucket_length(count) - count)).contiguous()


def packed(convolution: Convolution) -> Callable[[Tensor], Tensor]:
    """The same function of rows, quicker where it can be."""
    fits = convolution.stride == 1 and convolution.weight.device.type == "cpu"
    return PackedConvolution(convolution).rows if fits and _is_quicker() else convolution


def quicken(model: KokoroModule) -> None:
    """Have `kokoro`'s model before its decoder, on the CPU and weight norm folded, use such layers where they are known
    to be quicker.
    """
    for module in model.bert.modules():
        if hasattr(module, "activation"):  # GELU by tanh, spelt out in six passes over fresh memory
            module.activation = nn.GELU(approximate="tanh")
    if _is_quicker():
        _pack(model.bert, {nn.Linear: lambda linear: PackedLinear(linear.weight, linear.bias)})
        for part in (model.text_encoder, model.predictor):
            _pack(part, {nn.LSTM: PackedLstm, nn.Conv1d: lambda conv: PackedConvolution(Convolution.of(conv, _EXACT))})


def _is_quicker() -> bool:
    """Whether the processor is one it was measured on, and this torch has oneDNN's layers."""
    measured = torch.cpu.get_capabilities().get("architecture") == "x86_64"
    return measured and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _pack(module: nn.Module, ways: Mapping[type, Callable[[Any], nn.Module]]) -> None:
    """Replace each layer within that there is a way for."""
    for name, child in module.named_children():
        if type(child) in ways:
            setattr(module, name, ways[type(child)](child))
        else:
            _pack(child, ways)
