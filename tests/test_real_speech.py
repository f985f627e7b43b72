"""The real model, a real server process, a real client, real ears."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import jiwer
import numpy as np
import pytest
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.tts import Synthesize, SynthesizeVoice

from kokoro_wyoming.assets import Store
from kokoro_wyoming.languages import TAGS
from tests.listening import Ears, ask, ask_streamed, client_of, hear, say, words

pytestmark = pytest.mark.weights

ENGLISH = [
    "The front door is open.",
    "Dinner will be ready in twenty minutes.",
    "The washing machine has finished its cycle.",
    "It is going to rain this afternoon, so take an umbrella with you.",
    "I turned off the lights in the kitchen and in the living room.",
]

HELLO = {
    "en": "Hello.",
    "es": "Buenos días.",
    "fr": "Bonjour.",
    "hi": "नमस्ते।",
    "it": "Buongiorno.",
    "ja": "こんにちは。",
    "pt": "Bom dia.",
    "zh": "你们好。",
}


async def info_of(uri: str) -> Info:
    async with client_of(uri) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        return Info.from_event(event)


async def test_describe_offers_every_voice_in_every_language(server: str) -> None:
    info = await info_of(server)
    other = [info.asr, info.wake, info.handle, info.intent, info.mic, info.snd]
    assert not any(other)
    assert info.satellite is None
    (program,) = info.tts
    assert program.installed
    assert program.supports_synthesize_streaming
    assert program.name == "Kokoro"
    assert "weights" in (program.description or "")
    assert len(program.voices) == 54
    assert {language for voice in program.voices for language in voice.languages} == set(TAGS)
    assert all(voice.installed and voice.attribution.url and voice.description for voice in program.voices)
    american = sorted(voice.description or "" for voice in program.voices if "en-US" in voice.languages)
    assert american[0] == "* Heart (American English, female)"


async def test_english_is_understood_word_for_word(
    server: str, ears: Ears, record_property: Callable[[str, object], None]
) -> None:
    heard = ears.write_down((await say(server, " ".join(ENGLISH))).samples, "en")
    error_rate = jiwer.wer(words(" ".join(ENGLISH)), words(heard))
    record_property("english_word_error_rate", error_rate)
    print(f"English word error rate: {error_rate:.3f}")
    assert error_rate < 0.25, heard


async def test_all_54_voices_speak_and_no_two_are_the_same(server: str) -> None:
    (program,) = (await info_of(server)).tts
    sounds: set[bytes] = set()
    async with client_of(server) as client:
        for voice in program.voices:
            heard = await ask(client, HELLO[voice.languages[0][:2]], SynthesizeVoice(name=voice.name))
            assert heard.order == ["audio-start", "audio-chunk", "audio-stop"], voice.name
            assert 0.4 < heard.seconds < 3, voice.name
            assert 0.005 < float(np.sqrt(np.mean(heard.samples**2))) < 0.5, voice.name
            sounds.add(heard.pcm)
    assert len(sounds) == 54


async def test_home_assistant_s_stream_is_answered_once_in_one_format(server: str, ears: Ears) -> None:
    text = "The lights are off. The front door is locked, and the heating is set to eighteen degrees."
    dice = random.Random(7)
    cuts = sorted(dice.sample(range(1, len(text)), 20))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    async with client_of(server) as client:
        heard = await ask_streamed(client, chunks, SynthesizeVoice(name="bf_emma"))
        assert heard.order == ["audio-start", "audio-chunk", "audio-stop", "synthesize-stopped"]
        assert heard.formats == {(24_000, 2, 1)}
        assert jiwer.wer(words(text), words(ears.write_down(heard.samples, "en"))) < 0.3
        again = await ask(client, "Good night.")  # the connection is not deaf after a stream
        assert again.order == ["audio-start", "audio-chunk", "audio-stop"]


async def test_describe_ping_and_a_short_request_are_answered_while_a_long_one_is_spoken(server: str) -> None:
    async with client_of(server) as listener, client_of(server) as client:
        await listener.write_event(_request(" ".join(ENGLISH * 2)))
        first = await listener.read_event()
        assert first is not None
        assert first.type == "audio-start"
        long = asyncio.create_task(hear(listener, "audio-stop"))
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        assert Info.is_type(event.type)
        await client.write_event(Ping(text="hello").event())
        pong = await client.read_event()
        assert pong is not None
        assert (pong.type, pong.data["text"]) == ("pong", "hello")
        assert (await ask(client, "Yes, it is.")).types[-1] == "audio-stop"
        assert not long.done()
        assert (await long).types[-1] == "audio-stop"
        assert long.result().seconds > 15


async def test_a_client_that_leaves_does_not_hold_the_others_up(server: str) -> None:
    for _ in range(3):
        async with client_of(server) as client:
            await client.write_event(_request(" ".join(ENGLISH * 20)))
            event = await client.read_event()
            assert event is not None
            assert event.type == "audio-start"
    heard = await say(server, "Still here.")
    assert heard.order == ["audio-start", "audio-chunk", "audio-stop"]


def _request(text: str) -> Event:
    return Synthesize(text).event()


@pytest.mark.parametrize("text", ["", "   ", "...", "\n\n", "🎉", "\u200b", "?!"])
async def test_nothing_to_say_is_a_tenth_of_a_second_or_a_breath_and_well_formed(text: str, server: str) -> None:
    heard = await say(server, text)
    assert heard.order == ["audio-start", "audio-chunk", "audio-stop"]
    assert 0.1 <= heard.seconds < 3


@pytest.mark.parametrize(
    ("voice", "code"),
    [
        (SynthesizeVoice(name="af_hart"), "unknown-voice"),
        (SynthesizeVoice(name="../../etc/passwd"), "unknown-voice"),
        (SynthesizeVoice(language="de-DE"), "unknown-language"),
    ],
)
async def test_a_bad_choice_is_an_error_event_and_then_the_end(voice: SynthesizeVoice, code: str, server: str) -> None:
    async with client_of(server) as client:
        heard = await ask(client, "Hello there.", voice)
        assert heard.types == ["error"]
        assert heard.events[0].data["code"] == code
        assert await client.read_event() is None
    assert (await say(server, "Hello there.")).types[-1] == "audio-stop"


async def test_a_server_without_v0_19_offers_one_program_and_says_how_to_get_the_other(server: str) -> None:
    assert [program.name for program in (await info_of(server)).tts] == ["Kokoro"]
    for program, voice in (("Kokoro v0.19", None), (None, "v0.19/af_bella")):
        async with client_of(server) as client:
            if program:
                await client.write_event(Event("select-program", {"name": program}))
            heard = await ask(client, "Hello.", SynthesizeVoice(name=voice) if voice else None)
        assert heard.events[0].data["code"] == "unknown-program"
        assert "kokoro-wyoming fetch --model-version v0.19" in heard.events[0].data["text"]


async def test_a_language_alone_is_spoken_by_its_best_voice_in_any_spelling(server: str) -> None:
    seconds = {(await say(server, "Buenos días.", language=tag)).seconds for tag in ("es-ES", "es_MX", "es", "e")}
    named = (await say(server, "Buenos días.", name="ef_dora")).seconds
    # Where silence ends depends on the noise, by some 20 ms.
    assert max(abs(one - named) for one in seconds) < 0.05


def test_the_store_says_which_weights_run(model_data: Store) -> None:
    from kokoro_wyoming.assets import weights_source

    assert weights_source(model_data, "v1.0") in ("official weights", "int8-rounded weights")


async def test_events_before_and_after_are_never_mixed_up(server: str) -> None:
    """Two requests on one connection, sent at once, are answered one after the other."""
    async with client_of(server) as client:
        await client.write_event(_request("One."))
        await client.write_event(_request("Two."))
        first, second = await hear(client, "audio-stop"), await hear(client, "audio-stop")
        assert first.order == second.order == ["audio-start", "audio-chunk", "audio-stop"]
