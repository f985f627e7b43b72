"""Chooses how each large convolution is computed, by measuring it on this machine.

A processor's features do not tell which way is the quickest: where it has bfloat16 but not AMX, float32 by blocks can
be. So each kind of layer is measured once for a short and a long input. A file keeps the results for the next start.
They hold for one processor, one release of torch and one number of threads.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from kokoro_wyoming.assets.files import replaced
from kokoro_wyoming.network.block_convolution import BlockConvolution, ShortCorrelation, fourier, toom_cook
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.workspace import Workspace
from kokoro_wyoming.processor import processor_name

_LOGGER = logging.getLogger(__name__)

_DIRECT, _FOURIER, _TOOM_COOK = "direct", "fourier", "toom-cook"
_FAMILIES: dict[str, Callable[[int, int], ShortCorrelation]] = {_FOURIER: fourier, _TOOM_COOK: toom_cook}
_BLOCKS = {_FOURIER: (16, 24, 32, 48), _TOOM_COOK: (6, 8)}
_TOOM_COOK_TAPS = 3
_WORTHWHILE = 0.95
"""A way that is not the first one must take less than this share of the time of those before it."""
_ROUNDS = 3
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")
"""Variables that forbid instructions to torch's libraries."""


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
    """How a convolution is computed: directly, or by blocks."""

    family: str
    block: int
    """Rows that a block reads; 0 for none."""
    dtype: torch.dtype

    def of(self, convolution: Convolution) -> Convolver:
        """The convolution computed in this way. It shares the weights where they have this type."""
        typed = convolution.as_type(self.dtype)
        if self.family == _DIRECT:
            return DirectConvolution(typed)
        return BlockConvolution(typed, _FAMILIES[self.family](self.block, convolution.weight.shape[-1]))

    def __str__(self) -> str:
        return f"{self.family} {self.block} {str(self.dtype).removeprefix('torch.')}"


def possible_ways(taps: int, dtypes: Sequence[torch.dtype]) -> list[Way]:
    """The ways to compute a convolution of so many taps, the direct one first."""
    ways = [Way(_DIRECT, 0, dtype) for dtype in dtypes]
    ways += [Way(_FOURIER, block, torch.float32) for block in _BLOCKS[_FOURIER] if taps > _TOOM_COOK_TAPS]
    ways += [Way(_TOOM_COOK, block, torch.float32) for block in _BLOCKS[_TOOM_COOK] if taps <= _TOOM_COOK_TAPS]
    return ways


@dataclass(frozen=True)
class TunedConvolution:
    """A convolution of stride 1 with a way for short inputs and one for long ones."""

    weight: Tensor
    """As in `Convolution`, in the type of both ways."""
    bias: Tensor
    padding: int
    short: Convolver
    long: Convolver
    long_rows: int
    """From so many rows on, an input is long."""

    def of_rows(self, count: int) -> Convolver:
        """The way for an output of so many rows."""
        return self.long if count >= self.long_rows else self.short


class Tuning:
    """The ways that are used on this machine."""

    def __init__(self, dtypes: Sequence[torch.dtype], path: Path | None = None, *, measures: bool = True) -> None:
        """`dtypes` are the types in which a convolution may be computed directly.

        `path` is the file that keeps what was measured; None keeps it nowhere. Without `measures`, every convolution
        is computed directly, in the first type.
        """
        self._dtypes = dtypes
        self._path = path
        self._measures = measures
        self._machine = {
            "processor": processor_name(),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "limits": " ".join(os.environ.get(name, "") for name in _LIMITS).strip(),
        }
        self._ways: dict[str, str] = self._kept()

    def type_of(self, convolution: Convolution, rows: int) -> torch.dtype:
        """The type in which a convolution of about so many rows is computed the quickest when it is direct."""
        direct = {str(way): way for way in possible_ways(0, self._dtypes) if way.family == _DIRECT}
        key = f"type of {_shape(convolution)}, {rows} rows"
        if len(direct) == 1 or not self._measures:
            return self._dtypes[0]
        if self._ways.get(key) not in direct:
            self._ways[key] = str(_best(measured(convolution, list(direct.values()), rows)))
        return direct[self._ways[key]].dtype

    def tuned(self, convolution: Convolution, short_rows: int, long_rows: int) -> TunedConvolution:
        """The convolution with the quickest ways for inputs about as long as `short_rows` and `long_rows`.

        Both ways have the same type, so that the weights are in memory once.
        """
        short = long = Way(_DIRECT, 0, self._dtypes[0])
        if self._measures:
            short, long = self._quickest(convolution, (short_rows, long_rows))
        typed = convolution.as_type(long.dtype)
        between = round((short_rows * long_rows) ** 0.5)
        return TunedConvolution(typed.weight, typed.bias, typed.padding, short.of(typed), long.of(typed), between)

    def _quickest(self, convolution: Convolution, lengths: tuple[int, int]) -> tuple[Way, Way]:
        ways = {str(way): way for way in possible_ways(convolution.weight.shape[-1], self._dtypes)}
        keys = [f"{_shape(convolution)}, {rows} rows" for rows in lengths]
        if not all(self._ways.get(key) in ways for key in keys):
            seconds = [measured(convolution, list(ways.values()), rows) for rows in lengths]
            found = [_best_of_type(seconds, dtype) for dtype in dict.fromkeys(way.dtype for way in ways.values())]
            best = min(
                found, key=lambda pair: sum(one[way] / n for one, way, n in zip(seconds, pair, lengths, strict=True))
            )
            self._ways.update({key: str(way) for key, way in zip(keys, best, strict=True)})
        short, long = (ways[self._ways[key]] for key in keys)
        return short, long

    def _kept(self) -> dict[str, str]:
        """What the file has for this machine; nothing where it cannot be read."""
        try:
            kept = json.loads(self._path.read_text("utf-8")) if self._path is not None else {}
            return dict(kept["ways"]) if {**kept, "ways": None} == {**self._machine, "ways": None} else {}
        except (OSError, ValueError, TypeError, KeyError):
            return {}

    def keep(self) -> None:
        """Write what was measured into the file, unless the file has it."""
        if self._path is None or self._ways == self._kept():
            return
        text = json.dumps({**self._machine, "ways": self._ways}, indent=1)
        try:
            with replaced(self._path) as file:
                file.write(text.encode())
        except OSError as error:
            _LOGGER.debug("%s cannot be written (%s), so the next start measures again", self._path, error.strerror)


def _shape(convolution: Convolution) -> str:
    channels_out, channels, _, taps = convolution.weight.shape
    return f"{channels} to {channels_out} channels, {taps} taps"


def _best_of_type(seconds: Sequence[Mapping[Way, float]], dtype: torch.dtype) -> list[Way]:
    """The best way in this type for each length."""
    return [_best({way: one[way] for way in one if way.dtype == dtype}) for one in seconds]


def _best(seconds: Mapping[Way, float]) -> Way:
    """The quickest way; of those that are about as quick, the first."""
    best, *others = seconds
    for way in others:
        if seconds[way] < _WORTHWHILE * seconds[best]:
            best = way
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
    convolver = way.of(convolution)
    padded = rows + 2 * convolution.padding + convolver.spare_rows(rows)
    u = torch.ones(padded, convolution.weight.shape[1], dtype=convolver.dtype)
    return partial(convolver, u, rows)
