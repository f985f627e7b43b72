"""`python -m kokoro_wyoming.bench.plain SETTINGS`: plain `kokoro`, used as its README shows, answering the benchmark.

SETTINGS is JSON: config, weights and voice (paths), letter (of the language), device, threads (0: torch's choice).
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import Any

import torch
from kokoro import KModel, KPipeline

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.bench.answers import answers
from kokoro_wyoming.bench.machine import count_flop, matrix_peak_gflops
from kokoro_wyoming.builds.v1_0.english import spacy_model_found
from kokoro_wyoming.network.loading import REPOSITORY

_WARM_UP_TEXT = "Ready to speak."
_COUNTED_TEXT = "The front door has now been open for ten minutes, and the hallway is slowly getting colder."


class Plain:
    """`KModel` and `KPipeline` with nothing around them."""

    def __init__(self, settings: dict[str, Any]) -> None:
        if settings["threads"]:
            torch.set_num_threads(settings["threads"])
        wanted = settings["device"]
        self.device = ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted
        model = KModel(repo_id=REPOSITORY, config=settings["config"], model=settings["weights"])
        self.model = model.to(self.device).eval()
        letter: str = settings["letter"]
        with spacy_model_found() if letter in "ab" else contextlib.nullcontext():
            self.pipeline = KPipeline(lang_code=letter, repo_id=REPOSITORY, model=False)
        self.voice: str = settings["voice"]

    def speak(self, text: str) -> dict[str, Any]:
        """Times in seconds from the call; a piece counts from when its samples can be read."""
        arrivals = []
        began, cpu_began = time.perf_counter(), time.process_time()
        for result in self.pipeline(text, voice=self.voice, model=self.model):
            samples = result.audio.numpy()
            arrivals.append((time.perf_counter() - began, len(samples) / SAMPLE_RATE_HZ))
        ended = time.perf_counter() - began
        return {"arrivals": arrivals, "ended_at": ended, "cpu_seconds": time.process_time() - cpu_began}

    def matrix_peaks(self) -> dict[str, float]:
        """10^9 operations a second by number format."""
        return {
            str(dtype).removeprefix("torch."): matrix_peak_gflops(dtype, self.device)
            for dtype in (torch.float32, torch.bfloat16)
        }

    def gflop_per_audio_second(self) -> float:
        """What the network takes, counted over one sentence."""
        heard: list[dict[str, Any]] = []
        flop = count_flop(self.model, lambda: heard.append(self.speak(_COUNTED_TEXT)))
        return flop / 1e9 / sum(seconds for _, seconds in heard[0]["arrivals"])


def main() -> None:
    """Answer until stdin ends."""
    answer = answers()
    plain = Plain(json.loads(sys.argv[1]))
    plain.speak(_WARM_UP_TEXT)
    answer({"threads": torch.get_num_threads(), "torch": torch.__version__, "device": plain.device})
    for line in sys.stdin:
        question = json.loads(line)
        method = getattr(plain, question.pop("do"))
        answer(method(**question))


if __name__ == "__main__":
    main()
