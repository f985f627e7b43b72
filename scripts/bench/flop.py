"""How fast the machine multiplies at best, and how much multiplying a second of speech takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from kokoro_wyoming.bench import plain
from kokoro_wyoming.bench.contenders import Setup

_LEAST_ROWS = 256
_MOST_ROWS = {"cpu": 2048, "cuda": 8192, "mps": 4096}
_TRY_SECONDS = 1.0
_QUICK_SECONDS = 0.05
_COUNTED_TEXT = "The front door has now been open for ten minutes, and the hallway is slowly getting colder."


def matrix_peaks(device: str) -> dict[str, float]:
    """The best of several square matrix products, by number format, in 10^9 operations a second."""
    return {str(kind).removeprefix("torch."): _peak_gflops(kind, device) for kind in (torch.float32, torch.bfloat16)}


def gflop_per_audio_second(setup: Setup) -> float:
    """What plain kokoro's network takes, counted over one sentence; to be called where it is loaded."""
    audio_seconds: list[float] = []
    model, _ = plain.pipeline(setup)
    flop = count_flop(model, lambda: audio_seconds.append(plain.speak(setup, _COUNTED_TEXT).audio_seconds))
    return flop / 1e9 / audio_seconds[0]


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
        data = inputs[0].data if isinstance(inputs[0], torch.nn.utils.rnn.PackedSequence) else inputs[0]
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


def _peak_gflops(dtype: torch.dtype, device: str) -> float:
    """Larger and larger products while they are quick: without instructions for a format 2048 rows take 20 s."""
    began, rows, best = time.perf_counter(), _LEAST_ROWS, 0.0
    while time.perf_counter() - began < _TRY_SECONDS:
        left, right = (torch.randn(rows, rows, device=device).to(dtype) for _ in range(2))
        product_began = time.perf_counter()
        _ = left @ right
        if left.is_cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - product_began
        best = max(best, 2 * rows**3 / seconds / 1e9)
        if seconds < _QUICK_SECONDS:
            rows = min(2 * rows, _MOST_ROWS[left.device.type])
    return best
