"""The grammar of `/v1/stream`, without a socket."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.http.stream_dialogue import Action, Begin, Cancel, Dialogue, End, OrderError, Say
from kokoro_wyoming.utterances.requests import SpeechRequest
from kokoro_wyoming.voices.descriptions import VoiceRequest

START, TEXT, END, CANCEL = {"type": "start"}, {"type": "text", "text": "x"}, {"type": "end"}, {"type": "cancel"}
OVER = "over"
"""Not a message: the utterance has ended on the server's side."""


def _receive(dialogue: Dialogue, message: dict[str, Any]) -> Action | PeerError | None:
    try:
        return dialogue.receive(message)
    except PeerError as error:
        return error


def test_a_start_may_ask_for_all_that_a_request_has() -> None:
    message = {
        **START,
        "voice": "af_heart(2)+am_michael",
        "language": "b",
        "speed": 9,
        "volume": 0.5,
        "volume_multiplier": 0.5,
        "text_format": "SSML",
        "words": True,
        "unknown": {},
    }
    voice = VoiceRequest("af_heart(2)+am_michael", "en-GB")
    asked = SpeechRequest(voice, None, "ssml", speed=2.0, volume=0.25, word_times=True)
    assert Dialogue().receive(message) == Begin(asked)


def test_a_text_that_nobody_began_is_told_of_once() -> None:
    dialogue = Dialogue()
    assert isinstance(_receive(dialogue, TEXT), OrderError)
    assert [_receive(dialogue, message) for message in (TEXT, END, TEXT)] == [None] * 3
    assert isinstance(dialogue.receive(START), Begin)
    assert [dialogue.receive(TEXT), dialogue.receive(END)] == [Say("x"), End()]
    dialogue.over()
    assert isinstance(_receive(dialogue, END), OrderError)


def test_what_follows_a_cancelled_or_failed_text_is_dropped() -> None:
    dialogue = Dialogue()
    dialogue.receive(START)
    assert dialogue.receive(CANCEL) == Cancel()
    assert dialogue.receive(TEXT) is None
    dialogue.receive(START)
    dialogue.over()
    assert [dialogue.receive(TEXT), dialogue.receive(END)] == [None, None]
    dialogue.receive(START)
    dialogue.give_up()
    assert not dialogue.is_open
    assert [dialogue.receive(TEXT), dialogue.receive(END)] == [None, None]
    with pytest.raises(OrderError):
        dialogue.receive(START)


@given(st.lists(st.sampled_from([START, TEXT, END, CANCEL, {"type": "start", "speed": 0}, {}, OVER])))
def test_every_text_belongs_to_an_utterance_that_began_and_not_ended(sent: list[Any]) -> None:
    dialogue, is_open, is_said = Dialogue(), False, False
    for message in sent:
        if message == OVER:
            if is_said:
                dialogue.over()
                is_open = is_said = False
            continue
        match _receive(dialogue, message):
            case Begin():
                assert not is_said
                is_open = is_said = True
            case Say() | End() as action:
                assert is_open
                is_open = isinstance(action, Say)
            case Cancel():
                is_open = is_said = False
        assert dialogue.is_open == is_open
