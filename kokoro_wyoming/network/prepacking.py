"""Layers with prepacked weights: oneDNN reads them as they are, and need not reorder them in every pass.

This matters before the generator, where weights are large and inputs are short. BERT gains most: torch multiplies with
MKL there, which does 0.09 TFLOP/s a core on AMD's processors; oneDNN does 0.22. All layers pad their inputs to bucket
lengths (`bucketing`). Results differ from torch's in the last bits only. The gain was measured on x86-64 alone, so on
other architectures torch's own layers stay.

The operators are private to torch, and oneDNN may lack one on some processor. So each kind of layer is tried once on
small tensors, and is used only where it gives what torch's own layer gives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from kokoro_wyoming.errors import first_line
from kokoro_wyoming.network.bucketing import bucket_length
from kokoro_wyoming.network.convolution import Convolution, KokoroModule, as_image, as_rows
from kokoro_wyoming.network.workspace import Workspace

_LOGGER = logging.getLogger(__name__)

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


class PackedConvolution:
    """A convolution of stride 1 with packed weights: a `ways.Convolver`."""

    def __init__(self, convolution: Convolution) -> None:
        weight, self._bias = convolution.weight, convolution.bias
        self._options = [0, 0], [1, 1], [1, convolution.dilation], 1
        """Padding, stride, dilation, groups."""
        self.dtype = weight.dtype
        size = [1, weight.shape[1], 1, _TYPICAL_ROWS]
        self._weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *self._options, size)

    def spare_rows(self, count: int) -> int:
        """None: see `ways.Convolver`."""
        return 0

    def __call__(self, u: Tensor, count: int, workspace: Workspace) -> Tensor:
        """See `ways.Convolver`. The input must be contiguous."""
        image = torch.ops.mkldnn._convolution_pointwise(
            as_image(u), self._weight, self._bias, *self._options, "none", [], ""
        )
        return as_rows(image)


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


def prepack(model: KokoroModule) -> None:
    """Replace linear and recurrent layers before the decoder by packed ones, where these are known to be quicker.

    `model` is a `KModel` on the CPU with folded weight norm.
    """
    for module in model.bert.modules():
        if hasattr(module, "activation"):  # transformers computes this GELU in six passes over fresh memory
            module.activation = nn.GELU(approximate="tanh")
    if is_used(PackedLinear):
        replace_layers(model.bert, {nn.Linear: lambda linear: PackedLinear(linear.weight, linear.bias)})
    if is_used(PackedLstm):
        for part in (model.text_encoder, model.predictor):
            replace_layers(part, {nn.LSTM: PackedLstm})


def is_used(kind: type, dtype: torch.dtype = _EXACT) -> bool:
    """Whether a kind of packed layer is quicker on this architecture, and right in `dtype` with this torch."""
    return torch.cpu.get_capabilities().get("architecture") == "x86_64" and _is_right(kind.__name__, dtype)


@cache
def _is_right(kind: str, dtype: torch.dtype) -> bool:
    """Whether a small layer of the kind gives what torch's own gives. Where it does not, the log says so once."""
    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            ours, torchs = _PROOFS[kind](dtype)
        if torch.allclose(ours.float(), torchs, atol=1e-4 if dtype == _EXACT else 0.1):
            return True
        reason = "it gives other results than torch's"
    except Exception as error:  # an operator that is missing, or that refuses this processor, raises various errors
        reason = first_line(error)
    _LOGGER.warning("%s in %s is not used here, and speech is slower: %s", kind, dtype, reason)
    return False


def _prove_linear(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    layer, u = nn.Linear(48, 32), torch.randn(1, 20, 48)
    return PackedLinear(layer.weight.to(dtype), layer.bias.to(dtype))(u.to(dtype)), layer(u)


def _prove_convolution(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    layer, u = nn.Conv1d(48, 32, 3, dilation=2), torch.randn(20, 48)
    ours = PackedConvolution(Convolution.of(layer, dtype))(u.to(dtype), 16, Workspace())
    return ours, layer(u.T[None])[0].T


def _prove_lstm(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    layer, x = nn.LSTM(24, 16, batch_first=True, bidirectional=True), torch.randn(1, 20, 24)
    return PackedLstm(layer.to(dtype)).forward(x.to(dtype))[0], layer(x)[0]


_PROOFS: dict[str, Callable[[torch.dtype], tuple[Tensor, Tensor]]] = {
    PackedLinear.__name__: _prove_linear,
    PackedConvolution.__name__: _prove_convolution,
    PackedLstm.__name__: _prove_lstm,
}
"""For each kind of layer, the results of a small one and of torch's own in float32."""


def replace_layers(module: nn.Module, replacements: Mapping[type, Callable[[Any], nn.Module]]) -> None:
    """Replace every layer inside `module` whose type has a replacement."""
    for name, child in module.named_children():
        if type(child) in replacements:
            setattr(module, name, replacements[type(child)](child))
        else:
            replace_layers(child, replacements)
