"""Convolutions by blocks: a third to a half of the multiplications, with the same result within float32 rounding.

A block of N rows of the input gives m = N - k + 1 rows of the output, for k taps. A short correlation algorithm
computes them as C((G w) * (A x)), with three small constant matrices: A (planes, N), G (planes, k) and C (m, planes).
The product is by elements. With channels, it becomes one matrix product for each plane. There are two families:

- Fourier (overlap-save): the planes are the real discrete Fourier transform. A complex product takes three real ones
  (Gauss), and the two real bins take one each: 1.5 N - 1 planes. It suits many taps.
- Toom-Cook, also called Winograd: the planes are values of polynomials at small numbers, N of them. It needs the fewest
  products, but its rounding errors grow with N. So it suits few taps.

A direct convolution takes k products for each row, channel in and channel out, a block convolution planes / m.

Sources: Winograd, "Arithmetic Complexity of Computations" (1980); Lavin and Gray, "Fast Algorithms for Convolutional
Neural Networks" (2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.workspace import Workspace

_POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""Where Toom-Cook evaluates its polynomials, besides infinity. They have the smallest rounding errors."""
_PART_ROWS, _PART_CHANNELS = 2048, 256
"""So many rows and channels out are computed at once. More would take more memory, and gain nothing."""

Matrix = NDArray[np.float64]


class ShortCorrelation(NamedTuple):
    """y[t] = sum of w[j] x[t + j] over k taps, for a block of x: y = backward @ ((taps @ w) * (forward @ x))."""

    forward: Matrix
    """Shape (planes, N)."""
    taps: Matrix
    """Shape (planes, k)."""
    backward: Matrix
    """Shape (m, planes)."""
    constant_plane: int
    """The plane whose column of `backward` has the same number in all rows: there a bias is added."""


def fourier(block: int, taps: int) -> ShortCorrelation:
    """The algorithm with a Fourier transform of `block` rows, an even number above `taps`."""
    bins = np.arange(block // 2 + 1)
    transform = np.exp(-2j * np.pi * np.outer(bins, np.arange(block)) / block)
    back = np.exp(2j * np.pi * np.outer(np.arange(block - taps + 1), bins) / block) / block
    spectrum = np.conj(transform[:, :taps])
    ends, inner = [0, block // 2], slice(1, block // 2)
    # With X = a + ib and W = c + id: p = c(a + b), q = a(d - c), r = b(c + d); the product is (p - r) + i(p + q).
    a, b, c, d = transform.real[inner], transform.imag[inner], spectrum.real[inner], spectrum.imag[inner]
    # Each inner bin stands for itself and its mirror image, so it counts twice.
    real, imaginary = 2 * back.real[:, inner], -2 * back.imag[:, inner]
    return ShortCorrelation(
        np.concatenate([transform.real[ends], a + b, a, b]),
        np.concatenate([spectrum.real[ends], c, d - c, c + d]),
        np.concatenate([back.real[:, ends], real + imaginary, imaginary, -real], axis=1),
        constant_plane=0,
    )


def toom_cook(block: int, taps: int) -> ShortCorrelation:
    """The algorithm that reads `block` rows, at most 8 and more than `taps`."""
    points = _POINTS[: block - 1]
    return ShortCorrelation(
        np.linalg.inv(_values(points, block)).T,
        _values(points, taps),
        _values(points, block - taps + 1).T,
        constant_plane=points.index(1.0),
    )


def _values(points: tuple[float, ...], count: int) -> Matrix:
    """The matrix that gives a polynomial of `count` coefficients at all points and at infinity."""
    at_infinity = np.eye(count)[-1:]
    return np.concatenate([np.vander(points, count, increasing=True), at_infinity])


class BlockConvolution:
    """A `Convolution` in float32 and of stride 1, computed by blocks.

    It shares the weights of the convolution, and transforms them anew in each call. Transformed weights would take two
    to eight times the memory, and save a tenth of the time.
    """

    dtype = torch.float32

    def __init__(self, convolution: Convolution, algorithm: ShortCorrelation) -> None:
        device = convolution.weight.device
        self._forward, self._taps, self._backward = (
            torch.tensor(matrix, dtype=torch.float32, device=device) for matrix in algorithm[:3]
        )
        self._constant_plane = algorithm.constant_plane
        constants = convolution.bias / float(algorithm.backward[0, algorithm.constant_plane])
        weights = convolution.weight_by_taps
        self._parts = list(
            zip(torch.split(weights, _PART_CHANNELS), torch.split(constants, _PART_CHANNELS), strict=True)
        )
        """Weights of shape (channels out, taps, channels in), contiguous, and what is added on the constant plane."""
        self._dilation, self._step, self._lost_rows = (
            convolution.dilation,
            len(algorithm.backward),
            algorithm.taps.shape[1] - 1,
        )

    def spare_rows(self, count: int) -> int:
        """How many rows of zeros the input needs behind its own padding, for `count` rows of the output."""
        unit = self._step if self._dilation == 1 else self._dilation
        return -count % unit

    def __call__(self, u: Tensor, count: int, workspace: Workspace) -> Tensor:
        """The convolution of an input that has its padding and its spare rows: (rows, channels) to (count, channels).

        The result lies in the workspace until the next call.
        """
        if self._dilation == 1:
            return self._convolved(u, -(-count // self._step), workspace)[:count]
        # Every dilation-th row belongs to one sequence. The sequences lie one behind the other, in whole blocks.
        dilation, channels = self._dilation, u.shape[1]
        length, rows = len(u) // dilation, -(-count // dilation)
        blocks = -(-length // self._step)
        size = dilation * blocks * self._step
        memory = workspace.shaped("sequences", (size + self._lost_rows, channels), u.device)
        memory[size:].zero_()
        sequences = memory[:size].view(dilation, -1, channels)
        sequences[:, length:].zero_()
        sequences[:, :length].copy_(u.view(length, dilation, channels).transpose(0, 1))
        out = self._convolved(memory, dilation * blocks, workspace).view(dilation, blocks * self._step, -1)
        woven = workspace.shaped("sequences", (rows, dilation, out.shape[-1]), u.device)
        return woven.copy_(out[:, :rows].transpose(0, 1)).flatten(0, 1)[:count]

    def _convolved(self, u: Tensor, blocks: int, workspace: Workspace) -> Tensor:
        """So many blocks of the output of an undilated convolution, shape (blocks * m, channels out)."""
        if len(self._parts) == 1:
            return self._part(u, blocks, workspace, *self._parts[0])
        return torch.cat([self._part(u, blocks, workspace, *part).clone() for part in self._parts], dim=1)

    def _part(self, u: Tensor, blocks: int, workspace: Workspace, weight: Tensor, constant: Tensor) -> Tensor:
        """`_convolved` for a part of the channels out."""
        (planes, block), step = self._forward.shape, self._step
        (channels_out, _, channels), device = weight.shape, u.device
        spectra = workspace.shaped("spectra", (channels_out, planes, channels), device)
        torch.bmm(self._taps.expand(channels_out, -1, -1), weight, out=spectra)
        spectra = spectra.permute(1, 2, 0)
        out = workspace.shaped("convolved", (blocks, step, channels_out), device)
        part = max(1, _PART_ROWS // step)
        for first in range(0, blocks, part):
            count = min(part, blocks - first)
            offset = u.storage_offset() + first * step * channels
            overlapping = u.as_strided((count, block, channels), (step * channels, channels, 1), offset)
            inputs = workspace.shaped("inputs", (count, planes, channels), device)
            torch.bmm(self._forward.expand(count, -1, -1), overlapping, out=inputs)
            products = workspace.shaped("products", (planes, count, channels_out), device)
            torch.bmm(inputs.transpose(0, 1), spectra, out=products)
            products[self._constant_plane].add_(constant)
            torch.bmm(self._backward.expand(count, -1, -1), products.transpose(0, 1), out=out[first : first + count])
        return out.flatten(0, 1)
