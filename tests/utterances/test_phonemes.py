"""How a text would be read: which sentences, by whom, within which limits."""

from __future__ import annotations

import asyncio

import pytest

from kokoro_wyoming.errors import BusyError, PeerError, TextTooLongError, UnknownVoiceError
from kokoro_wyoming.pronunciation.readings import Reading, WordReading
from kokoro_wyoming.utterances.cache import AudioCache, CachedEngine
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.requests import SpeechOptions, SpeechRequest
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.voices.descriptions import VoiceRequest
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import until


async def _read(text: str, request: SpeechRequest | None = None, engine: BeepEngine | None = None) -> Reading:
    return await SpeechService(engine or BeepEngine()).phonemes(text, request or SpeechRequest())


async def test_all_sentences_are_read_in_order_and_none_is_spoken() -> None:
    engine = BeepEngine()
    reading = await _read("One here. [pause:1s] Two **there**.", engine=engine)
    assert reading.phonemes == "ONE HERE. TWO THERE."
    assert [word.text for word in reading.words] == ["One", "here.", "Two", "there."]
    assert reading.token_ids == tuple(map(ord, "One here.Two there."))
    assert engine.said == []
    assert engine.taken == 0


@pytest.mark.parametrize(
    ("request_", "text", "language"),
    [
        (SpeechRequest(), "One.", "en-US"),
        (SpeechRequest(VoiceRequest("boop")), "One.", "en-GB"),
        (SpeechRequest(VoiceRequest(language="en-GB")), "One.", "en-GB"),
        (SpeechRequest(), "こんにちは。", "ja-JP"),
        (SpeechRequest(text_format="ssml"), "<speak>One.</speak>", "en-US"),
    ],
)
async def test_the_language_is_that_of_the_voice_that_would_speak(
    request_: SpeechRequest, text: str, language: str
) -> None:
    assert (await _read(text, request_)).language == language


async def test_a_text_without_a_word_has_no_phonemes() -> None:
    assert await _read(" \n ") == Reading("en-US", "", (), ())


async def test_a_cache_before_the_engine_changes_nothing() -> None:
    service = SpeechService(CachedEngine(BeepEngine(), AudioCache(1_000_000), weights="none"))
    reading = await service.phonemes("One.", SpeechRequest())
    assert reading.words == (WordReading("One.", "ONE."),)


@pytest.mark.parametrize(
    ("text", "request_", "error"),
    [
        ("a" * 21, SpeechRequest(), TextTooLongError),
        ("One.", SpeechRequest(VoiceRequest("nobody")), UnknownVoiceError),
        ("<speak>One.", SpeechRequest(), PeerError),
    ],
)
async def test_what_cannot_be_read_is_refused_and_gives_its_place_back(
    text: str, request_: SpeechRequest, error: type[Exception]
) -> None:
    engine, quota = BeepEngine(), Quota(1)
    service = SpeechService(engine, SpeechOptions(max_chars=20))
    with pytest.raises(error):
        await service.phonemes(text, request_, quota=quota)
    assert (engine.taken, quota.waiting) == (0, 0)
    assert (await service.phonemes("One.", SpeechRequest(), quota=quota)).phonemes == "ONE."


async def test_a_text_being_read_counts_among_the_utterances_of_its_address() -> None:
    engine, quota = BeepEngine(gate=asyncio.Event()), Quota(1)
    service = SpeechService(engine)
    reading = asyncio.ensure_future(service.phonemes("One.", SpeechRequest(), quota=quota))
    await until(lambda: engine.taken == 1)
    with pytest.raises(BusyError):
        await service.phonemes("Two.", SpeechRequest(), quota=quota)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (engine.taken, quota.waiting) == (0, 0)


async def test_an_engine_without_a_place_refuses() -> None:
    with pytest.raises(BusyError):
        await _read("One.", engine=BeepEngine(places=0))
