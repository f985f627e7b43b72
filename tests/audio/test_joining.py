"""Sentences are joined to one sound: pauses, edges, positions, and no clicks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kokoro_wyoming.audio.joining import SILENCE, Joiner, Pauses, SoundOptions
from tests.clicks import clicks, offset

RATE_HZ = 24_000
PAUSES = Pauses(sentence_seconds=0.5, clause_seconds=0.2, paragraph_seconds=0.9)
Sound = NDArray[np.float32]


def spoken(lead_seconds: float, seconds: float, trail_seconds: float) -> Sound:
    """A hum with a soft beginning and end, between silence like that of the networks."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    swell = np.minimum(1, np.minimum(time, seconds - time) / 0.02)
    hum = 0.3 * swell * np.sin(2 * np.pi * 150 * time)
    lead, trail = (np.full(round(one * RATE_HZ), 1e-6) for one in (lead_seconds, trail_seconds))
    return np.concatenate([lead, hum, trail]).astype(np.float32)


def joined(
    joiner: Joiner, *sentences: tuple[str, Sound], pieces: tuple[int, ...] = (), pauses_ahead: bool = False
) -> Sound:
    given: list[Sound] = []
    for text, sound in sentences:
        joiner.begin(text)
        given += [joiner.pause_so_far()] if pauses_ahead else []
        given += [joiner.add(piece) for piece in np.split(sound, sorted(at % (len(sound) + 1) for at in pieces))]
        given.append(joiner.end())
    return np.concatenate([*given, joiner.finish()])


def gaps_seconds(sound: Sound) -> list[float]:
    """All silences of more than 50 ms, including the first and the last one."""
    loud = np.flatnonzero(np.abs(sound) > SILENCE)
    gaps = np.diff(loud, prepend=-1, append=len(sound)) - 1
    return [float(gap) / RATE_HZ for gap in gaps if gap > 0.05 * RATE_HZ]


@pytest.mark.parametrize(
    ("text", "pause_seconds"),
    [
        *(("Yes.", 0.5), ("Really?!", 0.5), ("“Yes.”", 0.5), ("はい。", 0.5), ("हाँ।", 0.5)),
        *(("Well,", 0.2), ("and then", 0.2)),
    ],
)
def test_pauses_depend_on_the_text_and_not_on_the_model_s_silence(text: str, pause_seconds: float) -> None:
    for lead_seconds, trail_seconds in ((0.0, 0.0), (0.35, 0.5), (0.01, 0.9), (0.6, 0.02)):
        sound = spoken(lead_seconds, 0.4, trail_seconds)
        _, pause, _ = [0.0, *gaps_seconds(joined(Joiner(SoundOptions(pauses=PAUSES)), (text, sound), ("No.", sound)))][
            -3:
        ]
        assert pause == pytest.approx(pause_seconds, abs=0.002)


def test_paragraphs_and_requested_pauses_have_their_own_length() -> None:
    joiner, sound = Joiner(SoundOptions(pauses=PAUSES)), spoken(0.3, 0.4, 0.5)
    given = []
    for n in range(4):
        if n == 2:
            joiner.pause(1.0)
            joiner.pause(0.5)
        joiner.begin("Yes.", paragraph=n == 3)
        given += [joiner.add(sound), joiner.end()]
    gaps = gaps_seconds(np.concatenate([*given, joiner.finish()]))
    assert gaps == pytest.approx([0.1, 0.5, 1.5, 0.9, 0.5], abs=0.002)


def test_lead_in_and_tail_are_added_with_any_pauses() -> None:
    sound = spoken(0.3, 0.4, 0.5)
    gaps = gaps_seconds(
        joined(Joiner(SoundOptions(pauses=PAUSES, lead_in_seconds=0.25, tail_seconds=0.4)), ("A.", sound))
    )
    assert gaps == pytest.approx([0.35, 0.9], abs=0.002)
    made = joined(Joiner(SoundOptions(lead_in_seconds=0.25, tail_seconds=0.4)), ("A.", sound))
    assert np.array_equal(made, np.concatenate([np.zeros(6000), sound, np.zeros(9600)]).astype(np.float32))


def test_as_made_leaves_the_sound_unchanged() -> None:
    sounds = [spoken(0.3, 0.4, 0.5), np.full(7, 0.9, dtype=np.float32), spoken(0, 0.1, 0)]
    given = joined(Joiner(SoundOptions()), *[("A.", sound) for sound in sounds])
    assert np.array_equal(given, np.concatenate(sounds))


def test_an_empty_utterance_has_no_sound() -> None:
    joiner = Joiner(SoundOptions(pauses=PAUSES, lead_in_seconds=1, tail_seconds=1))
    joiner.begin("...")
    assert not len(np.concatenate([joiner.end(), joiner.finish()]))


def test_a_sentence_without_sound_between_two_others_changes_nothing() -> None:
    sound, silent = spoken(0.3, 0.4, 0.5), np.zeros(9000, dtype=np.float32)
    with_it = joined(Joiner(SoundOptions(pauses=PAUSES)), ("A.", sound), ("...", silent), ("B.", sound))
    assert np.array_equal(with_it, joined(Joiner(SoundOptions(pauses=PAUSES)), ("A.", sound), ("B.", sound)))


def test_silence_within_a_sentence_stays() -> None:
    sound = np.concatenate([spoken(0.3, 0.4, 0.35), spoken(0.35, 0.4, 0.5)])
    for pieces in ((), (20_000,), (16_000, 17_000, 20_000, 26_000)):
        gaps = gaps_seconds(joined(Joiner(SoundOptions(pauses=PAUSES)), ("A.", sound), pieces=pieces))
        assert gaps == pytest.approx([0.1, 0.7, 0.5], abs=0.002)


@given(
    st.lists(st.tuples(st.floats(0, 0.6), st.floats(0, 0.4), st.floats(0, 0.6)), min_size=1, max_size=4),
    st.lists(st.integers(0, 40_000), max_size=5),
    st.booleans(),
)
def test_how_sentences_are_cut_into_pieces_changes_nothing_but_the_first_silence(
    shapes: list[tuple[float, float, float]], pieces: list[int], pauses_ahead: bool
) -> None:
    sentences = [("A.", spoken(*shape)) for shape in shapes]
    whole = joined(Joiner(SoundOptions(pauses=PAUSES)), *sentences)
    cut = joined(Joiner(SoundOptions(pauses=PAUSES)), *sentences, pieces=tuple(pieces), pauses_ahead=pauses_ahead)
    assert np.array_equal(_without_first_silence(whole), _without_first_silence(cut))


def _without_first_silence(sound: Sound) -> Sound:
    loud = np.flatnonzero(np.abs(sound) > SILENCE)
    return sound[loud[0] :] if len(loud) else sound[:0]


@pytest.mark.parametrize("pieces", [(), (100,), (3000, 9000), (7200,)])
@pytest.mark.parametrize(
    "delivery", [SoundOptions(pauses=PAUSES, lead_in_seconds=0.3), SoundOptions(lead_in_seconds=0.3)]
)
def test_a_sentence_s_position_is_known_with_its_first_sound(pieces: tuple[int, ...], delivery: SoundOptions) -> None:
    joiner, sound = Joiner(delivery), spoken(0.3, 0.4, 0.5)
    given: list[Sound] = []
    places: list[float | None] = []
    for _ in range(3):
        joiner.begin("A.")
        assert joiner.sentence_at_seconds is None
        given += [*map(joiner.add, np.split(sound, pieces)), joiner.end()]
        places.append(joiner.sentence_at_seconds)
    everything = np.concatenate(given)
    top = np.argmax(sound)
    for place in places:
        assert place is not None
        assert everything[round(place * RATE_HZ) + top] == sound[top]


def test_only_silence_or_a_few_milliseconds_are_held_back() -> None:
    joiner, sound = Joiner(SoundOptions(pauses=PAUSES)), spoken(0.3, 1.0, 0.5)
    joiner.begin("A.")
    assert len(joiner.add(sound[:4800])) == 4800, "the first silence passes at once"
    assert len(joiner.add(sound[4800:16_800])) == 12_000 - 120
    joiner.add(sound[16_800:])
    assert len(joiner.end()) >= RATE_HZ * 0.05, "enough to push the end of the sentence out of the last chunk"


def test_a_sound_that_ends_abruptly_is_faded() -> None:
    torn = (0.4 * np.sin(np.arange(9_000) / 8) + 0.2).astype(np.float32)
    assert len(clicks(np.concatenate([np.zeros(4000), torn, np.zeros(4000)]).astype(np.float32))) >= 2
    assert clicks(joined(Joiner(SoundOptions(pauses=PAUSES)), ("A.", torn), ("B,", torn[:300]))) == []


@pytest.mark.parametrize("silence_samples", [50, 1_200, 7_200])
def test_a_sound_that_begins_abruptly_is_faded(silence_samples: int) -> None:
    abrupt = np.concatenate([np.full(silence_samples, 1e-6), 0.1 * np.cos(np.arange(9_000) / 8)]).astype(np.float32)
    sound = joined(Joiner(SoundOptions(pauses=PAUSES)), ("A.", abrupt), ("B.", abrupt), pieces=(7_201, 7_215))
    assert len(clicks(np.concatenate([np.zeros(4_000, np.float32), abrupt]))) >= 1
    assert clicks(sound) == []


@pytest.mark.parametrize("at", [3000, 12_345, 25_000])
@pytest.mark.parametrize("planted", ["step", "spike", "hole", "repeat"])
def test_the_detector_finds_a_planted_click(at: int, planted: str) -> None:
    sound = spoken(0.3, 0.7, 0.3)
    match planted:
        case "step":
            sound[at:] += 0.03
        case "spike":
            sound[at] += 0.05
        case "hole":
            sound[at + 8 : at + 500] = 0.03
        case "repeat":
            sound = np.concatenate([sound[: at + 40], np.full(1, 0.04, dtype=np.float32), sound[at + 80 :]])
    assert any(abs(found - at / RATE_HZ) < 0.01 for found in clicks(sound))


def test_the_detector_finds_a_shifted_zero_line_and_nothing_in_a_hum() -> None:
    assert clicks(spoken(0.3, 0.7, 0.3)) == []
    assert offset(spoken(0.3, 0.7, 0.3)) < 1e-4
    assert offset(spoken(0.3, 0.7, 0.3) + np.float32(0.005)) > 1e-3
