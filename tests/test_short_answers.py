"""What is short is decoded in company, and nothing of the company is heard."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.v0_19 import build_model
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME
from kokoro_wyoming.network.halves import _HUSHED_FRAMES, _hushed
from kokoro_wyoming.phonemes import SHORT_PHONEMES
from kokoro_wyoming.releases import weights_path
from kokoro_wyoming.timing import Clock
from scripts.heard_words import judge
from tests.listening import Ears

HUSHED = _HUSHED_FRAMES * SAMPLES_PER_FRAME
ANSWERS = [
    ("Done.", "af_heart"),
    ("No.", "af_heart"),
    ("Kitchen.", "bf_emma"),
    ("Locked.", "bf_emma"),
    ("23", "am_puck"),
]


@pytest.fixture(scope="module")
def fast(model_data: Store) -> KokoroV1Wrapper:
    folder = model_data.models / "v1_0"
    return KokoroV1Wrapper(folder / "config.json", folder / "kokoro-v1_0.pth", device="cpu")


@pytest.fixture(scope="module")
def exact(fast: KokoroV1Wrapper) -> KokoroV1Wrapper:
    """On the same network, which is made once."""
    fast.initialize()
    other = copy.copy(fast)
    other.stream = "exact"
    return other


def said(wrapper: KokoroV1Wrapper, text: str, voice: str, clock: Clock | None = None) -> Tensor:
    torch.manual_seed(1)
    letter = voice[0]
    pieces = wrapper.pieces(wrapper.read(text, letter), voice, letter, clock=clock)
    return torch.cat([piece for piece in pieces if piece is not None])


@pytest.mark.weights
@pytest.mark.parametrize(("text", "voice"), [("Done.", "af_heart"), ("OK", "bm_george"), ("はい。", "jf_alpha")])
def test_company_takes_no_time_and_moves_no_word(
    text: str, voice: str, fast: KokoroV1Wrapper, exact: KokoroV1Wrapper
) -> None:
    in_company, by_itself = Clock(), Clock()
    sound, lone = said(fast, text, voice, in_company), said(exact, text, voice, by_itself)
    assert len(sound) == len(lone)
    assert in_company.words == by_itself.words
    assert not torch.allclose(sound, lone, atol=0.01)
    assert not sound[-HUSHED:].any()
    # Before that it has died away by itself: no word is cut.
    assert sound[-HUSHED - 600 : -HUSHED].abs().max() < 0.01


@pytest.mark.weights
def test_of_company_nothing_is_heard(fast: KokoroV1Wrapper, ears: Ears) -> None:
    heard = [ears.write_down(said(fast, text, voice).numpy(), "en") for text, voice in ANSWERS]
    right = [judge([text], found, "en").errors == 0 for (text, _), found in zip(ANSWERS, heard, strict=True)]
    assert sum(right) >= len(ANSWERS) - 1, heard
    assert not any("light" in found.casefold() for found in heard), heard


@pytest.mark.weights
@pytest.mark.parametrize(("text", "is_short"), [("Light on.", True), ("Good morning, Anna.", False)])
def test_what_is_longer_is_spoken_by_itself(
    text: str, is_short: bool, fast: KokoroV1Wrapper, exact: KokoroV1Wrapper
) -> None:
    (piece,) = fast.phonemes(fast.read(text, "a"), "a")
    assert (len(piece.phonemes) <= SHORT_PHONEMES) is is_short
    assert torch.equal(said(fast, text, "af_heart"), said(exact, text, "af_heart")) is not is_short


@pytest.mark.weights
def test_the_older_release_has_company_too(both_releases: Store) -> None:
    weights = weights_path(both_releases.models / "v0_19", "v0.19")
    old = build_model(weights, "cpu", voices_path=both_releases.voices / "v0_19")
    ids = [old._settings()["vocab"][symbol] for symbol in "dˈʌn."]
    assert old._company(ids, old.packs.get("af")) is not None


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=8), st.integers(0, 99))
def test_the_end_is_hushed_however_the_sound_is_cut(lengths: list[int], seed: int) -> None:
    n_frames = -(-sum(lengths) // SAMPLES_PER_FRAME) + _HUSHED_FRAMES + 2
    lengths = [*lengths, n_frames * SAMPLES_PER_FRAME - sum(lengths)]
    sound = torch.from_numpy(np.random.default_rng(seed).uniform(0.1, 1, sum(lengths)).astype(np.float32))
    pieces = list(_hushed(iter(torch.split(sound, lengths)), n_frames))
    assert [len(piece) for piece in pieces] == lengths
    hushed = torch.cat(pieces)
    assert not hushed[-HUSHED:].any()
    untouched = len(sound) - HUSHED - SAMPLES_PER_FRAME
    assert torch.equal(hushed[:untouched], sound[:untouched])
    assert bool((hushed[untouched:-HUSHED] <= sound[untouched:-HUSHED]).all())
