"""`kokoro` and torch come without what they import in vain, and nobody else in the process is harmed by that."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from kokoro_wyoming.assets import Store
from kokoro_wyoming.module_stand_ins import left_out

IN_VAIN = (
    *("transformers", "segments", "spacy.cli", "spacy_curated_transformers", "huggingface_hub"),
    *("torch._dynamo", "torch._meta_registrations", "sympy"),
)

SPEAKING = f"""
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import kokoro_wyoming.server.process
from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.text.sentences import Run

store = Store(models=Path(sys.argv[1]), voices=Path(sys.argv[2]))
release = KokoroV1Wrapper(store.config("v1.0"), store.weights("v1.0"), voices_path=store.voices_folder("v1.0"))
sounds = [piece for piece in release.pieces([Run("Done.")], "af_heart", "a") if piece is not None]
assert sum(map(len, sounds)) > 12_000, sounds
print(*(name for name in {IN_VAIN} if name in sys.modules))
"""


@pytest.mark.weights
def test_a_sentence_is_spoken_without_what_would_be_imported_in_vain(model_data: Store) -> None:
    command = [sys.executable, "-c", SPEAKING, str(model_data.models), str(model_data.voices)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == []


COMPLETED = """
import warnings
warnings.simplefilter("ignore")
from kokoro_wyoming.server import process
from kokoro_wyoming.network import torch_package

torch_package.complete()
import torch
from transformers import AlbertModel
import torch._dynamo
print(tuple(torch.linalg.inv_ex(torch.empty(3, 3, device="meta")).inverse.shape))
"""


@pytest.mark.long
def test_a_library_may_use_all_of_torch_once_it_is_complete() -> None:
    told = subprocess.run([sys.executable, "-c", COMPLETED], capture_output=True, text=True, timeout=120, check=False)
    assert told.stdout.split("\n")[0] == "(3, 3)", told.stderr


PLAIN = """
import sys, warnings
from pathlib import Path
from types import SimpleNamespace
warnings.simplefilter("ignore")
from kokoro_wyoming.assets import Store
from kokoro_wyoming.bench import plain

store = Store(models=Path(sys.argv[1]), voices=Path(sys.argv[2]))
model, _ = plain.pipeline.__wrapped__(SimpleNamespace(store=store, device="cpu", voice="af_heart"))
print(type(model.bert).__mro__[1].__module__)
"""


@pytest.mark.weights
def test_the_benchmark_s_plain_kokoro_has_the_albert_of_transformers(model_data: Store) -> None:
    command = [sys.executable, "-c", PLAIN, str(model_data.models), str(model_data.voices)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == ["transformers.models.albert.modeling_albert"]


def test_what_is_left_out_can_be_imported_afterwards() -> None:
    name = "colorsys"  # of the standard library, and imported by nobody here
    sys.modules.pop(name, None)
    with left_out(name):
        from colorsys import rgb_to_hsv

        assert not callable(getattr(rgb_to_hsv, "__code__", None))
    assert importlib.import_module(name).rgb_to_hsv(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


def test_what_is_imported_already_stays() -> None:
    with left_out("subprocess"):
        assert importlib.import_module("subprocess") is subprocess
    assert importlib.import_module("subprocess") is subprocess
