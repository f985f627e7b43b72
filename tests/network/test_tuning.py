"""Each convolution is computed in the way that is measured to be the quickest; a file keeps what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from kokoro_wyoming.network import tuning
from kokoro_wyoming.network.block_convolution import BlockConvolution
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.tuning import DirectConvolution, Tuning, Way, possible_ways
from kokoro_wyoming.network.workspace import Workspace

BOTH = [torch.float32, torch.bfloat16]
SHORT, LONG = 40, 400


class StandInStopwatch:
    """Takes the place of the measurement: the ways whose text has one of these words take a tenth of the time."""

    def __init__(self, *quick: str) -> None:
        self.quick = quick
        self.count = 0

    def __call__(self, convolution: Convolution, ways: Sequence[Way], rows: int) -> dict[Way, float]:
        self.count += 1
        return {way: 0.1 if any(word in f"{way}, {rows} rows" for word in self.quick) else 1.0 for way in ways}


def _convolution(taps: int = 7) -> Convolution:
    return Convolution.of(nn.Conv1d(8, 8, taps, padding=taps // 2).requires_grad_(False), torch.float32)


def _stopwatch(monkeypatch: pytest.MonkeyPatch, *quick: str) -> StandInStopwatch:
    stopwatch = StandInStopwatch(*quick)
    monkeypatch.setattr(tuning, "measured", stopwatch)
    return stopwatch


def test_every_way_is_measured_and_gives_the_same() -> None:
    for taps in (3, 7, 11):
        convolution, ways = _convolution(taps), possible_ways(taps, [torch.float32])
        seconds = tuning.measured(convolution, ways, 50)
        assert list(seconds) == ways
        assert len(ways) > 2
        assert all(0 < second < 60 for second in seconds.values())
        results = []
        for way in ways:
            convolver = way.of(convolution)
            torch.manual_seed(2)
            u = torch.zeros(50 + 2 * convolution.padding + convolver.spare_rows(50), 8)
            u[convolution.padding : convolution.padding + 50] = torch.randn(50, 8)
            results.append(convolver(u, 50, Workspace()).clone())
        for result in results:
            assert torch.allclose(result, results[0], atol=1e-5)


def test_the_quickest_way_of_each_length_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, f"fourier 24 float32, {LONG} rows")
    tuned = Tuning([torch.float32]).tuned(_convolution(), SHORT, LONG)
    assert isinstance(tuned.of_rows(SHORT), DirectConvolution)  # of equals, the first
    assert isinstance(tuned.of_rows(LONG), BlockConvolution)
    assert isinstance(tuned.of_rows(10 * LONG), BlockConvolution)


def test_both_lengths_have_one_type(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, f"direct 0 bfloat16, {LONG} rows", f"fourier 16 float32, {SHORT} rows", "fourier 24")
    tuned = Tuning(BOTH).tuned(_convolution(), SHORT, LONG)
    assert {tuned.weight.dtype, tuned.short.dtype, tuned.long.dtype} == {torch.float32}
    _stopwatch(monkeypatch, "bfloat16")
    tuned = Tuning(BOTH).tuned(_convolution(), SHORT, LONG)
    assert {tuned.weight.dtype, tuned.short.dtype, tuned.long.dtype} == {torch.bfloat16}
    assert Tuning(BOTH).type_of(_convolution(), LONG) == torch.bfloat16


def test_nothing_is_measured_where_a_type_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    stopwatch = _stopwatch(monkeypatch)
    tuned = Tuning([torch.bfloat16], measures=False).tuned(_convolution(), SHORT, LONG)
    assert isinstance(tuned.short, DirectConvolution)
    assert tuned.weight.dtype == torch.bfloat16
    assert stopwatch.count == 0


def test_a_second_start_reads_what_the_first_one_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch, "fourier 32")
    first = Tuning(BOTH, path)
    first.tuned(_convolution(), SHORT, LONG)
    first.type_of(_convolution(3), SHORT)
    first.keep()
    measured = stopwatch.count
    second = Tuning(BOTH, path)
    assert isinstance(second.tuned(_convolution(), SHORT, LONG).short, BlockConvolution)
    second.type_of(_convolution(3), SHORT)
    before = path.stat().st_mtime_ns
    second.keep()
    assert (stopwatch.count, path.stat().st_mtime_ns) == (measured, before)
    second.tuned(_convolution(11), SHORT, LONG)
    assert stopwatch.count == measured + 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"ways": 3}', b"\xff", b'{"processor": "another", "ways": {}}'],
)
def test_a_file_that_does_not_fit_is_measured_anew_and_written(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    path.write_bytes(content)
    fresh = Tuning([torch.float32], path)
    fresh.tuned(_convolution(), SHORT, LONG)
    fresh.keep()
    assert stopwatch.count == 2
    assert json.loads(path.read_text())["torch"] == torch.__version__


@pytest.mark.parametrize("way", ["direct 0 float64", "fourier 4 float32", 7, None])
def test_a_way_that_nobody_knows_is_measured_anew(way: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    first = Tuning([torch.float32], path)
    first.tuned(_convolution(), SHORT, LONG)
    first.keep()
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "ways": dict.fromkeys(kept["ways"], way)}))
    Tuning([torch.float32], path).tuned(_convolution(), SHORT, LONG)
    assert stopwatch.count == 4


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch)
    fresh = Tuning([torch.float32], tmp_path / "missing" / "tuning.json")
    fresh.tuned(_convolution(), SHORT, LONG)
    fresh.keep()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "value"), [("ONEDNN_MAX_CPU_ISA", "AVX2"), ("threads", 1)])
def test_what_was_measured_holds_for_one_machine(
    name: str, value: str | int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    first = Tuning([torch.float32], path)
    first.tuned(_convolution(), SHORT, LONG)
    first.keep()
    if isinstance(value, str):
        monkeypatch.setenv(name, value)
    else:
        monkeypatch.setattr(torch, "get_num_threads", lambda: 1_000 + value)
    Tuning([torch.float32], path).tuned(_convolution(), SHORT, LONG)
    assert stopwatch.count == 4
