"""The fuzzer, for some hundred mutants; KOKORO_WYOMING_FUZZ_SECONDS=300 is for minutes."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from kokoro_wyoming.protocols import json_objects
from kokoro_wyoming.protocols.wyoming import dialogue, frames
from tests.fuzz import LawBrokenError, fuzz


def test_no_bytes_break_the_laws_of_frames_and_dialogue() -> None:
    seconds = os.environ.get("KOKORO_WYOMING_FUZZ_SECONDS")
    _, kept, _ = fuzz(float(seconds or 0), seed=random.randrange(1 << 32) if seconds else 1, at_least=400)
    assert kept


def _believing(header: dict[str, Any], key: str, limit: int) -> int:
    return int(header.get(key) or 0)


def _unchecked(value: Any, depth: int, *, scrub: bool) -> Any:
    return value


def _speaking_twice(self: dialogue.Dialogue, _: object) -> Any:
    yield from (dialogue.End(), dialogue.End())


@pytest.mark.long
@pytest.mark.parametrize("fault", ["lengths are believed", "surrogates are kept", "a stop is heard twice"])
def test_the_fuzzer_finds_a_fault_that_is_put_in(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "lengths are believed":
        monkeypatch.setattr(frames, "_length", _believing)
    elif fault == "surrogates are kept":
        monkeypatch.setattr(json_objects, "_checked", _unchecked)
    else:
        row = {
            **dialogue._GRAMMAR["synthesize-stop"],
            dialogue.State.STREAMING: (_speaking_twice, dialogue.State.QUIET),
        }
        monkeypatch.setattr(dialogue, "_GRAMMAR", {**dialogue._GRAMMAR, "synthesize-stop": row})
    with pytest.raises(LawBrokenError):
        fuzz(60, seed=4)
