"""Learns the corrections to the estimate of `moments`, from utterances whose exact moments were measured.

The fit is a kernel ridge regression of the residuals R, shape (n, 18432), on the features, in compressed form:

    p    = for each group of features (row - centre) @ axes, one behind the other
           axes are its first 32 principal directions, each divided by the root of its singular value (half whitened),
           and the group is scaled to a mean squared length of its share in WEIGHTS
    k    = exp(-0.75 |p - q|²) + 0.5 p·q                             `moments.kernel`
    A    = (k(P, P) + 0.01 I)⁻¹ (R - centre)                         one column for each of the 18432
    B    = the first `rank` right singular vectors of k(P, P) A W, divided by W: the basis
    C    = A W² Bᵀ                                                   the coefficients
    r(q) = centre + k(q, P) C B

W halves the layers of the noise branch, as their errors are less audible. Rows of the basis are scaled to the spread of
their coefficients, and rounded to steps of 0.0025, far below the error of the fit. Nothing is random.
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

from kokoro_wyoming.assets.files import replaced
from kokoro_wyoming.assets.tensor_files import damage_explained, read_archive
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.network.convolution import KokoroModule
from kokoro_wyoming.network.generator import Generator, Moments, Targets
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
from kokoro_wyoming.network.workspace import Workspace

_LOGGER = logging.getLogger(__name__)

WEIGHTS = {"ups": 2.0, "n0": 1.0, "style": 2.0, "scalars": 1.0}
"""The share of each group of features in the distance between two sentences."""
DIRECTIONS = 32
RANK = 96
NOISE_LAYER_WEIGHT = 0.5
BASIS_STEP = 0.0025
_SIZES = {**FEATURE_SIZES, "residual": RESIDUAL_SIZE}
"""Numbers in a row of each array."""
ENOUGH_UTTERANCES = 32
"""With this many the network can speak in windows; docs/performance.md has the figures."""
MAX_UTTERANCES = 256
"""The most utterances in a file; `calibration` makes 64."""
DAMAGE_REMEDY = "it is renamed to *.damaged, and the network learns again"

Rows = NDArray[np.float64]


def learn(
    features: Mapping[str, NDArray[np.floating]], residuals: NDArray[np.floating], weights: Rows, rank: int = RANK
) -> dict[str, NDArray[np.generic]]:
    """The arrays of a `Fit` from the rows of n utterances: features by group, shape (n, d), residuals (n, 18432).

    `weights` has a number for each of the 18432 columns.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    parts = []
    for group, share in WEIGHTS.items():
        rows = features[group].astype(np.float64)
        group_centre, axes = _axes(rows, share / sum(WEIGHTS.values()))
        arrays[f"{group}_centre"], arrays[f"{group}_axes"] = group_centre, axes
        parts.append((rows - group_centre) @ axes.astype(np.float64))
    # The points are rounded before the equations are solved, so that the solution fits the stored points.
    points = np.concatenate(parts, axis=1).astype(np.float16)
    centre = residuals.mean(0, dtype=np.float64)
    stored_points = torch.from_numpy(points.astype(np.float64))
    similarity = kernel(stored_points, stored_points).numpy()
    alphas = np.linalg.solve(similarity + RIDGE * np.eye(len(points)), residuals - centre) * weights
    fitted = similarity @ alphas
    values, vectors = np.linalg.eigh(fitted @ fitted.T)
    # A few utterances span fewer directions than `rank`.
    rank = min(rank, int((values > 1e-9 * values[-1]).sum()))
    basis = vectors[:, ::-1][:, :rank].T @ fitted
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    coefficients = alphas @ basis.T
    spread = (similarity @ coefficients).std(0)
    return {
        **arrays,
        "points": points,
        "centre": centre.astype(np.float16),
        "step": np.array(BASIS_STEP, np.float32),
        "basis": np.round(basis / weights * spread[:, None] / BASIS_STEP).astype(np.int16),
        "coefficients": (coefficients / spread).astype(np.float16),
    }


def _axes(rows: Rows, share: float) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """The centre of a group's rows, and the axes on which the centred rows are projected."""
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
    """The weight of an error in each of the 18432 columns: 0.5 in the noise branch, else 1."""
    noise = {block.first_layer + round_ for block in generator.noise for round_ in range(2 * len(block.rounds))}
    one = np.concatenate(
        [np.full(width, NOISE_LAYER_WEIGHT if at in noise else 1.0) for at, width in enumerate(generator.widths)]
    )
    return np.concatenate([one, one])


class CalibrationData:
    """Features and residuals of the utterances that one network has rehearsed, kept in a file beside its weights.

    A file for other weights is ignored. A damaged file is renamed. Where the file cannot be written, the data last as
    long as the process.
    """

    def __init__(self, path: Path, generator: Generator, weights: str) -> None:
        """`weights` is the `fingerprint` of the generator's weights."""
        self.path = path
        self._generator = generator
        self._estimate: Estimate | None = None
        self._weights = weights
        self._rows: dict[str, list[NDArray[np.float16]]] = {name: [] for name in _SIZES}
        self._lock = threading.Lock()
        """A cancelled rehearsal may still add a row while another thread writes the file."""
        self._load()

    def __len__(self) -> int:
        return len(self._rows["residual"])

    def steps(self, features: Features) -> Iterator[None]:
        """Run the generator on an utterance that nobody hears, and add its exact moments: about fifty short steps."""
        generator = self._generator
        if self._estimate is None:
            self._estimate = Estimate(generator)
            yield None
        harmonics = generator.harmonics(features.f0)
        inputs = measure_inputs(generator, features.x, features.f0, harmonics, features.style, features.speed)
        targets = generator.targets(features.style)
        yield None
        exact = yield from whole_moments(generator, features.x, harmonics, targets)
        self._add(inputs.features() | {"residual": residual(exact, self._estimate(inputs, targets))})

    def fit(self) -> Fit:
        """Learn the corrections from all utterances; 64 take a fifth of a second."""
        with self._lock:
            rows = {name: np.stack(kept) for name, kept in self._rows.items()}
        residuals = rows.pop("residual").astype(np.float32)
        return Fit(learn(rows, residuals, layer_weights(self._generator)))

    def save(self) -> None:
        """Write the file, unless there are no utterances; where that fails, the log has a warning."""
        with self._lock:
            if len(self):
                self._write()

    def _write(self) -> None:
        # Any, as mypy takes the names for possible arguments of savez, such as `allow_pickle`.
        arrays: dict[str, Any] = {name: np.stack(rows) for name, rows in self._rows.items()}
        try:
            with replaced(self.path) as file:
                np.savez(file, weights=np.array(self._weights), **arrays)
        except OSError as error:
            _LOGGER.warning(
                "%s cannot be written (%s), so the network learns its own sound again after the next start",
                self.path,
                error.strerror,
            )

    def _add(self, rows: Mapping[str, Tensor]) -> None:
        halves = {name: row.to(torch.float16) for name, row in rows.items()}
        # Weights that speak give finite numbers. One row that is not finite would spoil the fit.
        if all(bool(torch.isfinite(half).all()) for half in halves.values()):
            with self._lock:
                for name, half in halves.items():
                    self._rows[name].append(half.numpy().copy())

    def _load(self) -> None:
        if not os.path.exists(self.path):
            return
        try:
            weights, rows = _read(self.path)
        except ModelError as error:
            self.discard(str(error))
            return
        if weights != self._weights:
            _LOGGER.info("%s belongs to other weights, so the network learns again", self.path)
            return
        self._rows = {name: list(array) for name, array in rows.items()}

    def discard(self, why: str) -> None:
        """Drop all utterances, log why, and rename the file to *.damaged."""
        self._rows = {name: [] for name in _SIZES}
        _LOGGER.warning("%s", why)
        try:
            os.replace(self.path, self.path.with_name(f"{self.path.name}.damaged"))
        except OSError:
            _LOGGER.debug("%s could not be renamed", self.path, exc_info=True)


def _read(path: Path) -> tuple[str, dict[str, NDArray[np.float16]]]:
    """The fingerprint of the weights that a file belongs to, and its rows; ModelError for a damaged or other file."""
    arrays = read_archive(path, DAMAGE_REMEDY)
    with damage_explained(path, DAMAGE_REMEDY):
        count = len(np.atleast_1d(arrays["residual"]))
        for name, size in _SIZES.items():
            if arrays[name].shape != (count, size) or arrays[name].dtype.kind != "f" or count > MAX_UTTERANCES:
                raise ValueError(
                    f"{name} is not {count} rows of {size} numbers, or has more than {MAX_UTTERANCES} rows"
                )
        with np.errstate(over="ignore"):
            rows = {name: arrays[name].astype(np.float16) for name in _SIZES}
        if not all(np.isfinite(row).all() for row in rows.values()):
            raise ValueError("it holds values that are not numbers")
        return str(arrays["weights"]), rows


def kept_utterances(path: Path) -> int:
    """The number of utterances in a file of calibration data; 0 where there is none, or a damaged one."""
    try:
        return len(_read(path)[1]["residual"]) if path.is_file() else 0
    except ModelError:
        return 0


def fingerprint(module: KokoroModule, dtype: torch.dtype) -> str:
    """A digest of the weights of `kokoro`'s generator, 32 hexadecimal digits: learned moments belong to these weights.

    `dtype` is the type in which the convolutions compute.
    """
    digest = hashlib.blake2b(str(dtype).encode(), digest_size=16)
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def whole_moments(generator: Generator, x: Tensor, harmonics: Tensor, targets: Targets) -> Steps[None, None, Moments]:
    """The moments that `Generator.whole` measures, layer by layer.

    A whole run for a sentence of 5 s would be a turn of 2 s. Each step takes less than a tenth of a second.
    """
    seen: list[Moments] = []
    yield from generator.steps(x, harmonics, generator.measuring_normaliser(targets, seen), Workspace())
    return Moments.joined(seen)
