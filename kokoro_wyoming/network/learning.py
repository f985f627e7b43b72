"""Learns what `moments` cannot compute: the corrections to its estimate, from utterances that were made whole.

The fit is a kernel ridge regression of the residuals R, shape (n, 18432), on the features, stored in few numbers:

    p    = for each group of features (row - centre) @ axes, one behind the other
           axes are its first 32 principal directions, each divided by the root of its singular value (half whitened),
           and the group is scaled to a mean squared length of its share in WEIGHTS
    k    = exp(-0.75 |p - q|²) + 0.5 p·q                             `moments.kernel`
    A    = (k(P, P) + 0.01 I)⁻¹ (R - centre)                         one column for each of the 18432
    B    = the first `rank` right singular vectors of k(P, P) A W, divided by W: the basis
    C    = A W² Bᵀ                                                   the coefficients
    r(q) = centre + k(q, P) C B

W halves the noise branch's layers: their errors are heard less. Rows of the basis are scaled to the spread of their
coefficients and rounded to steps of 0.0025, far below what is left unexplained. Nothing is random.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Generator as Steps
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kokoro_wyoming.assets.tensor_files import damage_told, read_archive
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.files import replaced
from kokoro_wyoming.network.convolution import KokoroModule
from kokoro_wyoming.network.generator import Generator, Moments, Targets, Workspace
from kokoro_wyoming.network.moments import (
    FEATURE_SIZES,
    RESIDUAL_SIZE,
    RIDGE,
    Estimate,
    Fit,
    kernel,
    measure_inputs,
    residual,
)
from kokoro_wyoming.network.streaming import Features

_LOGGER = logging.getLogger(__name__)

WEIGHTS = {"ups": 2.0, "n0": 1.0, "style": 2.0, "scalars": 1.0}
"""How much each group of features has a say."""
DIRECTIONS = 32
RANK = 96
NOISE_LAYER_WEIGHT = 0.5
BASIS_STEP = 0.0025
_SIZES = {**FEATURE_SIZES, "residual": RESIDUAL_SIZE}
"""Numbers in a row of each of the arrays."""
ENOUGH_LESSONS = 32
"""To speak in windows by them; docs/performance.md has the figures."""
MAX_LESSONS = 256
"""In a file; `calibration` makes 64."""
ASIDE = "it is put aside, and what it held is learned again"

Rows = NDArray[np.float64]


def learn(
    features: Mapping[str, NDArray[np.floating]], residuals: NDArray[np.floating], weights: Rows, rank: int = RANK
) -> dict[str, NDArray[np.generic]]:
    """The arrays of a `Fit` from the rows of n utterances: features by group, shape (n, d), residuals (n, 18432).

    `weights` has one number for each of a residual's.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    parts = []
    for group, share in WEIGHTS.items():
        rows = features[group].astype(np.float64)
        middle, axes = _axes(rows, share / sum(WEIGHTS.values()))
        arrays[f"{group}_centre"], arrays[f"{group}_axes"] = middle, axes
        parts.append((rows - middle) @ axes.astype(np.float64))
    # Rounded as they are stored, so that the solution is that of what is stored.
    points = np.concatenate(parts, axis=1).astype(np.float16)
    centre = residuals.mean(0, dtype=np.float64)
    as_stored = torch.from_numpy(points.astype(np.float64))
    likeness = kernel(as_stored, as_stored).numpy()
    alphas = np.linalg.solve(likeness + RIDGE * np.eye(len(points)), residuals - centre) * weights
    fitted = likeness @ alphas
    values, vectors = np.linalg.eigh(fitted @ fitted.T)
    # With few utterances there are no more directions than those.
    rank = min(rank, int((values > 1e-9 * values[-1]).sum()))
    basis = vectors[:, ::-1][:, :rank].T @ fitted
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    coefficients = alphas @ basis.T
    spread = (likeness @ coefficients).std(0)
    return {
        **arrays,
        "points": points,
        "centre": centre.astype(np.float16),
        "step": np.array(BASIS_STEP, np.float32),
        "basis": np.round(basis / weights * spread[:, None] / BASIS_STEP).astype(np.int16),
        "coefficients": (coefficients / spread).astype(np.float16),
    }


def _axes(rows: Rows, share: float) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """What is taken from a group's rows, and what the rest is multiplied by."""
    centre = rows.mean(0).astype(np.float32)
    rows = rows - centre
    if rows.shape[1] <= DIRECTIONS:
        axes = np.diag(1 / np.maximum(rows.std(0), 1e-6))
    else:
        _, singular, directions = np.linalg.svd(rows, full_matrices=False)
        singular = np.maximum(singular[:DIRECTIONS], 1e-3 * singular[0])
        axes = directions[:DIRECTIONS].T / np.sqrt(singular)
    length = np.square(rows @ axes).sum(1).mean()
    return centre, (axes * np.sqrt(share / length)).astype(np.float16)


def layer_weights(generator: Generator) -> Rows:
    """What an error in each of the 18432 costs in sound: less in the noise branch, the rest alike."""
    noise = {block.first_layer + round_ for block in generator.noise for round_ in range(2 * len(block.rounds))}
    one = np.concatenate(
        [np.full(width, NOISE_LAYER_WEIGHT if at in noise else 1.0) for at, width in enumerate(generator.widths)]
    )
    return np.concatenate([one, one])


class Lessons:
    """What exact runs of one network said of the estimate, kept in a file beside its weights.

    A file of other weights counts as none; one that is damaged is put aside; and where nothing can be written, the
    lessons last as long as the process.
    """

    def __init__(self, path: Path, generator: Generator, weights: str) -> None:
        """`weights` is the `fingerprint` of what the generator was made of."""
        self.path = path
        self._generator = generator
        self._estimate: Estimate | None = None
        self._weights = weights
        self._rows: dict[str, list[NDArray[np.float16]]] = {name: [] for name in _SIZES}
        self._lock = threading.Lock()
        """A rehearsal that was given up may still be adding while the lessons are written."""
        self._recall()

    def __len__(self) -> int:
        return len(self._rows["residual"])

    def steps(self, features: Features) -> Iterator[None]:
        """Make an utterance whole, for no ears, and keep what it teaches: in some fifty short steps."""
        generator = self._generator
        if self._estimate is None:
            self._estimate = Estimate(generator)
            yield None
        harmonics = generator.harmonics(features.f0)
        known = measure_inputs(generator, features.x, features.f0, harmonics, features.style, features.speed)
        targets = generator.targets(features.style)
        yield None
        exact = yield from whole_moments(generator, features.x, harmonics, targets)
        self._add(known.features() | {"residual": residual(exact, self._estimate(known, targets))})

    def fit(self) -> Fit:
        """What follows from all lessons; a fifth of a second for 64 of them."""
        with self._lock:
            rows = {name: np.stack(kept) for name, kept in self._rows.items()}
        residuals = rows.pop("residual").astype(np.float32)
        return Fit(learn(rows, residuals, layer_weights(self._generator)))

    def save(self) -> None:
        """Write all lessons, if there are any; a folder that cannot be written to is told in the log, and no fault."""
        with self._lock:
            if len(self):
                self._write()

    def _write(self) -> None:
        # Any, as for all that mypy knows one of them might be called `allow_pickle`.
        arrays: dict[str, Any] = {name: np.stack(rows) for name, rows in self._rows.items()}
        try:
            with replaced(self.path) as file:
                np.savez(file, weights=np.array(self._weights), **arrays)
        except OSError as error:
            _LOGGER.warning(
                "%s cannot be written (%s), so what is learned of these weights is learned again at the next start",
                self.path,
                error.strerror,
            )

    def _add(self, rows: Mapping[str, Tensor]) -> None:
        halves = {name: row.to(torch.float16) for name, row in rows.items()}
        # Not so with any weights that speak, and one such row would spoil all others.
        if all(bool(torch.isfinite(half).all()) for half in halves.values()):
            with self._lock:
                for name, half in halves.items():
                    self._rows[name].append(half.numpy().copy())

    def _recall(self) -> None:
        if not os.path.exists(self.path):
            return
        try:
            weights, rows = _read(self.path)
        except ModelError as error:
            self.put_aside(str(error))
            return
        if weights != self._weights:
            _LOGGER.info("%s was learned of other weights, and is learned anew", self.path)
            return
        self._rows = {name: list(array) for name, array in rows.items()}

    def put_aside(self, why: str) -> None:
        """Begin anew, as nothing can be learned of what was kept."""
        self._rows = {name: [] for name in _SIZES}
        _LOGGER.warning("%s", why)
        try:
            os.replace(self.path, self.path.with_name(f"{self.path.name}.damaged"))
        except OSError:
            _LOGGER.debug("%s could not be renamed", self.path, exc_info=True)


def _read(path: Path) -> tuple[str, dict[str, NDArray[np.float16]]]:
    """The weights that a file of lessons is of, and its rows; ModelError when it is none."""
    arrays = read_archive(path, ASIDE)
    with damage_told(path, ASIDE):
        count = len(np.atleast_1d(arrays["residual"]))
        for name, size in _SIZES.items():
            if arrays[name].shape != (count, size) or arrays[name].dtype.kind != "f" or count > MAX_LESSONS:
                raise ValueError(f"{name} is not {count} rows of {size} numbers, {MAX_LESSONS} of them at most")
        with np.errstate(over="ignore"):
            rows = {name: arrays[name].astype(np.float16) for name in _SIZES}
        if not all(np.isfinite(row).all() for row in rows.values()):
            raise ValueError("it holds what is no number")
        return str(arrays["weights"]), rows


def fingerprint(module: KokoroModule, dtype: torch.dtype) -> str:
    """Of the weights of which the moments are learned, those of `kokoro`'s generator: 32 hexadecimal digits.

    `dtype` is what its convolutions are computed in.
    """
    digest = hashlib.blake2b(str(dtype).encode(), digest_size=16)
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def whole_moments(generator: Generator, x: Tensor, harmonics: Tensor, targets: Targets) -> Steps[None, None, Moments]:
    """The moments that `Generator.run` has when it is `measured`, a layer at a time.

    Whole, a sentence of five seconds is a turn of two; in steps none is longer than a tenth of a second.
    """
    seen: list[Moments] = []
    yield from generator.steps(x, harmonics, generator.measured(targets, seen), Workspace())
    return Moments.joined(seen)
