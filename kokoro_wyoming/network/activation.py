"""What stands before each convolution of the generator, and the blocks that are made of both.

AdaIN and Snake: h = scale·u + shift, then h + sin²(ah)/a. As sin² is (1 - cos)/2, both take a few passes.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator as Steps
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from kokoro_wyoming.network.ways import TunedConvolution
from kokoro_wyoming.network.workspace import Workspace


class Affine(NamedTuple):
    """One layer's AdaIN, scale·u + shift, and its Snake's angle 2ah, written as angle_scale·u + angle_shift.

    All are float32, shape (channels,).
    """

    scale: Tensor
    shift: Tensor
    angle_scale: Tensor
    angle_shift: Tensor


Normaliser = Callable[[int, Tensor], Affine]
"""Gives a layer's AdaIN from the layer's number and its input, shape (time, channels)."""


@dataclass(frozen=True)
class Activation:
    """AdaIN and Snake before a convolution, layer by layer: h + (1 - cos 2ah)/2a of h = scale·u + shift."""

    normalise: Normaliser
    amplitudes: list[Tensor]
    """1/2a of each layer, the amplitude of its Snake; shape (channels,)."""
    workspace: Workspace
    n_frames: int
    padding_frames: int = 0
    """This many frames at the end are padding to a bucket length: their rows stay zero, as beyond a sentence's end."""

    def __call__(self, layer: int, u: Tensor, convolution: TunedConvolution) -> Tensor:
        """Normalise, activate and convolve u: (time, channels) to (time, channels out).

        The result may lie in the workspace until the next call.
        """
        rows, margin, convolver = self._without_padding(u), convolution.padding, convolution.of_rows(len(u))
        affine, amplitude = self.normalise(layer, rows), self.amplitudes[layer]
        count = len(u) + 2 * margin + convolver.spare_rows(len(u))
        padded = self.workspace.shaped("active", (count, u.shape[1]), u.device, convolver.dtype)
        padded[:margin].zero_()
        padded[margin + len(rows) :].zero_()
        active = padded[margin : margin + len(rows)]
        rows, h = self.workspace.as_float32("h", rows), self.workspace.place("h", rows)
        # Where the types are the same, the cosine needs no memory of its own.
        cosine = active if active.dtype == h.dtype else self.workspace.place("cosine", rows)
        torch.addcmul(affine.angle_shift, rows, affine.angle_scale, out=cosine).cos_()
        torch.addcmul(affine.shift + amplitude, rows, affine.scale, out=h)
        torch.addcmul(h, cosine, amplitude, value=-1, out=active)
        return convolver(padded, len(u), self.workspace)

    def with_zeroed_padding(self, rows: Tensor) -> Tensor:
        """Set the rows of padding frames to zero, in place."""
        rows[len(self._without_padding(rows)) :].zero_()
        return rows

    def _without_padding(self, rows: Tensor) -> Tensor:
        return rows[: len(rows) - self.padding_frames * (len(rows) // self.n_frames)]


@dataclass(frozen=True)
class GeneratorBlock:
    """Three residual rounds of AdaIN, Snake, dilated convolution, AdaIN, Snake and convolution."""

    first_layer: int
    rounds: tuple[tuple[TunedConvolution, TunedConvolution], ...]

    def __call__(self, x: Tensor, active: Activation, out: Tensor) -> Steps[None, None, Tensor]:
        """Write the result to `out`, which has x's shape, and return it; one step for each convolution."""
        layer = self.first_layer
        for dilated, plain in self.rounds:
            inner = active(layer, x, dilated)
            yield None
            added = active(layer + 1, inner, plain)
            # Convert, then add: torch would convert into fresh memory.
            x = torch.add(x, active.workspace.as_float32("h", added), out=out)
            yield None
            layer += 2
        return x
