"""A stand-in for v0.19's files: the tensors of v1.0 in the layout of v0.19, and its packs with the rows of v0.19."""

from __future__ import annotations

from pathlib import Path

import torch

from kokoro_wyoming.assets import Store
from tests.stand_ins.tuned import keep_tuning

VERSION = "v0.19"
VOICES = (
    *("af_bella", "af_sarah", "af_nicole", "af_sky", "am_adam", "am_michael"),
    *("bf_emma", "bf_isabella", "bm_george", "bm_lewis"),
)
"""The voices but `af`, which is the mean of the first two."""


def save_checkpoint(official: Path, path: Path, *, prefix: str = "module.", half: bool = False) -> Path:
    """Write the weights of v1.0 in the layout of v0.19: below "net", without the affine part of InstanceNorm."""
    parts = torch.load(official, map_location="cpu", weights_only=True)
    net = {
        name: {
            prefix + key.removeprefix("module."): value.half() if half else value
            for key, value in state.items()
            if not key.endswith((".norm.weight", ".norm.bias"))
        }
        for name, state in parts.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"net": net}, path)
    return path


def save_packs(new: Path, old: Path) -> None:
    """Write the packs of v1.0 with the rows of v0.19.

    Row n of a v0.19 pack is for n tokens, row 0 for the empty text. Row n of a v1.0 pack is for n + 1 tokens.
    """
    old.mkdir(parents=True, exist_ok=True)
    packs: dict[str, torch.Tensor] = {name: torch.load(new / f"{name}.pt", weights_only=True) for name in VOICES}
    packs["af"] = (packs["af_bella"] + packs["af_sarah"]) / 2
    for name, pack in packs.items():
        torch.save(torch.cat([pack[:1], pack]), old / f"{name}.pt")


def lay_out(real: Store, home: Path) -> Store:
    """A store with both releases in folders that tests may write into. v0.19 is the real one where it is installed."""
    store = Store(models=home / "models", voices=home / "voices")
    for name in ("v1_0", "v0_19"):
        for ours, theirs in ((store.models / name, real.models / name), (store.voices / name, real.voices / name)):
            ours.mkdir(parents=True)
            for path in theirs.glob("*.*"):
                (ours / path.name).symlink_to(path)
    if not has_real(real):
        save_checkpoint(real.weights("v1.0"), store.weights(VERSION))
        save_packs(real.voices_folder("v1.0"), store.voices_folder(VERSION))
        keep_tuning(real, store.models_folder(VERSION))
    return store


def has_real(store: Store) -> bool:
    """Whether the store has the real files of v0.19."""
    return store.weights(VERSION).is_file()
