"""The grammar of a client's events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.wyoming.dialogue import (
    Abandon,
    Action,
    Begin,
    Describe,
    Dialogue,
    End,
    Ping,
    Say,
    Select,
    UnsupportedFormatError,
)
from kokoro_wyoming.utterances.requests import SpeechRequest
from kokoro_wyoming.voices.descriptions import VoiceRequest
from tests.examples import examples
from tests.stand_ins.beep_house import as_home_assistant, chunk, start, stop, synthesize

NOBODY = SpeechRequest()


def _actions(*events: Event, ended: bool = False) -> list[Action]:
    dialogue = Dialogue()
    actions = [action for event in events for action in dialogue.receive(event)]
    return [*actions, *dialogue.end_of_input()] if ended else actions


def _error(*events: Event) -> PeerError:
    with pytest.raises(PeerError) as caught:
        _actions(*events)
    return caught.value


def test_a_whole_text_is_said() -> None:
    assert _actions(synthesize("Hello there. How are you?", {"name": "beep"})) == [
        Begin(SpeechRequest(VoiceRequest(name="beep")), streamed=False),
        Say("Hello there. How are you?"),
        End(),
    ]


def test_home_assistants_stream_is_said_once() -> None:
    assert _actions(*as_home_assistant("Hello th", "ere. How ", "are you?")) == [
        Begin(SpeechRequest(VoiceRequest(name="beep")), streamed=True),
        Say("Hello th"),
        Say("ere. How "),
        Say("are you?"),
        End(),
    ]


@pytest.mark.parametrize("events", [[], [synthesize("")]])
def test_a_stream_without_text_begins_and_ends(events: list[Event]) -> None:
    assert _actions(start(), *events, stop()) == [Begin(NOBODY, streamed=True), End()]


def test_an_empty_text_is_taken_as_it_comes() -> None:
    assert _actions(start(), chunk(""), stop()) == [Begin(NOBODY, streamed=True), Say(""), End()]
    assert _actions(synthesize("")) == [Begin(NOBODY, streamed=False), Say(""), End()]


def test_a_connection_can_be_reused_after_a_stream() -> None:
    actions = _actions(*as_home_assistant("One"), synthesize("Two"), *as_home_assistant("Three"))
    assert [action for action in actions if isinstance(action, Say)] == [Say("One"), Say("Two"), Say("Three")]


@pytest.mark.parametrize(
    ("voice", "request_"),
    [
        (None, VoiceRequest()),
        ({}, VoiceRequest()),
        ({"name": None, "language": None}, VoiceRequest()),
        ({"name": " "}, VoiceRequest()),
        ({"name": "beep", "speaker": "2"}, VoiceRequest("beep", None, "2")),
        ({"language": "en_US"}, VoiceRequest(None, "en_US")),
        ({"name": "beep", "language": "fr", "colour": 7}, VoiceRequest("beep", "fr")),
        ({"name": "../../etc\x00/passwd\ud83d"}, VoiceRequest("../../etc/passwd")),
    ],
)
def test_a_voice_is_taken_as_it_is_asked(voice: object, request_: VoiceRequest) -> None:
    assert _actions(start(voice)) == [Begin(SpeechRequest(request_), streamed=True)]
    assert _actions(synthesize("", voice))[0] == Begin(SpeechRequest(request_), streamed=False)


@pytest.mark.parametrize(
    "voice",
    [7, "af_heart", "name", ["name"], True, {"name": 7}, {"language": []}, {"speaker": {}}, {"name": "x" * 257}],
)
def test_a_voice_of_another_shape_is_refused(voice: object) -> None:
    assert _error(synthesize("Hello", voice)).code == "invalid-request"
    assert _error(start(voice)).code == "invalid-request"


@pytest.mark.parametrize("data", [{}, *({"text": text} for text in (None, 5, ["a"], {"a": 1}, True))])
def test_a_text_that_is_missing_or_no_string_is_refused(data: dict[str, Any]) -> None:
    assert _error(Event("synthesize", data)).code == "invalid-request"
    assert _error(start(), Event("synthesize-chunk", data)).code == "invalid-request"


def test_the_repeated_text_inside_a_stream_is_not_even_looked_at() -> None:
    assert _actions(start(), Event("synthesize"), stop()) == [Begin(NOBODY, streamed=True), End()]


@pytest.mark.parametrize("text_format", ["markdown", "SSML+", ""])
def test_other_formats_are_refused(text_format: str) -> None:
    assert isinstance(_error(synthesize("<speak/>", text_format=text_format)), UnsupportedFormatError)
    assert isinstance(_error(start(None, text_format=text_format)), UnsupportedFormatError)


def test_plain_text_may_be_called_so() -> None:
    assert Say("Hello") in _actions(synthesize("Hello", text_format="text"))
    assert Say("Hello") in _actions(synthesize("Hello", text_format=None))
    assert _error(synthesize("Hello", text_format=7)).code == "invalid-request"


@pytest.mark.parametrize("stray", [chunk("x"), stop()])
def test_chunk_and_stop_need_a_start(stray: Event) -> None:
    assert _error(stray).code == "invalid-request"
    assert _error(synthesize("Hello"), stray).code == "invalid-request"


def test_a_chunk_after_the_stop_is_refused() -> None:
    assert _error(start(), stop(), chunk("x")).code == "invalid-request"


def test_a_second_stop_is_ignored() -> None:
    assert _actions(start(), stop(), stop(), stop()) == [Begin(NOBODY, streamed=True), End()]


def test_a_second_start_begins_afresh() -> None:
    assert _actions(start(), chunk("Lost"), start({"name": "boop"}), chunk("Said"), stop()) == [
        Begin(NOBODY, streamed=True),
        Say("Lost"),
        Abandon(),
        Begin(SpeechRequest(VoiceRequest("boop")), streamed=True),
        Say("Said"),
        End(),
    ]


def test_a_program_is_chosen_for_the_life_of_the_connection() -> None:
    chosen = Event("select-program", {"name": "Beeps"})
    actions = _actions(synthesize(""), chosen, synthesize(""), *as_home_assistant("x"))
    assert Select("Beeps") in actions
    assert [action.request.program for action in actions if isinstance(action, Begin)] == [None, "Beeps", "Beeps"]


@pytest.mark.parametrize("data", [{}, {"name": None}, {"name": ""}, {"name": 5}, {"name": "x" * 257}])
def test_a_program_needs_a_name(data: dict[str, Any]) -> None:
    assert _error(Event("select-program", data)).code == "invalid-request"


def test_describe_and_ping_are_answered_anywhere() -> None:
    ping, describe = Event("ping", {"text": "hi"}), Event("describe")
    for before in ([], [start()], [start(), chunk("x")], [start(), stop()]):
        *_, first, second = _actions(*before, describe, ping)
        assert (first, second) == (Describe(), Ping("hi"))


@pytest.mark.parametrize("data", [{}, {"text": None}, {"text": 7}])
def test_a_ping_without_text_gets_a_pong_without(data: dict[str, Any]) -> None:
    assert _actions(Event("ping", data)) == [Ping(None)]


@pytest.mark.parametrize("event_type", ["transcribe", "audio-chunk", "", "error", "synthesize-stopped"])
def test_events_it_does_not_know_are_dropped(event_type: str) -> None:
    unknown = Event(event_type, {"text": 5})
    assert _actions(unknown) == []
    assert _actions(start(), unknown, chunk("Hi"), unknown, stop(), unknown) == _actions(start(), chunk("Hi"), stop())


def test_the_end_of_input_after_whole_requests_asks_for_nothing() -> None:
    assert _actions(*as_home_assistant("Hello"), ended=True) == _actions(*as_home_assistant("Hello"))
    assert _actions(ended=True) == []


def test_the_end_of_input_inside_a_stream_abandons_it_with_a_reason() -> None:
    last = _actions(start(), chunk("Hello"), ended=True)[-1]
    assert isinstance(last, Abandon)
    assert last.because is not None


_ANY_EVENT = st.one_of(
    st.just(Event("describe")),
    st.just(Event("ping", {"text": "x"})),
    st.just(start()),
    st.just(stop()),
    st.sampled_from(["", " ", "Hi. Y", "ou there? No", "\n\n"]).map(chunk),
    st.sampled_from(["", "Whole text. Twice", "…"]).map(synthesize),
    st.just(Event("select-program", {"name": "Beeps"})),
    st.sampled_from([Event("synthesize", {}), Event("synthesize-chunk", {"text": 5}), start("x"), Event("nonsense")]),
)


@examples(300)
@given(st.lists(_ANY_EVENT, max_size=14))
def test_every_utterance_that_begins_ends_before_the_next_whatever_the_order(events: list[Event]) -> None:
    dialogue = Dialogue()
    actions: list[Action] = []
    failed = False
    try:
        for event in events:
            actions.extend(dialogue.receive(event))
        actions.extend(dialogue.end_of_input())
    except PeerError:
        failed = True
    speaking = False
    for action in actions:
        if isinstance(action, Begin):
            assert not speaking
            speaking = True
        elif isinstance(action, Say | End | Abandon):
            assert speaking
            speaking = isinstance(action, Say)
    assert failed or not speaking
