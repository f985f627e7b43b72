"""The script that learns the fit writes a file that the program reads, and the fit predicts new sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.v1_0.wrapper import _FIT
from kokoro_wyoming.network.generator import Moments
from kokoro_wyoming.network.learning import layer_weights
from kokoro_wyoming.network.moments import Fit, InputMoments
from scripts import learn_moments
from scripts.learn_moments import Lesson, Teacher, learn, release

ROWS = 18432


class World:
    """Sentences made from three hidden variables. All their features are smooth, nonlinear functions of these.

    The first half of a residual depends on the first variable, the second half on the other two.
    """

    def __init__(self) -> None:
        self._dice = torch.Generator().manual_seed(0)
        self._to = {name: self._draw(3, size) for name, size in (("a", 256), ("b", 128), ("style", 128), ("r", ROWS))}
        self._to["r"][0, ROWS // 2 :] = 0
        self._to["r"][1:, : ROWS // 2] = 0

    def _draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._dice)

    def lesson(self, hidden: Tensor) -> Lesson:
        of = {name: torch.tanh(0.7 * hidden @ matrix) for name, matrix in self._to.items()}
        moments = Moments(of["a"], torch.exp(of["a"]))
        small = Moments(of["b"], torch.exp(of["b"]))
        known = InputMoments(moments, (moments, small), torch.cat([hidden, hidden[:2] ** 2]), of["style"][None])
        return Lesson(known, 0.2 + 0.1 * of["r"])

    def lessons(self, count: int) -> list[Lesson]:
        return [self.lesson(self._draw(3)) for _ in range(count)]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def fit(world: World, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    path = tmp_path_factory.mktemp("fit") / "moments.npz"
    arrays: dict[str, Any] = learn(world.lessons(80), np.ones(ROWS))
    np.savez_compressed(path, **arrays)
    return Fit.load(path)


def test_the_fit_predicts_sentences_that_it_was_not_learned_from(world: World, fit: Fit) -> None:
    for lesson in world.lessons(10):
        correction, _ = fit.correction(lesson.known)
        assert (lesson.residual - correction).std() < 0.35 * lesson.residual.std()


def test_sentences_far_from_all_learned_ones_are_doubted_more(world: World, fit: Fit) -> None:
    near = [fit.correction(lesson.known)[1] for lesson in world.lessons(10)]
    far = [fit.correction(world.lesson(6 * torch.eye(3)[at]).known)[1] for at in range(3)]
    assert max(near) < min(far)


def test_a_small_rank_is_spent_on_the_errors_with_more_weight(world: World) -> None:
    lessons, others, weights = world.lessons(80), world.lessons(10), np.ones(ROWS)
    errors = []
    for weight in (1.0, 0.1):
        weights[: ROWS // 2] = weight
        fit = Fit(learn(lessons, weights, rank=2))
        left = torch.stack([other.residual - fit.correction(other.known)[0] for other in others])
        errors.append(left.square().reshape(10, 2, -1).mean((0, 2)))
    assert errors[1][0] > 2 * errors[0][0]
    assert errors[1][1] < errors[0][1] / 2


def test_a_lesson_on_disk_is_the_same(world: World, tmp_path: Path) -> None:
    (lesson,) = world.lessons(1)
    lesson.save(tmp_path / "0_00000.npz")
    again = Lesson.load(tmp_path / "0_00000.npz")
    assert torch.equal(again.residual, lesson.residual)
    for name, row in lesson.known.features().items():
        assert torch.equal(again.known.features()[name], row)
    assert [path.name for path in tmp_path.iterdir()] == ["0_00000.npz"]


@pytest.mark.weights
def test_the_shipped_fit_predicts_a_lesson_of_the_script(model_data: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn_moments, "MAX_FRAMES", 240)
    spoken = release("v1.0", model_data.weights("v1.0"), None, model_data.voices / "v1_0")
    teacher = Teacher(spoken, [path.stem for path in (model_data.voices / "v1_0").glob("*.pt")])
    lesson = teacher.lesson(1, 0)
    assert torch.equal(lesson.residual, teacher.lesson(1, 0).residual)
    correction, doubt = Fit.load(_FIT).correction(lesson.known)
    assert doubt < 0.7
    assert (lesson.residual - correction).square().mean() < 0.2 * lesson.residual.square().mean()
    assert len(layer_weights(teacher.generator)) == ROWS
    assert (layer_weights(teacher.generator) == 0.5).mean() == 0.25
