"""`/say/...` over real sockets, as speakers fetch it: what is sent, and how often the network is asked for it."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import aiohttp
import av
import pytest
import soundfile
import yarl
from aiohttp import web
from torch import Tensor

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.protocols.http import addresses
from kokoro_wyoming.protocols.http.context import CONTEXT
from kokoro_wyoming.protocols.http.kept_sounds import KeptSounds
from kokoro_wyoming.protocols.http.say import ADDRESSES, SOUNDS
from kokoro_wyoming.releases import described
from kokoro_wyoming.text.sentences import Run
from tests.protocols.http.house import PATIENCE_SECONDS, House, error_of, open_house
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import until
from tests.stand_ins.beep_program import RELEASED, BeepModel, put_voice, settings

TEXT = "The door is open."
KEY = "a-key-of-the-owner"
BEARER = {"Authorization": f"Bearer {KEY}"}
FORMATS = ("mp3", "wav", "flac", "ogg", "opus", "aac")
LONG = "This is a sentence that is said. " * 40


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the network was asked to say, sentence by sentence."""
    said: list[str] = []
    speak: Any = BeepModel.pieces

    def pieces(model: BeepModel, runs: Iterable[Run], *arguments: object, **options: object) -> Iterator[Tensor | None]:
        these = [*runs]
        said.append("".join(run.text for run in these))
        return cast(Iterator[Tensor | None], speak(model, these, *arguments, **options))

    monkeypatch.setattr(BeepModel, "pieces", pieces)
    return said


@pytest.fixture
def polyglot(tmp_path: Path) -> None:
    """A voice for each language."""
    (tmp_path / "voices").mkdir()
    for name in (str(language.best_voice) for language in described("v1.0").languages):
        put_voice(tmp_path / "voices", name)


def _url(name: str = "door.mp3", text: str = TEXT, **query: object) -> str:
    return f"/say/{quote(name)}?{urlencode({'text': text, **query})}"


def _app(house: House) -> web.Application:
    face = house.server.http
    assert face is not None
    assert face._server is not None
    return face._server._runner.app


def _sounds(house: House) -> KeptSounds:
    return _app(house)[SOUNDS]


def _listeners(house: House) -> int:
    return sum(sound.listeners for sound in _sounds(house)._sounds.values())


async def _head(house: House, path: str) -> tuple[int, Mapping[str, str]]:
    async with house.session.head(house.url + path) as answer:
        assert await answer.read() == b""
        return answer.status, answer.headers


async def _address(house: House, text: str = TEXT, **fields: object) -> dict[str, Any]:
    body = {"input": text, **fields}
    status, _, answer = await house.post(body, BEARER, path="/v1/audio/speech/address")
    assert status == 200, answer
    return dict(json.loads(answer))


async def _fetch(house: House, path: str) -> bytes:
    """The sound, once the server knows that it was taken."""
    status, _, body = await house.get(path)
    assert status == 200, body
    await until(lambda: not _listeners(house))
    return body


async def _first_of(answer: aiohttp.ClientResponse) -> bytes:
    """The first of what comes, while the rest is not made."""
    return await asyncio.wait_for(answer.content.readany(), PATIENCE_SECONDS)


def _parts(raw: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """Status line, headers in lower case, and body of a raw answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    pairs = (line.decode().partition(": ") for line in lines)
    return status, {name.lower(): value for name, _, value in pairs}, body


def _said(sound: bytes) -> str:
    """What a lossless file says."""
    samples, rate = soundfile.read(io.BytesIO(sound), dtype="int16")
    assert rate == 24_000
    return heard(samples.tobytes())


# HEAD


@pytest.mark.parametrize("ending", FORMATS)
async def test_head_speaks_nothing_and_tells_what_get_would(tmp_path: Path, asked: list[str], ending: str) -> None:
    async with open_house(tmp_path) as house:
        path = _url(f"door.{ending}")
        status, before = await _head(house, path)
        assert (status, TEXT in asked) == (200, False)
        assert "Content-Length" not in before
        status, got, body = await house.get(path)
        assert status == 200
        for name in ("Content-Type", "Accept-Ranges", "Cache-Control"):
            assert before[name] == got[name]
        assert (got["Content-Type"], got["Accept-Ranges"]) == (encoding.media_type(encoding.canonical(ending)), "bytes")
        status, after = await _head(house, path)
        assert (status, int(after["Content-Length"]), after["ETag"]) == (200, len(body), got["ETag"])
        assert asked.count(TEXT) == 1


async def test_head_finds_the_same_mistakes_as_get(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path, limits__text_chars=2_000) as house:
        for path, status in (
            (_url(voice="nobody"), 400),
            (_url(language="xx"), 400),
            (_url(speed="quick"), 400),
            (_url(text=""), 400),
            (_url(text="  "), 400),
            ("/say/door.mp3", 400),
            (_url(text="Long. " * 400), 413),
            (_url("door.txt"), 404),
            (_url("door"), 404),
        ):
            assert (await _head(house, path))[0] == status, path
            found, _, body = await house.get(path)
            assert (found, bool(error_of(body)["message"])) == (status, True), path
        assert not {TEXT, "Long."} & {*asked}
        async with house.session.post(house.url + _url()) as answer:
            assert answer.status == 405


@pytest.mark.parametrize(
    "name",
    [
        ".mp3",
        "..mp3",
        ".hidden.mp3",
        "a/b.mp3",
        "../x.mp3",
        "a\\b.mp3",
        "a\n.mp3",
        "a:b.mp3",
        "x" * 300 + ".mp3",
        " .mp3",
    ],
)
async def test_a_name_that_no_file_should_have_is_not_found(tmp_path: Path, name: str) -> None:
    async with open_house(tmp_path) as house:
        path = f"/say/{quote(name, safe='')}?text=Hello"
        async with house.session.get(yarl.URL(house.url + path, encoded=True)) as answer:
            assert (answer.status, error_of(await answer.read())["type"]) == (404, "invalid_request_error")


@pytest.mark.parametrize("name", ["a.b.wav", "नमस्ते दुनिया.wav", "It's (really) open.wav", "x.WAV"])
async def test_a_name_is_for_the_player_alone(tmp_path: Path, name: str) -> None:
    async with open_house(tmp_path) as house:
        status, _, body = await house.get(_url(name))
        assert (status, _said(body)) == (200, TEXT)


# GET


@pytest.mark.parametrize("ending", FORMATS)
async def test_the_sound_is_a_whole_file(tmp_path: Path, ending: str) -> None:
    async with open_house(tmp_path) as house:
        status, headers, body = await house.get(_url(f"door.{ending}"))
        assert (status, headers.get("Content-Length", str(len(body)))) == (200, str(len(body)))
        if ending in ("wav", "flac"):
            assert _said(body) == TEXT
        else:
            with av.open(io.BytesIO(body)) as container:
                samples = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
            assert round(samples, 3) >= len(TEXT) / 100


async def test_what_is_asked_for_is_what_is_heard(tmp_path: Path, asked: list[str]) -> None:
    (tmp_path / "voices").mkdir()
    put_voice(tmp_path / "voices", "af_heart")
    put_voice(tmp_path / "voices", "am_michael", loud=True)
    async with open_house(tmp_path) as house:
        _, _, body = await house.get(_url("a.wav", voice="am_michael", speed=1.2, language="en-US"))
        assert _said(body) == TEXT.upper()
        _, headers, body = await house.get(_url("a.wav", "<speak>Open<break time='1ms'/></speak>", text_format="ssml"))
        assert _said(body).startswith("Open")
        _, headers, _ = await house.get(_url("a.wav", speed=7))
        assert headers["X-Speed"] == "2"
        _, _, quiet = await house.get(_url("a.wav", volume=0))
        assert set(_said(quiet)) == {"\0"}
        assert len(_sounds(house)) == 4


async def test_many_who_ask_at_once_are_one_synthesis(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path, gated=True) as house:
        path = _url()
        many = [asyncio.ensure_future(house.get(path)) for _ in range(5)]
        ranged = asyncio.ensure_future(house.get(path, Range="bytes=0-1"))
        old = asyncio.ensure_future(house.raw(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()))
        await until(lambda: _listeners(house) == 7)
        house.gate.open()
        bodies = [body for _, _, body in await asyncio.gather(*many)]
        status, headers, two = await ranged
        assert (status, two, headers["Content-Range"]) == (206, bodies[0][:2], f"bytes 0-1/{len(bodies[0])}")
        assert {*bodies, _parts(await old)[2]} == {bodies[0]}
        assert asked.count(TEXT) == 1


async def test_who_asks_again_hears_the_same_without_work(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        answers = [await house.get(_url(name)) for name in ("a.mp3", "b.mp3", "a.mp3")]
        assert len({body for _, _, body in answers}) == 1
        assert [headers.get("Content-Length") for _, headers, _ in answers[1:]] == [str(len(answers[0][2]))] * 2
        await house.get(_url("a.ogg"))
        await house.get(_url("a.opus"))
        assert asked.count(TEXT) == 2


async def test_all_that_decides_the_sound_tells_sounds_apart(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        different = [
            _url(),
            _url("door.wav"),
            _url(speed=1.5),
            _url(voice="bf_emma"),
            _url(language="en-GB"),
            _url(volume=0.5),
        ]
        for path in (*different, *different):
            assert (await house.get(path))[0] == 200
        assert asked.count(TEXT) == len(different)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["mp3", "opus", "aac"])
async def test_who_comes_late_gets_what_is_made_and_then_the_rest(
    tmp_path: Path, asked: list[str], ending: str
) -> None:
    async with open_house(tmp_path) as house:
        address = house.url + _url(f"long.{ending}", LONG + "STUCK.")
        browser = {"Range": "bytes=0-"}  # which is all, and no reason to wait for all
        async with house.session.get(address) as first, house.session.get(address, headers=browser) as second:
            begun = [await _first_of(first), await _first_of(second)]
            assert "Content-Length" not in first.headers
            ranged = asyncio.ensure_future(house.get(address.removeprefix(house.url), Range="bytes=-5"))
            await until(lambda: _listeners(house) == 3)
            RELEASED.set()
            bodies = [start + await answer.read() for start, answer in zip(begun, (first, second), strict=True)]
        status, headers, end = await ranged
        assert bodies[0] == bodies[1]
        assert (status, end) == (206, bodies[0][-5:])
        assert headers["Content-Range"].endswith(f"/{len(bodies[0])}")
        assert asked.count("STUCK.") == 1


@pytest.mark.slow
async def test_files_that_begin_with_their_length_are_sent_when_they_are_whole(tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=True) as house:
        waiting = [asyncio.ensure_future(house.get(_url(name, LONG))) for name in ("a.wav", "a.flac")]
        await until(lambda: _listeners(house) == 2)
        house.gate.open()
        for status, headers, body in await asyncio.gather(*waiting):
            assert (status, headers["Content-Length"]) == (200, str(len(body)))
            assert _said(body).replace(" ", "") == LONG.replace(" ", "")


# Leaving


@pytest.mark.slow
async def test_the_work_ends_when_all_have_left_and_begins_anew_for_the_next(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        text = LONG + "STUCK."
        address = house.url + _url(text=text)
        async with house.session.get(address) as first, house.session.get(address) as second:
            await _first_of(first)
            await until(lambda: "STUCK." in asked)
            first.close()
            await until(lambda: _listeners(house) == 1)
            assert house.utterances == 1
            second.close()
        await until(lambda: len(_sounds(house)) == 0 and house.utterances == 0)
        RELEASED.set()
        _, _, body = await house.get(_url("again.mp3", text))
        assert body
        assert asked.count("STUCK.") == 2


async def test_who_stays_hears_all_when_the_first_leaves(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        address = house.url + _url("a.wav", LONG + "STUCK.")
        leaving = asyncio.ensure_future(house.session.get(address))
        await until(lambda: "STUCK." in asked)
        staying = asyncio.ensure_future(house.session.get(address))
        await until(lambda: _listeners(house) == 2)
        leaving.cancel()
        await until(lambda: _listeners(house) == 1)
        RELEASED.set()
        async with await staying as answer:
            assert _said(await answer.read()).endswith("STUCK.")
        assert asked.count("STUCK.") == 1


# Ranges


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("0-1", 0, 2),
        ("5-", 5, None),
        ("-7", -7, None),
        ("10-19", 10, 20),
        ("3-999999999", 3, None),
        ("-99999999", 0, None),
    ],
)
async def test_a_range_is_answered_exactly(tmp_path: Path, wanted: str, first: int, last: int | None) -> None:
    async with open_house(tmp_path) as house:
        # A player may begin with a range, before anything is made.
        status, headers, part = await house.get(_url(), Range=f"bytes={wanted}")
        _, _, whole = await house.get(_url())
        assert (status, part, headers["Content-Length"]) == (206, whole[first:last], str(len(part)))
        at = first % len(whole)
        assert headers["Content-Range"] == f"bytes {at}-{at + len(part) - 1}/{len(whole)}"
        assert headers["Content-Type"] == "audio/mpeg"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "bytes=7-3", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=" + "9" * 50 + "-"]
)
async def test_what_is_no_single_range_is_answered_by_the_whole(tmp_path: Path, wanted: str) -> None:
    async with open_house(tmp_path) as house:
        status, headers, body = await house.get(_url(), Range=wanted)
        assert (status, headers["Content-Length"], "Content-Range" in headers) == (200, str(len(body)), False)
        assert body == (await house.get(_url()))[2]


async def test_a_range_beyond_the_end_is_refused_with_the_size(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        _, _, whole = await house.get(_url())
        for wanted in (f"bytes={len(whole)}-", "bytes=999999999-", "bytes=-0"):
            status, headers, body = await house.get(_url(), Range=wanted)
            assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
            assert error_of(body)["param"] == "Range"


async def test_a_range_of_a_sound_that_was_made_anew_is_the_whole(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        _, headers, whole = await house.get(_url())
        status, _, part = await house.get(_url(), Range="bytes=4-", If_Range=headers["ETag"])
        assert (status, part) == (206, whole[4:])
        status, _, part = await house.get(_url(), Range="bytes=4-", If_Range='"another"')
        assert (status, part) == (200, whole)


# Old and plain clients


@pytest.mark.slow
@pytest.mark.parametrize("host", ["Host: 127.0.0.1\r\n", ""])
async def test_a_client_of_http_1_0_gets_the_whole_with_its_length(tmp_path: Path, host: str) -> None:
    async with open_house(tmp_path) as house:
        raw = await house.raw(f"GET {_url(text=LONG)} HTTP/1.0\r\n{host}\r\n".encode())
        status, headers, body = _parts(raw)
        assert status.split()[1] == b"200"
        assert (headers["content-length"], "transfer-encoding" in headers) == (str(len(body)), False)
        raw = await house.raw(f"HEAD {_url(text=LONG)} HTTP/1.0\r\n{host}\r\n".encode())
        status, headers, nothing = _parts(raw)
        assert (status.split()[1], headers["content-length"], nothing) == (b"200", str(len(body)), b"")


async def _program(*command: str) -> bytes:
    child = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL)
    said, _ = await asyncio.wait_for(child.communicate(), PATIENCE_SECONDS)
    assert child.returncode == 0, command
    return said


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
async def test_curl_fetches_it_in_every_way(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        url = house.url + _url()
        curl = ("curl", "-sSf", "--max-time", str(PATIENCE_SECONDS))
        assert b"audio/mpeg" in await _program(*curl, "-I", url)
        assert TEXT not in asked
        whole = await _program(*curl, url)
        assert whole == await _program(*curl, "-0", url)
        assert whole[2:9] == await _program(*curl, "-r", "2-8", url)
        assert whole[-3:] == await _program(*curl, "-r", "-3", url)
        assert asked.count(TEXT) == 1


@pytest.mark.skipif(not shutil.which("wget"), reason="wget is not installed")
async def test_wget_goes_on_where_it_was_cut_off(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        _, _, whole = await house.get(_url())
        begun = tmp_path / "door.mp3"
        begun.write_bytes(whole[:100])
        await _program("wget", "-q", "-c", "-O", str(begun), house.url + _url())
        assert begun.read_bytes() == whole
        assert asked.count(TEXT) == 1


# How long it is kept


async def test_a_sound_is_forgotten_some_time_after_its_last_use(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        sounds = _sounds(house)
        assert sounds.keep_seconds == 300
        sounds.keep_seconds = 0.01
        await _fetch(house, _url())
        await until(lambda: (len(sounds), sounds.size, len(sounds._ends)) == (0, 0, 0))
        await _fetch(house, _url())
        assert asked.count(TEXT) == 2


async def test_the_sounds_that_were_used_last_are_kept(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        sounds = _sounds(house)
        sounds.max_sounds = 3
        texts = ["One.", "Two.", "Three.", "One.", "Four.", "One.", "Two."]
        for text in texts:
            await _fetch(house, _url(text=text))
            assert len(sounds) <= 3
        assert [asked.count(text) for text in ("One.", "Two.", "Three.", "Four.")] == [1, 2, 1, 1]


async def test_many_bytes_are_not_kept(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        sounds = _sounds(house)
        size = len(await _fetch(house, _url("a.wav", "One one.")))
        sounds.max_bytes = 2 * size
        for text in ("Two two.", "Six six."):
            await _fetch(house, _url("a.wav", text))
        assert (len(sounds), sounds.size) == (2, 2 * size)
        sounds.max_bytes = 1
        await _fetch(house, _url("a.wav", "Ten ten."))
        await _fetch(house, _url("a.wav", "Ten ten."))  # the last one stays, as its player asks again
        assert (len(sounds), sounds.size, asked.count("Ten ten.")) == (1, size, 1)


async def test_what_the_owner_changes_is_heard_at_once(tmp_path: Path, asked: list[str]) -> None:
    changed = settings(tmp_path, http__uri="tcp://127.0.0.1:0", speech__voice="bf_emma")
    async with open_house(tmp_path, lambda: changed) as house:
        await _fetch(house, _url())
        house.server._hang_up.set()
        service = _app(house)[CONTEXT].service
        await until(lambda: service.changes == 1)
        await _fetch(house, _url())
        assert asked.count(TEXT) == 2


# Failures


async def test_a_failure_before_the_first_sound_is_told_and_not_kept(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, _, body = await house.get(_url(text="ESPEAK"))
        assert status >= 500
        assert error_of(body)["type"] == "server_error"
        assert len(_sounds(house)) == 0
        assert (await house.get(_url()))[0] == 200
        house.defects = len(house.lines(40))
        assert house.defects


@pytest.mark.slow
async def test_a_failure_midway_cuts_the_answer_off_for_all(tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=True) as house:
        address = house.url + _url(text=LONG + "ESPEAK")
        answers = [asyncio.ensure_future(house.session.get(address)) for _ in range(2)]
        await until(lambda: _listeners(house) == 2)
        house.gate.open()
        for answer in await asyncio.gather(*answers):
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        assert len(_sounds(house)) == 0
        house.defects = len(house.lines(40))
        assert house.defects


async def test_an_address_may_not_be_used_by_a_page_elsewhere(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert (await house.get(_url(), Sec_Fetch_Site="cross-site"))[0] == 403
        assert (await house.get(_url(), Sec_Fetch_Site="same-origin"))[0] == 200


async def test_no_text_is_logged(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.get(_url(text="Nobody may read this."))
        await _address(house, "Nobody may read this.")
        assert "Nobody" not in "".join(house.lines())


async def test_what_is_asked_for_when_the_server_stops_is_sent_to_the_end(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        asking = asyncio.ensure_future(house.get(_url("a.wav", LONG + "STUCK.")))
        await until(lambda: _listeners(house) == 1)
        house.server.stop()
        await until(lambda: _app(house)[CONTEXT].stopping.is_set())
        RELEASED.set()
        status, _, body = await asking
        assert (status, _said(body).endswith("STUCK.")) == (200, True)


# Who may ask


async def test_where_addresses_are_off_there_are_none(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__say="off") as house:
        assert (await house.get(_url()))[0] == 404
        assert (await house.post({"input": TEXT}, path="/v1/audio/speech/address"))[0] == 404


async def test_with_a_key_an_address_needs_the_key_or_a_signature(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__api_key=KEY) as house:
        assert (await house.get(_url()))[0] == 401
        assert (await house.get(_url(key=KEY)))[0] == 401
        assert (await _head(house, _url()))[0] == 401
        assert (await house.get(_url(), **BEARER))[0] == 200
        assert (await house.post({"input": TEXT}, path="/v1/audio/speech/address"))[0] == 401
        signed = await _address(house)
        assert signed["absolute_url"] == house.url + signed["url"]
        assert (await house.get(signed["url"]))[0] == 200
        assert (await _head(house, signed["url"]))[0] == 200
        assert (await house.get(signed["url"].replace("/say/", "/v1/audio/")))[0] in (401, 404)


@pytest.mark.parametrize("key", [KEY, None])
async def test_no_part_of_a_signed_address_can_be_changed(tmp_path: Path, key: str | None) -> None:
    async with open_house(tmp_path, http__api_key=key, http__say="signed") as house:
        made = await _address(house, voice="af_heart", lang_code="en-US", speed=1.1, response_format="wav")
        parts = urlsplit(made["url"])
        query = dict(parse_qsl(parts.query))
        status, _, body = await house.get(made["url"])
        assert (status, _said(body)) == (200, TEXT)
        changes = {"text": "Another.", "voice": "bf_emma", "language": "en-GB", "speed": "1.2", "expires": "9999999999"}
        others = [{**query, name: value} for name, value in changes.items()]
        others += [{**query, "volume": "2"}, {**query, "model": "v0.19"}, {**query, "text_format": "ssml"}]
        others += [{name: value for name, value in query.items() if name != gone} for gone in query]
        others += [{**query, "signature": value} for value in ("", "x", "é", query["signature"][:-1])]
        others += [{**query, "expires": value} for value in ("", "x", "1e9", "9" * 5000)]
        for other in others:
            assert (await house.get(f"{parts.path}?{urlencode(other)}"))[0] == (403 if key is None else 401), other
        for path in (parts.path.replace(".wav", ".mp3"), parts.path.replace("speech", "other")):
            assert (await house.get(f"{path}?{parts.query}"))[0] == (403 if key is None else 401)
        if key:  # who has the key may make addresses, but asks by signed ones
            assert (await house.get(_url(), **BEARER))[0] == 403


async def test_an_address_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, http__api_key=KEY) as house:
        made = await _address(house, seconds=60)
        assert abs(made["expires"] - time.time() - 60) < 30
        monkeypatch.setattr(time, "time", lambda: made["expires"] - 1)
        assert (await house.get(made["url"]))[0] == 200
        monkeypatch.setattr(time, "time", lambda: made["expires"] + 1)
        status, _, body = await house.get(made["url"])
        assert (status, "over" in error_of(body)["message"]) == (403, True)


@pytest.mark.parametrize(("key", "status"), [(KEY, 200), (None, 403)])
async def test_addresses_outlive_the_server_where_a_key_is_set(tmp_path: Path, key: str | None, status: int) -> None:
    async with open_house(tmp_path, http__api_key=key, http__say="signed") as house:
        made = await _address(house)
    async with open_house(tmp_path, http__api_key=key, http__say="signed") as house:
        assert (await house.get(made["url"]))[0] == status


# Texts of any length


LANGUAGES = {
    "en-US": "The front door is open. ",
    "es-ES": "La puerta está abierta, señor. ",
    "fr-FR": "La porte d'entrée est déjà ouverte. ",
    "hi-IN": "सामने का दरवाज़ा खुला है। ",
    "it-IT": "La porta è già aperta. ",
    "ja-JP": "玄関のドアが開いています。",
    "pt-BR": "A porta da frente está aberta. ",
    "zh-CN": "前门是开着的。",
    "en-GB": "The back door is open. ",
}


@pytest.mark.usefixtures("polyglot")
@pytest.mark.parametrize(
    "language", ["hi-IN", *(pytest.param(tag, marks=pytest.mark.long) for tag in LANGUAGES if tag != "hi-IN")]
)
async def test_a_long_announcement_has_an_address_without_its_text(
    tmp_path: Path, asked: list[str], language: str
) -> None:
    sentence = LANGUAGES[language]
    text = sentence * (2_500 // len(sentence))
    async with open_house(tmp_path, http__say="signed") as house:
        made = await _address(house, text, lang_code=language, response_format="wav", name="Tür 前门")
        assert len(made["url"]) < 200
        assert (await _head(house, made["url"]))[0] == 200
        status, _, body = await house.get(made["url"])
        assert (status, len(body) > 48_000, sentence.strip() in asked) == (200, True, True)
        status, _, part = await house.get(made["url"], Range="bytes=4-9")
        assert (status, part) == (206, body[4:10])
        for wrong in (made["url"][:-1], made["url"].replace(".wav", ".mp3")):
            assert (await house.get(wrong))[0] == 403


@pytest.mark.usefixtures("polyglot")
@pytest.mark.parametrize(
    "language", ["hi-IN", *(pytest.param(tag, marks=pytest.mark.long) for tag in LANGUAGES if tag != "hi-IN")]
)
async def test_a_long_text_may_stand_in_an_address_as_well(tmp_path: Path, asked: list[str], language: str) -> None:
    sentence = LANGUAGES[language]
    text = sentence * (2_500 // len(sentence))
    async with open_house(tmp_path) as house:
        status, _, body = await house.get(_url("a.wav", text, language=language))
        assert (status, len(body) > 48_000, sentence.strip() in asked) == (200, True, True)


@pytest.mark.slow
async def test_the_text_of_an_address_is_kept_no_longer_than_the_address_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_MAX_KEPT", 3)
    async with open_house(tmp_path) as house:
        kept = _app(house)[ADDRESSES]._kept
        short = await _address(house, LONG * 3, seconds=1)
        await until(lambda: not kept)
        assert (await house.get(short["url"]))[0] == 404
        made = [await _address(house, LONG * 3) for _ in range(4)]
        assert len(kept) == 3
        assert [(await _head(house, one["url"]))[0] for one in made] == [404, 200, 200, 200]


async def test_an_address_is_made_only_for_what_can_be_spoken(tmp_path: Path, asked: list[str]) -> None:
    async with open_house(tmp_path) as house:
        for fields, status, param in (
            ({"input": " "}, 400, "input"),
            ({"input": TEXT, "voice": "nobody"}, 400, "voice"),
            ({"input": TEXT, "response_format": "pcm"}, 400, "response_format"),
            ({"input": TEXT, "name": "../x"}, 400, "name"),
            ({"input": TEXT, "seconds": 0}, 400, "seconds"),
            ({"input": TEXT, "seconds": 1e9}, 400, "seconds"),
            ({"input": "x" * 20_001}, 413, "input"),
        ):
            found, _, body = await house.post(fields, path="/v1/audio/speech/address")
            assert (found, error_of(body)["param"]) == (status, param), fields
        made = await _address(house, "Half \ud800 of a character.", response_format="wav")
        assert (await house.get(made["url"]))[0] == 200
        assert TEXT not in asked
