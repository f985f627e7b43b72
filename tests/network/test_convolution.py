"""Convolutions over (time, channels) give what torch's own layers give."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from kokoro_wyoming.network.convolution import Upsampling, mean_and_variance

STRIDE = 6


@pytest.mark.parametrize(("taps", "padding"), [(12, 3), (6, 0), (11, 2), (16, 5), (20, 7)])
def test_upsampling_gives_what_the_transposed_convolution_gives(taps: int, padding: int) -> None:
    torch.manual_seed(0)
    layer, u = nn.ConvTranspose1d(8, 5, taps, STRIDE, padding=padding), torch.randn(9, 8)
    with torch.inference_mode():
        expected = _rows(layer(u.T[None]))[: STRIDE * len(u)]
        ours = Upsampling.of(layer, torch.float32)(u)
        assert torch.allclose(ours[: len(expected)], expected, atol=1e-6)


def test_the_phases_are_the_rows_of_the_result() -> None:
    torch.manual_seed(0)
    upsampling, u = Upsampling.of(nn.ConvTranspose1d(8, 5, 12, STRIDE, padding=3), torch.float32), torch.randn(9, 8)
    with torch.inference_mode():
        whole, phases = upsampling(u), list(upsampling.phases(u))
        # The phases begin at the row that is a multiple of the stride in the uncut result.
        by_first_row = {(row - 3) % STRIDE: phase for row, phase in enumerate(phases)}
        for first, phase in by_first_row.items():
            assert torch.allclose(phase, whole[first::STRIDE], atol=1e-6)


def test_mean_and_variance_are_those_of_each_channel() -> None:
    u = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5.0, 0.1]) + 7
    mean, variance = mean_and_variance(u)
    assert torch.allclose(mean, u.mean(0))
    assert torch.allclose(variance, u.var(0, correction=0), rtol=1e-4)


def _rows(x: Tensor) -> Tensor:
    """Shape (1, channels, time) to (time, channels)."""
    return x[0].T
