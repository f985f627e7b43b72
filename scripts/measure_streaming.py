"""How good fast speech is: windows with predicted moments against the whole sentence, with the same noise.

    python -m scripts.measure_streaming --json quality.json [--ears 64] [--minutes 20]

Needs `pip install pesq pystoi scipy`, and for --ears `pip install speechmos librosa` and the tests' whisper-base.
Models and voices are looked for in KOKORO_WYOMING_TEST_DATA, else in the checkout, as the tests do.

Each utterance is spoken three times from the same token ids: by the product's `StreamingVocoder` as it speaks, whole in
float32 with the same noise (the reference: what `KPipeline` gives), and whole with other noise (the yardstick: two
takes of one voice differ as much). What is fast is made once more in one window: what sticks out there, too, is no
join. A `StreamingVocoder` forgets its offsets between utterances, so each is judged as the voice's first.

The plan is the same every time, and shuffled, so that any beginning of it is a fair sample. The JSON file is the
memory: what stands in it is not measured again. Without --minutes all is measured: about 30 minutes on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import sys
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper, g2p
from kokoro_wyoming.builds.v1_0.wrapper import _FIT
from kokoro_wyoming.network import streaming
from kokoro_wyoming.network.generator import Targets
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.network.loading import load_model, read_config
from kokoro_wyoming.network.moments import Fit, InputMoments, Prediction, Predictor
from kokoro_wyoming.network.streaming import Features, StreamingVocoder
from scripts.sentences import MEASURED
from scripts.sound_scores import (
    RATE_HZ,
    Sound,
    at_16_khz,
    intelligibility,
    joins,
    level_of_thirds_db,
    pesq_wb,
    snr_db,
)

CHECKOUT = Path(__file__).parent.parent
SPEEDS = (1.0, 1.0, 0.8, 1.0, 1.3, 1.0, 0.5, 1.0, 2.0)
LEAST_OF_A_LANGUAGE = 14
BLENDS = 14
LONG = (("af_heart", 1.0), ("am_michael", 0.8), ("bf_emma", 1.0), ("bm_george", 0.8), ("am_onyx", 1.0))
"""Voices that speak their language's longest sentence, and how fast."""
JUMP = 1.2
"""A join is a jump when it sticks out of its surroundings by so much."""
MEDIAN_BAR, LOW_BAR = 4.4, 4.0
LENGTHS_SECONDS = ((0.0, 1.5), (1.5, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 40.0))
WHISPER = {"a": "en", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt", "z": "zh"}
HEARD = ("fast", "exact")
Row = dict[str, Any]


@dataclass(frozen=True)
class Utterance:
    """What is spoken, by whom and how fast."""

    number: int
    voices: dict[str, float]
    """Packs by name, with their shares."""
    letter: str
    text: str
    speed: float
    kind: str
    """voice | blend | long"""


def plan(names: list[str]) -> list[Utterance]:
    """All utterances in the order of measuring."""
    rng, drafts = np.random.default_rng(0), list(_drafts(names, np.random.default_rng(1)))
    order = rng.permutation(len(drafts))
    return [Utterance(number, *drafts[at]) for number, at in enumerate(order)]


def _drafts(names: list[str], rng: np.random.Generator) -> Iterator[tuple[dict[str, float], str, str, float, str]]:
    """Four lengths of each voice, more for languages of few voices, then blends, then the longest."""
    counts: Counter[str] = Counter()
    for at, name in enumerate(names):
        for quarter, part in enumerate(np.array_split(np.arange(len(_usual(name[0]))), 4)):
            text = _usual(name[0])[part[at % len(part)]]
            yield {name: 1.0}, name[0], text, SPEEDS[(4 * at + quarter) % len(SPEEDS)], "voice"
            counts[name[0]] += 1
    for letter in MEASURED:
        own = [name for name in names if name[0] == letter]
        for at in range(LEAST_OF_A_LANGUAGE - counts[letter]):
            texts = _usual(letter)[1:]
            yield {own[at % len(own)]: 1.0}, letter, texts[at % len(texts)], SPEEDS[(5 * at + 2) % len(SPEEDS)], "voice"
    for at in range(BLENDS):
        parts = [str(name) for name in rng.choice(names, 2 + at % 2, replace=False)]
        shares = [round(float(share), 2) for share in rng.dirichlet(np.ones(len(parts)) * 2)]
        texts = _usual(parts[0][0])[2:]
        yield dict(zip(parts, shares, strict=True)), parts[0][0], texts[at % len(texts)], SPEEDS[at % 6], "blend"
    for name, speed in LONG:
        yield {name: 1.0}, name[0], MEASURED[name[0]][-1], speed, "long"


def _usual(letter: str) -> tuple[str, ...]:
    """A language's sentences without the very long ones."""
    return tuple(text for text in MEASURED[letter] if len(text) < 210)


class Doubts(Predictor):
    """The predictor at work, and how much it doubted last."""

    last = 0.0

    def predict(self, inputs: InputMoments, targets: Targets) -> Prediction:
        prediction = super().predict(inputs, targets)
        self.last = prediction.doubt
        return prediction


class Studio:
    """The product's own parts, set up to speak the same features more than once."""

    def __init__(self, data: Path) -> None:
        folder = data / "models" / "v1_0"
        paths = folder / "config.json", folder / "kokoro-v1_0.pth"
        self.wrapper = KokoroV1Wrapper(*paths, device="cpu")
        self.network = self.wrapper.initialize()
        cpu, fit = torch.device("cpu"), Fit.load(_FIT)
        generator = self.network.vocoder.generator
        self.fast = StreamingVocoder(generator, cpu, fit)
        self.doubts = Doubts(self.fast._generator, fit)
        self.fast._predictor = self.doubts
        self.other = StreamingVocoder(generator, cpu, None)
        self.precise = Network(load_model(read_config(paths[0]), paths[1]), dtype=torch.float32)
        self.exact = self.precise.vocoder
        self.conditions = {
            "fit": hashlib.sha256(_FIT.read_bytes()).hexdigest()[:16],
            "weights_bytes": paths[1].stat().st_size,
            "fast": sorted({str(one.weight.dtype).removeprefix("torch.") for one in self.fast.generator.convolutions}),
            "torch": torch.__version__,
        }

    def features(self, utterance: Utterance) -> tuple[Features, Features]:
        """The product's, and those in float32 throughout."""
        pack = sum((share * self.wrapper.packs.get(name) for name, share in utterance.voices.items()), torch.zeros(1))
        pipeline = self.wrapper.get_pipeline(utterance.letter, quiet=True)
        phonemes = "".join(piece.phonemes for piece in g2p.phonemize(pipeline, utterance.text))
        vocabulary = self.wrapper.vocabulary
        ids = [vocabulary[symbol] for symbol in phonemes if symbol in vocabulary]
        with torch.inference_mode():
            row, speed = pack[len(phonemes) - 1], utterance.speed
            return self.network.features(ids, row, speed), self.precise.features(ids, row, speed)

    def speak(self, features: Features, precise: Features, number: int) -> tuple[list[Tensor], Sound, Sound, str]:
        """The fast pieces, the whole with the same noise, the whole with other noise, and how the fast was made."""
        self.fast._offsets.clear()
        before = dict(self.fast.counts)
        pieces = _spoken(self.fast, features, 1000 + number)
        (how,) = [name for name, count in self.fast.counts.items() if count > before[name]]
        exact = torch.cat(_spoken(self.exact, precise, 1000 + number)).numpy()
        return pieces, exact, torch.cat(_spoken(self.other, features, 9000 + number)).numpy(), how

    def unjoined(self, features: Features, number: int) -> Sound:
        """The fast sound again, made in one window."""
        self.fast._offsets.clear()
        with mock.patch.object(streaming, "_window_sizes", lambda n_frames, *, large: itertools.repeat(n_frames)):
            (sound,) = _spoken(self.fast, features, 1000 + number)
        return sound.numpy()


def _spoken(speaker: StreamingVocoder, features: Features, seed: int) -> list[Tensor]:
    torch.manual_seed(seed)
    return list(speaker.speak(features, "any"))


def measure(studio: Studio, utterance: Utterance, ears: Ears | None) -> Row:
    """One utterance's figures."""
    features, precise = studio.features(utterance)
    pieces, exact, other, how = studio.speak(features, precise, utterance.number)
    fast = torch.cat(pieces).numpy()
    row = {
        **asdict(utterance),
        "seconds": len(exact) / RATE_HZ,
        "how": how,
        "doubt": studio.doubts.last if how != "whole" else None,
        "pesq": pesq_wb(exact, fast),
        "pesq_other": pesq_wb(exact, other),
        "pesq_unpadded": pesq_wb(exact, fast, 0.0),
        "pesq_other_unpadded": pesq_wb(exact, other, 0.0),
        "stoi": intelligibility(exact, fast),
        "stoi_other": intelligibility(exact, other),
        "snr_db": snr_db(exact, fast),
        "level_db": level_of_thirds_db(exact, fast),
        "level_other_db": level_of_thirds_db(exact, other),
    }
    if how == "windows":
        unjoined = studio.unjoined(features, utterance.number)
        row["joins"] = joins(exact, fast, unjoined, [len(piece) for piece in pieces])
        if ears is not None:
            row["heard"] = {"fast": ears.hear(utterance, fast), "exact": ears.hear(utterance, exact)}
    return row


class Ears:
    """Whisper's errors and DNSMOS of a sound, without a reference."""

    def __init__(self) -> None:
        from speechmos import dnsmos

        from tests import listening

        folder = os.environ.get("KOKORO_WYOMING_TEST_WHISPER", CHECKOUT / ".cache" / "whisper-base")
        self._listening, self._dnsmos = listening, dnsmos
        self._whisper = listening.Ears(Path(folder))

    def hear(self, utterance: Utterance, sound: Sound) -> dict[str, float | None]:
        """Letter error rate, word error rate (None where words have no spaces), and DNSMOS (overall and P.808)."""
        import jiwer

        said = self._whisper.write_down(sound, WHISPER[utterance.letter])
        letters, words = self._listening.letters, self._listening.words
        opinion = self._dnsmos.run(np.clip(at_16_khz(sound), -1, 1).astype(np.float32), sr=16_000)
        spaced = utterance.letter not in "jz"
        return {
            "letters_wrong": jiwer.cer(letters(utterance.text), letters(said)),
            "words_wrong": jiwer.wer(words(utterance.text), words(said)) if spaced else None,
            "dnsmos": float(opinion["ovrl_mos"]),
            "dnsmos_p808": float(opinion["p808_mos"]),
        }


def run(studio: Studio, utterances: Iterable[Utterance], memory: Path, minutes: float, ears: int) -> list[Row]:
    """Measure what is not in the memory yet, until the time is up."""
    kept: Row = json.loads(memory.read_text()) if memory.exists() else {"conditions": studio.conditions, "rows": []}
    if kept["conditions"] != studio.conditions:
        sys.exit(f"{memory} was measured under other conditions: {kept['conditions']}, now {studio.conditions}")
    rows: dict[int, Row] = {row["number"]: row for row in kept["rows"]}
    end, listener = time.monotonic() + 60 * minutes, Ears() if ears else None
    for utterance in utterances:
        heard = sum("heard" in row for row in rows.values())
        row = rows.get(utterance.number)
        wanted = heard < ears and (row is None or (row["how"] == "windows" and "heard" not in row))
        if row is not None and not wanted:
            continue
        if time.monotonic() > end:
            break
        rows[utterance.number] = measure(studio, utterance, listener if wanted else None)
        _remember(memory, {"conditions": studio.conditions, "rows": list(rows.values())})
        print(_line(rows[utterance.number]), file=sys.stderr, flush=True)
    return list(rows.values())


def _remember(memory: Path, kept: Row) -> None:
    part = memory.with_suffix(".part")
    part.write_text(json.dumps(kept, ensure_ascii=False))
    part.replace(memory)


def _line(row: Row) -> str:
    figures = " ".join(f"{row[key]:.2f}" if row[key] is not None else "-" for key in ("pesq", "pesq_other", "stoi"))
    who = "+".join(row["voices"])
    return f"{row['number']:3d} {row['how']:8s}{row['seconds']:5.1f} s {figures} {row['speed']} {who}"


# What the figures say


def spread(values: Iterable[float | None], worst: Callable[[list[float]], float] = min) -> str:
    """Median / the 5 % worst / worst."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    edge = 5 if worst is min else 95
    return f"{np.median(known):.2f} / {np.percentile(known, edge):.2f} / {worst(known):.2f}"


def groups(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Names of groups, and who is in them."""
    windows = [row for row in rows if row["how"] == "windows"]
    yield "all", rows
    for how in ("whole", "doubted", "windows"):
        yield (
            {"whole": "made whole (short)", "doubted": "made whole (doubted)"}.get(how, "**in windows**"),
            [row for row in rows if row["how"] == how],
        )
    for letter in MEASURED:
        yield (
            f"windows, {WHISPER[letter]}{' (British)' * (letter == 'b')}",
            [row for row in windows if row["letter"] == letter],
        )
    for low, high in LENGTHS_SECONDS:
        yield f"windows, {low:g}-{high:g} s", [row for row in windows if low <= row["seconds"] < high]
    for speed in sorted(set(SPEEDS)):
        yield f"windows, speed {speed:g}", [row for row in windows if row["speed"] == speed]
    yield "windows, blends", [row for row in windows if row["kind"] == "blend"]


def misses(row: Row, kind: str = "") -> bool:
    """Whether an utterance is below the bar, and below what other noise scores."""
    score = row[f"pesq{kind}"]
    return score is not None and score < min(LOW_BAR, row[f"pesq_other{kind}"])


def report(rows: list[Row]) -> Iterator[str]:
    """The tables, in Markdown."""
    yield "| utterances | n | PESQ-WB | other noise | STOI | other noise | below bar |"
    yield "|---|---|---|---|---|---|---|"
    for name, group in groups(rows):
        if group:
            cells = [spread(row[key] for row in group) for key in ("pesq", "pesq_other", "stoi", "stoi_other")]
            yield f"| {name} | {len(group)} | {' | '.join(cells)} | {sum(map(misses, group))} |"
    windows = [row for row in rows if row["how"] == "windows"]
    yield "\n| bar | is | |\n|---|---|---|"
    for bar, value, met in bars(windows):
        yield f"| {bar} | {value} | {'met' if met else 'MISSED'} |"
    yield "\n| lowest | PESQ | other noise | STOI | doubt | s | speed | language | voices |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in sorted(windows, key=lambda row: row["pesq"] or 9)[:10]:
        voices = " + ".join(f"{name} {share:g}" if share != 1 else name for name, share in row["voices"].items())
        figures = f"{row['pesq']:.2f} | {row['pesq_other']:.2f} | {row['stoi'] or 0:.3f} | {row['doubt']:.2f}"
        yield f"| {row['number']} | {figures} | {row['seconds']:.1f} | {row['speed']} | {row['letter']} | {voices} |"


def bars(windows: list[Row]) -> Iterator[tuple[str, str, bool]]:
    """What must hold of utterances made in windows; the others are the reference itself."""
    scores = [row["pesq"] for row in windows if row["pesq"] is not None]
    median, low = float(np.median(scores)), float(np.percentile(scores, 5))
    yield f"median PESQ >= {MEDIAN_BAR}", f"{median:.2f}", median >= MEDIAN_BAR
    yield f"5th percentile of PESQ >= {LOW_BAR}", f"{low:.2f}", low >= LOW_BAR
    for kind, name in (("", ""), ("_unpadded", ", without silence at the ends")):
        missing = sum(misses(row, kind) for row in windows)
        text = f"{missing} of {len(windows)} ({spread(row[f'pesq{kind}'] for row in windows)})"
        yield f"PESQ below 4.0 and below other noise{name}", text, missing <= len(windows) / 20
    for key in ("bend", "surprise"):
        groups = [[v for row in windows for v in row["joins"][key][which]] for which in range(3)]
        found = [sum(v > JUMP for v in values) for values in groups]
        tops = ", ".join(f"{np.percentile(values, 95):.2f}" for values in groups)
        text = f"{found[0]}, {found[1]}, {found[2]} of {len(groups[0])}; 95th percentile {tops}"
        yield f"jumps at joins ({key}): fast, the same in one window, exact", text, found[0] <= max(found[1:])
    steps = [np.abs([v for row in windows for v in row["joins"]["step_db"][which]]) for which in (0, 1)]
    values = [f"{np.median(s):.2f} / {np.percentile(s, 95):.2f} / {s.max():.2f}" for s in steps]
    even = bool(np.percentile(steps[0], 95) <= 1.2 * np.percentile(steps[1], 95))
    yield "steps of loudness against exact, dB: joins; middles of windows", "; ".join(values), even
    drifts = {key: [_drift(row[key]) for row in windows] for key in ("level_db", "level_other_db")}
    text = "; ".join(spread(values, max) for values in drifts.values())
    yield "level drift from first to last third, dB: fast; other noise", text, _median(drifts["level_db"]) < 0.5
    yield from _heard(windows)


def _drift(thirds: list[float | None]) -> float | None:
    """How far the levels of thirds are apart, against the reference."""
    loud = [level for level in thirds if level is not None]
    return max(loud) - min(loud) if len(loud) > 1 else None


def _median(values: list[float | None]) -> float:
    return float(np.median([value for value in values if value is not None]))


def _heard(windows: list[Row]) -> Iterator[tuple[str, str, bool]]:
    """Means of both, and of their difference with its standard error: no loss beyond noise is within two of these.

    More than everything wrong is whisper saying one thing over and over, and counts as everything wrong.
    """
    for key, sign in (("letters_wrong", 1), ("words_wrong", 1), ("dnsmos", -1), ("dnsmos_p808", -1)):
        pairs = np.array(
            [
                [min(1.0, row["heard"][which][key]) if sign > 0 else row["heard"][which][key] for which in HEARD]
                for row in windows
                if "heard" in row and row["heard"]["fast"][key] is not None
            ]
        )
        if len(pairs) > 1:
            difference = pairs[:, 0] - pairs[:, 1]
            error = difference.std(ddof=1) / np.sqrt(len(pairs))
            means = f"{pairs[:, 0].mean():.3f}; {pairs[:, 1].mean():.3f}"
            text = f"{means}; difference {difference.mean():+.4f} ± {error:.4f} (n {len(pairs)})"
            yield f"{key}: fast; exact", text, sign * difference.mean() <= max(2 * error, 1e-9)


def save_wav(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="the memory: figures of each utterance")
    parser.add_argument("--minutes", type=float, default=1e6, help="stop after so long")
    parser.add_argument("--ears", type=int, default=0, help="how many utterances to listen to")
    parser.add_argument("--report", action="store_true", help="only print what the memory says")
    parser.add_argument("--wav", type=Path, help="a folder to speak --only into, instead of measuring")
    parser.add_argument("--only", type=lambda s: {int(n) for n in s.split(",")}, help="numbers of utterances: 3,17")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.report:
        print("\n".join(report(json.loads(arguments.json.read_text())["rows"])))
        return
    data = Path(os.environ.get("KOKORO_WYOMING_TEST_DATA", CHECKOUT))
    studio = Studio(data)
    utterances = plan(sorted(path.stem for path in (data / "voices" / "v1_0").glob("*.pt")))
    if arguments.only:
        utterances = [one for one in utterances if one.number in arguments.only]
    if arguments.wav:
        for one in utterances:
            pieces, exact, other, _ = studio.speak(*studio.features(one), one.number)
            for name, sound in (("fast", torch.cat(pieces).numpy()), ("exact", exact), ("other", other)):
                save_wav(arguments.wav / f"{one.number:03d}_{name}.wav", sound)
        return
    print("\n".join(report(run(studio, utterances, arguments.json, arguments.minutes, arguments.ears))))


if __name__ == "__main__":
    main()
