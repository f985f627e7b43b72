"""How fast the machine multiplies at best, and how much multiplying a second of speech takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

_MATRIX_ROWS = {"cpu": 2048, "cuda": 8192, "mps": 4096}
_TRY_SECONDS = 1.0
_TRIES_AT_LEAST = 3


def matrix_peak_gflops(dtype: torch.dtype, device: str = "cpu") -> float:
    """The best of several square matrix products: 10^9 operations a second, a multiply-add being two."""
    rows = _MATRIX_ROWS[torch.device(device).type]
    left, right = (torch.randn(rows, rows, device=device).to(dtype) for _ in range(2))
    began, best_seconds, tries = time.perf_counter(), float("inf"), 0
    while tries < _TRIES_AT_LEAST or time.perf_counter() - began < _TRY_SECONDS:
        best_seconds = min(best_seconds, _seconds(lambda: left @ right, device))
        tries += 1
    return 2 * rows**3 / best_seconds / 1e9


def count_flop(module: torch.nn.Module, run: Callable[[], object]) -> int:
    """Operations of a run of the module in matrix products, convolutions and LSTMs, a multiply-add being two."""
    with FlopCounterMode(display=False) as counter, _lstm_flop(module) as lstms:
        run()
    return int(counter.get_total_flops()) + sum(lstms)


@contextmanager
def _lstm_flop(module: torch.nn.Module) -> Iterator[list[int]]:
    """What the LSTMs of a module take, one number for each call: torch's counter does not know their fused kernel."""
    calls: list[int] = []

    def count(lstm: torch.nn.LSTM, inputs: tuple[Any, ...], _output: object) -> None:
        data: Tensor = inputs[0].data if isinstance(inputs[0], torch.nn.utils.rnn.PackedSequence) else inputs[0]
        steps = data.numel() // data.shape[-1]
        directions = 2 if lstm.bidirectional else 1
        for layer in range(lstm.num_layers):
            inputs_size = lstm.input_size if layer == 0 else lstm.hidden_size * directions
            # Four gates, each of them a row of weights for every input and every hidden value.
            calls.append(2 * 4 * lstm.hidden_size * (inputs_size + lstm.hidden_size) * directions * steps)

    hooks = [part.register_forward_hook(count) for part in module.modules() if isinstance(part, torch.nn.LSTM)]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _seconds(work: Callable[[], object], device: str) -> float:
    began = time.perf_counter()
    work()
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
