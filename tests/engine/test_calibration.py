"""A network with weights that nobody knows learns its own sound: by itself, while nobody listens, and only once."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import shutil
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.v0_19 import CONFIG_PATH, REHEARSAL_PATH, KokoroV019Wrapper
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper, wrapper
from kokoro_wyoming.engine import calibration
from kokoro_wyoming.engine.calibration import calibrate, rehearsed
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import AssetError
from kokoro_wyoming.network import inference, learning, streaming
from kokoro_wyoming.network.generator import Generator, Moments
from kokoro_wyoming.network.learning import ENOUGH_UTTERANCES, CalibrationData, whole_moments
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.voices.blends import parse
from tests.odd_places import files_limited
from tests.stand_ins.beep_house import until

SENTENCES = json.loads(REHEARSAL_PATH.read_text())
TEXT = "The front door is open, and the light is on."


# What is rehearsed


NAMES = st.lists(st.sampled_from(["af", "af_sky", "bm_lewis", "zf_xiaoni"]), min_size=1, unique=True)


@given(st.integers(0, 10_000), NAMES)
def test_every_rehearsal_can_be_spoken_and_is_short(number: int, names: list[str]) -> None:
    one = rehearsed(number, names, SENTENCES)
    assert one == rehearsed(number, names, SENTENCES)
    assert {part.name for part in parse(one.voice).parts} <= set(names)
    assert 0.5 <= one.speed <= 2
    assert 0 < len(one.phonemes) / one.speed <= 120


@pytest.mark.parametrize("path", [REHEARSAL_PATH, wrapper.REHEARSAL_PATH])
def test_the_sentences_are_in_the_symbols_of_their_release(path: Path) -> None:
    release = path.parent.name
    config = CONFIG_PATH if release == "v0_19" else path.with_name("config.json")
    vocabulary = set(json.loads(config.read_text())["vocab"])
    sentences = json.loads(path.read_text())
    assert set(sentences) == set("ab" if release == "v0_19" else "abefhijpz")
    assert not {symbol for some in sentences.values() for one in some for symbol in one} - vocabulary
    assert all(len(some) >= 10 for some in sentences.values())


# Whose turn it is


class Rehearsals:
    """Stands in for a release, with lessons that are only counted."""

    rehearsal = SENTENCES

    def __init__(self, known: int = 0) -> None:
        self.rehearsed: list[str] = []
        self.learned: list[int] = []
        self.saved: list[int] = []
        self.damaged = ""
        self.turns: list[str] = []
        self.known = known

    def __len__(self) -> int:
        return self.known

    def save(self) -> None:
        self.saved.append(self.known)

    def rehearsal_voices(self) -> list[str]:
        return ["af", "bm_lewis"]

    def calibration_data(self) -> Any:
        return self

    def learn(self) -> None:
        self.learned.append(self.known)

    def rehearse(self, phonemes: str, voice: str, speed: float) -> Iterator[None]:
        if self.damaged and self.damaged in voice:
            raise AssetError("a damaged voice")
        for _ in range(5):
            self.turns.append("rehearsal")
            yield None
        self.known += 1


@pytest.fixture
async def thread() -> AsyncIterator[ModelThread]:
    turns = ModelThread()
    yield turns
    assert turns.close(timeout_seconds=5)


async def test_it_learns_soon_and_again_when_all_is_rehearsed_and_then_rests(
    thread: ModelThread,
) -> None:
    model = Rehearsals()
    await calibrate(model, thread, "v0.19")
    assert model.learned == [ENOUGH_UTTERANCES, calibration.UTTERANCES]
    assert model.saved[-1] == model.known == calibration.UTTERANCES
    await calibrate(model, thread, "v0.19")
    assert model.known == calibration.UTTERANCES


async def test_what_was_stopped_goes_on_where_it_was(thread: ModelThread) -> None:
    model = Rehearsals(known=calibration.UTTERANCES - 3)
    await calibrate(model, thread, "v0.19")
    assert model.turns.count("rehearsal") == 5 * 3


async def test_a_damaged_voice_is_left_out(thread: ModelThread) -> None:
    model = Rehearsals()
    model.damaged = "bm_lewis"
    await calibrate(model, thread, "v0.19")
    assert model.learned


async def test_a_failure_is_logged_and_no_more(
    thread: ModelThread, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Rehearsals()
    monkeypatch.setattr(model, "rehearse", None)
    await calibrate(model, thread, "v0.19")
    assert "Kokoro v0.19 goes on speaking in whole sentences" in caplog.text


async def test_a_listener_waits_for_no_more_than_the_step_under_way(thread: ModelThread) -> None:
    model = Rehearsals()
    task = asyncio.create_task(calibrate(model, thread, "v0.19"))
    await until(lambda: bool(model.turns))

    def spoken() -> Iterator[str]:
        model.turns.append("asked")
        for _ in range(3):
            model.turns.append("listener")
            yield "sound"

    asked = len(model.turns)
    async for _ in thread.stream(spoken):
        pass
    turns = model.turns[asked:]
    first = turns.index("asked")
    assert first <= 1
    # With two pieces untaken the listener has no need of a turn.
    assert turns[first : first + 3] == ["asked", "listener", "listener"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert model.saved


# The file


class FewWeights:
    """Stands in for a generator: as much of one as is asked for."""

    def __init__(self) -> None:
        self.widths, self.noise = [9216], list[Any]()


def _lessons(path: Path, count: int = 3, seed: int = 0) -> CalibrationData:
    lessons = CalibrationData(path, cast(Generator, FewWeights()), f"weights {seed}")
    for _ in range(count):
        lessons._add({name: torch.randn(size) for name, size in learning._SIZES.items()})
    return lessons


def test_lessons_are_kept_with_the_weights_they_are_of(tmp_path: Path) -> None:
    path = tmp_path / "lessons.npz"
    _lessons(path).save()
    again = _lessons(path, 1)
    assert len(again) == 4
    assert again.fit()
    again.save()
    assert [file.name for file in tmp_path.iterdir()] == ["lessons.npz"]
    assert len(_lessons(path, 0, seed=1)) == 0


def test_what_is_no_number_teaches_nothing(tmp_path: Path) -> None:
    lessons = _lessons(tmp_path / "lessons.npz", 0)
    lessons._add({name: torch.full((size,), torch.nan) for name, size in learning._SIZES.items()})
    assert len(lessons) == 0


def _rewritten(path: Path, **others: Any) -> None:
    with np.load(path) as arrays:
        kept = dict(arrays)
    np.savez(path, **{name: row for name, row in (kept | others).items() if row is not None})


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:999]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("404: Not Found"),
        lambda path: _rewritten(path, ups=None),
        lambda path: _rewritten(path, weights=None),
        lambda path: _rewritten(path, style=np.zeros((3, 127))),
        lambda path: _rewritten(path, residual=np.zeros(18432)),
        lambda path: _rewritten(path, scalars=np.full((3, 5), np.inf)),
        lambda path: _rewritten(path, n0=np.array([{"a": 1}], dtype=object)),
    ],
)
def test_damaged_lessons_are_told_and_put_aside_and_learned_again(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lessons.npz"
    _lessons(path).save()
    damage(path)
    again = _lessons(path, 2)
    assert len(again) == 2
    assert "lessons.npz is truncated or corrupt" in caplog.text
    again.save()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["lessons.npz", "lessons.npz.damaged"]
    assert len(_lessons(path, 0)) == 2


def test_two_servers_that_learn_in_one_folder_never_write_into_one_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lessons.npz"
    one, other = _lessons(path, 2), _lessons(path, 3)
    replace = os.replace

    def replace_in_the_middle(*names: Any) -> None:
        monkeypatch.setattr(os, "replace", replace)
        other.save()  # all of it, between the other's writing and its rename
        replace(*names)

    monkeypatch.setattr(os, "replace", replace_in_the_middle)
    one.save()
    assert not caplog.text
    assert [file.name for file in tmp_path.iterdir()] == ["lessons.npz"]
    assert len(_lessons(path, 0)) == 2


def test_where_nothing_can_be_written_lessons_last_as_long_as_the_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lessons = _lessons(tmp_path / "gone" / "lessons.npz")
    lessons.save()
    assert "cannot be written (No such file or directory)" in caplog.text
    assert lessons.fit()


def test_a_disk_that_is_full_half_way_leaves_the_lessons_that_were_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lessons.npz"
    _lessons(path, 2).save()
    with files_limited(path.stat().st_size // 2):
        _lessons(path, 3).save()
    assert "cannot be written (File too large)" in caplog.text
    assert [file.name for file in tmp_path.iterdir()] == ["lessons.npz"]
    assert len(_lessons(path, 0)) == 2


# Real tensors


def _manager(store: Store, **settings: Any) -> ModelManager:
    return ModelManager(store.models, store.voices, device="cpu", **settings)


@pytest.mark.weights
def test_moments_in_steps_are_those_of_the_whole(both_releases: Store) -> None:
    old = KokoroV019Wrapper(CONFIG_PATH, both_releases.weights("v0.19"), device="cpu", stream="exact")
    network = old.initialize()
    generator = network.vocoder.generator
    with torch.inference_mode():
        features = network.features([50, 83, 54, 16, 61, 102, 81], old.packs.get("af")[7], 1.0)
        harmonics, targets = generator.harmonics(features.f0), generator.targets(features.style)
        seen: list[Moments] = []
        generator.run(features.x, harmonics, generator.measuring_normaliser(targets, seen))
        steps = whole_moments(generator, features.x, harmonics, targets)
        count = 0
        while True:
            try:
                next(steps)
                count += 1
            except StopIteration as ended:
                moments = ended.value
                break
    assert torch.equal(moments.mean, torch.cat([one.mean for one in seen]))
    assert torch.equal(moments.variance, torch.cat([one.variance for one in seen]))
    assert count >= 48  # so none is more than a layer


@pytest.mark.weights
async def test_v0_19_learns_while_nobody_speaks_and_then_speaks_in_windows_for_ever(
    both_releases: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calibration, "UTTERANCES", 2)
    for module in (calibration, inference):
        monkeypatch.setattr(module, "ENOUGH_UTTERANCES", 2)
    monkeypatch.setattr(streaming, "MAX_DOUBT", math.inf)  # so few leave it in doubt of nearly everything
    caplog.set_level(logging.INFO)
    path = both_releases.models_folder("v0.19") / "lessons.npz"
    path.unlink(missing_ok=True)

    async def says_in(manager: ModelManager) -> list[int]:
        model = await manager.get_model("v0.19")
        return [len(piece) async for piece in model.forward(TEXT, "bf_emma", "b")]

    learning_one = _manager(both_releases, calibrates=True)
    assert len(await says_in(learning_one)) == 1
    await learning_one._calibrating["v0.19"]
    assert len(await says_in(learning_one)) > 2
    assert "Kokoro v0.19 speaks in windows now, having learned from 2 utterances" in caplog.text
    knowing_one, whole_one = _manager(both_releases), _manager(both_releases, stream="exact")
    assert len(await says_in(knowing_one)) > 2
    assert len(await says_in(whole_one)) == 1
    for manager in (learning_one, knowing_one, whole_one):
        manager.thread.close(5)
    path.unlink()


@pytest.mark.weights
async def test_an_idle_release_that_leaves_the_memory_stops_learning(both_releases: Store) -> None:
    manager = _manager(both_releases, calibrates=True, release_idle_seconds=0.1)
    gone = weakref.ref(await manager.get_model("v0.19"))
    task = manager._calibrating["v0.19"]
    await until(task.done)
    assert task.cancelled()
    assert not manager.loaded()
    del task
    await until(lambda: gone() is None)
    manager.thread.close(5)


@pytest.mark.weights
async def test_weights_of_one_s_own_are_not_spoken_by_what_is_known_of_others(
    model_data: Store, tmp_path: Path
) -> None:
    published = await _manager(model_data).get_model()
    assert published.initialize().calibration_data is None
    folder = tmp_path / "v1_0"
    shutil.copytree(model_data.models / "v1_0", folder, ignore=shutil.ignore_patterns("*.pth", "fetched.json"))
    (folder / "kokoro-v1_0.pth").symlink_to(model_data.weights("v1.0"))
    own = ModelManager(tmp_path, model_data.voices, device="cpu")
    model = await own.get_model()
    assert model.initialize().calibration_data is not None
    assert len([piece async for piece in model.forward(TEXT, "af_heart", "a")]) == 1
    own.thread.close(5)


@pytest.mark.weights
async def test_what_a_voice_taught_is_forgotten_with_the_voices(
    model_data: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MAX_DOUBT", 0.0)
    monkeypatch.setattr(streaming, "_MAX_OFFSET_RUNS", 1)
    manager = _manager(model_data)
    model = await manager.get_model()
    assert isinstance(model, KokoroV1Wrapper)
    counts = model.initialize().vocoder.counts
    for doubted in (1, 1, 2):
        if doubted == 2:
            manager.forget_voices()  # as when a file has changed
        async for _ in model.forward("The dishwasher has finished.", "af_heart", "a"):
            pass
        assert counts["doubted"] == doubted
    manager.thread.close(5)
