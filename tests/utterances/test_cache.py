"""The cache: within its bound, whole sounds only, no sound of another voice, and no texts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kokoro_wyoming.assets import Store
from kokoro_wyoming.engine.model_engine import Engine
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import BusyError, ModelError, UnknownVoiceError
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run, Sentence, plain
from kokoro_wyoming.utterances.cache import ENTRY_BYTES, AudioCache, CachedEngine, digest
from kokoro_wyoming.utterances.prerender import prerender, sentences, wanted
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceDescription, VoiceRequest
from tests.conftest import RunningServer
from tests.listening import say as hear_text
from tests.stand_ins.beep_engine import BeepEngine, BeepUtterance, beep
from tests.stand_ins.beep_house import as_home_assistant, open_house, synthesize, text_of, until

VOICE = SpokenVoice("v1.0", "beep", "en-US", 1.0)


def cached(engine: BeepEngine, max_bytes: int = 10_000_000, weights: str = "official") -> CachedEngine:
    return CachedEngine(engine, AudioCache(max_bytes), weights=weights)


async def say(engine: CachedEngine, *texts: str, voice: SpokenVoice = VOICE) -> list[NDArray[np.float32]]:
    """The sound of each text, all in one utterance."""
    sounds = []
    with contextlib.closing(engine.utterance()) as utterance:
        for text in texts:
            pieces = [piece async for piece in utterance.speak(plain(text), voice)]
            sounds.append(np.concatenate(pieces) if pieces else np.zeros(0, np.float32))
    return sounds


def said(engine: BeepEngine) -> list[str]:
    return [sentence for sentence, _ in engine.said]


# A repeat


async def test_a_repeat_is_the_same_sound_and_no_work() -> None:
    engine = BeepEngine()
    first, again = await say(cached(engine), "Dinner is ready.", "Dinner is ready.")
    assert np.array_equal(first, beep("Dinner is ready."))
    assert np.array_equal(first, again)
    assert said(engine) == ["Dinner is ready."]


async def test_a_repeat_in_another_session_is_no_work_however_its_text_arrives() -> None:
    engine = BeepEngine()
    async with open_house(engine, through=cached(engine)) as house:
        for events in (
            [synthesize("It rains. It pours.")],
            as_home_assistant("It ra", "ins. It", " pours."),
            [synthesize("It pours.")],
        ):
            assert text_of(await house.ask(events)).endswith("It pours.")
    assert said(engine) == ["It rains.", "It pours."]


async def test_long_sound_comes_back_in_pieces_and_lets_others_have_the_loop() -> None:
    engine = cached(BeepEngine())
    text = "x" * 1000  # ten seconds
    await say(engine, text)
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    with contextlib.closing(engine.utterance()) as utterance:
        pieces = [piece async for piece in utterance.speak(plain(text), VOICE)]
    beside.cancel()
    assert np.array_equal(np.concatenate(pieces), beep(text))
    assert len(pieces) == 10
    assert others >= len(pieces)


async def test_what_a_listener_does_to_the_sound_or_the_engine_to_its_memory_does_not_change_it() -> None:
    memory = np.ones(240, np.float32)

    class Reused(BeepUtterance):
        def _halves(self, sentence: str) -> Iterator[NDArray[np.float32]]:
            for level in (1, 2):
                memory[:] = level
                yield memory

    class Reusing(BeepEngine):
        def utterance(self, *, patient: bool = False, fetched: bool = False) -> BeepUtterance:
            return Reused(self, takes_place=False)

    cache = cached(Reusing())
    await say(cache, "a")
    with contextlib.closing(cache.utterance()) as utterance:
        pieces = [piece async for piece in utterance.speak(plain("a"), VOICE)]
    assert np.concatenate(pieces).tolist() == [1.0] * 240 + [2.0] * 240
    with pytest.raises(ValueError, match="read-only"):
        pieces[0][0] = 5


async def test_two_listeners_of_the_same_sentence_at_the_same_time_both_hear_all_of_it() -> None:
    engine = BeepEngine(gate=asyncio.Event())
    cache = cached(engine)
    both = [asyncio.create_task(say(cache, "Both.")) for _ in range(2)]
    await until(lambda: len(engine.said) == 2)
    assert engine.gate is not None
    engine.gate.set()
    assert all(np.array_equal(sound, beep("Both.")) for (sound,) in await asyncio.gather(*both))
    (again,) = await say(cache, "Both.")
    assert np.array_equal(again, beep("Both."))
    assert len(engine.said) == 2


# One sound for each voice


@pytest.mark.parametrize(
    "other",
    [
        replace(VOICE, version="v0.19"),
        replace(VOICE, name="boop"),
        replace(VOICE, language="en-GB"),
        replace(VOICE, speed=1.1),
    ],
    ids=lambda voice: repr(voice),
)
async def test_a_sentence_by_another_voice_is_another_sound(other: SpokenVoice) -> None:
    engine = BeepEngine()
    cache = cached(engine)
    await say(cache, "Hello.")
    await say(cache, "Hello.", voice=other)
    assert [voice for _, voice in engine.said] == [VOICE, other]


_PART = st.text(st.sampled_from('a",\\é \x00\n'), max_size=4)
_VOICE = st.builds(SpokenVoice, _PART, _PART, _PART, st.sampled_from([0.5, 1.0, 1.0000001]))


_RUN = st.builds(Run, _PART, *[st.none() | _PART] * 4)
_SENTENCE = st.builds(Sentence, st.lists(_RUN, max_size=3).map(tuple))
_ASKED = st.tuples(_SENTENCE, _VOICE, _PART)


@given(_ASKED, _ASKED)
def test_a_digest_is_equal_where_everything_is_and_nowhere_else(
    one: tuple[Sentence, SpokenVoice, str], other: tuple[Sentence, SpokenVoice, str]
) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_a_text_is_not_kept() -> None:
    beeps, secret = BeepEngine(), "The key is under the mat."
    engine = cached(beeps)
    asyncio.run(say(engine, secret))
    assert secret in _texts_within(engine)
    beeps.said.clear()
    assert secret not in _texts_within(engine)
    assert len(engine._cache) == 1


def _texts_within(value: object) -> set[str]:
    """All strings that can be reached from a value, without what belongs to its class."""
    seen: dict[int, object] = {}
    ahead = [value]
    while ahead:
        found = ahead.pop()
        if id(found) not in seen and not isinstance(found, type | FunctionType | ModuleType):
            seen[id(found)] = found
            ahead += gc.get_referents(found)
    return {found for found in seen.values() if type(found) is str}


# Whole sounds only


async def test_a_sentence_that_failed_is_not_kept_and_is_made_anew() -> None:
    engine = BeepEngine(failures={"Hello.": ModelError("broken")})
    cache = cached(engine)
    with pytest.raises(ModelError):
        await say(cache, "Hello.")
    engine.failures.clear()
    (sound,) = await say(cache, "Hello.")
    assert np.array_equal(sound, beep("Hello."))
    assert said(engine) == ["Hello."] * 2


async def test_a_sentence_whose_listener_left_is_not_kept_and_its_work_is_abandoned() -> None:
    engine = BeepEngine()
    cache = cached(engine)
    with contextlib.closing(cache.utterance()) as utterance:
        async with contextlib.aclosing(utterance.speak(plain("Hello."), VOICE)) as sound:
            await anext(sound)
    assert engine.abandoned == ["Hello."]
    assert cache._cache.held_bytes == 0
    (whole,) = await say(cache, "Hello.")
    assert np.array_equal(whole, beep("Hello."))


async def test_a_sentence_that_was_cancelled_is_not_kept() -> None:
    engine = BeepEngine(gate=asyncio.Event())
    cache = cached(engine)
    saying = asyncio.create_task(say(cache, "Hello."))
    await until(lambda: len(engine.said) == 1)
    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
    assert (len(cache._cache), cache._cache.held_bytes) == (0, 0)
    assert engine.taken == 0


async def test_busy_is_told_at_once_even_for_a_sentence_in_the_cache() -> None:
    engine = BeepEngine(places=1)
    cache = cached(engine)
    await say(cache, "Hello.")
    with contextlib.closing(cache.utterance()), pytest.raises(BusyError):
        cache.utterance()
    assert engine.taken == 0


# Within the bound


def _put(cache: AudioCache, key: bytes, samples: int) -> bool:
    return cache.keep(key, np.zeros(samples, np.float32))


_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5), st.integers(1, 400)),
        st.tuples(st.just("get"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("pin"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(_ACTIONS, st.integers(0, 5_000))
def test_the_bound_holds_and_the_count_is_true_whatever_is_done(actions: list[tuple[str, int, int]], most: int) -> None:
    cache, pinned = AudioCache(most), set()
    for action, name, samples in actions:
        key = bytes([name])
        if action == "put":
            _put(cache, key, samples)
        elif action == "pin" and cache.pin(key):
            pinned.add(key)
        elif action == "get":
            cache.get(key)
        elif action == "clear":
            cache.clear()
            pinned.clear()
        assert cache.held_bytes <= most
        assert all(cache.get(key) is not None for key in pinned)
    sounds = [cache.get(bytes([name])) for name in range(6)]
    assert cache.held_bytes == sum(sound.nbytes + ENTRY_BYTES for sound in sounds if sound is not None)


def test_what_was_not_heard_for_longest_goes_first() -> None:
    cache = AudioCache(3 * (400 + ENTRY_BYTES))
    for key in (b"a", b"b", b"c"):
        assert _put(cache, key, 100)
    cache.get(b"a")
    assert _put(cache, b"d", 100)
    assert [key for key in (b"a", b"b", b"c", b"d") if cache.get(key) is not None] == [b"a", b"c", b"d"]


def test_a_sound_larger_than_the_cache_is_not_kept_and_leaves_no_trace() -> None:
    cache = AudioCache(1_000)
    assert not _put(cache, b"large", 1_000)
    assert cache.held_bytes == 0


async def test_what_is_forgotten_is_made_anew_and_what_was_under_way_is_not_kept() -> None:
    engine = BeepEngine()
    cache = cached(engine)
    await prerender(cache, wanted([("Hello.", VoiceRequest())], cache))
    with contextlib.closing(cache.utterance()) as utterance:
        async with contextlib.aclosing(utterance.speak(plain("Under way."), VOICE)) as sound:
            await anext(sound)
            cache._cache.clear()
            assert [piece async for piece in sound]
    assert (len(cache._cache), cache._cache.held_bytes) == (0, 0)
    await say(cache, "Hello.", "Under way.")
    assert said(engine) == ["Hello.", "Under way."] * 2


async def test_silence_is_nothing_to_keep() -> None:
    cache = cached(BeepEngine())
    await say(cache, "...")
    assert (len(cache._cache), cache._cache.held_bytes) == (0, 0)


async def test_a_cache_that_is_too_small_spoils_nothing() -> None:
    engine = BeepEngine()
    first, again = await say(cached(engine, max_bytes=1), "Hello.", "Hello.")
    assert np.array_equal(first, again)
    assert said(engine) == ["Hello."] * 2


# Prerendered texts


def test_sentences_are_those_that_a_session_finds() -> None:
    assert [one.text for one in sentences("*It* rains. It pours!\nNo")] == ["It rains.", "It pours!", "No"]


async def test_a_prerendered_text_is_at_hand_and_stays(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine = BeepEngine()
    cache = cached(engine, max_bytes=2 * (9 * 960 + ENTRY_BYTES))
    texts = wanted([("It rains.", VoiceRequest()), ("Yes.", VoiceRequest("boop"))], cache)
    await prerender(cache, texts)
    assert engine.said == [("It rains.", VOICE), ("Yes.", SpokenVoice("v1.0", "boop", "en-GB", 1.0))]
    await say(cache, "Another.", "Others.", "It rains.")
    assert said(engine)[2:] == ["Another.", "Others."]
    assert [record.getMessage() for record in caplog.records] == ["Prerendered 2 of 2 texts"]


async def test_texts_that_cannot_be_prerendered_are_told_by_number_and_not_by_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    engine = BeepEngine(failures={"Secret.": RuntimeError("Secret."), "Broken.": ModelError("the weights are bad")})
    cache = cached(engine, max_bytes=10_000)
    too_long = "Much too long for it. "
    await prerender(cache, wanted([(text, VoiceRequest()) for text in ("Secret.", "Broken.", too_long, "Ok.")], cache))
    assert [record.getMessage() for record in caplog.records] == [
        "prerender: text 1 failed with RuntimeError",
        "prerender: text 2 cannot be spoken: the weights are bad",
        "prerender: text 3 does not fit, or has nothing to say; see cache.megabytes",
        "Prerendered 1 of 4 texts",
    ]


async def test_prerendering_takes_no_listener_s_place() -> None:
    engine = BeepEngine(places=1, gate=asyncio.Event())
    cache = cached(engine)
    rendering = asyncio.create_task(prerender(cache, wanted([("Hello.", VoiceRequest())], cache)))
    await until(lambda: len(engine.said) == 1)
    cache.utterance().close()
    assert engine.gate is not None
    engine.gate.set()
    await rendering


def test_a_text_for_a_voice_that_does_not_exist_is_told_before_anything_is_made() -> None:
    with pytest.raises(UnknownVoiceError):
        wanted([("Hello.", VoiceRequest("nobody"))], cached(BeepEngine()))


class _SlowModel:
    """Speaks a hundred windows a sentence; each waits until a turn is granted."""

    def __init__(self) -> None:
        self.turns: list[str] = []
        self.granted = threading.Semaphore(0)
        self.begun = threading.Event()

    languages = ("en-US",)

    def pieces(self, runs: Sequence[Run], *_: object, **__: object) -> Iterator[object]:
        for _turn in range(100):
            self.turns.append(runs[0].text)
            self.begun.set()
            assert self.granted.acquire(timeout=10)
            yield _Tensor()


class _Tensor:
    def __len__(self) -> int:
        return 240

    def numpy(self) -> NDArray[np.float32]:
        return np.zeros(240, np.float32)


async def test_a_listener_s_turns_all_come_before_the_next_one_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    thread, model = ModelThread(), _SlowModel()
    manager = ModelManager(Path("models"), Path("voices"), thread=thread)

    async def get_model(version: str | None = None) -> _SlowModel:
        return model

    monkeypatch.setattr(manager, "get_model", get_model)
    voices = (VoiceDescription("af_heart", "Heart", ("en-US",), "v1.0"),)
    engine = Engine(
        manager,
        [Catalogue("v1.0", Path("voices"), voices, {})],
        weights={"v1.0": "official"},
        max_utterances=1,
    )
    cache = CachedEngine(engine, AudioCache(10_000_000), weights="official")
    rendering = asyncio.create_task(prerender(cache, wanted([("beforehand", VoiceRequest())], cache)))
    await asyncio.to_thread(model.begun.wait, 10)
    heard: list[object] = []

    async def listen() -> None:
        with contextlib.closing(cache.utterance()) as utterance:
            async for piece in utterance.speak(plain("now"), engine.resolve(VoiceRequest())):
                heard.append(piece)

    def all_made_is_heard(turns: int) -> bool:
        return len(model.turns) == turns + 1 and len(heard) == model.turns[:turns].count("now")

    listening = asyncio.create_task(listen())
    await until(lambda: thread.waiting == 2)
    for turns in range(1, 102):
        model.granted.release()
        await until(partial(all_made_is_heard, turns))
    await listening
    # The turn under way when the listener came was finished; no other was given while the listener wanted one.
    assert model.turns == ["beforehand", *["now"] * 100, "beforehand"]
    rendering.cancel()
    for _ in range(3):
        model.granted.release()
    await asyncio.gather(rendering, return_exceptions=True)
    assert await asyncio.to_thread(thread.close, 10)


@pytest.mark.weights
async def test_a_server_says_again_to_the_bit_what_it_prerendered(model_data: Store, tmp_path: Path) -> None:
    settings = tmp_path / "cached.yaml"
    settings.write_text("cache: {megabytes: 4}\nprerender:\n- {text: Dinner is ready., voice: bf_emma}\n")
    running = RunningServer(
        "--uri=tcp://127.0.0.1:0",
        "--no-zeroconf",
        "--offline",
        f"--config={settings}",
        f"--models={model_data.models}",
        f"--voices-folder={model_data.voices}",
    )
    uri = running.wait_until_ready()
    while "Prerendered 1 of 1 texts" not in "".join(running.log):
        assert running.process.poll() is None, "".join(running.log)
        await asyncio.sleep(0.05)
    # The model's noise is another each time, so two equal sounds are one.
    first, again = [await hear_text(uri, "Dinner is ready.", name="bf_emma") for _ in range(2)]
    assert first.pcm == again.pcm
    assert first.seconds > 0.5
    assert (await hear_text(uri, "Dinner is ready.", name="bm_george")).pcm != first.pcm
    assert running.end() == 0
    assert "Dinner" not in "".join(running.log)
