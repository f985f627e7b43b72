"""Packed layers are the layers that they take the place of, and only where that was found quicker."""

from __future__ import annotations

import copy

import pytest
import torch
from kokoro.modules import TextEncoder
from torch import Tensor, nn
from torch.nn.utils import remove_weight_norm

from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.packing import PackedLinear, packed, quicken_bert, quicken_text


class _SmallBert(nn.Module):
    """Two layers and an activation under the names that BERT's have; not BERT."""

    def __init__(self) -> None:
        super().__init__()
        self.ffn, self.ffn_output = nn.Linear(48, 96), nn.Linear(96, 48)
        self.activation: nn.Module = nn.ReLU()

    def forward(self, u: Tensor) -> Tensor:
        """float32, shape (..., 48), to the same."""
        inner: Tensor = self.ffn(u)
        outer: Tensor = self.ffn_output(self.activation(inner))
        return outer


def _bert() -> _SmallBert:
    return _SmallBert().eval().requires_grad_(False)


@pytest.mark.parametrize("shape", [(1, 1, 48), (1, 37, 48), (2, 5, 48)])
def test_packed_layers_give_what_torch_s_own_give(shape: tuple[int, ...]) -> None:
    bert, packed = _bert(), _bert()
    packed.load_state_dict(bert.state_dict())
    quicken_bert(packed)
    bert.activation = nn.GELU(approximate="tanh")
    u = torch.randn(shape)
    with torch.inference_mode():
        assert torch.allclose(packed(u), bert(u), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("taps", [1, 3, 5])
def test_packed_convolutions_give_what_they_are_made_of_gives(taps: int, dtype: torch.dtype) -> None:
    module = nn.Conv1d(34, 64, taps, padding=taps // 2).requires_grad_(False)
    convolution = Convolution.of(module, dtype)
    assert packed(convolution) is not convolution
    for count in (1, 2, 40):
        u = torch.randn(count, 34)
        ours, theirs = packed(convolution)(u), convolution(u)
        assert ours.dtype == theirs.dtype == dtype
        assert torch.allclose(ours, theirs, atol=1e-5 if dtype == torch.float32 else 0.05)


@pytest.mark.parametrize(("stride", "dilation"), [(2, 1), (1, 3)])
def test_what_is_no_row_of_neighbours_is_left_as_it_is(stride: int, dilation: int) -> None:
    module = nn.Conv1d(8, 8, 3, stride=stride, dilation=dilation, padding=dilation)
    convolution = Convolution.of(module.requires_grad_(False), torch.float32)
    assert packed(convolution) is convolution


def test_the_text_encoder_gives_what_kokoro_s_own_gives() -> None:
    own = TextEncoder(channels=32, kernel_size=5, depth=3, n_symbols=40).eval()
    for layers in own.cnn:
        remove_weight_norm(layers[0])
    ours = copy.deepcopy(own.requires_grad_(False))
    quicken_text(ours)
    ids = torch.randint(40, (1, 17))
    with torch.inference_mode():
        theirs, given = (encoder(ids, torch.tensor([17]), torch.zeros_like(ids).bool()) for encoder in (own, ours))
    assert torch.allclose(theirs, given, atol=1e-5)
    assert not any(isinstance(layers[0], nn.Conv1d) for layers in ours.cnn)


@pytest.mark.parametrize(("architecture", "kind"), [("x86_64", PackedLinear), ("aarch64", nn.Linear)])
def test_other_processors_keep_torch_s_layers(
    architecture: str, kind: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": architecture})
    bert = _bert()
    quicken_bert(bert)
    convolution = Convolution.of(nn.Conv1d(8, 8, 3, padding=1).requires_grad_(False), torch.float32)
    assert (packed(convolution) is convolution) == (kind is nn.Linear)
    assert type(bert.ffn) is type(bert.ffn_output) is kind
