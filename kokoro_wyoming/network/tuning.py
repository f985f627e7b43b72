"""Chooses how the large convolutions are computed, by measuring it on this machine.

A processor's features do not tell which way is the quickest. Where it has bfloat16 but not AMX, float32 by blocks can
be. With AVX2, oneDNN takes fifty times as long for packed weights as for others at some lengths. So each kind of layer
is measured once at lengths that occur. A file keeps the results for the next start, by processor, release of torch and
number of threads.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from kokoro_wyoming.assets.files import replaced
from kokoro_wyoming.network.block_convolution import BlockConvolution, ShortCorrelation, fourier, toom_cook
from kokoro_wyoming.network.bucketing import bucket_length
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.prepacking import PackedConvolution, is_used
from kokoro_wyoming.network.workspace import Workspace
from kokoro_wyoming.processor import INSTRUCTION_LIMITS, processor_name

_LOGGER = logging.getLogger(__name__)

_BLOCKS: dict[str, Callable[[int, int], ShortCorrelation]] = {"fourier": fourier, "toom-cook": toom_cook}
_FOURIER_ROWS, _TOOM_COOK_ROWS = (16, 24, 32, 48), (6, 8)
_TOOM_COOK_TAPS = 5
"""With more taps, blocks of Toom-Cook have too few rows."""
_WORTHWHILE = 0.95
"""A way that is not the first one must take less than this share of the time of those before it."""
_ROUNDS = 3
_MOST_MACHINES = 16
"""A file keeps what was measured on so many machines, or with so many numbers of threads."""


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


class Way(NamedTuple):
    """How a convolution is computed."""

    family: str
    """direct, fourier, toom-cook, or packed, which alone has its own copy of the weights."""
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
        if self.family in _BLOCKS:
            return BlockConvolution(convolution, _BLOCKS[self.family](self.block, convolution.weight.shape[-1]))
        return DirectConvolution(convolution)

    def __str__(self) -> str:
        return f"{self.family} {self.block} {_name(self.dtype)}"


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def possible_ways(taps: int, dtypes: Iterable[torch.dtype], *, packs: bool) -> list[Way]:
    """The ways to compute a convolution of so many taps, the direct one first.

    By blocks only float32 is computed. With `packs`, ways that pack the weights are among them.
    """
    ways = [Way("direct", 0, dtype) for dtype in dtypes]
    if torch.float32 in dtypes and taps <= _TOOM_COOK_TAPS:
        ways += [Way("toom-cook", rows, torch.float32) for rows in _TOOM_COOK_ROWS if rows > taps]
    elif torch.float32 in dtypes:
        ways += [Way("fourier", rows, torch.float32) for rows in _FOURIER_ROWS if rows > taps]
    ways += [Way("packed", 0, dtype) for dtype in dtypes if packs and is_used(PackedConvolution, dtype)]
    return ways


class Lengths(NamedTuple):
    """Rows of typical inputs."""

    short: tuple[int, ...]
    long: tuple[int, ...]

    @property
    def boundary(self) -> int:
        """From so many rows on, an input is long."""
        return round((self.short[-1] * self.long[0]) ** 0.5)


class TunedConvolution:
    """A convolution of stride 1 that keeps the length, with a way for short inputs and one for long ones."""

    def __init__(self, padding: int, short: Convolver, long: Convolver, boundary: int, workspace: Workspace) -> None:
        """From `boundary` rows on, an input is long. `workspace` is for `rows`."""
        self.padding = padding
        self._ways = short, long
        self._boundary = boundary
        self._workspace = workspace

    def of_rows(self, count: int) -> Convolver:
        """The way for so many rows."""
        return self._ways[count >= self._boundary]

    def rows(self, u: Tensor) -> Tensor:
        """(time, channels) to (time, channels out). The result may lie in shared memory until the next call."""
        count, padding = bucket_length(len(u)), self.padding
        convolver = self.of_rows(count)
        behind = padding + count - len(u) + convolver.spare_rows(count)
        padded = functional.pad(u.to(convolver.dtype), (0, 0, padding, behind)).contiguous()
        return convolver(padded, count, self._workspace)[: len(u)]


class Ways(NamedTuple):
    """The ways for short and for long inputs. They read the same weights, so that these are in memory once."""

    short: Way
    long: Way
    boundary: int
    workspace: Workspace

    @property
    def dtype(self) -> torch.dtype:
        """The type of both."""
        return self.long.dtype

    def of(self, convolution: Convolution) -> TunedConvolution:
        """A convolution, whose weights have this type, computed in these ways; with one tap, directly."""
        direct = Way("direct", 0, self.dtype)
        short, long = (direct, direct) if convolution.weight.shape[-1] == 1 else (self.short, self.long)
        made = {way: way.of(convolution) for way in {short, long}}  # one way packs the weights once
        return TunedConvolution(convolution.padding, made[short], made[long], self.boundary, self.workspace)


class Tuning:
    """The ways that are used on this machine."""

    def __init__(self, dtypes: Sequence[torch.dtype], path: Path | None = None, *, measures: bool = True) -> None:
        """`dtypes` are the types in which convolutions may be computed.

        `path` is the file that keeps what was measured; None keeps it nowhere. Without `measures`, every convolution
        is computed directly, in the first type.
        """
        self._dtypes = dtypes
        self._path = path
        self._measures = measures
        self.workspace = Workspace()
        """Of all convolutions that were tuned."""
        limits = [os.environ[name] for name in INSTRUCTION_LIMITS if name in os.environ]
        threads = f"{torch.get_num_threads()} threads"
        self._machine = ", ".join([processor_name(), f"torch {torch.__version__}", threads, *limits])
        found = self._all_kept().get(self._machine)
        self._found: dict[str, list[str]] = dict(found) if isinstance(found, dict) else {}
        self._is_new = False

    def ways(
        self,
        convolution: Convolution,
        lengths: Lengths,
        dtypes: Sequence[torch.dtype] | None = None,
        *,
        packs: bool = False,
    ) -> Ways:
        """The quickest ways for convolutions of this shape at these lengths, in one of `dtypes` (by default, any).

        With `packs`, the weights may be packed: then a way has its own copy of them.
        """
        dtypes = dtypes or self._dtypes
        channels_out, channels, _, taps = convolution.weight.shape
        if not self._measures:
            return Ways(direct := Way("direct", 0, dtypes[0]), direct, lengths.boundary, self.workspace)
        possible = {str(way): way for way in possible_ways(taps, dtypes, packs=packs)}
        key = f"{channels} to {channels_out} channels, {taps} taps, {', '.join(map(_name, dtypes))}"
        found = self._found.get(key)
        if not isinstance(found, list) or len(found) != 2 or not all(name in possible for name in found):
            found = self._found[key] = [str(way) for way in _quickest(convolution, list(possible.values()), lengths)]
            self._is_new = True
        short, long = (possible[name] for name in found)
        return Ways(short, long, lengths.boundary, self.workspace)

    def _all_kept(self) -> dict[str, Any]:
        """What the file has, by machine; nothing where it cannot be read."""
        try:
            kept = json.loads(self._path.read_text("utf-8")) if self._path is not None else {}
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def keep(self) -> None:
        """Write what was measured into the file, where something was; another program may have written meanwhile."""
        if self._path is None or not self._is_new:
            return
        kept = self._all_kept()
        kept.pop(self._machine, None)
        others = dict(list(kept.items())[1 - _MOST_MACHINES :])
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(self._path) as file:
                file.write(json.dumps({**others, self._machine: self._found}, indent=1).encode())
        except OSError as error:
            _LOGGER.debug("%s cannot be written (%s), so the next start measures again", self._path, error.strerror)


def _quickest(convolution: Convolution, ways: Sequence[Way], lengths: Lengths) -> tuple[Way, Way]:
    """The best pair of ways that read the same weights."""
    costs = [_relative_costs(convolution, ways, rows) for rows in lengths[:2]]
    pairs = {}
    for layout in dict.fromkeys(way.layout for way in ways):
        short, long = (_best({way: cost[way] for way in ways if way.layout == layout}) for cost in costs)
        pairs[short, long] = costs[0][short] + costs[1][long]
    return _best(pairs)


def _relative_costs(convolution: Convolution, ways: Sequence[Way], lengths: Sequence[int]) -> dict[Way, float]:
    """The mean time of each way at these lengths, each relative to the quickest way there."""
    total = dict.fromkeys(ways, 0.0)
    for rows in lengths:
        seconds = measured(convolution, ways, rows)
        for way in ways:
            total[way] += seconds[way] / min(seconds.values()) / len(lengths)
    return total


_T = TypeVar("_T")


def _best(costs: Mapping[_T, float]) -> _T:
    """The cheapest; of those that cost about the same, the first."""
    best, *others = costs
    for other in others:
        if costs[other] < _WORTHWHILE * costs[best]:
            best = other
    return best


def measured(convolution: Convolution, ways: Sequence[Way], rows: int) -> dict[Way, float]:
    """The seconds that each way takes for `rows` rows of the output: the least of some rounds, after one in vain."""
    workspace, runs = Workspace(), {way: _run(way, convolution, rows) for way in ways}
    seconds = dict.fromkeys(ways, float("inf"))
    with torch.inference_mode():
        for round_number in range(1 + _ROUNDS):
            for way, run in runs.items():
                start = time.perf_counter()
                run(workspace)
                if round_number:
                    seconds[way] = min(seconds[way], time.perf_counter() - start)
    return seconds


def _run(way: Way, convolution: Convolution, rows: int) -> Callable[[Workspace], Tensor]:
    convolver = way.of(convolution.as_type(way.dtype))
    padded = rows + 2 * convolution.padding + convolver.spare_rows(rows)
    u = torch.ones(padded, convolution.weight.shape[1], dtype=convolver.dtype)
    return partial(convolver, u, rows)
