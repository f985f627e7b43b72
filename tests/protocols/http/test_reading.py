"""The phonemes of a text over a real socket: with the whole program that beeps, and with the real G2P."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from kokoro_wyoming.languages import TAGS
from tests.builds.test_v1_0_g2p import SENTENCES
from tests.stand_ins.beep_program import BeepManager, beep_program

MARKS = str.maketrans(dict.fromkeys(",.。，、।", ""))


async def post(uri: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer."""
    async with ClientSession() as session, session.post(f"{uri}{path}", json=body) as answer:
        return answer.status, await answer.json()


@pytest.fixture
async def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of the program that beeps."""
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})
    words = {"en-US": {"nginx": "/ˈɛn/"}}
    async with beep_program(tmp_path, http__uri="tcp://127.0.0.1:0", limits__text_chars=100, lexicon=words) as server:
        assert server.http is not None
        yield str(server.http.uri).replace("tcp:", "http:")


async def test_a_text_is_told_as_it_would_be_read_with_markup_and_lexicon(uri: str) -> None:
    status, told = await post(uri, "/v1/audio/phonemes", {"input": "My nginx. [Kokoro](/kˈOkəɹO/) **up**"})
    assert status == 200
    assert told == {
        "phonemes": "My ˈɛn kˈOkəɹO up",
        "words": [
            {"text": "My", "phonemes": "My"},
            {"text": "nginx", "phonemes": "ˈɛn"},
            {"text": "Kokoro", "phonemes": "kˈOkəɹO"},
            {"text": "up", "phonemes": "up"},
        ],
        "language": "en-US",
    }


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ({"voice": "bf_emma"}, "en-GB"),
        ({"voice": {"id": "bf_emma"}, "speed": 3, "unknown": [1]}, "en-GB"),
        ({"lang_code": "b"}, "en-GB"),
        ({"voice": "bf_emma", "lang_code": "en-us"}, "en-US"),
        ({"voice": "alloy", "model": "tts-1"}, "en-US"),
    ],
)
async def test_voice_and_language_are_chosen_as_for_speech(body: dict[str, object], language: str, uri: str) -> None:
    status, told = await post(uri, "/v1/audio/phonemes", {"input": "Hello.", **body})
    assert (status, told["language"]) == (200, language)


async def test_other_servers_clients_get_the_tokens(uri: str) -> None:
    status, told = await post(uri, "/dev/phonemize", {"text": "Hello.", "language": "b"})
    assert (status, told) == (200, {"phonemes": "Hello.", "tokens": [*map(ord, "Hello.")]})
    assert (await post(uri, "/dev/phonemize", {"text": "Hello."}))[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("/v1/audio/phonemes", {}, 400, "input"),
        ("/v1/audio/phonemes", {"input": 5}, 400, "input"),
        ("/v1/audio/phonemes", [], 400, None),
        ("/v1/audio/phonemes", {"input": "a", "voice": "nobody"}, 400, "voice"),
        ("/v1/audio/phonemes", {"input": "a", "lang_code": "tlh"}, 400, "lang_code"),
        ("/v1/audio/phonemes", {"input": "a" * 101}, 413, "input"),
        ("/v1/audio/phonemes", {"input": "<speak>a"}, 400, None),
        ("/v1/audio/phonemes", {"input": "ESPEAK."}, 500, None),
        ("/dev/phonemize", {}, 400, "text"),
        ("/dev/phonemize", {"text": "a", "language": "?"}, 400, "lang_code"),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong_and_the_next_is_answered(
    path: str, body: object, status: int, param: str | None, uri: str
) -> None:
    found, told = await post(uri, path, body)
    assert (found, told["error"]["param"]) == (status, param)
    assert (await post(uri, "/v1/audio/phonemes", {"input": "a"}))[0] == 200


@pytest.mark.weights
@pytest.mark.parametrize("tag", TAGS)
async def test_every_language_tells_the_phonemes_of_each_word_that_was_written(tag: str, http_server: str) -> None:
    status, told = await post(http_server, "/v1/audio/phonemes", {"input": SENTENCES[tag], "lang_code": tag})
    assert (status, told["language"]) == (200, tag)
    words = [word["text"] for word in told["words"]]
    is_spaced = tag not in ("ja-JP", "zh-CN")
    assert words == SENTENCES[tag].translate(MARKS).split() if is_spaced else len(words) > 5
    assert "".join(words) == "".join(SENTENCES[tag].translate(MARKS).split())
    assert all(word["phonemes"] in told["phonemes"] for word in told["words"])
    status, other = await post(http_server, "/dev/phonemize", {"text": SENTENCES[tag], "language": tag})
    assert (status, other["phonemes"]) == (200, told["phonemes"])
    assert len(other["tokens"]) > 0.9 * len(told["phonemes"])
