"""One connection over a real socket, with an engine that beeps what it says."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Info

from kokoro_wyoming.audio.joining import SoundOptions
from kokoro_wyoming.errors import AssetError, BusyError, KokoroWyomingError, PeerError
from kokoro_wyoming.protocols.wyoming.events import error_event
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.protocols.wyoming.server import refuse
from kokoro_wyoming.text.sentences import Run, Sentence
from kokoro_wyoming.text.splitting import MAX_PIECE_CHARS
from kokoro_wyoming.text.text_stream import TextOptions
from kokoro_wyoming.utterances.failures import error_text
from kokoro_wyoming.utterances.requests import SpeechOptions
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceRequest
from tests.examples import examples
from tests.stand_ins.beep_engine import SAMPLES_PER_CHAR, BeepEngine
from tests.stand_ins.beep_house import (
    House,
    as_home_assistant,
    chunk,
    error_codes,
    from_bytes,
    kinds,
    open_house,
    start,
    stop,
    synthesize,
    text_of,
    to_bytes,
    tracebacks,
    until,
)

SPOKEN = ["audio-start", "audio-chunk", "audio-stop"]
STREAMED = [*SPOKEN, "synthesize-stopped"]


def _with_quiet(seconds: float | None) -> SpeechOptions:
    return SpeechOptions(text=TextOptions(quiet_seconds=seconds))


async def _read_to(client: AsyncTcpClient, last: str) -> list[Event]:
    events: list[Event] = []
    while not events or events[-1].type != last:
        event = await client.read_event()
        assert event is not None, kinds(events)
        events.append(event)
    return events


async def _read_all(client: AsyncTcpClient) -> list[Event]:
    events = []
    while (event := await client.read_event()) is not None:
        events.append(event)
    return events


# What is said


async def test_a_whole_text_is_spoken() -> None:
    async with open_house() as house, house.client() as client:
        await client.write_event(synthesize("Hello there. How are you?", {"name": "boop"}))
        replies = await _read_to(client, "audio-stop")
    assert kinds(replies) == SPOKEN
    assert text_of(replies) == "Hello there.How are you?"
    assert {voice.name for _, voice in house.engine.said} == {"boop"}
    assert house.engine.delivered_seconds == pytest.approx(sum(len(event.payload or b"") for event in replies) / 48_000)


async def test_home_assistants_stream_is_spoken_once_and_ended() -> None:
    async with open_house() as house, house.client() as client:
        for event in as_home_assistant("Hello th", "ere. How ", "are you?"):
            await client.write_event(event)
        replies = await _read_to(client, "synthesize-stopped")
    assert kinds(replies) == STREAMED
    assert text_of(replies) == "Hello there.How are you?"


async def test_a_sentence_is_heard_before_the_text_ends() -> None:
    async with open_house() as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("The kettle has boiled. And"))
        assert (await client.read_event()).type == "audio-start"
        assert (await client.read_event()).type == "audio-chunk"
        await client.write_event(stop())
        assert (await _read_to(client, "synthesize-stopped"))[-1].type == "synthesize-stopped"


async def test_a_complete_sentence_is_heard_although_nothing_follows_it() -> None:
    """A language model announces what it will do, and then sends nothing for a while."""
    async with open_house() as house, house.client() as client:
        await client.write_event(start())
        for delta in ("Checking your", " calendar.", " "):
            await client.write_event(chunk(delta))
        assert (await client.read_event()).type == "audio-start"
        assert house.engine.said == [("Checking your calendar.", SpokenVoice("v1.0", "beep", "en-US", 1.0))]
        for event in (chunk("You are"), chunk(" free today.\nNice."), stop()):
            await client.write_event(event)
        replies = await _read_to(client, "synthesize-stopped")
    assert text_of(replies) == "Checking your calendar.You are free today.Nice."


async def test_what_is_not_complete_waits_for_its_end_however_long_nothing_comes() -> None:
    async with open_house(options=_with_quiet(0.05)) as house, house.client() as client:
        await client.write_event(start())
        for delta in ("It is 21.", "5 degrees at", " the front"):
            await client.write_event(chunk(delta))
            await asyncio.sleep(0.2)
        assert house.engine.said == []
        for event in (chunk(" door."), stop()):
            await client.write_event(event)
        assert text_of(await _read_to(client, "synthesize-stopped")) == "It is 21.5 degrees at the front door."


async def test_without_a_time_of_quiet_a_sentence_waits_for_what_follows_it() -> None:
    async with open_house(options=_with_quiet(None)) as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("Checking your calendar. "))
        await asyncio.sleep(0.5)
        assert house.engine.said == []
        await client.write_event(stop())
        assert text_of(await _read_to(client, "synthesize-stopped")) == "Checking your calendar."


async def test_the_wait_for_the_first_sound_counts_from_when_the_sentence_was_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kokoro_wyoming")
    async with open_house(options=_with_quiet(1.0)) as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("The kettle has boiled. "))
        await asyncio.sleep(0.4)
        await client.write_event(chunk("The tea is ready."))
        await client.write_event(stop())
        await _read_to(client, "synthesize-stopped")
    (line,) = (record.getMessage() for record in caplog.records if "spoke" in record.getMessage())
    assert float(line.split("the first after ")[1].split()[0]) >= 0.2  # a busy machine hands on the first text later


async def test_pauses_that_stand_together_are_one_of_20_seconds_and_this_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kokoro_wyoming")
    async with open_house() as house, house.client() as client:
        await client.write_event(synthesize(f"Hello.{'[pause:10s]' * 200}Bye.{'[pause:10s]' * 3}"))
        replies = await _read_to(client, "audio-stop")
    said = text_of(replies)
    assert said.replace("\0", "") == "Hello.Bye."
    assert [len(pause) / 100 for pause in said.split("Hello.")[1].split("Bye.")] == [20.0, 20.0]
    assert "1990 s of silence were left out" in caplog.text


async def test_an_utterance_keeps_the_engine_and_the_loudness_that_it_began_with() -> None:
    other, louder = BeepEngine(), SpeechOptions(sound=SoundOptions(loudness_lufs=-10.0))
    async with open_house() as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("One is said. And"))
        await until(lambda: bool(house.engine.said))
        house.service.change(other, louder)
        for event in (chunk(" two."), stop(), synthesize("Three.")):
            await client.write_event(event)
        replies = await _read_to(client, "synthesize-stopped")
        after = await _read_to(client, "audio-stop")
    assert text_of(replies) == "One is said.And two."
    assert [text for text, _ in house.engine.said] == ["One is said.", "And two."]
    assert [text for text, _ in other.said] == ["Three."]
    assert text_of(after) != "Three.", "from the next utterance on it is as loud as the new settings say"


def test_a_voice_is_as_loud_at_the_end_of_an_utterance_as_at_its_beginning() -> None:
    """How loud a blend is by itself is learned while it speaks."""

    class LearningEngine(BeepEngine):
        learned_lufs = -30.0

        def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
            return replace(super().resolve(request, program), loudness_lufs=self.learned_lufs)

    engine = LearningEngine()
    voices = UtteranceVoices(engine, VoiceRequest(), options=TextOptions(language_from_text=False))
    sentences = [
        Sentence((Run("One."),), voice="boop"),
        Sentence((Run("Two."),)),
        Sentence((Run("Three."),), voice="boop"),
    ]
    levels = []
    for sentence in sentences:
        levels.append(voices.voice_of(sentence).loudness_lufs)
        engine.learned_lufs += 6
    assert levels == [-30.0, -30.0, -30.0]


async def test_a_stream_without_text_when_the_engine_changes_is_spoken_by_one_engine() -> None:
    other = BeepEngine()
    async with open_house() as house, house.client() as client:
        await client.write_event(start())
        await until(lambda: bool(house.sessions and house.sessions[0].speaking))
        house.service.change(other, SpeechOptions())
        for event in (chunk("One."), stop()):
            await client.write_event(event)
        await _read_to(client, "synthesize-stopped")
    assert ([text for text, _ in house.engine.said], other.said) == (["One."], [])


async def test_a_connection_can_be_reused_after_a_stream() -> None:
    async with open_house() as house, house.client() as client:
        for text in ("One", "Two"):
            for event in as_home_assistant(text):
                await client.write_event(event)
            assert text_of(await _read_to(client, "synthesize-stopped")) == text
            await client.write_event(synthesize(text))
            assert text_of(await _read_to(client, "audio-stop")) == text


async def test_one_format_and_one_size_for_all_chunks_of_a_stream() -> None:
    async with open_house() as house:
        replies = await house.ask(as_home_assistant("First sentence here. ", "Second one follows. ", "Third"))
    formats = {
        tuple(event.data[key] for key in ("rate", "width", "channels"))
        for event in replies
        if event.type[:5] == "audio" and event.type != "audio-stop"
    }
    assert formats == {(24_000, 2, 1)}
    sizes = [len(event.payload or b"") for event in replies if event.type == "audio-chunk"]
    assert set(sizes[:-1]) == {2400}
    assert 0 < sizes[-1] <= 2400


@pytest.mark.parametrize("text", ["", "  \n", "...", "?!", "\u200b", "\ud83d", "🎉"])
async def test_nothing_to_say_is_a_tenth_of_a_second_of_silence(text: str) -> None:
    events = [synthesize(text), *as_home_assistant(text), start(), stop(), start(), chunk(text), stop()]
    async with open_house() as house:
        # The way JSON escapes it, as a lone surrogate cannot be written otherwise.
        data = b"".join(
            b'{"type": "%s", "data": %s}\n' % (event.type.encode(), _escaped(event.data)) for event in events
        )
        replies = await house.ask(data)
    assert kinds(replies) == [*SPOKEN, *STREAMED, *STREAMED, *STREAMED]
    sound = b"".join(event.payload or b"" for event in replies)
    assert sound == bytes(4 * 2 * 2400)


def _escaped(data: dict[str, object]) -> bytes:
    return json.dumps(data).encode()


async def test_an_unspeakable_sentence_among_others_adds_nothing() -> None:
    async with open_house() as house:
        assert (
            text_of(await house.ask([synthesize("One more time.\n\n...\n\nThen the next")]))
            == "One more time.Then the next"
        )


async def test_volume_is_a_gain() -> None:
    async with open_house(options=SpeechOptions(sound=SoundOptions(volume=0.5))) as house:
        replies = await house.ask([synthesize("dd")])
    assert text_of(replies) == "22"  # half of 100 is 50


async def test_requests_sent_at_once_are_spoken_in_order() -> None:
    texts = [f"Number {at}" for at in range(10)]
    async with open_house() as house:
        replies = await house.ask([synthesize(text) for text in texts])
    assert kinds(replies) == SPOKEN * 10
    assert text_of(replies) == "".join(texts)


async def test_a_program_can_be_selected() -> None:
    async with open_house() as house:
        replies = await house.ask([Event("select-program", {"name": "Beeps"}), synthesize("Hello")])
    assert text_of(replies) == "Hello"


# While speech is made


async def test_describe_and_ping_are_answered_while_the_model_works() -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house, house.client() as client:
        await client.write_event(synthesize("Slow"))
        await until(lambda: bool(house.engine.said))
        await client.write_event(Event("describe"))
        info = Info.from_event(await client.read_event())
        assert [voice.name for voice in info.tts[0].voices] == ["beep", "boop", "pii"]
        await client.write_event(Event("ping", {"text": "still there?"}))
        assert await client.read_event() == Event("pong", {"text": "still there?"})
        gate.set()
        assert text_of(await _read_to(client, "audio-stop")) == "Slow"


async def test_describe_is_answered_inside_a_stream() -> None:
    async with open_house() as house:
        before, *rest = as_home_assistant("Hello")
        replies = await house.ask([before, Event("describe"), *rest])
    assert sorted(kinds(replies)) == sorted(["info", *STREAMED])


async def test_unknown_events_are_dropped() -> None:
    async with open_house() as house:
        replies = await house.ask(
            [Event("transcribe"), Event("audio-chunk", {"rate": 1}, b"\x00" * 100), synthesize("Hello")]
        )
    assert kinds(replies) == SPOKEN


async def test_a_listener_that_stops_reading_stops_nobody_else() -> None:
    async with open_house() as house:
        _, deaf = await _deaf_client(house)
        deaf.write(to_bytes([synthesize("long " * 15_000)]))
        await until(lambda: len(house.engine.said) > 1)
        assert text_of(await house.ask([synthesize("Hello")])) == "Hello"
        assert kinds(await house.ask([Event("describe")])) == ["info"]
        deaf.transport.abort()


async def test_a_listener_that_stops_reading_stops_the_engine() -> None:
    async with open_house() as house:
        _, deaf = await _deaf_client(house)
        deaf.write(to_bytes([synthesize("long " * 19_000)]))
        written = -1
        while written < (now := len(house.engine.said)):
            written = now
            await asyncio.sleep(0.1)
        assert written < 30  # of 317 pieces, 144 KB each
        deaf.transport.abort()


# What is refused


@pytest.mark.parametrize(
    ("events", "code"),
    [
        pytest.param([synthesize("Hello", {"name": "nobody"})], "unknown-voice", id="voice"),
        pytest.param([start({"name": "nobody"})], "unknown-voice", id="voice of a stream"),
        pytest.param([synthesize("Hello", {"language": "tlh"})], "unknown-language", id="language"),
        pytest.param([synthesize("", {"name": "../../etc/passwd"})], "unknown-voice", id="path"),
        pytest.param([Event("select-program", {"name": "Boops"})], "unknown-program", id="program"),
        pytest.param([Event("synthesize")], "invalid-request", id="text missing"),
        pytest.param([synthesize(5)], "invalid-request", id="text a number"),
        pytest.param([synthesize("Hello", "beep")], "invalid-request", id="voice a string"),
        pytest.param([synthesize("# Title", text_format="markdown")], "unsupported-format", id="markdown"),
        pytest.param([stop()], "invalid-request", id="stop without start"),
        pytest.param([chunk("Hello")], "invalid-request", id="chunk without start"),
        pytest.param([synthesize("x" * 100_001)], "too-long", id="text too long"),
        pytest.param([start(), *[chunk(" " * 50_001)] * 2], "too-long", id="stream too long"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", "invalid-request", id="HTTP"),
        pytest.param(b"\n", "invalid-request", id="empty line"),
        pytest.param(b"x" * 200_000, "too-long", id="header too long"),
        pytest.param(b'{"type": "t", "data_length": 1000000000000}\n', "too-long", id="a terabyte"),
        pytest.param(b'{"type": "t", "data_length": Infinity}\n', "invalid-request", id="Infinity"),
        pytest.param(b'{"type": "t", "data": ' + b"[" * 15_000 + b"}\n", "invalid-request", id="nested"),
    ],
)
async def test_what_is_wrong_is_told_and_the_connection_closed(
    events: list[Event] | bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house() as house:
        replies = await house.ask(events, half_close=False)
    assert kinds(replies) == ["error"]
    assert error_codes(replies) == [code]
    assert len(replies[0].data["text"]) <= 200
    assert tracebacks(caplog) == []


async def test_an_error_reaches_a_client_that_has_sent_much_more() -> None:
    async with open_house() as house:
        reader, writer = await house.connect()
        writer.write(b"no event at all\n" + b"x" * 3_000_000)
        assert error_codes(from_bytes(await asyncio.wait_for(reader.read(), 10))) == ["invalid-request"]
        writer.close()


async def test_what_was_rightly_asked_is_said_before_the_error() -> None:
    async with open_house() as house:
        replies = await house.ask(
            [synthesize("Right"), *as_home_assistant("Right too"), synthesize(5), synthesize("Never")]
        )
    assert kinds(replies) == [*SPOKEN, *STREAMED, "error"]
    assert text_of(replies) == "RightRight too"


async def test_a_stream_that_turns_bad_ends_with_the_error() -> None:
    async with open_house() as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("The first is fine. The"))
        await _read_to(client, "audio-chunk")
        await client.write_event(chunk(5))
        replies = await _read_all(client)
    assert error_codes(replies) == ["invalid-request"]
    assert replies[-1].type == "error"


async def test_more_requests_than_may_wait_are_refused_after_the_others_are_said() -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate), waiting_utterances=2) as house:
        reader, writer = await house.connect()
        writer.write(to_bytes([synthesize(f"Text {at}") for at in range(5)]))
        # The queue has the two replies that wait, the error and the end: the first text is still spoken.
        await until(lambda: bool(house.sessions) and house.sessions[0]._queue.qsize() == 4)
        assert house.engine.taken == 3
        gate.set()
        replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
        writer.close()
    assert kinds(replies) == [*SPOKEN * 3, "error"]
    assert error_codes(replies) == ["busy"]


async def test_a_full_engine_is_busy_at_once() -> None:
    async with open_house(BeepEngine(places=1, gate=asyncio.Event())) as house, house.client() as client:
        await client.write_event(synthesize("Occupied"))
        await until(lambda: house.engine.taken == 1)
        for events in ([synthesize("Hello")], as_home_assistant("Hello")):
            assert error_codes(await house.ask(events, half_close=False)) == ["busy"]
        assert kinds(await house.ask([synthesize("")])) == SPOKEN  # nothing to say needs no place


async def test_a_refused_connection_is_told_why() -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await refuse(reader, writer, BusyError("Too many connections."))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(to_bytes([Event("describe")]))
        replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
        writer.close()
    assert error_codes(replies) == ["busy"]


# Failures of the engine


async def test_a_failure_of_ours_is_told_as_internal_and_logged_without_the_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    secret = "My secret"
    async with open_house(BeepEngine(failures={secret: ValueError(f"cannot say {secret}")})) as house:
        replies = await house.ask([synthesize(f"First comes this. {secret}")], half_close=False)
        assert text_of(await house.ask([synthesize("Still here")])) == "Still here"
    assert kinds(replies) == ["audio-start", "audio-chunk", "error"]
    assert error_codes(replies) == ["internal"]
    assert "secret" not in replies[-1].data["text"]
    (logged,) = tracebacks(caplog)
    assert "ValueError" in logged
    assert "beep_engine.py" in logged
    assert "secret" not in caplog.text


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device"), asyncio.CancelledError()])
async def test_whatever_an_engine_raises_the_server_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(BeepEngine(failures={"Bad": error})) as house:
        assert error_codes(await house.ask([synthesize("Bad")], half_close=False)) == ["internal"]
        assert text_of(await house.ask([synthesize("Good")])) == "Good"
    assert len(tracebacks(caplog)) == 1


async def test_an_expected_failure_is_told_in_its_words_without_folders(caplog: pytest.LogCaptureFixture) -> None:
    error = AssetError("/srv/voices/v1_0/beep.pt is corrupt; run `kokoro-wyoming fetch`.")
    async with open_house(BeepEngine(failures={"Bad": error})) as house:
        (*_, last) = await house.ask([synthesize("Bad")], half_close=False)
    assert last.data == {"text": "beep.pt is corrupt; run `kokoro-wyoming fetch`.", "code": "not-installed"}
    assert "/srv/voices" in tracebacks(caplog)[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("No voice 'a/b'.", "No voice 'b'."),
        ("No 'v0.19/af_b'; see v0.19/x/y.", "No 'v0.19/af_b'; see y."),
        ("Kokoro v1.1-zh has one: v1.1-zh/zf_001.", "Kokoro v1.1-zh has one: v1.1-zh/zf_001."),
        ("C:\\Users\\me\\x.pt is cut", "x.pt is cut"),
        ("two\nlines\x1b[31m\ud83d", "two lines[31m"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_an_error_is_one_printable_line(text: str, told: str) -> None:
    assert error_text(PeerError(text)) == told
    assert error_event(KokoroWyomingError(text)).data["text"] == told


# Clients that leave


async def test_a_half_closed_client_gets_all_its_sound() -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house:
        asking = asyncio.ensure_future(house.ask([*as_home_assistant("One"), synthesize("Two"), synthesize("Three")]))
        await until(lambda: len(house.engine.said) == 1)
        gate.set()
        replies = await asking
    assert kinds(replies) == [*STREAMED, *SPOKEN, *SPOKEN]
    assert text_of(replies) == "OneTwoThree"


async def test_a_stream_cut_off_by_the_end_of_input_is_dropped_with_an_error() -> None:
    async with open_house() as house:
        replies = await house.ask([synthesize("Whole"), start(), chunk("Half a sentence")])
    assert kinds(replies) == [*SPOKEN, "error"]
    assert text_of(replies) == "Whole"


@pytest.mark.parametrize("cut", [1, 20, -1])
async def test_an_event_cut_off_is_a_quiet_end(cut: int, caplog: pytest.LogCaptureFixture) -> None:
    async with open_house() as house:
        assert await house.ask(to_bytes([synthesize("Hello")])[:cut]) == []
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("heard_some", [False, True])
async def test_a_client_that_leaves_ends_the_work(
    reset: bool, heard_some: bool, caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house:
        reader, writer = await house.connect()
        writer.write(to_bytes([synthesize("Never to be heard in full. " * 400), synthesize("Nor this")]))
        await until(lambda: bool(house.engine.said))
        if heard_some:
            gate.set()
            await reader.readexactly(5000)
        if reset:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        writer.close()
        await until(lambda: house.tasks[0].done())
        assert house.engine.taken == 0
        assert len(house.engine.said) < 300
    assert tracebacks(caplog) == []


async def test_the_work_is_abandoned_in_the_middle_of_a_sentence() -> None:
    async with open_house(BeepEngine(gate=asyncio.Event())) as house:
        _, writer = await house.connect()
        writer.write(to_bytes([synthesize("Long sentence")]))
        await until(lambda: bool(house.engine.said))
        writer.transport.abort()
        await until(lambda: house.engine.abandoned == ["Long sentence"])


async def test_a_second_start_drops_what_was_not_yet_said() -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house:
        reader, writer = await house.connect()
        writer.write(to_bytes([start(), chunk("Never heard at all. Nor this one. No")]))
        await until(lambda: len(house.engine.said) == 1)
        writer.write(to_bytes(as_home_assistant("Heard")))
        await until(lambda: house.engine.taken == 2)
        gate.set()
        writer.write_eof()
        replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
        writer.close()
    assert text_of(replies) == "Heard"
    assert kinds(replies)[-4:] == STREAMED


async def test_a_second_start_in_the_middle_of_the_sound_keeps_the_replies_balanced() -> None:
    gate = asyncio.Event()
    gate.set()
    async with open_house(BeepEngine(gate=gate)) as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("This much is heard. Th"))
        events = await _read_to(client, "audio-chunk")
        for event in as_home_assistant("Afresh"):
            await client.write_event(event)
        events += await _read_to(client, "synthesize-stopped")
    assert kinds(events) == [*SPOKEN, *STREAMED]
    assert text_of(events).endswith("Afresh")


# Time


async def test_half_an_event_is_refused_in_time() -> None:
    limits = WireLimits(event_timeout_seconds=0.05)
    async with open_house(limits=limits) as house:
        replies = await house.ask(b'{"type": "synthe', half_close=False)
    assert error_codes(replies) == ["timeout"]


async def test_an_idle_connection_is_closed_quietly() -> None:
    async with open_house(limits=WireLimits(idle_seconds=0.05)) as house:
        assert kinds(await house.ask([synthesize("Hello")], half_close=False)) == SPOKEN


async def test_a_stream_not_gone_on_with_is_ended_with_an_error() -> None:
    async with open_house(limits=WireLimits(idle_seconds=0.05)) as house:
        replies = await house.ask([start(), chunk("Hello there. And")], half_close=False)
    assert error_codes(replies) == ["timeout"]


async def test_a_client_that_listens_is_not_idle() -> None:
    gate = asyncio.Event()
    async with (
        open_house(BeepEngine(gate=gate), WireLimits(idle_seconds=0.02)) as house,
        house.client() as client,
    ):
        await client.write_event(synthesize("Hello"))
        await until(lambda: bool(house.engine.said))
        await asyncio.sleep(0.1)
        gate.set()
        assert text_of(await _read_to(client, "audio-stop")) == "Hello"


async def test_a_client_that_never_reads_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    limits = WireLimits(write_timeout_seconds=0.1, socket_buffer_bytes=8192)
    async with open_house(limits=limits) as house:
        _, writer = await _deaf_client(house)
        writer.write(to_bytes([synthesize("long " * 15_000)]))
        await until(lambda: bool(house.tasks) and house.tasks[0].done())
        assert house.engine.taken == 0
    assert tracebacks(caplog) == []


async def test_too_many_events_are_refused() -> None:
    limits = WireLimits(events_per_second=1, events_burst=50)
    async with open_house(limits=limits) as house:
        replies = await house.ask([Event("ping")] * 60, half_close=False)
    assert kinds(replies) == ["pong"] * 50 + ["error"]
    assert error_codes(replies) == ["too-many-events"]


async def test_a_burst_of_events_of_one_client_lets_others_be_answered() -> None:
    async with open_house() as house:
        _, writer = await house.connect()
        writer.write(to_bytes([start(), *[chunk("a, ")] * 20_000]))
        async with house.client() as client:
            await client.write_event(Event("describe"))
            assert (await client.read_event()).type == "info"
        writer.transport.abort()


async def test_a_text_that_is_hard_to_cut_lets_others_be_answered() -> None:
    async with open_house() as house:
        _, writer = await house.connect()
        writer.write(to_bytes([synthesize("Hello. " + "\u200d" * 90_000)]))
        async with house.client() as client:
            await client.write_event(Event("describe"))
            assert (await client.read_event()).type == "info"
            assert len(house.engine.said) < 90_000 // MAX_PIECE_CHARS // 2
        writer.transport.abort()


# The end of the server


async def test_draining_finishes_what_is_in_hand_and_refuses_the_rest() -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house, house.client() as client:
        await client.write_event(synthesize("In hand. And its second sentence"))
        await client.write_event(synthesize("Too late"))
        await until(lambda: len(house.engine.said) == 1 and house.engine.taken == 2)
        draining = asyncio.ensure_future(house.sessions[0].drain())
        await asyncio.sleep(0)
        gate.set()
        replies = await _read_all(client)
        await client.disconnect()
        await asyncio.wait_for(draining, 10)
    assert text_of(replies) == "In hand.And its second sentence"
    assert kinds(replies) == [*SPOKEN, "error"]
    assert error_codes(replies) == ["shutting-down"]


async def test_draining_finishes_a_stream_whose_text_is_still_coming() -> None:
    async with open_house() as house, house.client() as client:
        await client.write_event(start())
        await client.write_event(chunk("Begun before. An"))
        begun = await _read_to(client, "audio-chunk")
        draining = asyncio.ensure_future(house.sessions[0].drain())
        await asyncio.sleep(0)
        await client.write_event(chunk("d ended after"))
        await client.write_event(stop())
        replies = begun + await _read_all(client)
        await asyncio.wait_for(draining, 10)
    assert text_of(replies) == "Begun before.And ended after"
    assert kinds(replies) == STREAMED


async def test_what_is_asked_while_draining_is_refused_after_what_is_in_hand() -> None:
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house, house.client() as client:
        await client.write_event(synthesize("In hand"))
        await until(lambda: len(house.engine.said) == 1)
        draining = asyncio.ensure_future(house.sessions[0].drain())
        await asyncio.sleep(0)
        await client.write_event(synthesize("Too late"))
        await client.write_event(Event("ping"))
        await asyncio.sleep(0.05)
        gate.set()
        replies = await _read_all(client)
        await client.disconnect()
        await asyncio.wait_for(draining, 10)
    assert kinds(replies) == [*SPOKEN, "error"]


async def test_draining_closes_an_idle_connection_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.protocols.wyoming.session._NEW_SECONDS", 0)
    async with open_house() as house, house.client() as client:
        await until(lambda: bool(house.sessions))
        await asyncio.wait_for(house.sessions[0].drain(), 10)
        assert await client.read_event() is None
        await asyncio.wait_for(house.sessions[0].drain(), 10)


async def test_who_had_just_connected_when_it_drains_is_served_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.protocols.wyoming.session._NEW_SECONDS", 10)
    gate = asyncio.Event()
    async with open_house(BeepEngine(gate=gate)) as house, house.client() as client:
        await until(lambda: bool(house.sessions))
        draining = asyncio.ensure_future(house.sessions[0].drain())
        await asyncio.sleep(0)
        await client.write_event(synthesize("Just in time"))
        await until(lambda: len(house.engine.said) == 1)
        await client.write_event(synthesize("Too late"))
        await asyncio.sleep(0.05)
        gate.set()
        replies = await _read_all(client)
        await client.disconnect()
        await asyncio.wait_for(draining, 10)
    assert text_of(replies) == "Just in time"
    assert kinds(replies) == [*SPOKEN, "error"]


async def test_who_had_just_connected_when_it_drains_and_asks_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.protocols.wyoming.session._NEW_SECONDS", 0.1)
    async with open_house() as house, house.client() as client:
        await until(lambda: bool(house.sessions))
        draining = asyncio.ensure_future(house.sessions[0].drain())
        assert error_codes(await _read_all(client)) == ["shutting-down"]
        await client.disconnect()
        await asyncio.wait_for(draining, 10)


async def test_cancelling_tells_the_listener_that_the_sound_is_not_all() -> None:
    async with open_house(BeepEngine(gate=asyncio.Event())) as house, house.client() as client:
        await client.write_event(synthesize("Cut short"))
        await until(lambda: bool(house.engine.said))
        house.tasks[0].cancel()
        assert error_codes(await _read_all(client)) == ["shutting-down"]
        await house.tasks[0]
        assert not house.tasks[0].cancelled()


# Logs


async def test_an_utterance_is_one_line_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kokoro_wyoming")
    async with open_house() as house:
        await house.ask([Event("describe"), synthesize("Purple elephants. Dance at night", {"name": "boop"})])
    lines = [record for record in caplog.records if record.levelno == logging.INFO]
    assert len(lines) == 1
    assert "spoke 31 characters as boop (en-GB)" in lines[0].getMessage()
    assert "elephants" not in caplog.text
    assert [record.levelno for record in caplog.records if "describe" in record.getMessage()] == [logging.DEBUG]


# Laws

_EVENT = st.one_of(
    st.just(Event("describe")),
    st.just(start()),
    st.just(start({"name": "boop"})),
    st.just(stop()),
    st.sampled_from(["", " ", "Hi there. Y", "ou too? No", "Third one.\n\n"]).map(chunk),
    st.sampled_from(["", "Whole text here. Twice", "..."]).map(synthesize),
    st.sampled_from([Event("unknown"), Event("synthesize", {"text": 5}), start("x"), start({"name": "nobody"})]),
)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_EVENT, max_size=10), st.booleans())
def test_replies_are_balanced_and_ordered_whatever_is_sent(events: list[Event], byte_by_byte: bool) -> None:
    async def replies_to() -> list[Event]:
        async with open_house() as house:
            reader, writer = await house.connect()
            data = to_bytes(events)
            for piece in (data[at : at + 7] for at in range(0, len(data), 7)) if byte_by_byte else [data]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            writer.write_eof()
            replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
            writer.close()
            return replies

    expected = "quiet"
    for event in asyncio.run(replies_to()):
        if event.type == "info":
            continue
        assert expected != "nothing"
        if event.type == "audio-start":
            assert expected in ("quiet", "spoken")
            expected = "sound"
        elif event.type == "audio-chunk":
            assert expected == "sound"
        elif event.type == "audio-stop":
            assert expected == "sound"
            expected = "spoken"
        elif event.type == "synthesize-stopped":
            assert expected == "spoken"
            expected = "quiet"
        else:
            assert event.type == "error"
            expected = "nothing"
    assert expected != "sound"


@examples(40)
@given(
    st.lists(
        st.sampled_from(["Hello there", ". ", "How are you", "? ", "好。", "…", "\n\n", "Well", " "]), max_size=12
    ).map("".join),
    st.lists(st.integers(0, 100), max_size=6),
    st.integers(1, 60),
)
def test_how_text_and_bytes_are_cut_never_changes_the_sound(text: str, borders: list[int], step: int) -> None:
    edges = [0, *sorted(border % (len(text) + 1) for border in borders), len(text)]
    streamed = to_bytes(as_home_assistant(*(text[begin:end] for begin, end in pairwise(edges))))

    async def sound_of(data: bytes, step: int) -> bytes:
        async with open_house() as house:
            reader, writer = await house.connect()
            for at in range(0, len(data), step):
                writer.write(data[at : at + step])
                await asyncio.sleep(0)
            writer.write_eof()
            replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
            writer.close()
            assert kinds(replies)[:3] == SPOKEN
            return b"".join(event.payload or b"" for event in replies)

    whole = asyncio.run(sound_of(to_bytes([synthesize(text, {"name": "beep"})]), 100_000))
    assert len(whole) >= 2 * SAMPLES_PER_CHAR
    assert asyncio.run(sound_of(streamed, step)) == whole


async def _deaf_client(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that never reads."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", house.port))
    reader, writer = await asyncio.open_connection(sock=deaf, limit=1024)
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    return reader, writer
