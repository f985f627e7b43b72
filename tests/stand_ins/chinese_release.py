"""A stand-in for v1.1-zh's files, which cannot be had here: v1.0's tensors in its layout, and v1.0's packs.

It has v1.1-zh's own configuration file. English sounds as v1.0's; v1.0's network never learned its Chinese phonemes.
"""

from __future__ import annotations

from pathlib import Path

import torch

from kokoro_wyoming import builds
from kokoro_wyoming.assets import Store
from tests.stand_ins.tuned import keep_tuning

VERSION = "v1.1-zh"
VOICES = {"af_maple": "af_heart", "bf_vale": "bf_emma", "zf_001": "zf_xiaoxiao", "zm_010": "zm_yunjian"}
"""Its voices, and whose packs they are."""


def lay_out(real: Store, store: Store) -> Store:
    """Put the release beside those of a store. The real one is taken where it is installed."""
    models, voices = store.models_folder(VERSION), store.voices_folder(VERSION)
    models.mkdir(parents=True)
    voices.mkdir(parents=True)
    if real.weights(VERSION).is_file():
        for ours, theirs in ((models, real.models_folder(VERSION)), (voices, real.voices_folder(VERSION))):
            for path in theirs.glob("*.*"):
                (ours / path.name).symlink_to(path)
        return store
    config = Path(builds.__file__).with_name("v1_1_zh") / "config.json"
    (models / "config.json").write_bytes(config.read_bytes())
    parts = torch.load(real.weights("v1.0"), map_location="cpu", weights_only=True)
    torch.save(parts, store.weights(VERSION))
    keep_tuning(real, models)
    for name, pack in VOICES.items():
        torch.save(torch.load(real.voice("v1.0", pack), weights_only=True), store.voice(VERSION, name))
    return store
