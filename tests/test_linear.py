"""Layers by oneDNN are the layers that they take the place of, and only where that was found quicker."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from kokoro_wyoming.network.linear import PackedLinear, quicken


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
    quicken(packed)
    bert.activation = nn.GELU(approximate="tanh")
    u = torch.randn(shape)
    with torch.inference_mode():
        assert torch.allclose(packed(u), bert(u), atol=1e-5)


@pytest.mark.parametrize(("architecture", "kind"), [("x86_64", PackedLinear), ("aarch64", nn.Linear)])
def test_other_processors_keep_torch_s_layers(
    architecture: str, kind: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": architecture})
    bert = _bert()
    quicken(bert)
    assert type(bert.ffn) is type(bert.ffn_output) is kind
