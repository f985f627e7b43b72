"""Each convolution is computed in the way that is measured to be the quickest; a file keeps what was measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from kokoro_wyoming.network import tuning
from kokoro_wyoming.network.block_convolution import BlockConvolution
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.steps import result_of
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.network.ways import (
    DirectConvolution,
    Lengths,
    ProductConvolution,
    TunedConvolution,
    Way,
    Ways,
    possible_ways,
)
from kokoro_wyoming.network.workspace import Workspace

BOTH = [torch.float32, torch.bfloat16]
SHORT, LONG = 40, 400
LENGTHS = Lengths((SHORT,), (LONG,))


class StandInStopwatch:
    """Takes the place of the measurement: the ways whose text has one of these words take a tenth of the time."""

    def __init__(self, *quick: str) -> None:
        self.quick = quick
        self.count = 0

    def __call__(
        self, convolution: Convolution, ways: Sequence[Way], rows: int
    ) -> Generator[None, None, dict[Way, float]]:
        self.count += 1
        yield None
        return {way: 0.1 if any(word in f"{way}, {rows} rows" for word in self.quick) else 1.0 for way in ways}


def _convolution(taps: int = 7) -> Convolution:
    return Convolution.of(nn.Conv1d(8, 8, taps, padding=taps // 2).requires_grad_(False), torch.float32)


def _stopwatch(monkeypatch: pytest.MonkeyPatch, *quick: str) -> StandInStopwatch:
    stopwatch = StandInStopwatch(*quick)
    monkeypatch.setattr(tuning, "measured", stopwatch)
    return stopwatch


def _tuned(ways: Ways) -> TunedConvolution:
    return ways.of(_convolution().as_type(ways.dtype))


def test_every_way_is_measured_and_gives_the_same() -> None:
    for taps in (3, 5, 7, 11):
        convolution, ways = _convolution(taps), possible_ways(taps, [torch.float32], has_large_weights=True)
        seconds = result_of(tuning.measured(convolution, ways, 50))
        assert list(seconds) == ways
        assert len(ways) > 2
        assert all(0 < second < 60 for second in seconds.values())
        for way in ways:
            for count in (1, 50, 333):
                u = torch.randn(count, 8)
                tuned = Ways(way, way, 0, Workspace()).of(convolution)
                assert torch.allclose(tuned.rows(u), convolution(u), atol=1e-5)


def test_the_quickest_way_of_each_length_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, f"fourier 24 float32, {LONG} rows")
    tuned = _tuned(Tuning([torch.float32]).ways(_convolution(), LENGTHS))
    assert isinstance(tuned.of_rows(SHORT), DirectConvolution)  # of equals, the first
    assert isinstance(tuned.of_rows(LONG), BlockConvolution)
    assert isinstance(tuned.of_rows(10 * LONG), BlockConvolution)


def test_a_way_that_is_slow_at_one_length_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = Lengths((16, 32, 48), (320,))
    _stopwatch(monkeypatch, "packed 0 float32, 16 rows", "packed 0 float32, 32 rows", "toom-cook 6", "toom-cook 8")
    ways = Tuning([torch.float32]).ways(_convolution(3), lengths, has_large_weights=True)
    assert ways.short.family == "toom-cook"


def test_both_lengths_read_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, f"direct 0 bfloat16, {LONG} rows", f"fourier 16 float32, {SHORT} rows", "fourier 24")
    assert Tuning(BOTH).ways(_convolution(), LENGTHS).dtype == torch.float32
    _stopwatch(monkeypatch, "bfloat16")
    tuned = _tuned(Tuning(BOTH).ways(_convolution(), LENGTHS))
    assert {tuned.of_rows(SHORT).dtype, tuned.of_rows(LONG).dtype} == {torch.bfloat16}
    _stopwatch(monkeypatch, f"packed 0 float32, {SHORT} rows", "toom-cook 8")
    ways = Tuning([torch.float32]).ways(_convolution(3), LENGTHS, has_large_weights=True)
    assert ways.short.layout == ways.long.layout


def test_a_type_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, "bfloat16")
    assert Tuning(BOTH).ways(_convolution(), LENGTHS, [torch.float32]).dtype == torch.float32


def test_nothing_is_measured_where_that_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    stopwatch = _stopwatch(monkeypatch)
    tuned = _tuned(Tuning([torch.bfloat16], measures=False).ways(_convolution(), LENGTHS))
    assert isinstance(tuned.of_rows(LONG), DirectConvolution)
    assert tuned.of_rows(LONG).dtype == torch.bfloat16
    assert stopwatch.count == 0


def test_one_tap_is_direct_in_the_type_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, "packed")
    ways = Tuning([torch.float32]).ways(_convolution(3), LENGTHS, has_large_weights=True)
    assert ways.short.family == "packed"
    one, u = _convolution(1), torch.randn(20, 8)
    assert isinstance(ways.of(one).of_rows(20), DirectConvolution)
    assert torch.allclose(ways.of(one).rows(u), one(u), atol=1e-5)


def test_one_tap_is_a_product_where_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch, f"product 0 float32, {SHORT} rows")
    ways = Tuning([torch.float32]).ways(_convolution(3), LENGTHS, has_large_weights=True)
    one, u = _convolution(1), torch.randn(20, 8)
    assert isinstance(ways.of(one).of_rows(20), ProductConvolution)
    assert torch.allclose(ways.of(one).rows(u), one(u), atol=1e-5)


def test_what_was_measured_among_other_ways_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch, "fourier 32")
    first = Tuning([torch.float32], path)
    first.ways(_convolution(3), LENGTHS)
    first.keep()
    measured = stopwatch.count
    second = Tuning([torch.float32], path)
    second.ways(_convolution(3), LENGTHS, has_large_weights=True)
    second.keep()
    assert stopwatch.count > measured
    (kept,) = json.loads(path.read_text("utf-8")).values()
    assert len(kept) == 1  # what no start will read is not kept


def test_a_second_start_reads_what_the_first_one_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch, "fourier 32")
    first = Tuning(BOTH, path)
    found = first.ways(_convolution(), LENGTHS)
    first.keep()
    measured = stopwatch.count
    second = Tuning(BOTH, path)
    again = second.ways(_convolution(), LENGTHS)
    assert (again.short, again.long) == (found.short, found.long)
    before = path.stat().st_mtime_ns
    second.keep()
    assert (stopwatch.count, path.stat().st_mtime_ns) == (measured, before)
    second.ways(_convolution(11), LENGTHS)
    assert stopwatch.count == measured + 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"another machine": {}}'],
)
def test_a_file_that_does_not_fit_is_measured_anew_and_written(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    path.write_bytes(content)
    fresh = Tuning([torch.float32], path)
    fresh.ways(_convolution(), LENGTHS)
    fresh.keep()
    assert stopwatch.count == 2
    *_, (machine, ways) = json.loads(path.read_text()).items()
    assert f"torch {torch.__version__}" in machine
    assert len(ways) == 1


@pytest.mark.parametrize("found", [["direct 0 float64"] * 2, ["fourier 16 float32"], "fourier 16 float32", 7, None])
def test_ways_that_nobody_knows_are_measured_anew(
    found: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    first = Tuning([torch.float32], path)
    first.ways(_convolution(), LENGTHS)
    first.keep()
    kept = json.loads(path.read_text())
    ((machine, ways),) = kept.items()
    path.write_text(json.dumps({machine: dict.fromkeys(ways, found)}))
    second = Tuning([torch.float32], path)
    second.ways(_convolution(), LENGTHS)
    assert stopwatch.count == 4


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch)
    (tmp_path / "no folder").touch()
    fresh = Tuning([torch.float32], tmp_path / "no folder" / "tuning.json")
    fresh.ways(_convolution(), LENGTHS)
    fresh.keep()
    assert [path.name for path in tmp_path.iterdir()] == ["no folder"]


@pytest.mark.parametrize("change", ["variable", "threads"])
def test_what_was_measured_holds_for_one_machine(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, stopwatch = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    first = Tuning([torch.float32], path)
    first.ways(_convolution(), LENGTHS)
    first.keep()
    with monkeypatch.context() as changed:
        changed.setattr(torch, "get_num_threads", lambda: 1_001 if change == "threads" else 1)
        changed.setenv("ONEDNN_MAX_CPU_ISA", "AVX2" if change == "variable" else "DEFAULT")
        second = Tuning([torch.float32], path)
        second.ways(_convolution(), LENGTHS)
        assert stopwatch.count == 4
        second.keep()
    Tuning([torch.float32], path).ways(_convolution(), LENGTHS)
    assert stopwatch.count == 4  # what the first machine measured is kept too


def test_a_file_keeps_a_few_machines_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = tmp_path / "tuning.json", _stopwatch(monkeypatch)
    path.write_text(json.dumps({f"machine {number}": {} for number in range(50)}))
    fresh = Tuning([torch.float32], path)
    fresh.ways(_convolution(), LENGTHS)
    fresh.keep()
    kept = list(json.loads(path.read_text()))
    assert len(kept) == 16
    assert kept[-2] == "machine 49"


def _measured(path: Path) -> tuple[Tuning, TunedConvolution, Ways]:
    """What a start measures, or reads from the file."""
    fresh = Tuning([torch.float32], path)
    ways = fresh.ways(_convolution(), LENGTHS)
    tuned = _tuned(ways)
    fresh.ways(_convolution(9), LENGTHS)
    fresh.keep()
    return fresh, tuned, ways


def _kept(path: Path) -> dict[str, object]:
    ((_, kept),) = json.loads(path.read_text()).items()
    return dict(kept)


def test_what_a_start_measured_is_measured_once_more_in_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tuning.json"
    _stopwatch(monkeypatch, "direct")
    _measured(path)
    stopwatch = _stopwatch(monkeypatch, "fourier 24")
    second, tuned, ways = _measured(path)
    u = torch.randn(LONG, 8)
    before, sound = tuned.of_rows(LONG), tuned.rows(u).clone()
    assert (second.is_doubtful, ways.long.family, stopwatch.count) == (True, "direct", 0)
    list(second.measured_again(lambda: False))
    second.keep()
    assert isinstance(tuned.of_rows(LONG), BlockConvolution)
    assert tuned.of_rows(LONG) is not before
    assert torch.allclose(tuned.rows(u), sound, atol=1e-5)
    assert not second.is_doubtful
    assert set(map(str, _kept(path).values())) == {str(["fourier 24 float32"] * 2), "True"}
    third, tuned, _ = _measured(path)
    assert isinstance(tuned.of_rows(SHORT), BlockConvolution)
    assert not third.is_doubtful


def test_where_something_else_computes_it_goes_on_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tuning.json"
    _stopwatch(monkeypatch, "direct")
    _measured(path)
    kept, stopwatch = path.read_bytes(), _stopwatch(monkeypatch, "fourier 24")
    second, tuned, _ = _measured(path)
    disturbed = iter([False, True])
    list(second.measured_again(lambda: next(disturbed)))
    second.keep()
    assert isinstance(tuned.of_rows(LONG), DirectConvolution)
    assert second.is_doubtful
    assert (path.read_bytes(), stopwatch.count) == (kept, 4)
    list(second.measured_again(lambda: False))
    assert isinstance(tuned.of_rows(LONG), BlockConvolution)
    assert stopwatch.count == 6  # the second kind alone


def test_what_is_new_is_doubtful_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tuning.json"
    _stopwatch(monkeypatch, "direct")
    first, *_ = _measured(path)
    list(first.measured_again(lambda: False))
    first.keep()
    second, *_ = _measured(path)
    second.ways(_convolution(11), LENGTHS)
    second.keep()
    assert second.is_doubtful
    assert "True" not in map(str, _kept(path).values())


def test_weights_of_another_type_wait_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tuning.json"
    _stopwatch(monkeypatch, "bfloat16")
    first = Tuning(BOTH, path)
    tuned = _tuned(first.ways(_convolution(), LENGTHS))
    _stopwatch(monkeypatch, "fourier 24")
    list(first.measured_again(lambda: False))
    first.keep()
    assert tuned.of_rows(LONG).dtype == torch.bfloat16
    assert Tuning(BOTH, path).ways(_convolution(), LENGTHS).dtype == torch.float32


def test_a_folder_that_went_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stopwatch(monkeypatch)
    path = tmp_path / "v1_0" / "tuning.json"
    first, *_ = _measured(path)
    shutil.rmtree(path.parent)
    list(first.measured_again(lambda: False))
    first.keep()
    assert not path.parent.exists()
