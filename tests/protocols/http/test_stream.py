"""`/v1/stream` over a real socket, by aiohttp's client, with an engine that beeps what it says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from wyoming.client import AsyncTcpClient

from kokoro_wyoming.errors import AssetError, StuckError
from kokoro_wyoming.protocols.http import sockets
from kokoro_wyoming.protocols.http.options import HttpOptions
from kokoro_wyoming.protocols.json_objects import STRUCTURE_BYTES
from kokoro_wyoming.protocols.pacing import Budget
from kokoro_wyoming.utterances.requests import SpeechOptions
from tests.stand_ins.beep_engine import SAMPLES_PER_CHAR, BeepEngine
from tests.stand_ins.beep_house import synthesize, text_of, tracebacks, until
from tests.stand_ins.beep_program import BeepManager, beep_program
from tests.stand_ins.socket_house import (
    CANCEL,
    END,
    LOOPBACK,
    Client,
    SocketHouse,
    codes,
    kinds,
    open_sockets,
    start,
    text,
)

DEFECT = "failed with"
"""What the log says of a defect of the server."""


# What is said


async def test_a_text_is_spoken_as_it_comes() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(voice="boop", speed=1.0), text("Hello th"), text("ere. How "), text("are you?"), END)
        messages = await client.read_to("done")
    assert messages[0] == {
        "type": "started",
        "sample_rate": 24000,
        "channels": 1,
        "format": "s16le",
        "voice": "boop",
        "language": "en-GB",
    }
    assert kinds(messages) == ["started", "done"]
    assert client.text == "Hello there.How are you?"
    assert messages[-1]["seconds"] == pytest.approx(len(client.pcm) / 48_000)
    assert {voice.name for _, voice in house.engine.said} == {"boop"}


async def test_a_sentence_is_heard_before_the_text_ends() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(), text("The kettle has boiled. And"))
        assert kinds(await client.read_to("started")) == ["started"]
        first = await client.socket.receive(10)
        assert first.type is aiohttp.WSMsgType.BINARY
        await client.send(END)
        await client.read_to("done")


async def test_words_come_before_the_sound_they_are_in() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(words=True), text("One two. Three."), END)
        await client.read_to("words")
        assert client.pcm == b""
        messages = await client.read_to("done")
    assert kinds(messages) == ["words", "done"]
    assert [word["text"] for word in messages[0]["words"]] == ["Three."]
    assert 0.0 < messages[0]["words"][0]["start"] < messages[0]["words"][0]["end"]


async def test_without_asking_no_words_are_told() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(), text("One."), END)
        assert kinds(await client.read_to("done")) == ["started", "done"]


async def test_one_connection_speaks_one_text_after_the_other() -> None:
    async with open_sockets() as house, house.socket() as client:
        for said in ("First", "Second", "Third"):
            await client.send(start(), text(said), END)
            await client.read_to("done")
    assert client.text == "FirstSecondThird"


async def test_a_text_without_a_word_has_a_short_sound() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(), text(" "), END)
        messages = await client.read_to("done")
    assert messages[-1]["seconds"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "asked",
    [{"language": "en-GB"}, {"lang_code": "en-GB"}, {"language": "b"}, {"voice": {"id": "boop"}}],
)
async def test_a_voice_is_asked_for_in_every_way(asked: dict[str, Any]) -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(**asked), text("Hello."), END)
        assert (await client.read_to("started"))[0]["voice"] == "boop"
        await client.read_to("done")


async def test_the_volume_is_a_factor_on_the_samples() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(volume=0.5), text("dd"), END)
        await client.read_to("done")
    assert client.text == "22"


# Cancel


async def test_cancel_stops_at_once() -> None:
    gate = asyncio.Event()
    async with open_sockets(BeepEngine(gate=gate)) as house, house.socket() as client:
        await client.send(start(), text("Never heard at all. Nor this"))
        await until(lambda: len(house.engine.said) == 1)
        await client.send(CANCEL)
        assert kinds(await client.read_to("cancelled")) == ["started", "cancelled"]
        assert house.engine.abandoned == ["Never heard at all."]
        assert house.engine.taken == 0
        gate.set()
        await client.send(text("dropped with its text"), END, start(), text("Heard"), END)
        assert kinds(await client.read_to("done")) == ["started", "done"]
    assert client.text == "Heard"


async def test_cancel_in_the_middle_of_the_sound_leaves_no_sound_behind_it() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(), text("A long sentence. " * 200))
        await client.read_to("started")
        assert (await client.socket.receive(10)).type is aiohttp.WSMsgType.BINARY
        await client.send(CANCEL)
        await client.read_to("cancelled")
        client.pcm = b""
        await client.send(start(), text("Next"), END)
        await client.read_to("done")
    assert client.text == "Next"


async def test_every_cancel_is_answered_once_whatever_is_said() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(CANCEL, start(), CANCEL, CANCEL)
        for _ in range(3):
            await client.read_to("cancelled")
        await client.send(start(), text("Still here"), END)
        assert kinds(await client.read_to("done")) == ["started", "done"]


# A client that takes nothing


@contextlib.asynccontextmanager
async def _raw(
    house: SocketHouse, *messages: dict[str, Any], room: int | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that has sent these messages and reads nothing by itself; it has room for some bytes of sound."""
    connection = socket.socket()
    if room is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", house.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=room or 65_536)
    writer.write(
        b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")
    writer.write(b"".join(masked(json.dumps(message).encode()) for message in messages))
    yield reader, writer
    writer.transport.abort()


def masked(payload: bytes, opcode: int = 1) -> bytes:
    """A frame of a client, whose mask changes nothing."""
    size = len(payload)
    head = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + head + bytes(4) + payload


_LITTLE_ROOM = 262_144
"""Bytes; less than a packet of the loopback would have each one wait for a timer of the kernel."""
SENTENCES = [f"This is sentence number {number}." for number in range(1000)]


@pytest.mark.slow
async def test_no_more_sound_is_made_than_the_client_takes() -> None:
    async with open_sockets() as house:
        texts = [text(sentence + " ") for sentence in SENTENCES]
        async with _raw(house, start(), *texts, END, room=_LITTLE_ROOM) as (reader, _):
            await _until_it_rests(house)
            assert 0 < len(house.engine.said) < len(SENTENCES) // 2
            taken = 0
            while b"done" not in (data := await asyncio.wait_for(reader.read(65_536), 10)):
                taken += len(data)
            assert len(house.engine.said) == len(SENTENCES)
            assert taken > 2 * sum(map(len, SENTENCES)) * SAMPLES_PER_CHAR


@pytest.mark.slow
async def test_a_cancel_while_nothing_is_taken_leaves_the_connection_whole() -> None:
    async with open_sockets() as house:
        texts = [text(sentence + " ") for sentence in SENTENCES]
        async with _raw(house, start(), *texts, room=_LITTLE_ROOM) as (reader, writer):
            for _ in range(3):
                await _until_it_rests(house)
                again = (CANCEL, start(), *texts[:100])
                writer.write(b"".join(masked(json.dumps(message).encode()) for message in again))
            await _until_it_rests(house)
            writer.write(
                b"".join(masked(json.dumps(message).encode()) for message in (CANCEL, start(), text("x"), END))
            )
            data = bytearray()
            while b"done" not in data[-100:]:
                data += await asyncio.wait_for(reader.read(65_536), 10)
            assert data.count(b"cancelled") == 4
            assert data.count(b"started") == 5


async def _until_it_rests(house: SocketHouse) -> None:
    """Wait until the engine is asked for no more sound."""
    said = -1
    while said < len(house.engine.said):
        said = len(house.engine.said)
        await asyncio.sleep(0.3)


@pytest.mark.slow
async def test_a_client_that_takes_nothing_for_long_is_cut_off() -> None:
    async with open_sockets(options=HttpOptions(write_seconds=0.5)) as house:
        texts = [text(sentence + " ") for sentence in SENTENCES]
        async with _raw(house, start(), *texts, END, room=_LITTLE_ROOM):
            await until(lambda: bool(house.engine.said))
            await until(lambda: house.server.connections == 0)
            assert house.engine.taken == 0
            assert len(house.engine.said) < len(SENTENCES)


async def test_a_client_that_vanished_is_noticed_by_its_heartbeat() -> None:
    """aiohttp's client without autoping answers no ping, as a machine that has lost its power."""
    async with open_sockets(options=HttpOptions(write_seconds=0.2)) as house, house.socket(autoping=False) as client:
        assert (await client.socket.receive(10)).type is aiohttp.WSMsgType.PING
        await until(lambda: house.server.connections == 0)


async def test_the_pings_of_a_client_are_answered() -> None:
    async with open_sockets() as house, house.socket(autoping=False) as client:
        await client.socket.ping(b"here?")
        answer = await client.socket.receive(10)
        assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"here?")


async def test_the_work_is_abandoned_when_the_client_leaves(caplog: pytest.LogCaptureFixture) -> None:
    async with open_sockets(BeepEngine(gate=asyncio.Event())) as house:
        async with _raw(house, start(), text("Long sentence. And")) as (_, writer):
            await until(lambda: bool(house.engine.said))
            writer.transport.abort()
            await until(lambda: house.engine.abandoned == ["Long sentence."])
        async with house.socket() as client:
            await client.send(start(), text("Another one. And"))
            await until(lambda: len(house.engine.said) == 2)
            await client.socket.close()
        await until(lambda: len(house.engine.abandoned) == 2)
    assert tracebacks(caplog) == []


# Mistakes


@pytest.mark.parametrize(
    ("sent", "param", "says"),
    [
        ("no JSON", None, "must be JSON"),
        ("[]", None, "JSON object"),
        ('"text"', None, "JSON object"),
        ('{"type": "start", "type": "start"}', None, "must be JSON"),
        ("[" * 100_000, None, "beside its text"),
        ('{"type": "start", "x": ' + "[" * 1000 + "]" * 1000 + "}", None, "must be JSON"),
        (json.dumps({"type": "text", "x": [1] * STRUCTURE_BYTES}), None, "beside its text"),
        ("{}", "type", "start, text, end, cancel"),
        ('{"type": "speak"}', "type", "start, text, end, cancel"),
        ('{"type": ["start"]}', "type", "start, text, end, cancel"),
        ('{"type": "text", "text": "x"}', None, 'Send "start"'),
        ('{"type": "end"}', None, 'Send "start"'),
        ('{"type": "start", "voice": "nobody"}', "voice", "nobody"),
        ('{"type": "start", "voice": 1}', "voice", "string"),
        ('{"type": "start", "language": "xx"}', "lang_code", "language"),
        ('{"type": "start", "speed": 0}', "speed", "greater than 0"),
        ('{"type": "start", "volume": 3}', "volume", "less than or equal to 2"),
        ('{"type": "start", "words": "perhaps"}', "words", "boolean"),
        ('{"type": "start", "text_format": "html"}', "text_format", "ssml"),
    ],
)
async def test_a_mistake_is_told_and_the_connection_lives_on(sent: str, param: str | None, says: str) -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.socket.send_str(sent)
        error = (await client.read_to("error"))[0]["error"]
        assert (error["param"], error["type"]) == (param, "invalid_request_error")
        assert says in error["message"]
        await client.send(start(), text("Still here"), END)
        assert kinds(await client.read_to("done")) == ["started", "done"]
    assert client.text == "Still here"


async def test_the_text_of_a_refused_start_is_dropped_with_one_error() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(voice="nobody"), text("a"), text("b"), END, start(), text("Heard"), END)
        assert kinds(await client.read_to("done")) == ["error", "started", "done"]
    assert client.text == "Heard"


async def test_a_second_start_is_an_error_and_the_first_text_goes_on() -> None:
    gate = asyncio.Event()
    async with open_sockets(BeepEngine(gate=gate)) as house, house.socket() as client:
        await client.send(start(), text("One te"), start(voice="boop"), text("xt"), END)
        await client.send(start(), text("never"), END)
        messages = await client.read_to("started") + await client.read_to("error") + await client.read_to("error")
        gate.set()
        messages += await client.read_to("done")
    assert kinds(messages) == ["started", "error", "error", "done"]
    assert codes(messages) == ["wrong-order", "wrong-order"]
    assert client.text == "One text"


async def test_what_is_no_text_is_an_error_and_the_text_goes_on() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(), text("One "), text(1), text("text"), END)
        messages = await client.read_to("done")
    assert kinds(messages) == ["started", "error", "done"]
    assert client.text == "One text"


async def test_a_text_that_is_too_long_is_told_after_what_was_said() -> None:
    speech = SpeechOptions(max_chars=20)
    async with open_sockets(speech=speech) as house, house.socket() as client:
        await client.send(start(), text("A sentence. And"))
        await client.read_to("started")
        await until(lambda: len(house.engine.said) == 1)
        await client.send(text("nother one"), text("and more"), END)
        messages = await client.read_to("error")
        await client.send(start(), text("Short"), END)
        messages += await client.read_to("done")
    assert kinds(messages) == ["error", "started", "done"]
    assert codes(messages) == ["too-long"]
    assert client.text == "A sentence.Short"


async def test_sound_from_a_client_closes_its_socket() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.socket.send_bytes(b"sound")
        assert kinds(await client.read_all()) == ["error"]
        assert client.socket.close_code == aiohttp.WSCloseCode.UNSUPPORTED_DATA


async def test_a_message_longer_than_any_text_closes_the_socket() -> None:
    async with open_sockets(options=HttpOptions(text_chars=100)) as house, house.socket() as client:
        await client.send(text("x" * 100_000))
        assert await client.read_all() == []
        assert client.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_letters_that_are_no_utf_8_close_the_socket() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.socket.send_frame(b"\xff", aiohttp.WSMsgType.TEXT)
        assert await client.read_all() == []
        assert client.socket.close_code == aiohttp.WSCloseCode.INVALID_TEXT


async def test_a_lone_surrogate_and_control_characters_are_dropped() -> None:
    async with open_sockets() as house, house.socket() as client:
        await client.socket.send_str('{"type": "start"}')
        await client.socket.send_str('{"type": "text", "text": "a\\ud800b\\u0000c"}')
        await client.send(END)
        await client.read_to("done")
    assert client.text == "abc"


@pytest.mark.slow
@pytest.mark.parametrize("flood", [masked(b'{"type": "cancel"}'), masked(b"", 9), masked(b"", 10)])
async def test_a_flood_is_told_and_closed_and_others_are_answered_meanwhile(
    flood: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "Budget", lambda: Budget(per_second=50, burst=1_000))
    async with open_sockets() as house:
        async with _raw(house) as (reader, writer), house.socket() as client:
            reading = asyncio.ensure_future(_all_of(reader))
            writer.write(flood * 20_000)
            await client.send(start(), text("Meanwhile"), END)
            await client.read_to("done")
            assert not reading.done()
            answers = await asyncio.wait_for(reading, 30)
        assert client.text == "Meanwhile"
    assert b"too-many-messages" in answers
    assert aiohttp.WSCloseCode.POLICY_VIOLATION.to_bytes(2, "big") in answers[-4:]


async def test_a_client_that_makes_one_mistake_after_the_other_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with open_sockets() as house, house.socket() as client:
        for _ in range(1_000):
            await client.socket.send_str("{")
        messages = await client.read_all()
        assert client.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION
    assert set(kinds(messages)) == {"error"}
    assert 30 < len(messages) < 100
    assert len(caplog.records) == len(messages)


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    answers = b""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            answers += data
    return answers


# Faults


async def test_a_failure_midway_comes_after_the_sound_before_it(caplog: pytest.LogCaptureFixture) -> None:
    engine = BeepEngine(failures={"Second.": AssetError("The voice is missing in /home/anna/voices.")})
    async with open_sockets(engine) as house, house.socket() as client:
        await client.send(start(), text("First. Second. Third. "))
        messages = await client.read_to("error")
        await client.send(text("dropped"), END, start(), text("Next"), END)
        messages += await client.read_to("done")
    assert kinds(messages) == ["started", "error", "started", "done"]
    assert codes(messages) == ["not-installed"]
    assert "/home" not in messages[1]["error"]["message"]
    assert client.text == "FirstNext"


async def test_a_defect_is_logged_and_told_as_internal(caplog: pytest.LogCaptureFixture) -> None:
    engine = BeepEngine(failures={"Secret.": ValueError("Secret.")})
    async with open_sockets(engine) as house, house.socket() as client:
        await client.send(start(), text("Secret."), END)
        messages = await client.read_to("error")
        await client.send(start(), text("Next"), END)
        await client.read_to("done")
    assert codes(messages) == ["internal"]
    assert "Secret" not in str(messages)
    assert any(DEFECT in line for line in tracebacks(caplog))
    assert not any("Secret" in line for line in tracebacks(caplog))


async def test_an_engine_that_cancels_its_listener_is_a_defect_and_the_client_is_told() -> None:
    engine = BeepEngine(failures={"First.": asyncio.CancelledError()})
    async with open_sockets(engine) as house, house.socket() as client:
        await client.send(start(), text("First."), END)
        assert codes(await client.read_to("error")) == ["internal"]
        await client.send(start(), text("Next"), END)
        await client.read_to("done")


async def test_a_place_that_is_not_there_is_an_error_of_the_text() -> None:
    async with open_sockets(BeepEngine(places=1)) as house, house.socket() as first, house.socket() as second:
        await first.send(start(), text("Takes the place"))
        await until(lambda: house.engine.taken == 1)
        await second.send(start(), text("No place"), END)
        assert codes(await second.read_to("error")) == ["busy"]
        await first.send(END)
        await first.read_to("done")
        await second.send(start(), text("Now"), END)
        await second.read_to("done")
    assert second.text == "Now"


async def test_a_model_that_is_stuck_is_told_of() -> None:
    class Stuck(BeepEngine):
        def utterance(self, *, patient: bool = False, fetched: bool = False) -> Any:
            raise StuckError("The model is stuck; start the server anew.")

    async with open_sockets(Stuck()) as house, house.socket() as client:
        await client.send(start(), text("Nothing"), END)
        assert codes(await client.read_to("error")) == ["stuck"]
        await client.send(CANCEL)
        await client.read_to("cancelled")


# Time


async def test_the_quota_of_an_address_counts_sockets_too() -> None:
    rules = replace(LOOPBACK, waiting_per_address=1)
    async with open_sockets(rules=rules) as house, house.socket() as first, house.socket() as second:
        await first.send(start())
        await first.read_to("started")
        await second.send(start(), text("dropped"), END)
        assert codes(await second.read_to("error")) == ["busy"]
        await first.send(text("First"), END)
        await first.read_to("done")
        await second.send(start(), text("Second"), END)
        await second.read_to("done")
    assert (first.text, second.text) == ("First", "Second")


async def test_a_silent_client_is_closed_without_an_error() -> None:
    async with open_sockets(options=HttpOptions(idle_seconds=0.1)) as house, house.socket() as client:
        assert await client.read_all() == []
        assert client.socket.close_code == aiohttp.WSCloseCode.OK


async def test_a_text_that_is_not_gone_on_with_is_told_after_its_sound() -> None:
    async with open_sockets(options=HttpOptions(idle_seconds=0.3)) as house, house.socket() as client:
        await client.send(start(), text("Begun. And"))
        messages = await client.read_all()
    assert kinds(messages) == ["started", "error"]
    assert codes(messages) == ["timeout"]
    assert client.text == "Begun."


async def test_a_client_that_listens_is_not_idle() -> None:
    gate = asyncio.Event()
    options = HttpOptions(idle_seconds=0.05)
    async with open_sockets(BeepEngine(gate=gate), options) as house, house.socket() as client:
        await client.send(start(), text("Long awaited"), END)
        await asyncio.sleep(0.3)
        gate.set()
        assert kinds(await client.read_to("done")) == ["started", "done"]


# Draining


async def test_draining_closes_a_quiet_socket_at_once_and_lets_a_speaking_one_finish() -> None:
    gate = asyncio.Event()
    engine = BeepEngine(gate=gate)
    async with open_sockets(engine) as house, house.socket() as quiet, house.socket() as speaking:
        await speaking.send(start(), text("In hand. And"))
        await until(lambda: len(engine.said) == 1)
        draining = asyncio.ensure_future(house.server.drain(10))
        assert await quiet.read_all() == []
        assert quiet.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
        await speaking.send(text(" its end"), END, start())
        messages = await speaking.read_to("error")
        gate.set()
        messages += await speaking.read_all()
        assert speaking.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
        with pytest.raises(aiohttp.ClientError):
            async with house.socket():
                pass
        await draining
    assert kinds(messages) == ["started", "error", "done"]
    assert speaking.text == "In hand.And its end"


async def test_who_is_not_done_in_time_is_told_why_the_sound_ends() -> None:
    engine = BeepEngine(gate=asyncio.Event())
    async with open_sockets(engine) as house, house.socket() as client:
        await client.send(start(), text("Takes too long"), END)
        await until(lambda: len(engine.said) == 1)
        draining = asyncio.ensure_future(house.server.drain(0.01))
        messages = await client.read_all()
        assert codes(messages) == ["shutting-down"]
        assert client.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
        await draining


# Opening


async def test_only_a_websocket_is_answered() -> None:
    async with open_sockets() as house, house.session.get(f"http://127.0.0.1:{house.port}/v1/stream") as answer:
        assert answer.status == 400
        assert "WebSocket" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/stream", "/v1/realtime"])
async def test_only_get_opens_a_websocket(path: str) -> None:
    handshake = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with open_sockets() as house:
        url = f"http://127.0.0.1:{house.port}{path}"
        async with house.session.head(url, headers=handshake) as answer:
            assert answer.status == 405


@pytest.mark.parametrize("offered", [("kokoro", "openai-insecure-api-key.secret-key"), ("realtime", "kokoro")])
async def test_a_browser_gets_a_subprotocol_that_it_offered(offered: tuple[str, ...]) -> None:
    async with open_sockets() as house, house.socket(protocols=offered) as client:
        assert client.socket.protocol == offered[0]


async def test_the_key_may_come_as_a_subprotocol_and_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_sockets(options=HttpOptions(api_key="secret-key")) as house:
        async with house.socket(protocols=("kokoro", "openai-insecure-api-key.secret-key")) as client:
            await client.send(start(), text("Open"), END)
            await client.read_to("done")
        for offered in (("kokoro",), ("openai-insecure-api-key.secret-key",), ("openai-insecure-api-key.x", "kokoro")):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with house.socket(protocols=offered):
                    pass
    assert "secret-key" not in caplog.text


async def test_a_page_elsewhere_may_not_open_a_socket() -> None:
    async with open_sockets() as house:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with house.socket(origin="http://elsewhere.example"):
                pass
        assert refused.value.status == 403


# Together


async def test_texts_are_not_logged_above_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with open_sockets() as house, house.socket() as client:
        await client.send(start(), text("My secret."), END, text("stray secret"))
        await client.read_to("done")
        await client.socket.send_str("secret")
        await client.read_to("error")
    assert "secret" not in caplog.text


@pytest.mark.slow
async def test_two_sockets_and_a_wyoming_client_are_served_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole program: when one has all of its sound, the others have some of theirs."""
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    async with beep_program(tmp_path, http__uri="tcp://127.0.0.1:0") as server, aiohttp.ClientSession() as session:
        assert server.uri is not None
        assert server.http is not None
        address = f"http://{str(server.http.uri).removeprefix('tcp://')}/v1/stream"
        async with (
            AsyncTcpClient("127.0.0.1", int(server.uri.rpartition(":")[2]), read_timeout=10) as wyoming,
            session.ws_connect(address, max_msg_size=0) as one,
            session.ws_connect(address, max_msg_size=0) as other,
        ):
            first, second = Client(one), Client(other)
            for client in (first, second):
                await client.send(
                    start(), text(" ".join(f"Sentence {number} of a socket." for number in range(40))), END
                )
            await wyoming.write_event(synthesize(" ".join(f"Sentence {number} of Wyoming." for number in range(40))))
            events: list[Any] = []

            async def spoken(client: Client, other: Client) -> None:
                await client.read_to("done")
                assert other.pcm
                assert events

            async def heard_by_wyoming() -> None:
                while not events or events[-1].type != "audio-stop":
                    events.append(await wyoming.read_event())
                assert first.pcm
                assert second.pcm

            await asyncio.gather(heard_by_wyoming(), spoken(first, second), spoken(second, first))
    assert first.text == second.text == "".join(f"Sentence {number} of a socket." for number in range(40))
    assert text_of(events) == "".join(f"Sentence {number} of Wyoming." for number in range(40))
