"""Bytes to events: what is refused; how the bytes are cut does not matter."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.wyoming.frames import EventTooLongError, FrameParser, MalformedEventError, WireLimits
from tests.examples import examples
from tests.stand_ins.beep_house import to_bytes

SMALL = WireLimits(header_bytes=512, data_bytes=256, payload_bytes=64, nesting=8)


def _parse(*pieces: bytes, limits: WireLimits = SMALL) -> tuple[list[Event], str | None, bool]:
    """The events in the bytes, the name of the error that ended them, and whether an event was left incomplete."""
    parser = FrameParser(limits)
    events = []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                events.append(event)
    except PeerError as error:
        return events, type(error).__name__, False
    return events, None, parser.mid_event


def _header(**header: Any) -> bytes:
    return json.dumps({"type": "t", **header}).encode() + b"\n"


def _raw(length: str) -> bytes:
    return b'{"type": "t", "data_length": ' + length.encode() + b"}\n{}"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=5,
)
_EVENTS = st.builds(
    Event,
    type=st.sampled_from(["synthesize", "describe", "ß", ""]),
    data=st.dictionaries(st.text("abcß", max_size=3), _JSON, max_size=3),
    payload=st.none() | st.binary(max_size=40),
)


@pytest.mark.slow
@given(st.lists(_EVENTS, max_size=5))
def test_what_wyoming_writes_is_read_whole_and_byte_by_byte(events: list[Event]) -> None:
    data = to_bytes(events)
    expected = [Event(event.type, event.data) for event in events]
    roomy = WireLimits()
    assert _parse(data, limits=roomy) == (expected, None, False)
    assert _parse(*(bytes([byte]) for byte in data), limits=roomy) == (expected, None, False)


@examples(300)
@given(
    st.lists(
        st.one_of(
            _EVENTS.map(lambda event: to_bytes([event])),
            st.binary(max_size=30),
            st.sampled_from(
                [b"\n", b"{}\n", b'{"type":"t","data_length":3}\n', b'{"type":"t","payload_length":9}\n', b"[1]"]
            ),
        ),
        max_size=6,
    ).map(b"".join),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_how_noise_is_cut_never_matters_and_only_peer_errors_come_of_it(data: bytes, borders: list[int]) -> None:
    edges = [0, *sorted(border % (len(data) + 1) for border in borders), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(edges)]
    assert _parse(*pieces) == _parse(data) == _parse(*(bytes([byte]) for byte in data))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(_raw("-1"), id="negative"),
        pytest.param(_raw("NaN"), id="NaN"),
        pytest.param(_raw("Infinity"), id="Infinity"),
        pytest.param(_raw("1e999"), id="1e999"),
        pytest.param(_raw("2.0"), id="2.0"),
        pytest.param(_raw('"2"'), id="string"),
        pytest.param(_raw("[1]"), id="list"),
        pytest.param(_raw("true"), id="true"),
        pytest.param(_header(payload_length=-1), id="payload negative"),
        pytest.param(_header(payload_length=False), id="payload false"),
        pytest.param(b"[1]\n", id="header a list"),
        pytest.param(b"5\n", id="header a number"),
        pytest.param(b"null\n", id="header null"),
        pytest.param(b'"x"\n', id="header a string"),
        pytest.param(b"{}\n", id="type missing"),
        pytest.param(b'{"type": 5}\n', id="type a number"),
        pytest.param(b'{"type": null}\n', id="type null"),
        pytest.param(b'{"type": {}}\n', id="type an object"),
        pytest.param(_header(data=[1]), id="data a list"),
        pytest.param(_header(data="x"), id="data a string"),
        pytest.param(_header(data_length=4) + b"null", id="body null"),
        pytest.param(_header(data_length=19) + b'[["text", "hello"]]', id="body a list of pairs"),
        pytest.param(_header(data_length=3) + b'{"a', id="body cut in its middle"),
        pytest.param(_header(data_length=4) + b'{"\xff"', id="body not UTF-8"),
        pytest.param(_header(data_length=8) + '{"a":1}'.encode("utf-16")[:8], id="body UTF-16"),
        pytest.param(b'{"type": "\xff"}\n', id="header not UTF-8"),
        pytest.param('{"type": "\ud800"}\n'.encode("utf-8", "surrogatepass"), id="header with raw surrogate"),
        pytest.param(b"\x00\x00\x00\n", id="NUL bytes"),
        pytest.param(b"\n", id="empty line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\n", id="TLS"),
        pytest.param(b'{"type": "t"} {"type": "t"}\n', id="two objects on a line"),
        pytest.param(b'{"type": "t", "type": "u"}\n', id="a key twice"),
        pytest.param(b'{"type": "t", "data": ' + b"[" * 200 + b"]" * 200 + b"}\n", id="nested header"),
        pytest.param(_header(data_length=160) + b'{"a":' + b"[" * 77 + b"]" * 77 + b"}", id="nested body"),
        pytest.param(_header(data={"text": float("nan")}), id="NaN anywhere"),
    ],
)
def test_a_malformed_frame_is_refused(frame: bytes) -> None:
    assert _parse(frame) == ([], MalformedEventError.__name__, False)
    assert _parse(*(bytes([byte]) for byte in frame)) == ([], MalformedEventError.__name__, False)


def test_a_length_of_more_digits_than_python_reads_is_refused() -> None:
    assert _parse(_raw("9" * 5000), limits=WireLimits())[1] in (
        MalformedEventError.__name__,
        EventTooLongError.__name__,
    )


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_beyond_the_interpreters_own_limit_is_refused(opening: bytes) -> None:
    limits = WireLimits(structure_bytes=1_000_000)
    deep = opening * (60_000 // len(opening))
    assert _parse(deep + b"\n", limits=limits)[1] == MalformedEventError.__name__
    body = opening * (200_000 // len(opening))
    assert _parse(_header(data_length=len(body)) + body, limits=limits)[1] == MalformedEventError.__name__


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"x" * 513, id="header without newline"),
        pytest.param(b'{"type": "' + b"x" * 600 + b'"}\n', id="header with newline"),
        pytest.param(_header(data_length=257), id="data"),
        pytest.param(_header(payload_length=65), id="payload"),
        pytest.param(_header(data_length=10**12), id="a terabyte of data"),
        pytest.param(_header(payload_length=10**12), id="a terabyte of payload"),
        pytest.param(_raw("9" * 450), id="a length of many digits"),
    ],
)
def test_a_length_over_its_limit_is_refused_before_the_body_comes(frame: bytes) -> None:
    assert _parse(frame) == ([], EventTooLongError.__name__, False)


def test_a_length_at_its_limit_passes() -> None:
    body = b'{"a":"' + b"x" * (256 - 8) + b'"}'
    frame = _header(data_length=256, payload_length=64) + body + b"\x00" * 64
    (event,), failure, unfinished = _parse(frame)
    assert (len(event.data["a"]), failure, unfinished) == (248, None, False)


def test_a_payload_is_read_past_and_not_kept() -> None:
    events, failure, unfinished = _parse(_header(payload_length=5) + b'{"\n\x00\xff' + _header())
    assert (events, failure, unfinished) == ([Event("t"), Event("t")], None, False)


def test_null_and_nothing_are_no_data() -> None:
    for frame in (_header(), _header(data=None), _header(data_length=None), _header(data_length=0, payload_length=0)):
        assert _parse(frame) == ([Event("t")], None, False)


def test_the_body_adds_to_the_headers_data_and_wins() -> None:
    assert _parse(_header(data={"a": 1, "b": 1}, data_length=8) + b'{"b": 2}') == (
        [Event("t", {"a": 1, "b": 2})],
        None,
        False,
    )


def test_lone_surrogates_are_dropped_wherever_they_are_and_pairs_are_kept() -> None:
    body = rb'{"text": "a\ud83db\ud83d\ude00", "\udc00k": ["\ud83d"]}'
    events, *_ = _parse(_header(data_length=len(body)) + body)
    assert events == [Event("t", {"text": "ab\N{GRINNING FACE}", "k": [""]})]


def test_half_an_event_is_told_from_none() -> None:
    assert _parse(b"") == ([], None, False)
    assert _parse(b"{") == ([], None, True)
    assert _parse(_header(data_length=2)) == ([], None, True)
    assert _parse(_header(payload_length=2) + b"x") == ([], None, True)


def test_nothing_is_kept_of_a_long_payload() -> None:
    parser = FrameParser(WireLimits())
    parser.feed(_header(payload_length=60_000))
    for _ in range(59):
        parser.feed(b"x" * 1000)
        assert parser.next_event() is None
        assert len(parser._buffer) == 0


@pytest.mark.parametrize("body", ["1," * 10_000 + "1", "[]," * 7_000 + "1", '"",' * 20_000 + "1", " " * 20_000 + "1"])
def test_many_values_are_refused_before_they_are_read(body: str) -> None:
    data = f'{{"a": [{body}]}}'.encode()
    event = _header(data_length=len(data)) + data
    assert _parse(event, limits=WireLimits()) == ([], EventTooLongError.__name__, False)


@pytest.mark.parametrize("text", ["a" * 300_000, '"' * 100_000, "\\" * 100_000, ',[]{}"' * 15_000, "\u200d" * 100_000])
def test_a_long_text_may_be_made_of_anything(text: str) -> None:
    data = json.dumps({"text": text}).encode()
    event = _header(data_length=len(data)) + data
    assert _parse(event, limits=WireLimits()) == ([Event("t", {"text": text})], None, False)
