"""Word times: how they are computed, when they are sent, and that they agree with the sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from wyoming.event import Event

from kokoro_wyoming.audio.word_times import Clock, SpokenWord, paired, word_times
from tests.listening import client_of, hear
from tests.stand_ins.beep_house import open_house

WORDS = "\n\n".join(("Stop.", "Two.", "Ten.", "Pay the bill.", "Cap.", "Tea is ready.", "Kate.", "Talk.", "Pat."))
"""Each word begins with a burst after silence, so that its beginning is clear in the sound."""


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), max_size=8), st.data())
def test_words_are_in_order_and_end_with_their_phonemes(shapes: list[tuple[int, int]], data: st.DataObject) -> None:
    words, at = [], 0
    for count, gap in shapes:
        words.append(SpokenWord("w", at, count))
        at += count + gap
    durations = data.draw(st.lists(st.integers(1, 20), min_size=at + 2, max_size=at + 2))
    times = word_times(words, durations)
    assert [time.text for time in times] == ["w"] * len(words)
    edges = [time for pair in times for time in (pair.start_seconds, pair.end_seconds)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= sum(durations) / 40 for edge in edges)


def test_the_parts_of_a_sentence_follow_each_other_and_are_returned_once() -> None:
    clock = Clock()
    clock.count([SpokenWord("one", 0, 2)], [4, 10, 10, 4])
    (one,) = clock.fresh()
    clock.count([SpokenWord("two", 0, 1)], [4, 10, 4])
    (two,) = clock.fresh()
    assert clock.fresh() == []
    assert two.start_seconds - one.start_seconds == pytest.approx(28 / 40)


_THREE = ["dos=ðˈos", "y=i", "tres=tɾˈes"]


@pytest.mark.parametrize(
    ("text", "phonemes", "expected"),
    [
        ("La puerta, sí.", "la pwˈeɾta, sˈi.", ["La=la", "puerta=pwˈeɾta", "sí=sˈi"]),
        ("Son 23, sí.", "sˈon bejnti tɾˈes, sˈi.", ["Son 23=sˈon bejnti tɾˈes", "sí=sˈi"]),
        ("Son 23, sí, ya.", "sˈon bejnti tɾˈes, sˈi, ʝˈa.", ["Son 23=sˈon bejnti tɾˈes", "sí=sˈi", "ya=ʝˈa"]),
        ("Uno y 2, dos y tres", "ˈuno i ðˈos dˈos, ðˈos i tɾˈes", ["Uno y 2=ˈuno i ðˈos dˈos", *_THREE]),
        ("23", "bejnti tɾˈes", ["23=bejnti tɾˈes"]),
        ("前门开着，好。", "ʨʰjɛ↗n kʰaɪ→, xaʊ↓.", ["前门开着=ʨʰjɛ↗n kʰaɪ→", "好=xaʊ↓"]),
        ("", "", []),
    ],
)
def test_words_are_paired_where_it_is_certain_else_clauses(text: str, phonemes: str, expected: list[str]) -> None:
    found = paired(text, phonemes)
    assert [f"{word.text}={phonemes[word.first : word.first + word.count]}" for word in found] == expected


async def test_only_clients_that_ask_get_word_times_and_before_the_sound() -> None:
    async with open_house() as house:
        plain = await house.ask([Event("synthesize", {"text": "One here. Two."})])
        timed = await house.ask([Event("synthesize", {"text": "One here. Two.", "timestamps": True})])
    assert "word-timings" not in [event.type for event in plain]
    types = [event.type for event in timed]
    assert types.count("word-timings") == 2
    assert types[:3] == ["audio-start", "word-timings", "audio-chunk"]
    told = [word for event in timed if event.type == "word-timings" for word in event.data["words"]]
    assert [word["text"] for word in told] == ["One here.", "Two."]
    # The second sentence begins where the sound of the first has ended: 9 letters of 10 ms.
    assert told[1]["start"] - told[0]["start"] == pytest.approx(0.09, abs=0.001)
    assert [event.payload for event in plain if event.payload] == [event.payload for event in timed if event.payload]


async def test_an_invalid_request_for_word_times_is_refused() -> None:
    async with open_house() as house:
        events = await house.ask([Event("synthesize", {"text": "One.", "timestamps": "yes"})])
    assert events[-1].type == "error"


def onsets_seconds(sound: NDArray[np.float32]) -> list[float]:
    """The times where sound begins after at least 60 ms of near silence."""
    block = 120
    level = np.sqrt(np.mean(sound[: len(sound) // block * block].reshape(-1, block) ** 2, axis=1))
    loud = np.flatnonzero(level > 0.012)
    first = np.diff(loud, prepend=-100) > 12
    return [float(at) * block / 24_000 for at in loud[first]]


@pytest.mark.weights
@pytest.mark.parametrize("voice", ["am_michael", "bf_emma"])
async def test_words_begin_in_the_sound_at_their_times(voice: str, server: str) -> None:
    async with client_of(server) as client:
        wish = {"text": WORDS, "voice": {"name": voice}, "timestamps": True}
        await client.write_event(Event("synthesize", wish))
        heard = await hear(client, "audio-stop")
    told = [word for event in heard.events if event.type == "word-timings" for word in event.data["words"]]
    assert [word["text"] for word in told] == WORDS.replace(".", "").split()
    onsets = onsets_seconds(heard.samples)
    first = {word.split()[0].strip(".") for word in WORDS.split("\n\n")}
    errors = {
        word["text"]: min((onset - word["start"] for onset in onsets), key=abs)
        for word in told
        if word["text"] in first
    }
    assert max(map(abs, errors.values())) <= 0.05, errors
    ends = {word["text"]: word["end"] for word in told}
    assert ends["ready"] - ends["Tea"] > 0.2
