"""Chooses how the large convolutions are computed, by measuring it on this machine.

A processor's features do not tell which way is the quickest. Where it has bfloat16 but not AMX, float32 by blocks can
be. With AVX2, oneDNN takes fifty times as long for packed weights as for others at some lengths. So each kind of layer
is measured once at lengths that occur. A file keeps the results for the next start, by processor, release of torch and
number of threads.

Beside busy programs other ways win than on a quiet machine, and with them speech takes a sixth longer. A start is often
beside others. So what it measured is measured once more when nobody speaks and other programs are quiet.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Generator as Steps
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from kokoro_wyoming.assets.files import replaced
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.steps import result_of
from kokoro_wyoming.network.ways import Lengths, Way, Ways, possible_ways, type_name
from kokoro_wyoming.network.workspace import Workspace
from kokoro_wyoming.processor import INSTRUCTION_LIMITS, processor_name

_LOGGER = logging.getLogger(__name__)

_WORTHWHILE = 0.95
"""A way that is not the first one must take less than this share of the time of those before it."""
_ROUNDS = 3
_QUIET = "measured in quiet"
"""Stands in a file where nothing else computed meanwhile."""
_MOST_MACHINES = 16
"""A file keeps what was measured on so many machines, or with so many numbers of threads."""


class _Kind(NamedTuple):
    """Convolutions of one shape, and how they are computed."""

    shape: torch.Size
    """Of the weights."""
    padding: int
    dilation: int
    lengths: Lengths
    possible: Sequence[Way]
    ways: Ways

    def of_ones(self) -> Convolution:
        """One of them whose numbers do not matter."""
        weight = torch.ones(self.shape).to(memory_format=torch.channels_last)
        return Convolution(weight, torch.ones(self.shape[0]), 1, self.padding, self.dilation)


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
        if path is not None:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
        self.workspace = Workspace()
        """Of all convolutions that were tuned."""
        limits = [os.environ[name] for name in INSTRUCTION_LIMITS if name in os.environ]
        threads = f"{torch.get_num_threads()} threads"
        self._machine = ", ".join([processor_name(), f"torch {torch.__version__}", threads, *limits])
        found = self._all_kept().get(self._machine)
        self._found: dict[str, Any] = dict(found) if isinstance(found, dict) else {}
        self._is_new = False
        self._kinds: dict[str, _Kind] = {}
        self._found_in_quiet: dict[str, tuple[Way, Way]] = {}

    @property
    def is_doubtful(self) -> bool:
        """Whether other programs may have disturbed what was measured."""
        return bool(self._kinds) and _QUIET not in self._found

    def ways(
        self,
        convolution: Convolution,
        lengths: Lengths,
        dtypes: Sequence[torch.dtype] | None = None,
        *,
        has_large_weights: bool = False,
    ) -> Ways:
        """The quickest ways for convolutions of this shape at these lengths, in one of `dtypes` (by default, any).

        `has_large_weights` is as for `possible_ways`.
        """
        dtypes = dtypes or self._dtypes
        channels_out, channels, _, taps = convolution.weight.shape
        if not self._measures:
            return Ways(direct := Way("direct", 0, dtypes[0]), direct, lengths.boundary, self.workspace)
        possible = possible_ways(taps, dtypes, has_large_weights=has_large_weights)
        types = ", ".join(map(type_name, dtypes))
        name = f"{channels} to {channels_out} channels, {taps} taps, {types}, {len(possible)} ways"
        kind = self._kinds.get(name)
        if kind is None:
            short, long = self._known_or_measured(name, convolution, possible, lengths)
            ways = Ways(short, long, lengths.boundary, self.workspace)
            shape, padding, dilation = convolution.weight.shape, convolution.padding, convolution.dilation
            kind = self._kinds[name] = _Kind(shape, padding, dilation, lengths, possible, ways)
        return kind.ways

    def _known_or_measured(
        self, name: str, convolution: Convolution, possible: Sequence[Way], lengths: Lengths
    ) -> tuple[Way, Way]:
        by_name = {str(way): way for way in possible}
        found = self._found.get(name)
        if isinstance(found, list) and len(found) == 2 and all(way in by_name for way in found):
            return by_name[found[0]], by_name[found[1]]
        short, long = result_of(_quickest(convolution, possible, lengths))
        self._found[name] = [str(short), str(long)]
        self._found.pop(_QUIET, None)
        self._is_new = True
        return short, long

    def measured_again(self, is_disturbed: Callable[[], bool]) -> Iterator[None]:
        """Measure what is doubtful once more, in short steps, and compute in the ways that are found.

        `is_disturbed` tells whether something else computes: then this ends, and the next call goes on. Ways that need
        weights of another type are used from the next start on.
        """
        for name, kind in self._kinds.items():
            if name not in self._found_in_quiet:
                found = yield from _quickest(kind.of_ones(), kind.possible, kind.lengths)
                if is_disturbed():
                    return
                self._found_in_quiet[name] = found
        for name, (short, long) in self._found_in_quiet.items():
            ways = self._kinds[name].ways
            if long.layout == ways.long.layout:
                ways.short, ways.long = short, long
            self._found[name] = [str(short), str(long)]
        self._found[_QUIET] = True
        self._is_new = True
        _LOGGER.info("The quickest ways to compute were measured once more, while other programs are quiet")

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
        self._is_new = False
        used = {name: found for name, found in self._found.items() if name in self._kinds or name == _QUIET}
        kept = self._all_kept()
        kept.pop(self._machine, None)
        others = dict(list(kept.items())[1 - _MOST_MACHINES :])
        try:
            with replaced(self._path) as file:
                file.write(json.dumps({**others, self._machine: used}, indent=1).encode())
        except OSError as error:
            _LOGGER.debug("%s cannot be written (%s), so the next start measures again", self._path, error.strerror)


_T = TypeVar("_T")


def _quickest(convolution: Convolution, ways: Sequence[Way], lengths: Lengths) -> Steps[None, None, tuple[Way, Way]]:
    """The best pair of ways that read the same weights."""
    costs = []
    for some in lengths:
        costs.append((yield from _relative_costs(convolution, ways, some)))
    pairs = {}
    for layout in dict.fromkeys(way.layout for way in ways):
        short, long = (_best({way: cost[way] for way in ways if way.layout == layout}) for cost in costs)
        pairs[short, long] = costs[0][short] + costs[1][long]
    return _best(pairs)


def _relative_costs(
    convolution: Convolution, ways: Sequence[Way], lengths: Sequence[int]
) -> Steps[None, None, dict[Way, float]]:
    """The mean time of each way at these lengths, each relative to the quickest way there."""
    total = dict.fromkeys(ways, 0.0)
    for rows in lengths:
        seconds = yield from measured(convolution, ways, rows)
        for way in ways:
            total[way] += seconds[way] / min(seconds.values()) / len(lengths)
    return total


def _best(costs: Mapping[_T, float]) -> _T:
    """The cheapest; of those that cost about the same, the first."""
    best, *others = costs
    for other in others:
        if costs[other] < _WORTHWHILE * costs[best]:
            best = other
    return best


def measured(convolution: Convolution, ways: Sequence[Way], rows: int) -> Steps[None, None, dict[Way, float]]:
    """The seconds that each way takes for `rows` rows of the output: the least of some rounds, after one in vain."""
    workspace, runs = Workspace(), {way: _run(way, convolution, rows) for way in ways}
    seconds = dict.fromkeys(ways, float("inf"))
    for round_number in range(1 + _ROUNDS):
        for way, run in runs.items():
            yield None
            with torch.inference_mode():
                start = time.perf_counter()
                run(workspace)
                spent_seconds = time.perf_counter() - start
            if round_number:
                seconds[way] = min(seconds[way], spent_seconds)
    return seconds


def _run(way: Way, convolution: Convolution, rows: int) -> Callable[[Workspace], Tensor]:
    convolver = way.of(convolution.as_type(way.dtype))
    padded = rows + 2 * convolution.padding + convolver.spare_rows(rows)
    u = torch.ones(padded, convolution.weight.shape[1], dtype=convolver.dtype)
    return partial(convolver, u, rows)
