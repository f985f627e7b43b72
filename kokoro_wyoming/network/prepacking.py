"""Layers with prepacked weights: oneDNN reads them as they are, and need not reorder them in every pass.

This matters before the generator, where weights are large and inputs are short. BERT gains most: torch multiplies with
MKL there, which does 0.09 TFLOP/s a core on AMD's processors; oneDNN does 0.22. All layers pad their inputs to bucket
lengths (`bucketing`). Results differ from torch's in the last bits only. The gain was measured on x86-64 alone, so on
other architectures torch's own layers stay.
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
"""The type of the layers that decide timing and melody."""
_LSTM = 2
"""torch's number for an LSTM among the kinds of recurrent layers."""
_TYPICAL_ROWS = 160
"""The input length that the weights are packed for; they work for other lengths too."""


class PackedLinear(nn.Module):
    """A linear layer with its own copy of the weights."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """`weight` has shape (features out, features in). The layer computes in the type of `weight` and `bias`."""
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), None)
        self._bias = bias.detach()

    def forward(self, u: Tensor) -> Tensor:
        """Shape (..., rows, features in), to (..., rows, features out)."""
        out: Tensor = torch.ops.mkldnn._linear_pointwise(_padded(u), self._weight, self._bias, "none", [], "")
        return out[..., : u.shape[-2], :]


class PackedConvolution(nn.Module):
    """A convolution of stride 1."""

    def __init__(self, convolution: Convolution) -> None:
        super().__init__()
        weight, self._bias, self._padding = convolution.weight, convolution.bias, convolution.padding
        self._options = [0, 0], [1, 1], [1, convolution.dilation], 1
        """Padding, stride, dilation, groups."""
        self._lost_rows = (weight.shape[-1] - 1) * convolution.dilation
        self._dtype, (_, channels, _, taps) = weight.dtype, weight.shape
        if taps > 1:  # with one tap, weights packed for one length can take ten times as long at another length
            size = [1, channels, 1, _TYPICAL_ROWS]
            weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *self._options, size)
        self._weight = weight

    def rows(self, u: Tensor) -> Tensor:
        """(time, channels) to (time, channels out)."""
        count = len(u) + 2 * self._padding - self._lost_rows
        extra = bucket_length(count) - count
        padded = functional.pad(u.to(self._dtype), (0, 0, self._padding, self._padding + extra)).contiguous()
        image = torch.ops.mkldnn._convolution_pointwise(
            as_image(padded), self._weight, self._bias, *self._options, "none", [], ""
        )
        return as_rows(image)[:count]

    def forward(self, x: Tensor) -> Tensor:
        """The interface of torch's layer: shape (1, channels, time) to (1, channels out, time)."""
        return self.rows(x[0].T).T[None]


class PackedLstm(nn.Module):
    """An LSTM of one layer and two directions, for a batch of one.

    The backward direction runs forward over its reversed input.
    """

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self._size = lstm.hidden_size
        self._directions = [self._packed(lstm, direction) for direction in ("", "_reverse")]
        self._zero_state = torch.zeros(1, self._size)

    def _packed(self, lstm: nn.LSTM, direction: str) -> list[Tensor]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        inner, outer, *biases = (getattr(lstm, f"{name}_l0{direction}").detach() for name in names)
        layout = inner, outer, self._size, False, True, False, None  # not reversed, with biases, time first
        return [*torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight(*layout), *biases]

    def flatten_parameters(self) -> None:
        """Do nothing. kokoro calls this method of torch's LSTM."""

    def forward(self, x: Any) -> tuple[Any, None]:
        """The interface of torch's layer: (1, time, features) or a PackedSequence, to (1, time, 2 * size)."""
        if isinstance(x, PackedSequence):
            return x._replace(data=self._bidirectional(x.data)), None
        return self._bidirectional(x[0])[None], None

    def _bidirectional(self, u: Tensor) -> Tensor:
        forward, backward = self._directions
        return torch.cat([self._forward_pass(u, forward), self._forward_pass(u.flip(0), backward).flip(0)], dim=1)

    def _forward_pass(self, u: Tensor, weights: list[Tensor]) -> Tensor:
        """(time, features) to (time, size)."""
        padded = _padded(u)[:, None]
        states = self._zero_state, self._zero_state
        # reverse, batch sizes, mode, hidden size, layers, has biases, bidirectional, batch first, train
        options: tuple[Any, ...] = False, [], _LSTM, self._size, 1, True, False, False, False
        out: Tensor = torch.ops.aten.mkldnn_rnn_layer(padded, *weights, *states, *options)[0]
        return out[: len(u), 0]


def _padded(u: Tensor) -> Tensor:
    """Add rows of zeros at the end, up to a bucket length; shape (..., rows, features).

    The result is contiguous: oneDNN does not check it, and computes nonsense from anything else.
    """
    count = u.shape[-2]
    return functional.pad(u, (0, 0, 0, bucket_length(count) - count)).contiguous()


def packed(convolution: Convolution) -> Callable[[Tensor], Tensor]:
    """The convolution with packed weights where that is quicker, else as it is: a function of (time, channels)."""
    fits = convolution.stride == 1 and convolution.weight.device.type == "cpu"
    return PackedConvolution(convolution).rows if fits and _is_quicker() else convolution


def prepack(model: KokoroModule) -> None:
    """Replace the layers before the decoder by packed ones, where these are known to be quicker.

    `model` is a `KModel` on the CPU with folded weight norm.
    """
    for module in model.bert.modules():
        if hasattr(module, "activation"):  # transformers computes this GELU in six passes over fresh memory
            module.activation = nn.GELU(approximate="tanh")
    if _is_quicker():
        _replace_layers(model.bert, {nn.Linear: lambda linear: PackedLinear(linear.weight, linear.bias)})
        for part in (model.text_encoder, model.predictor):
            _replace_layers(part, {nn.LSTM: PackedLstm, nn.Conv1d: _packed_convolution})


def _packed_convolution(module: nn.Conv1d) -> PackedConvolution:
    return PackedConvolution(Convolution.of(module, _EXACT))


def _is_quicker() -> bool:
    """Whether packing was measured on this architecture, and this torch has oneDNN's layers."""
    is_measured = torch.cpu.get_capabilities().get("architecture") == "x86_64"
    return is_measured and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _replace_layers(module: nn.Module, replacements: Mapping[type, Callable[[Any], nn.Module]]) -> None:
    """Replace every layer inside `module` whose type has a replacement."""
    for name, child in module.named_children():
        if type(child) in replacements:
            setattr(module, name, replacements[type(child)](child))
        else:
            _replace_layers(child, replacements)
