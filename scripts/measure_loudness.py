"""Measures how loud each voice is by itself: the table `kokoro_wyoming/voices/loudness.tsv`.

    python -m scripts.measure_loudness [--version v1.0] [--voices af_heart,am_adam] [--out FILE]

A voice says three sentences of `MEASURED` in its language, each made whole; its loudness is that of the three together
(BS.1770-4). Voices that the table has are left out, so that a stopped run goes on. Some 15 s of one core a voice. The
noise is seeded: whoever measures again on the same weights gets the same table to a tenth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from kokoro_wyoming import config
from kokoro_wyoming.assets.store import Store, folder_name, weights_path
from kokoro_wyoming.audio.loudness_meter import integrated_lufs
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.builds.described import DescribedRelease
from kokoro_wyoming.builds.release import Release
from kokoro_wyoming.builds.v0_19 import CONFIG_PATH, KokoroV019Wrapper
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.languages import kokoro_letter
from kokoro_wyoming.releases import VERSIONS, is_described
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.catalogue import voice_language
from kokoro_wyoming.voices.packs import pack_paths
from scripts.sentences import MEASURED

TABLE = Path(__file__).parent.parent / "kokoro_wyoming" / "voices" / "loudness.tsv"
_SENTENCES = 3
_LETTERS = range(30, 90)
"""Length of the sentences: what a house says."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", choices=VERSIONS, default="v1.0")
    parser.add_argument("--voices", default="", help="only these, by commas")
    parser.add_argument("--out", type=Path, default=TABLE)
    args = parser.parse_args()
    folders = config.load().folders
    voices = folders.voices / folder_name(args.version)
    names = args.voices.split(",") if args.voices else [path.stem for path in pack_paths(voices)]
    release = _release(args.version, folders.models / folder_name(args.version), voices)
    known = _rows(args.out)
    for name in names:
        if (args.version, name) not in known:
            known[args.version, name] = _loudness_lufs(release, name)
            _write(args.out, known)
            print(f"{args.version} {name}: {known[args.version, name]:.1f} LUFS", flush=True)


def _release(version: str, models: Path, voices: Path) -> Release:
    weights = weights_path(models, version)
    if is_described(version):
        return DescribedRelease(version, Store(models.parent, voices.parent), device="cpu", stream="exact")
    if version == "v0.19":
        return KokoroV019Wrapper(CONFIG_PATH, weights, voices_path=voices, device="cpu", stream="exact")
    return KokoroV1Wrapper(models / "config.json", weights, voices_path=voices, device="cpu", stream="exact")


def _loudness_lufs(release: Release, name: str) -> float:
    torch.manual_seed(0)
    letter = kokoro_letter(voice_language(name, release.version) or "en-US")
    pieces = [
        piece.numpy()
        for text in sorted(MEASURED[letter], key=_far_from_usual)[:_SENTENCES]
        for piece in release.pieces([Run(text)], name, letter)
        if piece is not None
    ]
    loudness_lufs = integrated_lufs(np.concatenate(pieces), SAMPLE_RATE_HZ)
    if loudness_lufs is None:
        raise SystemExit(f"{name} says nothing that can be heard")
    return loudness_lufs


def _far_from_usual(text: str) -> int:
    """Zero for a sentence of the wanted length; a letter of Chinese or Japanese counts three."""
    length = sum(3 if "\u3000" < letter < "\ua000" else 1 for letter in text)
    return max(_LETTERS.start - length, length - _LETTERS.stop, 0)


def _rows(table: Path) -> dict[tuple[str, str], float]:
    if not table.is_file():
        return {}
    lines = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    return {(version, name): float(value) for version, name, value in lines}


def _write(table: Path, rows: dict[tuple[str, str], float]) -> None:
    lines = [f"{version}\t{name}\t{value:.1f}\n" for (version, name), value in sorted(rows.items())]
    table.write_text("".join(["release\tvoice\tlufs\n", *lines]))


if __name__ == "__main__":
    main()
