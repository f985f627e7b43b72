"""How long the parts of a start take, each timed alone; to be called in a fresh process, as imports are timed too."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from kokoro_wyoming.bench.contenders import Setup
from kokoro_wyoming.releases import DEFAULT_VERSION


@dataclass
class Parts:
    """Seconds for each."""

    imports: float
    weights: float
    pipelines: dict[str, float] = field(default_factory=dict)
    """By language; one that cannot be spoken here has none."""
    voices: list[float] = field(default_factory=list)


def measure(setup: Setup, threads: int, languages: Sequence[str], packs: int) -> Parts:
    """Time them; `packs` is how many voices are read."""
    imports_seconds = _seconds(_import)
    import torch

    from kokoro_wyoming.builds.installed import installed_languages
    from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper

    torch.set_num_threads(threads)
    store, folder = setup.store, setup.store.voices_folder(DEFAULT_VERSION)
    config, weights = store.config(DEFAULT_VERSION), store.weights(DEFAULT_VERSION)
    wrapper = KokoroV1Wrapper(config, weights, voices_path=folder, device="cpu")
    parts = Parts(imports_seconds, _seconds(wrapper.initialize))
    for tag in (tag for tag in languages if installed_languages()[tag] is None):
        parts.pipelines[tag] = _seconds(partial(wrapper.get_pipeline, tag, quiet=True))
    names = sorted(path.stem for path in folder.glob("*.pt"))[:packs]
    parts.voices = [_seconds(partial(wrapper.packs.get, name)) for name in names]
    return parts


def _import() -> None:
    importlib.import_module("kokoro_wyoming.engine.model_manager")  # torch and kokoro come with it


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
