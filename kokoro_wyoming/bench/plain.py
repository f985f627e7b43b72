"""Plain `kokoro`, used as its README shows; called in a process of its own, which alone imports it."""

from __future__ import annotations

import functools
import importlib.util
import time
from typing import TYPE_CHECKING

from kokoro_wyoming.audio.pcm import seconds_of
from kokoro_wyoming.bench.figures import Arrival, Reply, reply_of
from kokoro_wyoming.module_stand_ins import left_out
from kokoro_wyoming.releases import DEFAULT_VERSION

if TYPE_CHECKING:
    from kokoro import KModel, KPipeline

    from kokoro_wyoming.bench.contenders import Setup

_WARM_UP_TEXT = "Ready to speak."


def get_ready(setup: Setup) -> tuple[int, str, str]:
    """Load everything and say a few words. Gives the number of threads, torch's version and the device."""
    import torch

    if setup.threads:
        torch.set_num_threads(setup.threads)
    speak(setup, _WARM_UP_TEXT)
    return torch.get_num_threads(), torch.__version__, str(pipeline(setup)[0].device)


def speak(setup: Setup, text: str) -> Reply:
    """Speak a text. A piece of sound arrives when its samples can be read."""
    model, pipe = pipeline(setup)
    arrivals, began = [], time.perf_counter()
    for result in pipe(text, voice=str(setup.store.voice(DEFAULT_VERSION, setup.voice)), model=model):
        samples = result.audio.numpy()
        arrivals.append(Arrival(time.perf_counter(), seconds_of(samples)))
    return reply_of(arrivals, asked_at=began, ended_at=time.perf_counter())


@functools.cache
def pipeline(setup: Setup) -> tuple[KModel, KPipeline]:
    """`kokoro`'s own two, with nothing around them."""
    import torch

    # Before anything that imports it through `kokoro_package`, without its own ALBERT. It asks for spaCy at any rate.
    with left_out(*(name for name in ("spacy",) if importlib.util.find_spec(name) is None)):
        from kokoro import KModel, KPipeline

    from kokoro_wyoming.builds.v1_0.english import spacy_model_found
    from kokoro_wyoming.network.loading import REPOSITORY

    auto = "cuda" if torch.cuda.is_available() else "cpu"
    config, weights = setup.store.config(DEFAULT_VERSION), setup.store.weights(DEFAULT_VERSION)
    model = KModel(repo_id=REPOSITORY, config=str(config), model=str(weights))
    model = model.to(auto if setup.device == "auto" else setup.device).eval()
    with spacy_model_found():
        return model, KPipeline(lang_code=setup.voice[0], repo_id=REPOSITORY, model=False)
