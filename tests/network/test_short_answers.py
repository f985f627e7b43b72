"""A short sentence is decoded with another behind it, and nothing of the other is heard."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.assets.store import weights_path
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.builds.v0_19 import CONFIG_PATH, KokoroV019Wrapper
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME
from kokoro_wyoming.network.inference import _hushed
from kokoro_wyoming.pronunciation.phonemes import SHORT_PHONEMES
from kokoro_wyoming.text.sentences import Run
from scripts.heard_words import judge
from tests.listening import Ears

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
    pieces = wrapper.pieces([Run(text)], voice, letter, clock=clock)
    return torch.cat([piece for piece in pieces if piece is not None])


@pytest.mark.weights
@pytest.mark.parametrize(("text", "voice"), [("Done.", "af_heart"), ("OK", "bm_george"), ("はい。", "jf_alpha")])
def test_trailing_context_takes_no_time_and_moves_no_word(
    text: str, voice: str, fast: KokoroV1Wrapper, exact: KokoroV1Wrapper
) -> None:
    with_context, by_itself = Clock(), Clock()
    sound, lone = said(fast, text, voice, with_context), said(exact, text, voice, by_itself)
    assert len(sound) == len(lone)
    assert with_context.words == by_itself.words
    assert not torch.allclose(sound, lone, atol=0.01)
    last = int(np.flatnonzero(sound.abs() > 0.01)[-1])
    # The word has died away by itself, and nothing follows it.
    assert abs(last - int(np.flatnonzero(lone.abs() > 0.01)[-1])) < 0.08 * SAMPLE_RATE_HZ
    assert not sound[-100:].any()


@pytest.mark.weights
def test_of_trailing_context_nothing_is_heard(fast: KokoroV1Wrapper, ears: Ears) -> None:
    heard = [ears.write_down(said(fast, text, voice).numpy(), "en") for text, voice in ANSWERS]
    right = [judge([text], found, "en").errors == 0 for (text, _), found in zip(ANSWERS, heard, strict=True)]
    assert sum(right) >= len(ANSWERS) - 1, heard
    assert not any("light" in found.casefold() for found in heard), heard


@pytest.mark.weights
@pytest.mark.parametrize(("text", "is_short"), [("Light on.", True), ("Good morning, Anna.", False)])
def test_what_is_longer_is_spoken_by_itself(
    text: str, is_short: bool, fast: KokoroV1Wrapper, exact: KokoroV1Wrapper
) -> None:
    (piece,) = fast.phonemes([Run(text)], "a")
    assert (len(piece.phonemes) <= SHORT_PHONEMES) is is_short
    assert torch.equal(said(fast, text, "af_heart"), said(exact, text, "af_heart")) is not is_short


@pytest.mark.weights
def test_the_older_release_has_trailing_context_too(both_releases: Store) -> None:
    weights = weights_path(both_releases.models / "v0_19", "v0.19")
    old = KokoroV019Wrapper(CONFIG_PATH, weights, voices_path=both_releases.voices / "v0_19")
    assert old._trailing_context("dˈʌn.", old.packs.get("af")) is not None


def _word(end: int, length: int, puff: float) -> Tensor:
    """A tone up to a sample, near silence, and a puff in the last 20 ms."""
    sound = torch.full((length,), 1e-4)
    sound[:end] = 0.5 * torch.sin(torch.arange(end) * 0.1)
    sound[-480:] += puff
    return sound


@given(st.integers(3_000, 20_000), st.integers(1_200, 9_000), st.floats(0, 0.02), st.integers(1, 2_000))
def test_a_puff_at_the_end_is_hushed_and_the_word_is_whole(end: int, silence: int, puff: float, first: int) -> None:
    length = -(-(end + silence) // SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME
    sound = _word(end, length, puff)
    pieces = list(_hushed(iter(torch.split(sound, [first, length - first])), length // SAMPLES_PER_FRAME))
    assert [len(piece) for piece in pieces] == [first, length - first]
    hushed = torch.cat(pieces)
    assert torch.equal(hushed[:end], sound[:end])
    assert not hushed[-480:].any() or puff == 0


@given(st.integers(3_000, 20_000))
def test_a_word_up_to_the_very_end_stays(frames: int) -> None:
    sound = 0.5 * torch.sin(torch.arange(frames // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME) * 0.1)
    assert torch.equal(next(_hushed(iter([sound]), frames // SAMPLES_PER_FRAME)), sound)
