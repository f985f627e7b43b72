"""Convolutions by blocks give what torch's own convolution gives, for every length, dilation and algorithm."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kokoro_wyoming.network.block_convolution import BlockConvolution, ShortCorrelation, fourier, toom_cook
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.workspace import Workspace

ALGORITHMS = [
    *((fourier(block, taps), taps) for taps in (3, 7, 11) for block in (12, 16, 24, 32, 48)),
    *((toom_cook(block, 3), 3) for block in (4, 5, 6, 7, 8)),
    (toom_cook(8, 2), 2),
]
NAMES = [f"{len(algorithm.forward)} planes, {taps} taps" for algorithm, taps in ALGORITHMS]


class FullOfNans(Workspace):
    """Gives memory that holds nothing but NaN, so that each number that nobody wrote spoils the result."""

    def shaped(
        self, name: str, shape: tuple[int, ...], device: torch.device, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """See `Workspace`."""
        return super().shaped(name, shape, device, dtype).fill_(float("nan"))


@pytest.mark.parametrize(("algorithm", "taps"), ALGORITHMS, ids=NAMES)
def test_an_algorithm_correlates_one_block_exactly(algorithm: ShortCorrelation, taps: int) -> None:
    numbers = np.random.default_rng(1)
    x, w = numbers.standard_normal((algorithm.forward.shape[1],)), numbers.standard_normal((taps,))
    y = algorithm.backward @ ((algorithm.taps @ w) * (algorithm.forward @ x))
    assert np.allclose(y, [w @ x[t : t + taps] for t in range(len(y))], atol=1e-9)


@pytest.mark.parametrize(("algorithm", "taps"), ALGORITHMS, ids=NAMES)
def test_a_bias_on_the_constant_plane_reaches_every_row(algorithm: ShortCorrelation, taps: int) -> None:
    column = algorithm.backward[:, algorithm.constant_plane]
    assert np.allclose(column, column[0])
    assert column[0] != 0


@pytest.mark.parametrize("rows", [1, 2, 5, 23, 131, 5_000])
@pytest.mark.parametrize("dilation", [1, 3, 5])
@pytest.mark.parametrize(("algorithm", "taps"), [a for a in ALGORITHMS if a[1] % 2], ids=NAMES[: len(ALGORITHMS) - 1])
def test_it_is_torchs_convolution_within_rounding(
    algorithm: ShortCorrelation, taps: int, dilation: int, rows: int
) -> None:
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(rows)
        layer = nn.Conv1d(6, 5, taps, padding=dilation * (taps - 1) // 2, dilation=dilation)
        convolution, x = Convolution.of(layer, torch.float32), torch.randn(rows, 6)
        blocks = BlockConvolution(convolution, algorithm)
        padded = torch.zeros(rows + 2 * convolution.padding + blocks.spare_rows(rows), 6)
        padded[convolution.padding : convolution.padding + rows] = x
        got, wanted = blocks(padded, rows, FullOfNans()), layer(x.T[None])[0].T
    assert got.shape == wanted.shape
    assert float((got - wanted).square().mean()) < 1e-10 * float(wanted.square().mean())  # 100 dB


def test_the_weights_are_in_memory_once() -> None:
    convolution = Convolution.of(nn.Conv1d(8, 8, 3, padding=1).requires_grad_(False), torch.float32)
    blocks = BlockConvolution(convolution, toom_cook(6, 3))
    convolution.weight.zero_()
    padded = torch.ones(10 + 2 + blocks.spare_rows(10), 8)
    assert torch.allclose(blocks(padded, 10, Workspace()), convolution.bias.expand(10, 8), atol=1e-6)
