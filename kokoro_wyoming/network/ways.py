"""The ways to compute a convolution of stride 1 that keeps the length. `tuning` chooses among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.network.block_convolution import BlockConvolution, ShortCorrelation, fourier, toom_cook
from kokoro_wyoming.network.bucketing import bucket_length
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.prepacking import PackedConvolution, is_used
from kokoro_wyoming.network.workspace import Workspace

_BLOCKS: dict[str, Callable[[int, int], ShortCorrelation]] = {"fourier": fourier, "toom-cook": toom_cook}
_FOURIER_ROWS, _TOOM_COOK_ROWS = (16, 24, 32, 48), (6, 8)
_TOOM_COOK_TAPS = 5
"""With more taps, blocks of Toom-Cook have too few rows."""


class Convolver(Protocol):
    """One way to compute a convolution over rows that have their padding."""

    @property
    def dtype(self) -> torch.dtype:
        """The type of its input."""

    def spare_rows(self, count: int) -> int:
        """How many rows of zeros the input needs behind its own padding, for `count` rows of the output."""

    def __call__(self, u: Tensor, count: int, workspace: Workspace) -> Tensor:
        """(rows, channels) to (count, channels out). The result may lie in the workspace until the next call."""


class DirectConvolution:
    """torch's own convolution."""

    def __init__(self, convolution: Convolution) -> None:
        self._convolution = convolution
        self.dtype = convolution.weight.dtype

    def spare_rows(self, count: int) -> int:
        """None: see `Convolver`."""
        return 0

    def __call__(self, u: Tensor, count: int, workspace: Workspace) -> Tensor:
        """See `Convolver`."""
        return self._convolution.of_padded(u)


class ProductConvolution:
    """A convolution in float32 as one matrix product."""

    dtype = torch.float32

    def __init__(self, convolution: Convolution) -> None:
        self._convolution = convolution

    def spare_rows(self, count: int) -> int:
        """None: see `Convolver`."""
        return 0

    def __call__(self, u: Tensor, count: int, workspace: Workspace) -> Tensor:
        """See `Convolver`. The result is not in the workspace."""
        return self._convolution.product(u)


class Way(NamedTuple):
    """How a convolution is computed."""

    family: str
    """direct, fourier, toom-cook, product, or packed, which alone has its own copy of the weights."""
    block: int
    """Rows that a block reads; 0 for none."""
    dtype: torch.dtype

    @property
    def layout(self) -> tuple[str, torch.dtype]:
        """Two ways that have this in common read the same weights."""
        return ("packed" if self.family == "packed" else "plain"), self.dtype

    def of(self, convolution: Convolution) -> Convolver:
        """A convolution, whose weights have the way's type, computed in this way."""
        if self.family == "packed":
            return PackedConvolution(convolution)
        if self.family == "product":
            return ProductConvolution(convolution)
        if self.family in _BLOCKS:
            return BlockConvolution(convolution, _BLOCKS[self.family](self.block, convolution.weight.shape[-1]))
        return DirectConvolution(convolution)

    def __str__(self) -> str:
        return f"{self.family} {self.block} {type_name(self.dtype)}"


def type_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def possible_ways(taps: int, dtypes: Iterable[torch.dtype], *, has_large_weights: bool) -> list[Way]:
    """The ways to compute a convolution of so many taps, the direct one first.

    By blocks and as a product only float32 is computed. Where the weights are large and the inputs short, there are
    two more ways: as a product, and with packed weights.
    """
    ways = [Way("direct", 0, dtype) for dtype in dtypes]
    if torch.float32 in dtypes and taps <= _TOOM_COOK_TAPS:
        ways += [Way("toom-cook", rows, torch.float32) for rows in _TOOM_COOK_ROWS if rows > taps]
    elif torch.float32 in dtypes:
        ways += [Way("fourier", rows, torch.float32) for rows in _FOURIER_ROWS if rows > taps]
    if has_large_weights:
        ways += [Way("product", 0, dtype) for dtype in dtypes if dtype == torch.float32]
        ways += [Way("packed", 0, dtype) for dtype in dtypes if is_used(PackedConvolution, dtype)]
    return ways


class Lengths(NamedTuple):
    """Rows of typical inputs."""

    short: tuple[int, ...]
    long: tuple[int, ...]

    @property
    def boundary(self) -> int:
        """From so many rows on, an input is long."""
        return round((self.short[-1] * self.long[0]) ** 0.5)


class Ways:
    """The ways for short and for long inputs. They read the same weights, so that these are in memory once."""

    def __init__(self, short: Way, long: Way, boundary: int, workspace: Workspace) -> None:
        """From `boundary` rows on, an input is long. `workspace` is where they compute."""
        self.short = short
        self.long = long
        self._boundary = boundary
        self.workspace = workspace

    @property
    def dtype(self) -> torch.dtype:
        """The type of both."""
        return self.long.dtype

    def of_rows(self, count: int) -> Way:
        """The way for so many rows."""
        return self.long if count >= self._boundary else self.short

    def of(self, convolution: Convolution) -> TunedConvolution:
        """A convolution, whose weights have this type, computed in these ways; with one tap, without blocks."""
        if convolution.weight.shape[-1] > 1:
            return TunedConvolution(convolution, self)
        way = self.short if self.short.family == "product" else Way("direct", 0, self.dtype)
        return TunedConvolution(convolution, Ways(way, way, 0, self.workspace))


class TunedConvolution:
    """A convolution of stride 1 that keeps the length, with a way for short inputs and one for long ones."""

    def __init__(self, convolution: Convolution, ways: Ways) -> None:
        """`ways` may change between two calls."""
        self.padding = convolution.padding
        self._ways = ways
        self._convolvers = {way: way.of(convolution) for way in {ways.short, ways.long}}
        # Packed weights are another copy, and there is one way to compute with them.
        self._convolution = None if ways.long.family == "packed" else convolution

    def of_rows(self, count: int) -> Convolver:
        """The way for so many rows."""
        way = self._ways.of_rows(count)
        if way not in self._convolvers:
            assert self._convolution is not None, "packed weights are computed with in one way"
            self._convolvers[way] = way.of(self._convolution)
        return self._convolvers[way]

    def rows(self, u: Tensor) -> Tensor:
        """(time, channels) to (time, channels out). The result may lie in shared memory until the next call."""
        count, padding = bucket_length(len(u)), self.padding
        convolver = self.of_rows(count)
        behind = padding + count - len(u) + convolver.spare_rows(count)
        padded = functional.pad(u.to(convolver.dtype), (0, 0, padding, behind)).contiguous()
        return convolver(padded, count, self._ways.workspace)[: len(u)]
