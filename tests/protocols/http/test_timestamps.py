"""When each word is heard, over real sockets; the beeps spell the words, so their times can be read from the sound."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from tests.listening import Ears, letters
from tests.protocols.http.house import House, error_of, open_house
from tests.stand_ins.beep_engine import SAMPLES_PER_CHAR

PATH = "/v1/audio/speech/timestamps"
CAPTIONED = "/dev/captioned_speech"
TEXT = "The door is open. Nobody has closed it today, as far as anyone knows. Good night."
WORDS = TEXT.replace(".", "").replace(",", "").split()
LETTER_SECONDS = SAMPLES_PER_CHAR / SAMPLE_RATE_HZ


async def _lines(house: House, path: str = PATH, **fields: object) -> list[dict[str, Any]]:
    status, headers, body = await house.post({"input": TEXT, **fields}, path=path)
    assert status == 200, body
    assert headers["Content-Type"] == ("application/x-ndjson" if path == PATH else "application/json")
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.splitlines()]


def _sound_of(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(line["audio"]) for line in lines if line.get("audio"))


def _words_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [word for line in lines for word in line.get("words", [])]


def _samples(sound: bytes, form: str) -> NDArray[np.int16]:
    if form == "pcm":
        return np.frombuffer(sound, "<i2")
    if form in ("aac", "flac"):  # libsndfile reads no AAC, and no FLAC of unknown length
        with av.open(io.BytesIO(sound), format=form) as container:
            frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
        whole = np.concatenate(frames)
        return (whole * 32_767).astype(np.int16) if whole.dtype == np.float32 else whole.astype(np.int16)
    samples, rate = soundfile.read(io.BytesIO(sound), dtype="int16")
    assert rate in (24_000, 48_000)
    return np.asarray(samples[:: rate // 24_000], dtype=np.int16)


def _letters(samples: NDArray[np.int16], start: float, end: float) -> str:
    """The letters that are beeped between these times."""
    first, last = (round(seconds * SAMPLE_RATE_HZ) for seconds in (start, end))
    return "".join(map(chr, samples[first + SAMPLES_PER_CHAR // 2 : last : SAMPLES_PER_CHAR]))


@pytest.mark.parametrize("form", ["wav", "pcm", "flac"])
async def test_each_word_is_in_the_sound_where_its_times_say(tmp_path: Path, form: str) -> None:
    async with open_house(tmp_path) as house:
        lines = await _lines(house, **({} if form == "wav" else {"response_format": form}))
        samples = _samples(_sound_of(lines), form)
        words = _words_of(lines)
        assert [word["text"] for word in words] == WORDS
        assert [_letters(samples, word["start"], word["end"]) for word in words] == WORDS
        assert lines[-1] == {"done": True, "seconds": round(len(samples) / SAMPLE_RATE_HZ, 3)}
        assert all(set(line) == {"audio", "words"} for line in lines[:-1])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["mp3", "opus", "aac"])
async def test_times_count_the_silence_that_an_encoder_puts_before_the_sound(tmp_path: Path, form: str) -> None:
    async with open_house(tmp_path) as house:
        # A loud sound begins with its first word: what comes before is the encoder's.
        text = "\u7fff" * 60
        lines = await _lines(house, input=text, response_format=form)
        samples = _samples(_sound_of(lines), form)
        (word,) = _words_of(lines)
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 8_000) / SAMPLE_RATE_HZ
        assert abs(loud[0] - word["start"]) < 0.01
        assert word["text"] == text


async def test_words_come_before_the_sound_that_they_are_in(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        sent_seconds = 0.0
        for line in (await _lines(house, response_format="pcm"))[:-1]:
            assert all(word["start"] >= sent_seconds - 1e-9 for word in line["words"])
            sent_seconds += len(base64.b64decode(line["audio"] or "")) / 2 / SAMPLE_RATE_HZ
        assert sent_seconds > 0.5


async def test_lines_come_while_the_rest_is_made(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        body = {"input": TEXT * 3 + "STUCK.", "response_format": "pcm"}
        async with house.session.post(house.url + PATH, json=body) as answer:
            first = json.loads(await answer.content.readline())
            assert [word["text"] for word in first["words"]] == WORDS[:4]
            assert json.loads(await answer.content.readline())["audio"]


async def test_the_sound_may_be_left_out(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        lines = await _lines(house, audio=False, response_format="mp3")
        assert [word["text"] for word in _words_of(lines)] == WORDS
        assert all(line["audio"] is None for line in lines[:-1])
        assert lines[-1]["done"] is True
        assert _words_of(lines)[0]["start"] == 0  # no encoder, no delay
        status, _, body = await house.post({"input": TEXT, "audio": False, "stream": False}, path=PATH)
        assert (status, json.loads(body)["audio"]) == (200, None)


async def test_the_whole_is_one_object(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, body = await house.post({"input": TEXT, "stream": False}, path=PATH)
        whole = json.loads(body)
        assert (status, headers["Content-Length"], set(whole)) == (
            200,
            str(len(body)),
            {"audio", "format", "words", "seconds"},
        )
        samples = _samples(base64.b64decode(whole["audio"]), "wav")
        assert [_letters(samples, word["start"], word["end"]) for word in whole["words"]] == WORDS
        assert (whole["format"], whole["seconds"]) == ("wav", round(len(samples) / SAMPLE_RATE_HZ, 3))


async def test_an_old_client_gets_the_whole(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        body = json.dumps({"input": TEXT}).encode()
        head = f"POST {PATH} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        _, _, answer = (await house.raw(head.encode() + body)).partition(b"\r\n\r\n")
        assert [word["text"] for word in json.loads(answer)["words"]] == WORDS


async def test_mistakes_are_told_before_the_first_line(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for path in (PATH, CAPTIONED):
            for fields, status, param in (
                ({"input": "  "}, 400, "input"),
                ({}, 400, "input"),
                ({"input": TEXT, "voice": "nobody"}, 400, "voice"),
                ({"input": TEXT, "response_format": "doc"}, 400, "response_format"),
                ({"input": "x" * 20_001, "stream": False}, 413, "input"),
            ):
                found, _, body = await house.post(fields, path=path)
                assert (found, error_of(body)["param"]) == (status, param), fields


@pytest.mark.slow
async def test_a_failure_midway_is_a_line_and_no_end(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        lines: list[bytes] = []
        async with house.session.post(house.url + PATH, json={"input": TEXT * 20 + " ESPEAK"}) as answer:
            with pytest.raises(aiohttp.ClientError):
                await _collect(answer, lines)
        assert json.loads(lines[-1])["error"]["type"] == "server_error"
        house.defects = len(house.lines(40))
        assert house.defects


async def _collect(answer: aiohttp.ClientResponse, lines: list[bytes]) -> None:
    async for line in answer.content:
        lines.append(line)


# As Kokoro-FastAPI has it


async def test_captioned_lines_have_sound_and_the_words_that_begin_in_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        lines = await _lines(house, CAPTIONED, response_format="wav")
        assert all(set(line) == {"audio", "audio_format", "timestamps"} for line in lines)
        assert {line["audio_format"] for line in lines} == {encoding.media_type("wav")}
        samples = _samples(_sound_of(lines), "wav")
        words = [word for line in lines for word in line["timestamps"]]
        assert [word["word"] for word in words] == WORDS
        assert [_letters(samples, word["start_time"], word["end_time"]) for word in words] == WORDS


async def test_captioned_speech_is_an_mp3_unless_something_else_is_asked_for(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        lines = await _lines(house, CAPTIONED)
        assert lines[0]["audio_format"] == "audio/mpeg"
        assert len(_samples(_sound_of(lines), "mp3")) >= len(TEXT) * SAMPLES_PER_CHAR


async def test_captioned_speech_as_one_object(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        fields = {"input": TEXT, "stream": False, "response_format": "flac"}
        status, _, body = await house.post(fields, path=CAPTIONED)
        whole = json.loads(body)
        assert (status, set(whole)) == (200, {"audio", "audio_format", "timestamps"})
        samples = _samples(base64.b64decode(whole["audio"]), "flac")
        times = [(word["start_time"], word["end_time"]) for word in whole["timestamps"]]
        assert [_letters(samples, *word) for word in times] == WORDS
        _, _, body = await house.post({**fields, "return_timestamps": False}, path=CAPTIONED)
        assert json.loads(body)["timestamps"] is None


# By ear


@pytest.mark.weights
async def test_times_are_those_that_an_ear_hears(http_server: str, ears: Ears) -> None:
    text = "My brother bought seven yellow tomatoes at the market near the station."
    body = {"input": text, "stream": False}
    async with aiohttp.ClientSession() as session, session.post(http_server + PATH, json=body) as answer:
        whole = await answer.json()
    samples = _samples(base64.b64decode(whole["audio"]), "wav").astype(np.float32) / np.float32(32_768)
    told = [(letters(word["text"]), word["start"], word["end"]) for word in whole["words"]]
    heard = [(letters(word), start, end) for word, start, end in ears.times(samples, "en")]
    assert [word for word, _, _ in told] == [word for word, _, _ in heard] == [letters(word) for word in text.split()]
    # Whisper draws the border of two words up to 0.3 s early or late, so what is compared is the middle of each.
    for (word, start, end), (_, heard_start, heard_end) in zip(told, heard, strict=True):
        assert abs((start + end) / 2 - (heard_start + heard_end) / 2) < 0.2, word
