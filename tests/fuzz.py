"""A coverage-guided fuzzer of what a client may send: bytes through `frames` and `dialogue`, against their laws.

    python -m tests.fuzz --seconds 300 [--seed 7]

It mutates conversations, keeps every mutant that took a way through the code that none took before, and prints the
first one that breaks a law.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from wyoming.event import Event

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.protocols.wyoming import dialogue, frames
from tests.stand_ins.beep_house import as_home_assistant, chunk, start, stop, synthesize, to_bytes

_WIRE = frames.WireLimits(header_bytes=400, data_bytes=300, payload_bytes=50, nesting=6)
"""Small, so that what is at their edges is met."""
_WATCHED = {frames.__file__, dialogue.__file__}

_SEEDS = [
    to_bytes([Event("describe"), Event("ping", {"text": "x"})]),
    to_bytes([synthesize("Hello there.", {"name": "beep", "language": "en"}), Event("describe")]),
    to_bytes(as_home_assistant("Hel", "lo. ", "You")),
    to_bytes([start(None, text_format="text"), chunk(""), stop(), stop(), synthesize("")]),
    to_bytes([Event("select-program", {"name": "Beeps"}), Event("audio-chunk", {"rate": 1}, b"payload")]),
    b'{"type": "synthesize", "data": {"text": "a\\ud83d"}, "data_length": 14}\n{"voice": null}',
]
_TOKENS = [
    *(
        b"\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b"null",
        b"true",
        b"-1",
        b"0",
        b"7",
        b"2.0",
        b"1e999",
        b"NaN",
        b"\x00",
    ),
    *(b"9" * 30, b"[" * 40, b"\\ud83d", b"\xff", b"\xed\xa0\xbd", "é".encode(), b'{"a":' * 8, b'"text": '),
    *(b'"type": ', b'"data": ', b'"data_length": ', b'"payload_length": ', b'"voice": ', b'"name": ', b"x" * 100),
    *(b"synthesize", b"-start", b"-stop", b"-chunk", b"describe", b'{"type": "synthesize-start"}\n'),
    *(b'{"type": "synthesize-stop"}\n', b'{"type": "synthesize-chunk", "data": {"text": "b"}}\n'),
]


class LawBrokenError(AssertionError):
    """What must hold for all input did not."""


@dataclass
class _Coverage:
    """The ways taken through the watched files: pairs of lines."""

    seen: set[tuple[str, int, int]] = field(default_factory=set)
    grew: bool = False

    def start(self) -> None:
        self.grew = False
        sys.settrace(self._enter)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in _WATCHED:
            return None
        last = [frame.f_lineno]

        def step(inner: FrameType, kind: str, _: Any) -> Any:
            way = (frame.f_code.co_filename, last[0], inner.f_lineno)
            last[0] = inner.f_lineno
            if way not in self.seen:
                self.seen.add(way)
                self.grew = True
            return step

        return step


def converse(data: bytes, piece_bytes: int) -> tuple[list[Event], list[dialogue.Action], str | None]:
    """Events, actions and the code of the error that a client's bytes come to. Raises LawBrokenError."""
    parser, talk = frames.FrameParser(_WIRE), dialogue.Dialogue()
    events: list[Event] = []
    actions: list[dialogue.Action] = []
    held_bytes = _WIRE.header_bytes + _WIRE.data_bytes + piece_bytes
    try:
        for at in range(0, len(data), piece_bytes):
            parser.feed(data[at : at + piece_bytes])
            while (event := parser.next_event()) is not None:
                events.append(event)
                actions += talk.receive(event)
            _hold(len(parser._buffer) <= held_bytes, f"{len(parser._buffer)} bytes are held")
        if not parser.mid_event:
            actions += talk.end_of_input()
    except PeerError as error:
        return events, actions, error.code
    return events, actions, None


def _hold(law: bool, otherwise: str) -> None:
    if not law:
        raise LawBrokenError(otherwise)


def check(data: bytes, piece_bytes: int) -> None:
    """Raises LawBrokenError, or whatever the code under test dies of."""
    events, actions, code = converse(data, len(data) or 1)
    # By what they look like, as no two errors are equal.
    in_pieces = repr(converse(data, piece_bytes))
    _hold(repr((events, actions, code)) == in_pieces, "how the bytes are cut changes what they mean")
    for event in events:
        _hold(isinstance(event.type, str) and isinstance(event.data, dict), f"{event} is no event")
        # A lone surrogate cannot be encoded, and would be met again in a log or an error.
        json.dumps(event.data, ensure_ascii=False).encode()
    _check_order(actions)


def _check_order(actions: list[dialogue.Action]) -> None:
    begun = False
    for action in actions:
        if isinstance(action, dialogue.Begin):
            _hold(not begun, "one begins within another")
            begun = True
        elif isinstance(action, dialogue.Say | dialogue.End | dialogue.Abandon):
            _hold(begun, f"{action} belongs to nothing")
            begun = isinstance(action, dialogue.Say)


def _mutant(chance: random.Random, corpus: list[bytes]) -> bytes:
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = chance.randrange(256)
        elif kind == 1:
            del data[at : min(end, at + 20)]
        elif kind == 2:
            data[at:at] = chance.choice(_TOKENS)
        elif kind == 3:
            data[at : min(end, at + 12)] = chance.choice(_TOKENS)
        elif kind == 4:
            data[at:at] = data[at : min(end, at + 200)]
        else:
            data[at:] = chance.choice(corpus)[at:]
    return bytes(data[:4_000])


def fuzz(seconds: float, seed: int, at_least: int = len(_SEEDS)) -> tuple[int, int, int]:
    """Mutants tried, those kept, and ways through the code; LawBrokenError names a mutant that breaks a law.

    It goes on for so long, and until it has tried `at_least` so many.
    """
    chance = random.Random(seed)
    corpus, coverage = list(_SEEDS), _Coverage()
    tried = 0
    until = time.monotonic() + seconds
    before = sys.gettrace()
    try:
        while time.monotonic() < until or tried < at_least:
            data = corpus[tried] if tried < len(_SEEDS) else _mutant(chance, corpus)
            coverage.start()
            try:
                check(data, chance.randint(1, 40))
            except Exception as error:
                sys.settrace(before)
                raise LawBrokenError(f"{error!r}\nof {data!r}") from error
            sys.settrace(before)
            tried += 1
            if coverage.grew and data not in corpus:
                corpus.append(data)
    finally:
        sys.settrace(before)
    return tried, len(corpus) - len(_SEEDS), len(coverage.seen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    tried, kept, ways = fuzz(args.seconds, args.seed)
    print(f"{tried:,} conversations, {kept} kept for {ways} ways through the code, no law broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
