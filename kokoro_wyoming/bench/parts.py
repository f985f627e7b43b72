"""`python -m kokoro_wyoming.bench.parts SETTINGS`: how long the parts of a start take, each timed alone and cold.

SETTINGS is JSON: config, weights and voices (paths), languages (tags), packs (how many to read), threads.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kokoro_wyoming.bench.answers import answers


def main() -> None:
    """Answer once."""
    answer = answers()
    settings = json.loads(sys.argv[1])
    answer(measure(settings))


def measure(settings: dict[str, Any]) -> dict[str, Any]:
    """Seconds for each part; a language that cannot be spoken here has none."""
    imports_seconds = _seconds(_import)
    import torch

    from kokoro_wyoming.builds.installed import installed_languages
    from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper

    if settings["threads"]:
        torch.set_num_threads(settings["threads"])
    folder = Path(settings["voices"])
    wrapper = KokoroV1Wrapper(settings["config"], settings["weights"], voices_path=folder, device="cpu")
    spoken = [tag for tag in settings["languages"] if installed_languages()[tag] is None]
    names = sorted(path.stem for path in folder.glob("*.pt"))[: settings["packs"]]
    return {
        "imports_seconds": imports_seconds,
        "weights_seconds": _seconds(wrapper.initialize),
        "pipeline_seconds": {tag: _seconds(partial(wrapper.get_pipeline, tag, quiet=True)) for tag in spoken},
        "voice_seconds": [_seconds(partial(wrapper.packs.get, name)) for name in names],
    }


def _import() -> None:
    importlib.import_module("kokoro_wyoming.engine.model_manager")  # torch and kokoro come with it


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
