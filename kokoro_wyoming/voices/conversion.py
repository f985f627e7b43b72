"""Voice packs in other formats and for other releases, and the voice that one is most like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from kokoro_wyoming.assets.files import SAFETENSORS
from kokoro_wyoming.errors import AssetError
from kokoro_wyoming.releases import ReleaseDescription, built_in_like

FORMATS = {".pt": "torch.save", ".npy": "NumPy", SAFETENSORS: "safetensors", ".bin": "raw float32"}
"""What the files are, by suffix."""


def write_pack(pack: Tensor, stream: BinaryIO, suffix: str) -> None:
    """Write a pack in the format of a suffix, which is one of FORMATS."""
    if suffix == ".pt":
        torch.save(pack, stream)
    elif suffix == ".npy":
        np.save(stream, pack.numpy())
    elif suffix == SAFETENSORS:
        from safetensors.torch import save

        stream.write(save({"voice": pack}))
    else:
        stream.write(pack.numpy().astype("<f4").tobytes())


def converted(pack: Tensor, source: ReleaseDescription, target: ReleaseDescription) -> Tensor:
    """A pack of one release as a pack of another: the row for a number of phonemes stays the row for it.

    A number of phonemes that the source has no row for gets the nearest row. AssetError where the makers of the target
    do not say that it knows the voices of the source.
    """
    if len(pack) != source.pack_rows:
        raise AssetError(
            f"It is no voice of {source.title}: it has {len(pack)} rows, and those have {source.pack_rows}."
        )
    known = {built_in_like(name) or name for name in target.packs_of}
    if source.name not in (target.name, *known):
        raise AssetError(
            f"A voice of {source.title} does not speak with {target.title}: each network knows the voices that it was "
            f"trained with, and the makers of {target.title} do not say that it knows those of {source.title}."
        )
    rows = torch.arange(target.pack_rows) + target.phonemes_of_row_0 - source.phonemes_of_row_0
    return pack[rows.clamp(0, source.pack_rows - 1)].contiguous()


def nearest(pack: Tensor, others: Iterable[tuple[str, Tensor]]) -> tuple[str, float] | None:
    """The most similar of other packs with as many rows: its name, and the distance as a share of its length."""
    distances = (
        (name, float((pack - other).norm() / other.norm().clamp_min(1e-9)))
        for name, other in others
        if other.shape == pack.shape
    )
    return min(distances, key=lambda found: found[1], default=None)
