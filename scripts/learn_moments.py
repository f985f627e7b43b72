"""Learns what the estimate of a generator's moments gets wrong, for `stream: fast`: the file `moments.npz`.

    python -m scripts.learn_moments --utterances 620 --out moments.npz [--data cache] [--check 20]
        [--version v0.19] [--model kokoro.pth --config config.json --voices voices/v1_0]

Made once for a release's weights; to be made anew for weights of one's own. 620 utterances take about 25 minutes of one
core and teach all 54 voices; 60 are a try. v1.0's file belongs into `builds/v1_0`, v0.19's beside its weights. What was
collected stays in the folder --data, so that more can be added and a stopped run goes on: utterance i is the same every
time, whoever asks for how many.

An utterance is a sentence of `LEARNED`, or its words in any order, spoken by a voice or a blend of two or three, mostly
in its own language, at speeds from 0.5 to 2. It is made whole in float32. Kept are the `InputMoments`, known
beforehand, and the `residual` of the exact moments to the `Estimate`, r of shape (18432,).

`kokoro_wyoming.network.learning` has the fit.

    python -m scripts.learn_moments --rehearsal kokoro_wyoming/builds/v0_19/rehearsal.json --version v0.19 ...

writes the sentences in phonemes that weights of one's own rehearse with in the product.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds import v0_19
from kokoro_wyoming.builds.v0_19.wrapper import CONFIG_PATH, KokoroV019Wrapper
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper, g2p
from kokoro_wyoming.engine.calibration import RehearsalUtterance, draft
from kokoro_wyoming.languages import TAGS, kokoro_letter
from kokoro_wyoming.network import learning
from kokoro_wyoming.network.generator import Moments
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.network.learning import RANK, Rows, layer_weights
from kokoro_wyoming.network.loading import load_model
from kokoro_wyoming.network.moments import Estimate, Fit, InputMoments, measure_inputs, residual
from kokoro_wyoming.network.streaming import Features
from scripts.sentences import LEARNED

CHECKOUT = Path(__file__).parent.parent
MAX_FRAMES = 80 * 22
MAX_CHARS = 400


@dataclass(frozen=True)
class Lesson:
    """What an utterance teaches."""

    known: InputMoments
    residual: Tensor
    """The exact moments minus the estimate: float32, shape (18432,)."""

    def save(self, path: Path) -> None:
        known = self.known
        rows = {"scalars": known.scalars, "style": known.style, "residual": self.residual}
        for name, moments in zip(("upsampled", "noise0", "noise1"), (known.upsampled, *known.noise), strict=True):
            rows |= {f"{name}_mean": moments.mean, f"{name}_variance": moments.variance}
        part = path.with_suffix(".part.npz")
        arrays: dict[str, Any] = {name: row.numpy() for name, row in rows.items()}
        np.savez(part, **arrays)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Lesson:
        with np.load(path, allow_pickle=False) as arrays:
            rows = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        upsampled, *noise = (
            Moments(rows[f"{name}_mean"], rows[f"{name}_variance"]) for name in ("upsampled", "noise0", "noise1")
        )
        return cls(InputMoments(upsampled, (noise[0], noise[1]), rows["scalars"], rows["style"]), rows["residual"])


class Release(NamedTuple):
    """What the two releases do each in its own way, and all that is needed of it here."""

    wrapper: KokoroV1Wrapper | KokoroV019Wrapper
    letters: tuple[str, ...]
    """Kokoro's codes of its languages."""
    phonemes: Callable[[str, str], str]
    """The phonemes for a language's letter and a text."""
    ids: Callable[[str], list[int]]
    row: Callable[[Tensor, str], Tensor]
    """A pack's style row for phonemes."""


def release(version: str, model: Path, config: Path | None, voices: Path) -> Release:
    """A release's weights, in float32 and in one go."""
    if version == v0_19.VERSION:
        old = KokoroV019Wrapper(config or CONFIG_PATH, model, voices_path=voices, device="cpu", stream="exact")
        letters = tuple(map(kokoro_letter, v0_19.LANGUAGES))
        symbols = old.vocabulary

        def sounds(letter: str, text: str) -> str:
            return "".join(piece.phonemes for piece in old.get_pipeline(letter).pieces(text))

        return Release(old, letters, sounds, lambda p: [symbols[s] for s in p], lambda pack, p: pack[len(p)])
    config = config or model.with_name("config.json")
    new = KokoroV1Wrapper(config, model, voices_path=voices, device="cpu", stream="exact")
    vocabulary = new.vocabulary

    def phonemes(letter: str, text: str) -> str:
        return "".join(one.phonemes for one in g2p.phonemize(new.get_pipeline(letter, quiet=True), text))

    def ids(spoken: str) -> list[int]:
        return [vocabulary[symbol] for symbol in spoken if symbol in vocabulary]

    return Release(new, tuple(map(kokoro_letter, TAGS)), phonemes, ids, lambda pack, p: pack[len(p) - 1])


class Teacher:
    """Makes utterances, and a lesson of each."""

    def __init__(self, release: Release, names: Sequence[str]) -> None:
        """`names` are the voices that speak."""
        self._release, self._names = release, sorted(names)
        weights = load_model(release.wrapper.config, release.wrapper.model_path)
        self._network = Network(weights, dtype=torch.float32)
        self.generator = self._network.vocoder.generator
        self._estimate = Estimate(self.generator)
        self._sentences: dict[str, list[str]] = {}

    def rehearsal(self) -> dict[str, list[str]]:
        """Phonemes of every language's sentences."""
        letters = [letter for letter in self._release.letters if letter not in self._sentences]
        for letter in letters:
            self._sentences[letter] = [self._release.phonemes(letter, text) for text in LEARNED[letter]]
        return self._sentences

    def lesson(self, stream: int, number: int) -> Lesson:
        """That of utterance `number` of a stream."""
        rng = np.random.default_rng([stream, number])
        with torch.inference_mode():
            while (features := self._front_half(self._draft(rng))).x.shape[-1] > MAX_FRAMES:
                pass
            torch.manual_seed(int(rng.integers(1 << 30)))
            harmonics = self.generator.harmonics(features.f0)
            known = measure_inputs(self.generator, features.x, features.f0, harmonics, features.style, features.speed)
            targets, seen = self.generator.targets(features.style), list[Moments]()
            self.generator.run(features.x, harmonics, self.generator.measuring_normaliser(targets, seen))
            exact = Moments.joined(seen)
            return Lesson(known, residual(exact, self._estimate(known, targets)))

    def _draft(self, rng: np.random.Generator) -> RehearsalUtterance:
        return draft(rng, self._names, self.rehearsal(), MAX_CHARS)

    def _front_half(self, draft: RehearsalUtterance) -> Features:
        packs = self._release.wrapper.packs
        pack = sum((share * packs.get(name) for name, share in draft.shares.items()), torch.zeros(1))
        row = self._release.row(pack, draft.phonemes)
        return self._network.features(self._release.ids(draft.phonemes), row, draft.speed)


def lessons(teacher: Teacher, folder: Path, stream: int, count: int) -> Iterator[Lesson]:
    """The first ones of a stream, from the folder where it has them."""
    for number in range(count):
        path = folder / f"{stream}_{number:05d}.npz"
        if not path.exists():
            teacher.lesson(stream, number).save(path)
            print(f"\r{number + 1} of {count} utterances", end="", file=sys.stderr, flush=True)
        yield Lesson.load(path)
    print(file=sys.stderr)


def learn(lessons: Sequence[Lesson], weights: Rows, rank: int = RANK) -> dict[str, NDArray[np.generic]]:
    """The arrays of a `Fit`; `weights` has one number for each of a residual's."""
    known = [lesson.known.features() for lesson in lessons]
    features = {group: torch.stack([one[group] for one in known]).numpy() for group in known[0]}
    residuals = torch.stack([lesson.residual for lesson in lessons]).numpy()
    return learning.learn(features, residuals, weights, rank)


def check(fit: Fit, lessons: Iterable[Lesson]) -> Iterator[str]:
    """How far predictions for utterances that were not learned are from the exact moments."""
    bare, fitted, doubts = [], [], []
    for lesson in lessons:
        correction, doubt = fit.correction(lesson.known)
        bare.append(_errors(lesson.residual))
        fitted.append(_errors(lesson.residual - correction))
        doubts.append(float(doubt))
    yield "median error for others: of means, in deviations; of deviations, in logs"
    for name, rows in (("estimate alone", bare), ("with the fit", fitted)):
        means, deviations = np.median(rows, axis=0)
        yield f"{name:15s} {means:.4f} {deviations:.4f}"
    yield f"doubt: median {np.median(doubts):.2f}, highest {max(doubts):.2f}"


def _errors(left: Tensor) -> tuple[float, float]:
    of_mean, of_deviation = left.square().reshape(2, -1).mean(1).sqrt().tolist()
    return of_mean, of_deviation


def prepared(folder: Path, model: Path) -> Path:
    """The folder, made if it is not there; one that belongs to other weights ends the program."""
    folder.mkdir(parents=True, exist_ok=True)
    mark, name = hashlib.sha256(model.read_bytes()).hexdigest(), folder / "weights.sha256"
    if name.exists() and name.read_text() != mark:
        sys.exit(f"{folder} was collected from other weights than {model}; name another folder with --data")
    name.write_text(mark)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=620)
    parser.add_argument("--check", type=int, default=20, help="how many others to try the fit on")
    parser.add_argument("--out", type=Path, default=Path("moments.npz"))
    parser.add_argument("--rehearsal", type=Path, help="write the sentences in phonemes to this file, and end")
    parser.add_argument("--data", type=Path, default=CHECKOUT / ".cache" / "moments", help="where collected ones stay")
    parser.add_argument("--version", choices=["v1.0", "v0.19"], default="v1.0")
    parser.add_argument("--model", type=Path, help="weights; without: where `fetch` put them")
    parser.add_argument("--config", type=Path, help="without: beside v1.0's weights, or the package's for v0.19")
    parser.add_argument("--voices", type=Path, help="a folder; without: where `fetch` put them")
    arguments = parser.parse_args()
    home = Path(os.environ.get("KOKORO_WYOMING_TEST_DATA", CHECKOUT))
    store = Store(models=home / "models", voices=home / "voices")
    model = arguments.model or store.weights(arguments.version)
    voices = arguments.voices or store.voices_folder(arguments.version)
    torch.set_num_threads(1)
    wanted = release(arguments.version, model, arguments.config, voices)
    teacher = Teacher(wanted, [path.stem for path in voices.glob("*.pt")])
    if arguments.rehearsal:
        texts = {
            letter: ["".join(symbol for symbol in one if wanted.ids(symbol)) for one in sentences]
            for letter, sentences in teacher.rehearsal().items()
        }
        spoken = json.dumps(texts, ensure_ascii=False, indent=1)
        arguments.rehearsal.write_text(f"{spoken}\n", encoding="utf-8")
        return
    folder = prepared(arguments.data, model)
    learned = list(lessons(teacher, folder, 0, arguments.utterances))
    arrays: dict[str, Any] = learn(learned, layer_weights(teacher.generator))
    np.savez_compressed(arguments.out, **arrays)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB of {len(learned)} utterances")
    print("\n".join(check(Fit.load(arguments.out), lessons(teacher, folder, 1, arguments.check))))


if __name__ == "__main__":
    main()
