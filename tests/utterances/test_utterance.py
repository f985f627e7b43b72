"""One text in, its sound out, without any protocol."""

from __future__ import annotations

import contextlib

import pytest

from kokoro_wyoming.audio.pcm import seconds_of_pcm
from kokoro_wyoming.errors import BusyError, PeerError, TextTooLongError, UnknownVoiceError
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.requests import MAX_NAME_CHARS, SpeechOptions, SpeechRequest, checked_name
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.utterances.utterance import Utterance
from kokoro_wyoming.voices.descriptions import VoiceRequest
from tests.stand_ins.beep_engine import BeepEngine, heard


def _begin(options: SpeechOptions | None = None, quota: Quota | None = None) -> Utterance:
    return SpeechService(BeepEngine(), options).begin(SpeechRequest(), client="a test", quota=quota)


async def _pcm(utterance: Utterance) -> bytes:
    """All sound of an utterance, which is closed then."""
    with contextlib.closing(utterance):
        return b"".join([piece async for piece in utterance.pieces() if isinstance(piece, bytes)])


async def test_a_text_that_comes_in_parts_is_spoken_whole() -> None:
    utterance = _begin()
    for text in ("Hello th", "ere. How ", "", "are you?"):
        utterance.add(text)
    utterance.finish()
    pcm = await _pcm(utterance)
    assert heard(pcm) == "Hello there.How are you?"
    assert utterance.characters == len("Hello there.How are you?")
    assert utterance.voice.name == "beep"
    assert utterance.first_sound_seconds > 0
    assert utterance.seconds == pytest.approx(seconds_of_pcm(pcm))


async def test_a_text_without_a_word_is_a_tenth_of_a_second_of_silence() -> None:
    utterance = _begin()
    utterance.finish()
    pcm = await _pcm(utterance)
    assert seconds_of_pcm(pcm) == pytest.approx(0.1)
    assert not any(pcm)


async def test_what_came_before_the_end_of_a_bad_text_is_heard_and_then_the_error_is_raised() -> None:
    utterance = _begin()
    utterance.add("This is said. And this")
    pieces: list[object] = []

    async def listen() -> None:
        async for piece in utterance.pieces():
            pieces.append(piece)
            utterance.cancel(PeerError("The rest is wrong."))

    with contextlib.closing(utterance), pytest.raises(PeerError, match="The rest is wrong"):
        await listen()
    assert heard(b"".join(piece for piece in pieces if isinstance(piece, bytes))).startswith("This")
    assert utterance.is_cancelled


async def test_a_cancelled_utterance_ends_without_an_error() -> None:
    utterance = _begin()
    utterance.add("Nobody wants this. ")
    utterance.cancel()
    assert await _pcm(utterance) == b""


# Limits


@pytest.mark.parametrize("texts", [["0123456789"], ["01234", "56789"], [""] * 10, ["0", ""] * 5])
def test_a_text_of_the_longest_length_passes_and_one_more_character_does_not(texts: list[str]) -> None:
    """An empty chunk counts as a character: it must not come for ever."""
    with contextlib.closing(_begin(SpeechOptions(max_chars=10))) as utterance:
        for text in texts:
            utterance.add(text)
        with pytest.raises(TextTooLongError, match="may have 10 characters; send the text in parts"):
            utterance.add(".")


def test_the_length_is_counted_for_each_utterance_alone() -> None:
    service = SpeechService(BeepEngine(), SpeechOptions(max_chars=10))
    for _ in range(3):
        with contextlib.closing(service.begin(SpeechRequest(), client="a test")) as utterance:
            utterance.add("0123456789")


def test_an_utterance_takes_of_the_quota_until_it_is_closed() -> None:
    quota = Quota(1)
    utterance = _begin(quota=quota)
    with pytest.raises(BusyError):
        _begin(quota=quota)
    utterance.close()
    utterance.close()
    _begin(quota=quota).close()
    assert quota.waiting == 0


def test_a_voice_that_is_not_there_takes_nothing_of_the_quota() -> None:
    quota, service = Quota(1), SpeechService(BeepEngine())
    request = SpeechRequest(VoiceRequest("nobody"))
    with pytest.raises(UnknownVoiceError):
        service.check(request.voice)
    with pytest.raises(UnknownVoiceError):
        service.begin(request, client="a test", quota=quota)
    assert quota.waiting == 0


# Names


@pytest.mark.parametrize(
    ("name", "checked"),
    [(None, None), ("", None), (" ", None), (" beep ", "beep"), ("be\0ep", "beep"), ("x" * MAX_NAME_CHARS, "x" * 256)],
)
def test_a_name_is_clean(name: str | None, checked: str | None) -> None:
    assert checked_name(name, "The name") == checked


@pytest.mark.parametrize("name", [7, ["beep"], True, "x" * (MAX_NAME_CHARS + 1)])
def test_what_is_no_name_is_refused(name: object) -> None:
    with pytest.raises(PeerError, match="The name of the program m"):
        checked_name(name, "The name of the program")
