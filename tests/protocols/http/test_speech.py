"""`POST /v1/audio/speech` over real sockets, with a network that beeps what it says."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.protocols.http import bodies
from tests.protocols.http.house import SPEECH, House, error_of, open_house
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import until
from tests.stand_ins.beep_program import put_voice

LONG = "This is a sentence that is said. " * 30


def _plain(text: str) -> str:
    return text.replace(" ", "")


@pytest.fixture
def loud(tmp_path: Path) -> None:
    """Beside the quiet voices af_heart and bf_emma one that speaks in capitals: the test hears who speaks."""
    (tmp_path / "voices").mkdir()
    for name in ("af_heart", "bf_emma"):
        put_voice(tmp_path / "voices", name)
    for name in ("am_michael", "ff_siwis"):
        put_voice(tmp_path / "voices", name, loud=True)


# What is asked for


async def test_a_text_is_spoken(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, body = await house.post({"input": "Hello there.", "response_format": "pcm"})
        assert (status, heard(body)) == (200, "Hello there.")
        assert headers["Content-Type"].startswith("audio/")
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"
        assert "X-Speed" not in headers


async def test_null_is_not_given_and_unknown_fields_are_ignored(tmp_path: Path) -> None:
    fields = dict.fromkeys(("model", "voice", "speed", "stream", "stream_format", "lang_code", "volume_multiplier"))
    strange = {"instructions": "Speak like a pirate.", "backend": "x", "normalization_options": {"a": [1]}, "user": 5}
    async with open_house(tmp_path) as house:
        assert await house.text("Hello.", **fields, text_format=None, **strange) == "Hello."


@pytest.mark.usefixtures("loud")
@pytest.mark.parametrize(
    ("voice", "is_loud"),
    [
        ("af_heart", False),
        ("am_michael", True),
        ("AM_Michael", True),
        ({"id": "am_michael"}, True),
        ({"id": None}, False),
        ({}, False),
        ("", False),
        ("v1.0/am_michael", True),
        ("am_michael(3)+af_heart", True),
        ("Boss", True),  # the owner's name
        ("ash", True),  # OpenAI's name
        ("Ash", True),
        ("onyx", False),  # is am_onyx, which is not here: the default voice speaks
    ],
)
async def test_a_voice_has_many_names(voice: object, is_loud: bool, tmp_path: Path) -> None:
    async with open_house(tmp_path, voices={"Boss": "am_michael(2)+af_heart"}) as house:
        assert await house.text("Hello.", voice=voice) == ("HELLO." if is_loud else "Hello.")


@pytest.mark.usefixtures("loud")
async def test_a_voice_of_the_owners_wins_over_openais_name(tmp_path: Path) -> None:
    async with open_house(tmp_path, voices={"alloy": "am_michael"}, http__voices__alloy="bf_emma") as house:
        assert await house.text("Hello.", voice="alloy") == "HELLO."


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro", "kokoro-v1.0", "", "what?", None])
async def test_no_name_of_a_model_is_refused(model: object, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert await house.text("Hello.", model=model) == "Hello."


@pytest.mark.usefixtures("loud")
@pytest.mark.parametrize(
    ("code", "is_loud"), [("fr-FR", True), ("f", True), ("fr", True), ("FR_fr", True), ("en", False), ("b", False)]
)
async def test_a_language_is_a_tag_or_a_letter(code: str, is_loud: bool, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert await house.text("Salut.", lang_code=code) == ("SALUT." if is_loud else "Salut.")


@pytest.mark.slow
@pytest.mark.parametrize(("speed", "told"), [(1, None), (2.0, None), ("1.5", None), (0.25, "0.5"), (4, "2"), (99, "2")])
async def test_a_pace_that_kokoro_has_not_is_clamped_and_told(speed: object, told: str | None, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, _ = await house.post({"input": "Hello.", "response_format": "pcm", "speed": speed})
        assert (status, headers.get("X-Speed")) == (200, told)
        status, headers, _ = await house.post(
            {"input": LONG, "response_format": "pcm", "speed": speed, "stream_format": "sse"}
        )
        assert (status, headers.get("X-Speed")) == (200, told)


async def test_volume_is_a_factor(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert [ord(sign) for sign in await house.text("Hi", volume_multiplier=2)] == [ord("H") * 2, ord("i") * 2]
        assert set(await house.say("Hi", volume_multiplier=0)) == {0}


async def test_ssml_is_read_where_it_is_said_to_be(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        document = '<speak>One<break time="0.5s"/>two</speak>'
        assert (await house.text(document, text_format="ssml")).replace("\0", "") == "Onetwo"
        status, _, body = await house.post({"input": "<speak>One", "text_format": "SSML", "response_format": "pcm"})
        assert (status, error_of(body)["type"]) == (400, "invalid_request_error")


# What is refused

WRONG: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({}, 400, "invalid_request_error", "input"),
    ({"input": None}, 400, "invalid_request_error", "input"),
    ({"input": ""}, 400, "invalid_request_error", "input"),
    ({"input": " \n "}, 400, "invalid_request_error", "input"),
    ({"input": 5}, 400, "invalid_request_error", "input"),
    ({"input": ["a"]}, 400, "invalid_request_error", "input"),
    ({"input": "a", "voice": "nobody"}, 400, "invalid_request_error", "voice"),
    ({"input": "a", "voice": 5}, 400, "invalid_request_error", "voice"),
    ({"input": "a", "voice": {"id": 5}}, 400, "invalid_request_error", "voice"),
    ({"input": "a", "voice": "x" * 300}, 400, "invalid_request_error", "voice"),
    ({"input": "a", "voice": "af_heart+af_heart("}, 400, "invalid_request_error", "voice"),
    ({"input": "a", "lang_code": "xx"}, 400, "invalid_request_error", "lang_code"),
    ({"input": "a", "lang_code": "q"}, 400, "invalid_request_error", "lang_code"),
    ({"input": "a", "speed": 0}, 400, "invalid_request_error", "speed"),
    ({"input": "a", "speed": -1}, 400, "invalid_request_error", "speed"),
    ({"input": "a", "speed": "fast"}, 400, "invalid_request_error", "speed"),
    ({"input": "a", "speed": float("nan")}, 400, "invalid_request_error", "speed"),
    ({"input": "a", "speed": float("inf")}, 400, "invalid_request_error", "speed"),
    ({"input": "a", "volume_multiplier": 3}, 400, "invalid_request_error", "volume_multiplier"),
    ({"input": "a", "response_format": "midi"}, 400, "invalid_request_error", "response_format"),
    ({"input": "a", "response_format": 5}, 400, "invalid_request_error", "response_format"),
    ({"input": "a", "stream_format": "websocket"}, 400, "invalid_request_error", "stream_format"),
    ({"input": "a", "text_format": "html"}, 400, "invalid_request_error", "text_format"),
    ({"input": "a", "stream": "maybe"}, 400, "invalid_request_error", "stream"),
    ({"input": "a" * 301}, 413, "invalid_request_error", "input"),
    ({"input": "a", "model": 5}, 400, "invalid_request_error", "model"),
]


async def test_a_mistake_is_named_with_its_field(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__text_chars=300) as house:
        for fields, expected, kind, param in WRONG:
            status, headers, body = await house.post({"response_format": "pcm", **fields})
            error = error_of(body)
            assert (status, error["type"], error["param"]) == (expected, kind, param), fields
            assert headers["Content-Type"] == "application/json; charset=utf-8"
            assert error["message"].endswith((".", "…")) or error["message"][0].islower() or ": " in error["message"]
        assert await house.text("Well.") == "Well."


async def test_a_release_that_is_not_here_is_no_model(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, _, body = await house.post({"input": "a", "model": "kokoro-v0.19"})
        assert (status, error_of(body)["param"]) == (404, "model")


async def test_a_body_must_be_a_json_object_and_say_so(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            status, _, body = await house.post({"input": "a"}, {"Content-Type": kind})
            assert (status, error_of(body)["type"]) == (415, "invalid_request_error"), kind
            assert "Content-Type: application/json" in error_of(body)["message"]
        for sent in (b"", b"[]", b"null", b'"a"', b"{", b"\xff\xfe", b"{'input': 'a'}"):
            status, _, body = await house.post(sent)
            assert (status, error_of(body)["type"]) == (400, "invalid_request_error"), sent
        for kind in ("application/json; charset=UTF-8", "Application/JSON"):
            assert (await house.post({"input": "a"}, {"Content-Type": kind}))[0] == 200


@pytest.mark.parametrize(("word", "code"), [("MEMORY", "internal"), ("ESPEAK", "internal"), ("DISK", "internal")])
async def test_a_failure_before_the_first_sound_has_a_status(word: str, code: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, _, body = await house.post({"input": f"Hello {word}.", "response_format": "pcm"})
        assert (status, error_of(body)["type"], error_of(body)["code"]) == (500, "server_error", code)
        assert "Hello" not in body.decode()
        assert "Hello" not in "".join(house.lines())
        house.defects = len(house.lines(40))
        assert house.defects == 1
        assert await house.text("And on.") == "And on."


async def test_one_address_that_asks_for_too_much_is_told_to_come_later(tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=True, limits__waiting_utterances_per_address=1) as house:
        first = asyncio.ensure_future(house.text("One."))
        await asyncio.to_thread(house.gate.reached.wait, 10)
        status, headers, body = await house.post({"input": "Two."})
        assert (status, error_of(body)["type"], error_of(body)["code"]) == (429, "rate_limit_error", "busy")
        assert int(headers["Retry-After"]) > 0
        house.gate.open()
        assert await first == "One."
        assert await house.text("Two.") == "Two."


async def test_too_many_utterances_at_a_time_are_told_to_come_later(tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=True, limits__waiting_utterances=1) as house:
        waiting = [asyncio.ensure_future(house.post({"input": f"{n}.", "response_format": "pcm"})) for n in range(4)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        house.gate.open()
        statuses = sorted([(await one)[0] for one in waiting])
        assert set(statuses) == {200, 429}
        assert statuses[0] == 200


# How it is sent


@pytest.mark.slow
async def test_sound_is_sent_while_it_is_made(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        text = f"Hello. {LONG * 6}"
        body = {"input": text, "response_format": "pcm"}
        async with house.session.post(house.url + SPEECH, json=body) as answer:
            house.gate.shut()
            assert answer.status == 200
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert "Content-Length" not in answer.headers
            first = await answer.content.readany()
            assert await asyncio.to_thread(house.gate.reached.wait, 10)  # the rest is still to be made
            house.gate.open()
            assert _plain(heard(first + await answer.content.read())) == _plain(text)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["stream: false", "HTTP/1.0"])
async def test_a_whole_answer_has_its_length(way: str, tmp_path: Path) -> None:
    body = {"input": LONG, "response_format": "pcm", **({"stream": False} if way == "stream: false" else {})}
    async with open_house(tmp_path) as house:
        version = aiohttp.HttpVersion10 if way == "HTTP/1.0" else aiohttp.HttpVersion11
        async with (
            aiohttp.ClientSession(version=version) as session,
            session.post(house.url + SPEECH, json=body) as got,
        ):
            sound = await got.read()
            assert got.status == 200
            assert int(got.headers["Content-Length"]) == len(sound)
            assert "Transfer-Encoding" not in got.headers
            assert _plain(heard(sound)) == _plain(LONG)


async def test_an_answer_that_was_made_at_once_has_its_length(tmp_path: Path) -> None:
    async with open_house(tmp_path, cache__megabytes=1) as house:
        await house.say("Hello.")
        status, headers, body = await house.post({"input": "Hello.", "response_format": "pcm"})
        assert (status, heard(body)) == (200, "Hello.")
        assert int(headers["Content-Length"]) == len(body)


async def test_a_whole_answer_has_a_limit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WHOLE_CHARS", 100)
    async with open_house(tmp_path) as house:
        status, _, body = await house.post({"input": LONG, "response_format": "pcm", "stream": False})
        assert (status, error_of(body)["param"]) == (413, "input")
        status, _, _ = await house.post({"input": LONG, "response_format": "pcm"})
        assert status == 200


# Server-sent events


def _events(body: bytes) -> list[dict[str, Any]]:
    """The events, each one `data:` line of JSON and an empty line."""
    blocks = body.decode().split("\n\n")
    assert blocks.pop() == ""
    for block in blocks:
        assert block.startswith("data: ")
        assert "\n" not in block
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


@pytest.mark.parametrize("text", ["Hello.", LONG])
async def test_events_are_those_of_openai(text: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, body = await house.post({"input": text, "response_format": "pcm", "stream_format": "sse"})
        assert (status, headers["Content-Type"]) == (200, "text/event-stream")
    events = _events(body)
    *deltas, done = events
    assert all(set(event) == {"type", "audio"} and event["audio"] for event in deltas)
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    sound = b"".join(base64.b64decode(event["audio"], validate=True) for event in deltas)
    assert _plain(heard(sound)) == _plain(text)
    assert (set(done), done["type"]) == ({"type", "usage"}, "speech.audio.done")
    usage = done["usage"]
    assert set(usage) == {"input_tokens", "output_tokens", "total_tokens"}
    assert all(type(count) is int for count in usage.values())
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] == pytest.approx(len(sound) / 2 / SAMPLE_RATE_HZ * 40, abs=1)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert b"[DONE]" not in body


async def test_a_failure_midway_is_an_event_and_then_the_body_is_cut_off(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        text = "Hello there. " * 30 + "This fails: MEMORY."
        body = {"input": text, "response_format": "pcm", "stream_format": "sse"}
        got = bytearray()

        async def read(content: aiohttp.StreamReader) -> None:
            async for data in content.iter_any():
                got.extend(data)

        async with house.session.post(house.url + SPEECH, json=body) as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await read(answer.content)
        last = _events(bytes(got))[-1]
        assert last["type"] == "speech.audio.error"
        assert last["error"]["code"] == "internal"
        house.defects = 1


# A failure midway

_FAILS = "Hello there. " * 30 + "This fails: MEMORY."


def _by_requests(url: str) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(url, json={"input": _FAILS, "response_format": "pcm"}, timeout=30)


def _by_httpx(url: str) -> None:
    import httpx

    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(url, json={"input": _FAILS, "response_format": "pcm"}, timeout=30)


def _by_http_client(url: str) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    body = json.dumps({"input": _FAILS, "response_format": "pcm"})
    connection.request("POST", f"/{path}", body, {"Content-Type": "application/json"})
    with connection.getresponse() as answer, pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()


async def _by_curl(url: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl here")
    body = json.dumps({"input": _FAILS, "response_format": "pcm"})
    header = "Content-Type: application/json"
    process = await asyncio.create_subprocess_exec(
        *(curl, "-s", "-o", "/dev/null", "-H", header, "-d", body, url), stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 18  # "a file was only partially transferred"


@pytest.mark.parametrize("client", ["aiohttp", "requests", "httpx", "http.client", "curl"])
async def test_no_client_takes_half_an_answer_for_a_whole(client: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        url = house.url + SPEECH
        if client == "aiohttp":
            with pytest.raises(aiohttp.ClientPayloadError):
                await house.say(_FAILS)
        elif client == "curl":
            await _by_curl(url)
        else:
            by = {"requests": _by_requests, "httpx": _by_httpx, "http.client": _by_http_client}[client]
            await asyncio.to_thread(by, url)
        house.defects = 1
        await until(lambda: len(house.lines(40)) == 1)
        assert "MEMORY" not in "".join(house.lines())
        assert await house.text("And on.") == "And on."


# Clients that leave


async def _left(house: House, how: str) -> None:
    reader, writer = await house.connect()
    body = json.dumps(
        {"input": LONG * 15, "response_format": "pcm", "stream": how != "while it waits for a whole answer"}
    )
    head = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n{body}".encode())
    if how == "in the middle of the sound":
        await reader.readuntil(b"\r\n\r\n")
        house.gate.shut()
        await asyncio.to_thread(house.gate.reached.wait, 10)
    else:
        await asyncio.to_thread(house.gate.reached.wait, 10)
    assert house.utterances == 1
    writer.transport.abort()


@pytest.mark.parametrize(
    "how", ["before the first sound", "while it waits for a whole answer", "in the middle of the sound"]
)
async def test_a_client_that_leaves_ends_the_work(how: str, tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=how != "in the middle of the sound") as house:
        await _left(house, how)
        await until(lambda: not house.utterances)
        house.gate.open()
        assert await house.text("And on.") == "And on."
        assert len([line for line in house.lines() if ": spoke " in line]) == 1  # the long text was not spoken


async def test_what_is_said_is_in_no_line_of_the_log(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.say("My secret.")
        await house.post({"input": "My secret.", "voice": "nobody"})
        await house.post({"input": {"My": "secret"}})
        await house.get(f"{SPEECH}?input=My+secret")
        assert "ecret" not in "".join(house.lines())
