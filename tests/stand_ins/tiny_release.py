"""A release of four small files, with a kit to match, for tests of fetching."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile

import numpy as np

from kokoro_wyoming.assets.manifest import Hub, Kit, PackagedFile, Pinned, Release, ReleaseFile

VOICE_ROWS = 3
VOICES = ("af_one", "bm_two")


def _archive(seed: int, size_bytes: int) -> bytes:
    """A zip archive, as `torch.save` makes."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data/0", random.Random(seed).randbytes(size_bytes))
    return output.getvalue()


OFFICIAL = {
    "kokoro-v1_0.pth": _archive(1, 300_000),
    "config.json": json.dumps({"n_token": 178, "vocab": {"a": 43}}).encode(),
    "voices/af_one.pt": _archive(2, 3_000),
    "voices/bm_two.pt": _archive(3, 3_000),
}
PARTS = [random.Random(4).randbytes(50_000), random.Random(5).randbytes(40_000)]
RAW_VOICES = {
    voice: np.arange(VOICE_ROWS * 256, dtype="<f4").tobytes()
    if voice == VOICES[0]
    else np.ones(VOICE_ROWS * 256, "<f4").tobytes()
    for voice in VOICES
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _packaged(package: str, version: str, name: str, content: bytes) -> PackagedFile:
    return PackagedFile(name, len(content), sha256(content), package, version)


KIT = Kit(
    weights=tuple(
        _packaged(f"tiny-model-{number}", "0.1.0", f"tiny_model_{number}/part.bin", part)
        for number, part in enumerate(PARTS, 1)
    ),
    weights_download_bytes=90_000,
    onnx=Pinned("tiny.onnx", 90_000, sha256(b"".join(PARTS))),
    voices=tuple(_packaged("tiny-js", "1.2.1", f"package/voices/{voice}.bin", RAW_VOICES[voice]) for voice in VOICES),
    voices_download_bytes=5_000,
    voice_rows=VOICE_ROWS,
    config="builds/v1_0/config.json",
)

TINY = Release(
    version="v1.0",
    files=tuple(ReleaseFile(name, len(content), sha256(content)) for name, content in OFFICIAL.items()),
    hub=Hub("someone/Tiny", "f3ff3571791e39611d31c381e3a41a3af07b4987"),
    kit=KIT,
)
