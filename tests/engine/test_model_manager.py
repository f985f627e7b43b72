"""A release is loaded once, off the loop, and a load that failed leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.builds.release import Release
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import AssetError, ModelError, UnknownLanguageError, UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.pronunciation.phonemes import Phonemes
from kokoro_wyoming.releases import match_version
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run


@pytest.fixture
async def manager(model_data: Store) -> AsyncIterator[ModelManager]:
    made = ModelManager(model_data.models, model_data.voices)
    yield made
    made.thread.close(5)


@pytest.mark.parametrize("spelling", ["v1.0", "1.0", "V1", " v1_0 ", "1", "kokoro-v1.0", "Kokoro 1.0"])
def test_a_release_is_found_by_what_people_write(spelling: str) -> None:
    assert match_version(spelling) == "v1.0"


@pytest.mark.parametrize("spelling", ["v0.19", "0.19", "V0_19", " v0-19 ", "kokoro-v0_19", "Kokoro v0.19", ".19"])
def test_the_older_release_is_found_too(spelling: str) -> None:
    assert match_version(spelling) == "v0.19"


@pytest.mark.parametrize("spelling", ["", "v2.0", "latest", "v1.0/..", "1.2-zh"])
def test_an_unknown_release_is_named_with_those_that_there_are(spelling: str) -> None:
    with pytest.raises(UnknownVersionError, match=r"v1\.0"):
        match_version(spelling)


def test_here_every_language_is_installed() -> None:
    assert installed_languages() == dict.fromkeys(TAGS)


async def test_files_that_come_and_go_change_the_voices_once_they_stand_still(tmp_path: Path) -> None:
    folders = {version: tmp_path / "voices" / version for version in ("v1_0", "v0_19")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    torch.save(torch.zeros(510, 1, 256), folders["v1_0"] / "af_heart.pt")
    manager = ModelManager(tmp_path / "models", tmp_path / "voices")
    assert [catalogue.version for catalogue in manager.folders.catalogues()] == ["v1.0"]
    changes = manager.folders.changes(every_seconds=0.01)
    np.save(folders["v1_0"] / "am_mine.npy", np.zeros((510, 1, 256), np.float32))
    (new,) = await anext(changes)
    assert {voice.name for voice in new.voices} == {"af_heart", "am_mine"}
    torch.save(torch.zeros(511, 1, 256), folders["v0_19"] / "af.pt")
    (_,) = await anext(changes)  # a voice is not yet a release
    (tmp_path / "models" / "v0_19").mkdir(parents=True)
    (tmp_path / "models" / "v0_19" / "kokoro-v0_19-half.pth").touch()
    new, old = await anext(changes)
    assert [voice.name for voice in old.voices] == ["af"]
    (folders["v1_0"] / "am_mine.npy").unlink()
    new, old = await anext(changes)
    assert {voice.name for voice in new.voices} == {"af_heart"}
    still = asyncio.create_task(anext(changes))
    await asyncio.sleep(0.1)
    assert not still.done()
    still.cancel()
    manager.thread.close(5)


async def test_missing_files_are_named_at_every_try(tmp_path: Path) -> None:
    manager = ModelManager(tmp_path / "models", tmp_path / "voices")
    for _ in range(2):
        with pytest.raises(ModelError, match=r"config\.json is missing; run `kokoro-wyoming fetch`"):
            await manager.get_model()
    assert manager.folders.catalogue().voices == ()
    manager.thread.close(5)


@pytest.mark.weights
async def test_all_who_wait_get_the_one_model_though_one_gives_up_and_the_loop_runs_meanwhile(
    manager: ModelManager,
) -> None:
    impatient, *patient = (asyncio.create_task(manager.get_model(version)) for version in (None, "v1.0", "1.0", None))
    await asyncio.sleep(0.05)
    impatient.cancel()
    turns = 0
    while not all(task.done() for task in patient):
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    models = [task.result() for task in patient]
    assert len({id(model) for model in models}) == 1
    assert models[0].initialize() is models[0].initialize()
    with contextlib.suppress(asyncio.CancelledError):
        await impatient


@pytest.mark.weights
async def test_a_failed_load_is_forgotten_and_the_next_one_starts_afresh(model_data: Store, tmp_path: Path) -> None:
    shutil.copytree(model_data.models / "v1_0", tmp_path / "v1_0", ignore=shutil.ignore_patterns("*.pth*"))
    weights = tmp_path / "v1_0" / "kokoro-v1_0.pth"
    weights.write_bytes(b"cut off")
    manager = ModelManager(tmp_path, model_data.voices)
    with pytest.raises(ModelError, match=r"kokoro-v1_0\.pth"):
        await manager.get_model()
    weights.unlink()
    weights.symlink_to(model_data.weights("v1.0"))
    assert (await manager.get_model()).initialize()
    manager.thread.close(5)


@pytest.mark.weights
async def test_whatever_becomes_of_a_release_s_files_the_loaded_one_speaks_on(
    model_data: Store, tmp_path: Path
) -> None:
    shutil.copytree(model_data.models / "v1_0", tmp_path / "v1_0")
    weights = tmp_path / "v1_0" / "kokoro-v1_0.pth"
    manager = ModelManager(tmp_path, model_data.voices)
    model = await manager.get_model()
    os.truncate(weights, 0)
    (tmp_path / "v1_0" / "config.json").write_bytes(b"404: Not Found")
    for _ in range(2):
        sound = torch.cat([piece async for piece in model.forward("Good morning.", "af_heart", "a")])
        assert float(sound.abs().max()) > 0.05
        assert await manager.get_model() is model
        shutil.rmtree(tmp_path / "v1_0", ignore_errors=True)
    manager.thread.close(5)


@pytest.mark.weights
async def test_what_a_start_measured_is_measured_once_more_and_whoever_speaks_meanwhile_comes_first(
    model_data: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ModelThread, "makes_way", False)  # as if nothing else ran on this machine
    folder, notes = tmp_path / "v1_0", tmp_path / "v1_0" / "tuning.json"
    shutil.copytree(model_data.models / "v1_0", folder, ignore=shutil.ignore_patterns("*.pth*"))
    (folder / "kokoro-v1_0.pth").symlink_to(model_data.weights("v1.0"))
    config, weights = folder / "config.json", folder / "kokoro-v1_0.pth"
    KokoroV1Wrapper(config, weights, device="cpu").initialize()  # measures where nothing was measured before
    found = json.loads(notes.read_text())
    kinds = {kind for ways in found.values() for kind in ways if "channels" in kind}
    slow = {kind: ["direct 0 float32"] * 2 for kind in kinds}
    notes.write_text(json.dumps(dict.fromkeys(found, slow)))
    manager = ModelManager(tmp_path, model_data.voices, device="cpu")
    wrapper = await manager.get_model()
    before = await _said(wrapper)
    measuring = asyncio.ensure_future(manager.measure_again())
    await asyncio.sleep(0.1)
    await _said(wrapper)
    assert not measuring.done()
    assert await measuring is False
    *_, kept = json.loads(notes.read_text()).values()  # that of this machine is written last
    assert kept.pop("measured in quiet") is True
    assert any(ways != slow[kind] for kind, ways in kept.items())
    after = await _said(wrapper)
    assert float((after - before).pow(2).mean() / before.pow(2).mean()) < 1e-4
    monkeypatch.setattr(ModelThread, "makes_way", True)
    notes.write_text(json.dumps(dict.fromkeys(found, slow)))
    busy = ModelManager(tmp_path, model_data.voices, device="cpu", thread=manager.thread)
    await busy.get_model()
    assert await busy.measure_again() is True
    assert "measured in quiet" not in notes.read_text()
    monkeypatch.setattr(Tuning, "measured_again", lambda *_: iter([1 / 0]))
    assert await busy.measure_again() is False
    assert "goes on computing as it did" in caplog.text
    manager.thread.close(5)


async def _said(release: Release) -> torch.Tensor:
    torch.manual_seed(3)
    return torch.cat([piece async for piece in release.forward("Good morning.", "af_heart", "a")])


@pytest.fixture(scope="module")
def wrapper(model_data: Store) -> KokoroV1Wrapper:
    folder = model_data.models / "v1_0"
    return KokoroV1Wrapper(folder / "config.json", folder / "kokoro-v1_0.pth", thread=ModelThread())


@pytest.mark.weights
async def test_forward_streams_float_tensors_from_the_model_thread(wrapper: KokoroV1Wrapper) -> None:
    threads: set[str] = set()
    pieces = []
    async for piece in wrapper.forward("Good morning. It is seven.", "af_heart", "a"):
        threads.add(threading.current_thread().name)
        assert isinstance(piece, torch.Tensor)
        assert (piece.dtype, piece.dim()) == (torch.float32, 1)
        pieces.append(piece)
    sound = torch.cat(pieces)
    assert 1.0 < len(sound) / 24_000 < 6.0
    assert 0.05 < float(sound.abs().max()) <= 1.5
    assert threads == {"MainThread"}


@pytest.mark.weights
async def test_quiet_and_loud_pipelines_share_one_model_and_one_g2p(wrapper: KokoroV1Wrapper) -> None:
    loud, british = wrapper.get_pipeline("a"), wrapper.get_pipeline("en-GB")
    quiet = wrapper.get_pipeline("a", quiet=True)
    assert loud is wrapper.get_pipeline("en-US")
    assert loud.model is british.model is wrapper.initialize().model
    assert quiet.model is None
    assert quiet.g2p is loud.g2p


@pytest.mark.weights
async def test_what_cannot_be_spoken_is_its_own_error(wrapper: KokoroV1Wrapper, tmp_path: Path) -> None:
    async def speak(voice: str, language: str) -> None:
        async for _ in wrapper.forward("Hello.", voice, language):
            pass

    with pytest.raises(UnknownVoiceError, match="af_nobody"):
        await speak("af_nobody", "a")
    with pytest.raises(UnknownLanguageError, match="de-DE"):
        await speak("af_heart", "de-DE")
    damaged = KokoroV1Wrapper(wrapper.config_path, wrapper.model_path, voices_path=tmp_path)
    (tmp_path / "af_heart.pt").write_bytes(b"not a voice")
    with pytest.raises(AssetError, match=r"af_heart\.pt"):
        async for _ in damaged.forward("Hello.", "af_heart", "a"):
            pass
    await speak("af_heart", "a")


@pytest.mark.weights
@pytest.mark.parametrize("count", [1, 2, 300, 399, 400, 401, 1200])
async def test_every_length_has_its_style_row(
    count: int, wrapper: KokoroV1Wrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lengths around the limits, where a row that does not exist was asked for by others."""
    pack = torch.arange(510.0).reshape(510, 1, 1).expand(510, 1, 256)
    asked: list[tuple[int, float]] = []

    def pieces(ids: list[int], row: torch.Tensor, *_: object) -> Iterator[torch.Tensor]:
        asked.append((len(ids), float(row[0, 0])))
        yield torch.zeros(1)

    monkeypatch.setattr(wrapper.initialize(), "pieces", pieces)
    monkeypatch.setattr(wrapper, "phonemes", lambda *_: iter([Phonemes("letters", "a" * count)]))
    list(wrapper.pieces([Run("letters")], pack, "a"))
    assert sum(n_ids for n_ids, _ in asked) == count
    assert all(row == n_ids - 1 for n_ids, row in asked)
