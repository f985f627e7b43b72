"""The examples of docs/python.md run as they are written, with the files that were fetched and without a network."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import NoReturn

import huggingface_hub
import kokoro.model
import kokoro.pipeline
import pytest
import torch

from kokoro_wyoming import config, model_manager
from kokoro_wyoming.assets import Store
from kokoro_wyoming.assets.locations import HOME_VARIABLE
from kokoro_wyoming.assets.store import default_store
from kokoro_wyoming.builds.v0_19.models import build_model
from kokoro_wyoming.builds.v1_0.wrapper import KokoroV1Wrapper
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import ModelError, UnknownVoiceError
from tests.listening import Ears

DOCS = Path(__file__).parents[2] / "docs" / "python.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def _nobody_is_asked(*_: object, **__: object) -> NoReturn:
    raise AssertionError("somebody beyond this machine was asked")


@pytest.fixture
def offline(both_releases: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The fetched files at the program's home, and a network that nobody may use."""
    monkeypatch.setenv(HOME_VARIABLE, str(both_releases.models.parent))
    monkeypatch.setattr(socket.socket, "connect", _nobody_is_asked)
    monkeypatch.setattr(socket, "getaddrinfo", _nobody_is_asked)
    for module in (huggingface_hub, kokoro.model, kokoro.pipeline):
        monkeypatch.setattr(module, "hf_hub_download", _nobody_is_asked)
    return both_releases


@pytest.mark.weights
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_example_speaks_without_a_network(number: int, offline: Store, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(EXAMPLES[number], f"{DOCS}, example {number + 1}", "exec"), {"__name__": "__main__"})
    seconds = [float(found) for found in re.findall(r"([\d.]+) seconds", capsys.readouterr().out)]
    assert 0.5 < sum(seconds) < 3


@pytest.mark.weights
async def test_the_owner_s_example_says_its_words(offline: Store, ears: Ears) -> None:
    manager = ModelManager()
    model = await manager.get_model("v1.0")
    heard = [audio async for audio in model.forward(text="Hello world", voice="af_bella", lang_code="en")]
    assert {(audio.dtype, audio.dim()) for audio in heard} == {(torch.float32, 1)}
    assert "hello" in ears.write_down(torch.cat(heard).numpy(), "en").casefold()
    manager.thread.close(5)


@pytest.mark.weights
async def test_the_older_release_is_built_without_arguments(offline: Store) -> None:
    model = await build_model()
    assert model.model_path == offline.weights("v0.19")
    assert sum([len(audio) async for audio in model.forward("Hello world", "af_bella", "en")]) > 12_000


@pytest.mark.weights
def test_a_loud_pipeline_speaks_with_the_voices_on_disk(offline: Store) -> None:
    model = KokoroV1Wrapper(offline.config("v1.0"), offline.weights("v1.0"))
    pipeline = model.get_pipeline("a")
    pack = model.packs.get("af_bella")
    for voice in ("af_bella", "af_bella,af_bella", str(offline.voice("v1.0", "af_bella"))):
        assert torch.equal(pipeline.load_voice(voice), pack), voice
    (result,) = pipeline("Hello there.", voice="af_bella")
    assert len(result.audio) > 12_000
    with pytest.raises(UnknownVoiceError, match="af_nobody"):
        list(pipeline("Hello there.", voice="af_nobody"))


def test_the_folders_without_arguments_are_those_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in (str(tmp_path), ""):
        monkeypatch.setenv(HOME_VARIABLE, home)
        folders = config.load().folders
        assert default_store() == Store(folders.models, folders.voices)


async def test_what_is_not_fetched_is_told_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    manager = ModelManager()
    with pytest.raises(ModelError, match=rf"{tmp_path}/models/v1_0/.* `kokoro-wyoming fetch`"):
        await manager.get_model()
    with pytest.raises(ModelError, match=r"`kokoro-wyoming fetch --model-version v0\.19`"):
        await build_model()
    manager.thread.close(5)


def test_a_manager_is_imported_from_either_place() -> None:
    assert model_manager.ModelManager is ModelManager
