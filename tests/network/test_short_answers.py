"""A short answer is decoded with a sentence behind it, and nothing of that sentence is audible."""

from __future__ import annotations

import copy
from dataclasses import replace

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
from kokoro_wyoming.network.convolution import mean_and_variance
from kokoro_wyoming.network.decoder import DecodedContext, Frames, _joint
from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME
from kokoro_wyoming.network.inference import STYLE_SIZE, _without_onset
from kokoro_wyoming.network.steps import result_of
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
    """The exact wrapper, on the same network, so that it is loaded once."""
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
def test_trailing_context_changes_no_length_and_no_word_time(
    text: str, voice: str, fast: KokoroV1Wrapper, exact: KokoroV1Wrapper
) -> None:
    with_context, without_context = Clock(), Clock()
    sound, alone = said(fast, text, voice, with_context), said(exact, text, voice, without_context)
    assert len(sound) == len(alone)
    assert with_context.words == without_context.words
    assert not torch.allclose(sound, alone, atol=0.01)
    last = int(np.flatnonzero(sound.abs() > 0.01)[-1])
    # The word ends when it ends without context, and nothing follows it.
    assert abs(last - int(np.flatnonzero(alone.abs() > 0.01)[-1])) < 0.08 * SAMPLE_RATE_HZ
    assert not sound[-100:].any()


def _frames(fast: KokoroV1Wrapper, phonemes: str, row: Tensor) -> Frames:
    with torch.inference_mode():
        return result_of(fast.initialize()._frame_steps(fast._ids(phonemes), row, 1.0))[0]


def _error_db(found: Tensor, expected: Tensor) -> float:
    return float(10 * torch.log10((found - expected).square().sum() / expected.square().sum()))


@pytest.mark.weights
@pytest.mark.parametrize("voice", ["af_heart", "bm_george", "jf_alpha"])
@torch.inference_mode()
def test_the_context_s_moments_stand_for_the_context(voice: str, fast: KokoroV1Wrapper) -> None:
    decoder, pack = fast.initialize()._decoder, fast.packs.get(voice)
    row = fast._style_row(pack, "dˈʌn.")
    context = fast._trailing_context("dˈʌn.", pack)
    assert context is not None
    own, others = _frames(fast, "dˈʌn.", row), _frames(fast, fast.trailing_phonemes, context.style_row)
    style = row[:, :STYLE_SIZE]
    together = result_of(decoder.steps(own.followed_by(others), style))[..., : 2 * own.count]
    alone = result_of(decoder.steps(own, style))
    decoded = result_of(decoder.context_steps(others, context.style_row[:, :STYLE_SIZE]))
    found = result_of(decoder.steps(own, style, decoded))
    assert found.shape == together.shape
    assert _error_db(alone, together) > -7
    assert _error_db(found, together) < -15


@pytest.mark.weights
@torch.inference_mode()
def test_the_kept_frames_of_a_context_are_all_that_reach_a_short_answer(fast: KokoroV1Wrapper) -> None:
    decoder, row = fast.initialize()._decoder, fast._style_row(fast.packs.get("af_heart"), "dˈʌn.")
    own, others = _frames(fast, "dˈʌn.", row), _frames(fast, fast.trailing_phonemes, row)
    style = row[:, :STYLE_SIZE]
    decoded = result_of(decoder.context_steps(others, style))
    reach = decoded.beginning.count

    def x(frames: int) -> Tensor:
        return result_of(decoder.steps(own, style, replace(decoded, beginning=others.first(frames))))

    assert _error_db(x(reach), x(others.count)) < -100
    assert _error_db(x(reach - 1), x(others.count)) > -70


def test_moments_with_a_context_are_those_of_all_frames() -> None:
    own, others = torch.randn(12, 5) * 3 + 1, torch.randn(30, 5)
    beginning = Frames(torch.zeros(1, 512, 10), torch.zeros(1, 20), torch.zeros(1, 20))
    measure = _joint(6, DecodedContext(beginning, 15, [mean_and_variance(others)]))
    mean, variance = measure(torch.cat([own, others[:20]]))  # two rows for a frame
    expected_mean, expected_variance = mean_and_variance(torch.cat([own, others]))
    assert torch.allclose(mean, expected_mean, atol=1e-6)
    assert torch.allclose(variance, expected_variance, atol=1e-5)


@pytest.mark.weights
def test_the_trailing_context_is_inaudible(fast: KokoroV1Wrapper, ears: Ears) -> None:
    heard = [ears.write_down(said(fast, text, voice).numpy(), "en") for text, voice in ANSWERS]
    right = [judge([text], found, "en").errors == 0 for (text, _), found in zip(ANSWERS, heard, strict=True)]
    assert sum(right) >= len(ANSWERS) - 1, heard
    assert not any("light" in found.casefold() for found in heard), heard


@pytest.mark.weights
@pytest.mark.parametrize(("text", "is_short"), [("Light on.", True), ("Good morning, Anna.", False)])
def test_a_longer_text_has_no_trailing_context(
    text: str, is_short: bool, fast: KokoroV1Wrapper, exact: KokoroV1Wrapper
) -> None:
    (piece,) = fast.phonemes([Run(text)], "a")
    assert (len(piece.phonemes) <= SHORT_PHONEMES) is is_short
    assert torch.equal(said(fast, text, "af_heart"), said(exact, text, "af_heart")) is not is_short


@pytest.mark.weights
def test_the_older_release_has_a_trailing_context_too(both_releases: Store) -> None:
    weights = weights_path(both_releases.models / "v0_19", "v0.19")
    old = KokoroV019Wrapper(CONFIG_PATH, weights, voices_path=both_releases.voices / "v0_19")
    assert old._trailing_context("dˈʌn.", old.packs.get("af")) is not None


def _word(end: int, length: int, onset: float) -> Tensor:
    """A tone of `end` samples, near silence, and an onset in the last 20 ms."""
    sound = torch.full((length,), 1e-4)
    sound[:end] = 0.5 * torch.sin(torch.arange(end) * 0.1)
    sound[-480:] += onset
    return sound


@given(st.integers(3_000, 20_000), st.integers(1_200, 9_000), st.floats(0, 0.02), st.integers(1, 2_000))
def test_an_onset_at_the_end_is_silenced_and_the_word_stays(end: int, silence: int, onset: float, first: int) -> None:
    length = -(-(end + silence) // SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME
    sound = _word(end, length, onset)
    pieces = list(_without_onset(iter(torch.split(sound, [first, length - first])), length // SAMPLES_PER_FRAME))
    assert [len(piece) for piece in pieces] == [first, length - first]
    silenced = torch.cat(pieces)
    assert torch.equal(silenced[:end], sound[:end])
    assert not silenced[-480:].any() or onset == 0


@given(st.integers(3_000, 20_000))
def test_a_word_that_lasts_to_the_end_stays(samples: int) -> None:
    sound = 0.5 * torch.sin(torch.arange(samples // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME) * 0.1)
    assert torch.equal(next(_without_onset(iter([sound]), samples // SAMPLES_PER_FRAME)), sound)
