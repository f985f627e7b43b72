"""Sound in windows: exact moments give the exact sound; predicted ones differ no more than another noise does."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from kokoro_wyoming.assets import Store
from kokoro_wyoming.audio.joining import SILENCE
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper, g2p
from kokoro_wyoming.builds.v1_0.wrapper import _FIT
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.network import inference, streaming
from kokoro_wyoming.network.convolution import KokoroModule
from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME, Generator, Moments, Targets
from kokoro_wyoming.network.inference import AS_MADE, OutputOptions
from kokoro_wyoming.network.loading import load_model, read_config
from kokoro_wyoming.network.moments import Fit, corrected, residual
from kokoro_wyoming.network.source import Draw
from kokoro_wyoming.network.streaming import WHOLE_FRAMES, Features, StreamingVocoder
from kokoro_wyoming.text.sentences import Run

TEXT = "The front door is open, and the kitchen light is still on."
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def wrapper(model_data: Store) -> KokoroV1Wrapper:
    folder = model_data.models / "v1_0"
    return KokoroV1Wrapper(folder / "config.json", folder / "kokoro-v1_0.pth")


@pytest.fixture(scope="module")
def module(model_data: Store) -> KokoroModule:
    """kokoro's own generator, with weight norm folded."""
    folder = model_data.models / "v1_0"
    model = load_model(read_config(folder / "config.json"), folder / "kokoro-v1_0.pth")
    inference._fold_weight_norm(model)
    return model.decoder.generator


@pytest.fixture(scope="module")
def generator(module: KokoroModule) -> Generator:
    return Generator(module, draw=_kokoro_s_noise(module))


@pytest.fixture(scope="module")
def long(wrapper: KokoroV1Wrapper) -> Features:
    return _features(wrapper, TEXT, "af_heart", "a")


class Whole(NamedTuple):
    """The sentence in one run, with the noise of seed 0."""

    sound: Tensor
    moments: Moments
    harmonics: Tensor


@pytest.fixture(scope="module")
def whole(generator: Generator, long: Features) -> Whole:
    with torch.inference_mode():
        harmonics = _seeded_harmonics(generator, long)
        return Whole(*_whole(generator, long, harmonics), harmonics)


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _vocoder(wrapper: KokoroV1Wrapper, fit: Fit | None) -> StreamingVocoder:
    return StreamingVocoder(wrapper.initialize().vocoder.generator, CPU, fit)


def _kokoro_s_noise(module: KokoroModule) -> Draw:
    """kokoro's nine noises, drawn in its order and summed to one noise."""
    weights = module.m_source.l_linear.weight[0]

    def draw(voiced: Tensor) -> Tensor:
        torch.rand(1, len(weights))  # kokoro draws initial phases, which reach no sample
        # kokoro's sines are in memory one after the other, and it draws numbers in that order.
        nine = torch.randn_like(torch.empty(1, len(weights), voiced.shape[-1]).transpose(1, 2))
        torch.randn(*voiced.shape, 1)  # kokoro draws these and does not use them
        return nine @ (weights / weights.norm())

    return draw


def _features(wrapper: KokoroV1Wrapper, text: str, voice: str, letter: str) -> Features:
    network = wrapper.initialize()
    (piece,) = g2p.phonemize(wrapper.get_pipeline(letter, quiet=True), text)
    vocabulary = wrapper.vocabulary
    ids = [vocabulary[symbol] for symbol in piece.phonemes if symbol in vocabulary]
    return network.features(ids, wrapper.packs.get(voice)[len(piece.phonemes) - 1], 1.0)


def _snr_db(reference: Tensor, sound: Tensor) -> float:
    return float(10 * torch.log10(reference.square().mean() / (reference - sound).square().mean()))


def _whole(generator: Generator, features: Features, harmonics: Tensor) -> tuple[Tensor, Moments]:
    seen: list[Moments] = []
    normalise = generator.measuring_normaliser(generator.targets(features.style), seen)
    sound = generator.run(features.x, harmonics, normalise)
    return sound, Moments(torch.cat([m.mean for m in seen]), torch.cat([m.variance for m in seen]))


def _seeded_harmonics(generator: Generator, features: Features) -> Tensor:
    torch.manual_seed(0)
    return generator.harmonics(features.f0)


def _spectral_distance_db(one: Tensor, other: Tensor) -> float:
    """Mean difference of smoothed log spectra, a measure of audible difference that ignores phase."""
    window = torch.hann_window(1024)
    spectra = [
        torch.stft(sound, 1024, 256, window=window, return_complex=True).abs().square() for sound in (one, other)
    ]
    smooth = [torch.nn.functional.avg_pool1d(s.T[None], 8)[0] for s in spectra]
    floor = 1e-6 * smooth[0].max()
    return float((10 * torch.log10((smooth[0] + floor) / (smooth[1] + floor))).abs().mean())


@pytest.mark.weights
def test_the_generator_is_kokoro_s(module: KokoroModule, long: Features, whole: Whole) -> None:
    torch.manual_seed(0)
    expected = module(long.x, long.style, long.f0).reshape(-1)
    assert len(whole.sound) == SAMPLES_PER_FRAME * long.x.shape[-1]
    assert _snr_db(expected, whole.sound) > 80


@pytest.mark.weights
@pytest.mark.parametrize("sizes", [(24, 40, 80, 160), (7, 200)])
def test_windows_with_the_right_moments_give_the_whole(
    sizes: tuple[int, ...], generator: Generator, long: Features, whole: Whole
) -> None:
    affines = generator.affines(generator.targets(long.style), whole.moments)
    windows = list(generator.windows(long.x, whole.harmonics, affines, itertools.cycle(sizes)))
    assert [len(window) for window in windows[:2]] == [SAMPLES_PER_FRAME * size for size in sizes[:2]]
    assert _snr_db(whole.sound, torch.cat(windows)) > 70


@pytest.mark.weights
@pytest.mark.parametrize("n_frames", [33, 96, 139])
def test_padding_to_a_bucket_length_does_not_change_the_sound(
    n_frames: int, generator: Generator, long: Features
) -> None:
    short = replace(long, x=long.x[..., :n_frames], f0=long.f0[..., :n_frames])
    harmonics = _seeded_harmonics(generator, short)
    expected, exact = _whole(generator, short, harmonics)
    sound, moments = generator.whole(short.x, harmonics, generator.targets(short.style))
    assert len(sound) == len(expected) == SAMPLES_PER_FRAME * n_frames
    assert _snr_db(expected, sound) > 80
    assert _snr_db(exact.mean, moments.mean) > 80
    assert _snr_db(exact.variance, moments.variance) > 80


@pytest.mark.weights
def test_bfloat16_is_inaudible(module: KokoroModule, long: Features, whole: Whole) -> None:
    rounded = Generator(module, torch.bfloat16)
    assert _snr_db(whole.sound, _whole(rounded, long, whole.harmonics)[0]) > 30


@pytest.mark.weights
@pytest.mark.parametrize(
    ("text", "voice", "letter"),
    [
        (TEXT, "af_heart", "a"),
        ("The dishwasher has finished.", "am_michael", "a"),
        ("Good morning, everyone.", "bm_lewis", "b"),
        ("La porte est ouverte et la lumière reste allumée.", "ff_siwis", "f"),
        ("前门开着，厨房的灯还亮着。", "zf_xiaoxiao", "z"),
    ],
)
def test_predicted_moments_sound_like_the_exact_ones(
    text: str, voice: str, letter: str, wrapper: KokoroV1Wrapper, generator: Generator
) -> None:
    features = _features(wrapper, text, voice, letter)
    exact, _ = _whole(generator, features, _seeded_harmonics(generator, features))
    torch.manual_seed(0)
    vocoder = _vocoder(wrapper, Fit.load(_FIT))
    fast = torch.cat(list(vocoder.speak(features, voice)))
    assert vocoder.counts == {"windows": 1, "whole": 0, "doubted": 0}
    assert len(fast) == len(exact)
    # Another noise is 0.2 dB away; means off by a tenth of a deviation are 1.1 to 1.5 dB, variances by a fifth 2 dB.
    assert _spectral_distance_db(exact, fast) < 0.8
    # A decibel of level is about what a listener can notice; bm_lewis is the worst with 0.9.
    assert abs(float(10 * torch.log10(fast.square().mean() / exact.square().mean()))) < 1.0


@pytest.mark.weights
def test_no_join_is_a_jump(wrapper: KokoroV1Wrapper, long: Features) -> None:
    vocoder = _vocoder(wrapper, Fit.load(_FIT))
    pieces = list(vocoder.speak(long, "af_heart"))
    assert len(pieces) > 3
    sound = torch.cat(pieces)
    bend = (sound[2:] - 2 * sound[1:-1] + sound[:-2]).abs().numpy()
    joins = np.cumsum([len(piece) for piece in pieces[:-1]]) - 2
    for join in joins:
        around = np.r_[bend[join - 600 : join - 3], bend[join + 4 : join + 600]]
        assert bend[join - 1 : join + 3].max() <= 1.2 * around.max()


@pytest.mark.weights
@pytest.mark.parametrize("large_windows", [False, True])
@pytest.mark.parametrize("in_windows", [False, True])
def test_only_silence_is_cut_off_a_sentence_and_the_rest_is_the_same(
    in_windows: bool, large_windows: bool, wrapper: KokoroV1Wrapper, long: Features
) -> None:
    vocoder = _vocoder(wrapper, Fit.load(_FIT) if in_windows else None)
    sounds, sizes = [], []
    for frames, large in ((long.all, False), (long.audible, large_windows)):
        torch.manual_seed(0)
        pieces = list(vocoder.speak(long, "af_heart", frames, large_windows=large))
        sounds.append(torch.cat(pieces))
        sizes.append(len(pieces[0]))
    first, end = (frame * SAMPLES_PER_FRAME for frame in long.audible)
    assert first >= 0.1 * 24_000
    assert len(sounds[0]) - end >= 0.1 * 24_000
    assert torch.cat([sounds[0][:first], sounds[0][end:]]).abs().max() < SILENCE
    assert _snr_db(sounds[0][first:end], sounds[1]) > 40
    if in_windows:
        assert (sizes[1] > sizes[0]) == large_windows


@pytest.mark.parametrize(
    ("n_frames", "large", "expected"),
    [
        (500, False, [24, 40, 80, 160, 160]),
        (500, True, [80, 160, 160]),
        (160, True, [160]),
        (160, False, [24, 40, 80]),
    ],
)
def test_windows_grow_unless_the_first_may_be_large(n_frames: int, large: bool, expected: list[int]) -> None:
    sizes = streaming._window_sizes(n_frames, large=large)
    assert list(itertools.islice(sizes, len(expected))) == expected


@pytest.mark.weights
def test_the_durations_sum_up_to_the_length_of_the_sound(wrapper: KokoroV1Wrapper) -> None:
    network, pack = wrapper.initialize(), wrapper.packs.get("af_heart")
    durations: list[list[int]] = []
    samples = []
    for output in (AS_MADE, OutputOptions(cuts_silence=True)):
        told: list[list[int]] = []
        turns = network.pieces([50, 83, 54, 156, 57, 135, 4], pack[6], 1.0, "", told.append, output=output)
        while not told:
            assert next(turns) is None
        durations += told
        samples.append(sum(len(turn) for turn in turns if turn is not None))
    assert durations[0][1:5] == durations[1][1:5]
    assert 0 < durations[1][0] < durations[0][0]
    assert [sum(one) * 600 for one in durations] == samples


@pytest.mark.weights
def test_a_short_sentence_is_the_exact_one(wrapper: KokoroV1Wrapper, generator: Generator) -> None:
    features = _features(wrapper, "Sí.", "ef_dora", "e")
    assert features.x.shape[-1] <= WHOLE_FRAMES
    fast = _vocoder(wrapper, Fit.load(_FIT))
    exact = _vocoder(wrapper, None)
    sounds = []
    for vocoder in (fast, exact):
        torch.manual_seed(0)
        sounds.append(torch.cat(list(vocoder.speak(features, "ef_dora"))))
        assert vocoder.counts["whole"] == 1
    assert torch.equal(*sounds)


@pytest.mark.weights
def test_doubted_sentences_are_made_whole_until_the_voice_has_an_offset(
    wrapper: KokoroV1Wrapper, long: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MAX_DOUBT", 0.0)
    monkeypatch.setattr(streaming, "_MAX_OFFSET_RUNS", 2)
    vocoder = _vocoder(wrapper, Fit.load(_FIT))
    counts = []
    for _ in range(3):
        list(vocoder.speak(long, "af_mine"))
        counts.append(dict(vocoder.counts))
    assert [count["doubted"] for count in counts] == [1, 2, 2]
    assert counts[-1]["windows"] == 1


@pytest.mark.weights
def test_of_a_long_sentence_in_doubt_only_the_middle_is_run_at_once(
    wrapper: KokoroV1Wrapper, generator: Generator, long: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "LONGEST_WHOLE_FRAMES", long.x.shape[-1] // 2)
    exact, _ = _whole(generator, long, _seeded_harmonics(generator, long))
    at_once: list[int] = []
    real = Generator.whole

    def counted(self: Generator, x: Tensor, harmonics: Tensor, targets: Targets) -> tuple[Tensor, Moments]:
        at_once.append(x.shape[-1])
        return real(self, x, harmonics, targets)

    monkeypatch.setattr(Generator, "whole", counted)
    monkeypatch.setattr(streaming, "MAX_DOUBT", 0.0)
    vocoder = _vocoder(wrapper, Fit.load(_FIT))
    torch.manual_seed(0)
    pieces = list(vocoder.speak(long, "af_mine"))
    assert at_once == [long.x.shape[-1] // 2]
    assert len(pieces) > 3
    assert _spectral_distance_db(exact, torch.cat(pieces)) < 0.8


@pytest.mark.weights
def test_an_offset_improves_the_prediction(whole: Whole) -> None:
    exact = whole.moments
    wrong = Moments(exact.mean + 0.1, exact.variance * 1.2)
    offset = streaming._VoiceOffset()
    offset.add(exact, wrong)
    better = offset.improve(wrong)
    assert residual(exact, better).abs().mean() < 0.6 * residual(exact, wrong).abs().mean()


@pytest.mark.weights
def test_exact_is_what_the_pipeline_gives_for_the_same_noise(
    model_data: Store, module: KokoroModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "x86_64"})  # so all is in float32
    folder = model_data.models / "v1_0"
    paths = folder / "config.json", folder / "kokoro-v1_0.pth"
    exact = KokoroV1Wrapper(*paths, stream="exact")
    exact.initialize().vocoder.generator._source._draw = _kokoro_s_noise(module)
    torch.manual_seed(3)
    (sound,) = [piece for piece in exact.pieces([Run(TEXT)], "af_heart", "a") if piece is not None]
    with_ours_inside = exact.get_pipeline("a")
    untouched = copy.copy(with_ours_inside)
    untouched.model = load_model(read_config(paths[0]), paths[1])
    # A rounding of the pitch grows along the sentence: kokoro on one thread is 48 dB from kokoro on two.
    for pipeline, least_db in ((untouched, 40), (with_ours_inside, 80)):
        torch.manual_seed(3)
        (expected,) = [result.audio for result in pipeline(TEXT, voice=exact.packs.get("af_heart"))]
        assert _snr_db(expected, sound) > least_db


@given(
    st.lists(st.tuples(*[st.floats(-3, 3)] * 2, *[st.floats(1e-3, 9)] * 2), min_size=1, max_size=20),
)
def test_the_residual_corrects_an_estimate_exactly(rows: list[tuple[float, ...]]) -> None:
    values = torch.tensor(rows, dtype=torch.float64)
    exact, estimate = Moments(values[:, 0], values[:, 2]), Moments(values[:, 1], values[:, 3])
    again = corrected(estimate, residual(exact, estimate))
    assert torch.allclose(again.mean, exact.mean, atol=1e-6)
    assert torch.allclose(again.variance, exact.variance, atol=1e-6)


def _fit_with(path: Path, **others: NDArray[np.generic]) -> None:
    with np.load(_FIT) as arrays:
        np.savez(path, **(dict(arrays) | others))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.write_bytes(_FIT.read_bytes()[:1000]), "zip"),
        (lambda path: path.write_bytes(b""), "zip"),
        (lambda path: path.write_text("404: Not Found"), "zip"),
        (lambda path: np.savez(path, points=np.zeros((3, 3))), "basis"),
        (lambda path: _fit_with(path, basis=np.zeros((3, 18), np.int16)), "basis has another shape"),
        (lambda path: _fit_with(path, style_centre=np.full(128, np.nan)), "style_centre"),
        (lambda path: _fit_with(path, points=np.zeros(3)), "unpack"),
        (lambda path: _fit_with(path, basis=np.array([{"a": 1}], dtype=object)), "objects"),
    ],
)
def test_a_damaged_fit_is_named_with_the_remedy_and_nothing_is_unpickled(
    damage: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "moments.npz"
    damage(path)
    with pytest.raises(ModelError, match=rf"moments\.npz is (damaged|truncated or corrupt).*{told}.*; do this\."):
        Fit.load(path, "do this")
