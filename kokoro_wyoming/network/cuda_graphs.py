"""Computations that recur with the same shapes, as CUDA graphs: recorded once, then started as one.

A graphics card computes a step of a short window in less time than the processor takes to start it there, and a window
has five hundred steps. A graph starts them all at once.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Protocol

import torch
from torch import Tensor

from kokoro_wyoming.errors import first_line

_LOGGER = logging.getLogger(__name__)

_MOST_GRAPHS = 48
"""Ten are enough for most speech; those have 46 MiB together."""

Compute = Callable[..., tuple[Tensor, ...]]
"""A computation on tensors that never waits for the card, and always takes the same way for the same shapes."""


class Replay(Protocol):
    """Computes something that will be computed again."""

    def __call__(self, key: Hashable, compute: Compute, *inputs: Tensor) -> tuple[Tensor, ...]:
        """`compute(*inputs)`. Calls with the same key have the same computation, and inputs of the same shapes."""


def computed(key: Hashable, compute: Compute, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Compute anew each time: see `Replay`."""
    return compute(*inputs)


def replay_on(device: torch.device) -> Replay:
    """The quicker way on the device: recorded on a card with CUDA, else computed."""
    return Graphs(recorder()) if device.type == "cuda" else computed


def recorder() -> Callable[[Compute, tuple[Tensor, ...]], Compute]:
    """A function that records a computation for inputs of these shapes, and gives what replays it.

    All its recordings compute in the same memory, so a result lasts until the next replay.
    """
    pool = torch.cuda.graph_pool_handle()

    def record(compute: Compute, inputs: tuple[Tensor, ...]) -> Compute:
        graph, places = torch.cuda.CUDAGraph(), [given.clone() for given in inputs]
        compute(*places)  # cuDNN chooses its algorithms at the first run, which no recording may contain
        # Other threads may use the card meanwhile.
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            results = compute(*places)

        def replay(*given: Tensor) -> tuple[Tensor, ...]:
            for place, tensor in zip(places, given, strict=True):
                place.copy_(tensor)
            graph.replay()
            return results

        return replay

    return record


class Graphs:
    """A `Replay` by recordings, one for each key; to be called on one thread at a time."""

    def __init__(self, record: Callable[[Compute, tuple[Tensor, ...]], Compute], most: int = _MOST_GRAPHS) -> None:
        """`record` is as for `recorder`. The `most` recordings used last are kept."""
        self._record = record
        self._most = most
        self._recordings: OrderedDict[Hashable, Compute] = OrderedDict()
        self._fails = False

    def __call__(self, key: Hashable, compute: Compute, *inputs: Tensor) -> tuple[Tensor, ...]:
        """See `Replay`. Where nothing can be recorded, the log says so once, and all is computed anew each time."""
        replay = self._recordings.get(key) or self._recorded(key, compute, inputs)
        if replay is None:
            return compute(*inputs)
        self._recordings.move_to_end(key)
        return tuple(result.clone() for result in replay(*inputs))

    def _recorded(self, key: Hashable, compute: Compute, inputs: tuple[Tensor, ...]) -> Compute | None:
        if self._fails:
            return None
        try:
            replay = self._recordings[key] = self._record(compute, inputs)
        except Exception as error:  # the driver, its memory, an operator that cannot be recorded: torch raises anything
            self._fails = True
            _LOGGER.warning("The card records no CUDA graphs (%s), so speech begins later.", first_line(error))
            return None
        if len(self._recordings) > self._most:
            self._recordings.popitem(last=False)
        return replay
