"""What recurs is recorded once for each shape, and a replay gives what computing anew gives."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.network import cuda_graphs
from kokoro_wyoming.network.cuda_graphs import Compute, Graphs, computed
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.network.streaming import Features


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


class StandInRecorder:
    """Stands in for a card: a replay computes what was recorded, and spoils the results of all earlier replays."""

    def __init__(self) -> None:
        self.count = 0
        self._results: list[Tensor] = []

    def __call__(self, compute: Compute, inputs: tuple[Tensor, ...]) -> Compute:
        self.count += 1
        places = [given.clone() for given in inputs]

        def replay(*given: Tensor) -> tuple[Tensor, ...]:
            for place, tensor in zip(places, given, strict=True):
                place.copy_(tensor)
            for result in self._results:
                result.fill_(torch.nan)
            results = compute(*places)
            self._results = list(results)
            return results

        return replay


def _double(u: Tensor) -> tuple[Tensor]:
    return (2 * u,)


def test_each_key_is_recorded_once_and_results_outlast_the_next_replay() -> None:
    graphs = Graphs(record := StandInRecorder())
    results = [graphs(size, _double, torch.full((size,), float(value)))[0] for value in range(3) for size in (2, 5)]
    assert [result.tolist() for result in results] == [[2.0 * v] * size for v in range(3) for size in (2, 5)]
    assert record.count == 2


def test_the_recordings_used_last_are_kept() -> None:
    graphs = Graphs(record := StandInRecorder(), most=2)
    for key in "abacab":  # c drops b, and b then drops c
        graphs(key, _double, torch.ones(3))
    assert record.count == 4
    graphs("a", _double, torch.ones(3))
    assert record.count == 4


def test_where_nothing_can_be_recorded_all_is_computed_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(compute: Compute, inputs: tuple[Tensor, ...]) -> Compute:
        raise RuntimeError("operation not permitted when stream is capturing\nCompile with TORCH_USE_CUDA_DSA")

    graphs = Graphs(refuse)
    for key in "ab":
        assert graphs(key, _double, torch.ones(2))[0].tolist() == [2.0, 2.0]
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line.startswith("The card records no CUDA graphs (operation not permitted")
    assert "\n" not in line


def test_the_processor_computes_anew() -> None:
    assert cuda_graphs.replay_on(torch.device("cpu")) is computed


@pytest.fixture(scope="module", params=["stand-in", "cuda"])
def network(request: pytest.FixtureRequest, model_data: Store) -> Network:
    """A network that replays: by a stand-in on the processor, and by CUDA graphs where there is a card."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("replay by real CUDA graphs is not tried: this machine has no card with CUDA")
    folder, device = model_data.models / "v1_0", "cuda" if request.param == "cuda" else "cpu"
    network = KokoroV1Wrapper(folder / "config.json", folder / "kokoro-v1_0.pth", device=device).initialize()
    if device == "cpu":
        network.vocoder.generator.replay = Graphs(StandInRecorder())
    return network


def _sound(network: Network, features: Features, frames: tuple[int, int]) -> list[float]:
    torch.manual_seed(0)
    sound: list[float] = torch.cat(list(network.vocoder.speak(features, "", frames))).tolist()
    return sound


@pytest.mark.weights
def test_replayed_windows_are_the_computed_ones(network: Network, model_data: Store) -> None:
    pack = torch.load(model_data.voices / "v1_0" / "af_heart.pt", weights_only=True)
    generator = network.vocoder.generator
    spoken = [network.features([50, 83, 54, 16, 43, 102] * count, pack[6 * count - 1], 1.0) for count in (5, 7)]
    # The last has two windows of one length with different contexts.
    parts = [(features.all, (14, features.all[1] - 6), (0, 40)) for features in spoken]
    asked = [(features, frames) for features, each in zip(spoken, parts, strict=True) for frames in each]
    replays, before = generator.replay, network.vocoder.counts["windows"]
    twice = [_sound(network, *each) for each in asked + asked[::-1]]
    try:
        generator.replay = computed
        anew = [_sound(network, *each) for each in asked]
    finally:
        generator.replay = replays
    assert twice == anew + anew[::-1]
    assert network.vocoder.counts["windows"] == before + 3 * len(asked)


@pytest.mark.weights
def test_a_device_is_tried_out_with_enough_for_a_prediction(network: Network) -> None:
    before = network.vocoder.counts["whole"]
    network.try_out()
    assert network.vocoder.counts["whole"] == before
