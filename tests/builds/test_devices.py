"""A graphics card that fails."""

from __future__ import annotations

import pytest
import torch

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds import release
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.text.sentences import Run

pytestmark = pytest.mark.weights


@pytest.fixture(params=["no driver", "no memory"])
def failing_card(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for a card: torch fails to reach it, or it fails when it is to speak."""
    if request.param == "no memory":

        def fail(_: Network) -> None:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 MiB")

        monkeypatch.setattr(Network, "try_out", fail)
        # The device that fails when it is tried; all else of it works.
        monkeypatch.setattr(release, "choose_device", lambda wanted: "cpu:0")
    else:
        # The hundredth card: no machine has it, and most have no driver either.
        monkeypatch.setattr(release, "choose_device", lambda wanted: "cuda:99")


def _wrapper(store: Store, device: str) -> KokoroV1Wrapper:
    return KokoroV1Wrapper(
        store.config("v1.0"), store.weights("v1.0"), voices_path=store.voices / "v1_0", device=device
    )


@pytest.mark.usefixtures("failing_card")
def test_the_processor_speaks_in_place_of_a_card_that_fails(
    model_data: Store, caplog: pytest.LogCaptureFixture
) -> None:
    wrapper = _wrapper(model_data, "auto")
    assert wrapper.initialize().device == torch.device("cpu")
    (line,) = [record.getMessage() for record in caplog.records if record.name == release.__name__]
    assert line.startswith("The device c")
    assert line.endswith("): the processor speaks in its place.")
    assert "\n" not in line
    with torch.inference_mode():
        sound = [piece for piece in wrapper.pieces([Run("Hello.")], "af_heart", "a") if piece is not None]
    assert sum(map(len, sound)) > 10_000


@pytest.mark.usefixtures("failing_card")
def test_a_card_that_was_asked_for_and_fails_is_told_with_the_remedy(model_data: Store) -> None:
    with pytest.raises(ModelError, match=r"^The device \S+ fails \(.+\); set model.device to auto or cpu\.$"):
        _wrapper(model_data, "cuda").initialize()
