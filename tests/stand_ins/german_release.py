"""A stand-in for a release that others trained: v1.0's network and voices as a German one, with espeak's German."""

from __future__ import annotations

from pathlib import Path

from kokoro_wyoming.assets import Store
from tests.stand_ins.tuned import keep_tuning

NAME = "german"
VOICES = {"df_anna": "af_heart", "dm_karl": "am_michael"}
"""Its voices, and whose packs they are."""

RELEASE = """\
label: Kokoro German
version: "0.3"
attribution: {name: A stand-in, url: https://example.org/german}
licence: CC BY 4.0
weights: {file: german.pth}
config: config.json
languages:
  de-DE: {g2p: "espeak:de", best_voice: df_anna, texts: Alles ist bereit.}
"""


def lay_out(real: Store, store: Store, release: str | None = RELEASE) -> Path:
    """Put the release beside those of a store; returns its folder. Without a `release`, as someone publishes it."""
    models, voices = store.models / NAME, store.voices / NAME
    models.mkdir(parents=True)
    voices.mkdir(parents=True)
    official = real.models / "v1_0"
    (models / "german.pth").symlink_to(official / "kokoro-v1_0.pth")
    (models / "config.json").symlink_to(official / "config.json")
    keep_tuning(real, models)
    for ours, theirs in VOICES.items():
        (voices / f"{ours}.pt").symlink_to(real.voices / "v1_0" / f"{theirs}.pt")
    if release is not None:
        (models / "release.yaml").write_text(release, encoding="utf-8")
    return models
