"""What an utterance notes about itself: how it ended, and the silences that the model is to blame for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Literal

import pytest

from kokoro_wyoming.errors import BusyError, ModelError, PeerError, StuckError, UnknownVoiceError
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.scheduler.listener import Listener
from kokoro_wyoming.utterances.measures import Gaps, Measures, outcome_of
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.requests import SpeechOptions, SpeechRequest
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.utterances.utterance import Utterance
from kokoro_wyoming.voices.descriptions import VoiceRequest
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import until

LONG = "These sixty characters are more than half a second of beeps. "


class Observed:
    """A service on a beeping engine, and the measures that it handed over."""

    def __init__(self, engine: BeepEngine | None = None, options: SpeechOptions | None = None) -> None:
        self.engine = engine or BeepEngine()
        self.all: list[Measures] = []
        self.service = SpeechService(self.engine, options, self.all.append)

    def begin(self, *texts: str, voice: str | None = None, quota: Quota | None = None) -> Utterance:
        request = SpeechRequest(VoiceRequest(voice))
        utterance = self.service.begin(request, client="a test", quota=quota, face="http")
        for text in texts:
            utterance.add(text)
        return utterance

    @property
    def one(self) -> Measures:
        """The measures of the only utterance."""
        (measures,) = self.all
        return measures


async def _hear(utterance: Utterance) -> None:
    """All of its sound, and the end."""
    with contextlib.closing(utterance):
        async for _ in utterance.pieces():
            pass


# How it ended


async def test_what_was_spoken_to_its_end_is_told_once() -> None:
    observed = Observed()
    utterance = observed.begin("Hello there. ", "And good bye.")
    utterance.finish()
    await _hear(utterance)
    utterance.close()
    one = observed.one
    assert (one.face, one.outcome, one.voice) == ("http", "spoken", utterance.voice)
    assert one.characters == len("Hello there.And good bye.")
    assert one.sound_seconds == pytest.approx(utterance.seconds)
    assert one.first_sound_seconds == utterance.first_sound_seconds


async def test_nothing_is_told_before_the_close() -> None:
    observed = Observed()
    utterance = observed.begin("Hello there.")
    utterance.finish()
    pieces = [piece async for piece in utterance.pieces()]
    assert pieces
    assert observed.all == []
    utterance.close()
    assert observed.one.outcome == "spoken"


async def test_who_leaves_in_the_middle_has_cancelled() -> None:
    observed = Observed()
    utterance = observed.begin(LONG * 3)
    utterance.finish()
    with contextlib.closing(utterance):
        async with contextlib.aclosing(utterance.pieces()) as pieces:
            await anext(pieces)
    assert observed.one.outcome == "cancelled"
    assert observed.one.sound_seconds == pytest.approx(0.05)


async def test_a_task_that_is_cancelled_has_cancelled() -> None:
    observed = Observed(BeepEngine(gate=asyncio.Event()))
    utterance = observed.begin(LONG)
    hearing = asyncio.ensure_future(_hear(utterance))
    await until(lambda: bool(observed.engine.said))
    hearing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hearing
    assert observed.one.outcome == "cancelled"
    assert observed.one.first_sound_seconds is None


async def test_who_wants_no_more_has_cancelled_unless_it_is_over() -> None:
    observed = Observed()
    early, late = observed.begin("Not this."), observed.begin("This.")
    early.cancel()
    await _hear(early)
    late.finish()
    async for _ in late.pieces():
        pass
    late.cancel(PeerError("Too late to matter."))
    late.close()
    assert [measures.outcome for measures in observed.all] == ["cancelled", "spoken"]


async def test_a_refusal_at_the_begin_is_told_without_a_voice() -> None:
    observed, quota = Observed(), Quota(0)
    with pytest.raises(UnknownVoiceError):
        observed.begin(voice="nobody")
    with pytest.raises(BusyError):
        observed.begin(quota=quota)
    assert observed.all == [Measures("http", "refused")] * 2


def test_a_text_that_is_too_long_is_a_refusal() -> None:
    observed = Observed(options=SpeechOptions(max_chars=5))
    with contextlib.closing(observed.begin()) as utterance, pytest.raises(PeerError):
        utterance.add("Too long.")
    assert observed.one.outcome == "refused"


def test_no_place_is_a_refusal() -> None:
    observed = Observed(BeepEngine(places=0))
    with contextlib.closing(observed.begin()) as utterance, pytest.raises(BusyError):
        utterance.add("Me too.")
    assert observed.one.outcome == "refused"


async def test_a_mistake_in_the_middle_is_a_refusal_with_the_sound_before_it() -> None:
    observed = Observed()
    utterance = observed.begin("<speak>This is said. <voice name='nobody'>And this.</voice></speak>")
    utterance.finish()
    with pytest.raises(PeerError):
        await _hear(utterance)
    assert observed.one.outcome == "refused"
    assert observed.one.sound_seconds > 0


async def test_what_a_client_is_told_in_place_of_the_rest_is_a_refusal() -> None:
    observed = Observed()
    utterance = observed.begin("Never mind. ")
    utterance.cancel(PeerError("Wrong."))
    with pytest.raises(PeerError):
        await _hear(utterance)
    assert observed.one.outcome == "refused"


@pytest.mark.parametrize("error", [RuntimeError("a defect"), ModelError("no weights"), StuckError("no end")])
async def test_what_the_client_cannot_help_is_a_failure(error: Exception) -> None:
    observed = Observed(BeepEngine(failures={"This fails.": error}))
    utterance = observed.begin("This fails.")
    utterance.finish()
    with pytest.raises(type(error)):
        await _hear(utterance)
    assert observed.one.outcome == outcome_of(error) == "failed"


async def test_a_service_without_an_observer_speaks() -> None:
    utterance = SpeechService(BeepEngine()).begin(SpeechRequest(), client="a test")
    utterance.add("Hello.")
    utterance.finish()
    await _hear(utterance)
    assert utterance.seconds > 0


# Gaps


class Clock:
    """Stands in for the monotonic clock, in whole seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def _model_works(gaps: Gaps, clock: Clock, seconds: float) -> None:
    since = clock.seconds
    clock.seconds += seconds
    gaps.waited(since)


def test_a_gap_is_what_the_model_takes_beyond_the_sound_at_hand(clock: Clock) -> None:
    gaps = Gaps()
    _model_works(gaps, clock, 5)  # nothing was heard yet
    gaps.given(2)
    _model_works(gaps, clock, 3)
    gaps.given(2)
    assert (gaps.number, gaps.seconds, gaps.sound_seconds) == (1, 1, 4)
    _model_works(gaps, clock, 1)
    gaps.given(2)
    assert (gaps.number, gaps.seconds) == (1, 1)


def test_waits_one_after_the_other_are_one_gap(clock: Clock) -> None:
    """A sentence may end with nothing but silence that is cut off: the wait goes on with the next sentence."""
    gaps = Gaps()
    gaps.given(1)
    for _ in range(3):
        _model_works(gaps, clock, 2)
    gaps.given(1)
    assert (gaps.number, gaps.seconds) == (1, 5)


def test_sound_that_just_suffices_is_no_gap(clock: Clock) -> None:
    gaps = Gaps()
    gaps.given(1)
    _model_works(gaps, clock, 1.01)
    gaps.given(1)
    assert (gaps.number, gaps.seconds) == (0, 0)


def test_silence_that_began_without_text_is_no_gap(clock: Clock) -> None:
    gaps = Gaps()
    gaps.given(1)
    clock.seconds += 10  # no text comes, or the client takes no sound
    _model_works(gaps, clock, 2)
    gaps.given(1)
    assert (gaps.number, gaps.seconds) == (0, 0)


def test_silence_to_which_no_sound_comes_any_more_is_no_gap(clock: Clock) -> None:
    gaps = Gaps()
    gaps.given(1)
    _model_works(gaps, clock, 5)
    assert (gaps.number, gaps.seconds) == (0, 0)


class Hearing:
    """A listener who plays what comes at once."""

    def __init__(self, utterance: Utterance) -> None:
        self.utterance = utterance
        self.ended_at_seconds = 0.0
        """Monotonic time when all that came was heard."""
        self.task = asyncio.ensure_future(self._hear())

    async def _hear(self) -> None:
        with contextlib.closing(self.utterance):
            async for piece in self.utterance.pieces():
                now = time.monotonic()
                self.ended_at_seconds = max(self.ended_at_seconds, now) + len(piece) / 48_000

    async def silence(self) -> None:
        """Return once all that came was heard, a while ago."""
        await until(lambda: 0 < self.ended_at_seconds < time.monotonic() - 0.1)


class Gate(asyncio.Event):
    """Lets so many halves of sentences through, and holds the others until it is set."""

    def __init__(self, halves: int) -> None:
        super().__init__()
        self._halves = halves

    async def wait(self) -> Literal[True]:
        if self._halves:
            self._halves -= 1
            return True
        return await super().wait()


async def test_a_model_that_is_late_makes_a_gap() -> None:
    gate = Gate(halves=3)
    observed = Observed(BeepEngine(gate=gate))
    hearing = Hearing(observed.begin(LONG, LONG))
    hearing.utterance.finish()
    await hearing.silence()
    gate.set()
    await hearing.task
    assert observed.one.outcome == "spoken"
    assert observed.one.gaps == 1
    assert observed.one.gap_seconds > 0.05


async def test_a_text_that_is_late_makes_none() -> None:
    gate = Gate(halves=2)
    observed = Observed(BeepEngine(gate=gate))
    hearing = Hearing(observed.begin(LONG, "And then"))
    await hearing.silence()
    hearing.utterance.add(" came the other, which is no shorter than the first of them is.")
    hearing.utterance.finish()
    await until(lambda: len(observed.engine.said) == 2)
    began_at_seconds = time.monotonic()
    await until(lambda: time.monotonic() > began_at_seconds + 0.1)
    gate.set()
    await hearing.task
    assert observed.one.outcome == "spoken"
    assert (observed.one.gaps, observed.one.gap_seconds) == (0, 0)


# What the model thread notes


async def test_the_thread_notes_how_long_a_listener_waited_and_was_worked_for() -> None:
    now = 0.0

    def turns(seconds: float) -> object:
        nonlocal now
        now += seconds
        return seconds

    thread, first, second = ModelThread(clock=lambda: now), Listener(), Listener()
    try:
        for listener in (first, second, first):
            steps = thread.stream(lambda: map(turns, (3.0, 1.0)), listener=listener, seconds_of=lambda piece: 8.0)
            assert [piece async for piece in steps] == [3.0, 1.0]
    finally:
        assert thread.close(5)
    assert (first.worked_seconds, first.made_seconds) == (8, 32)
    assert (second.worked_seconds, second.made_seconds) == (4, 16)
    assert (first.waited_seconds, second.waited_seconds) == (0, 0)


def test_rtf_is_of_what_the_model_made() -> None:
    assert Measures("http", "spoken", worked_seconds=2, made_seconds=8, sound_seconds=20).rtf == 0.25
    assert Measures("http", "spoken", worked_seconds=2).rtf is None
