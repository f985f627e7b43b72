"""Both faces of one server: first byte and whole answer in each format, beside Wyoming's.

    python -m scripts.bench.faces --uri tcp://127.0.0.1:10200 --http http://127.0.0.1:8880 [--repeat 10]

The server must run, and should have nothing else to do. One request after the other, each on a connection of its own,
the formats in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

import aiohttp

from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.texts import SECONDS_3, SECONDS_6, WORD
from kokoro_wyoming.cli.tables import print_table

TEXTS = (WORD, SECONDS_3, SECONDS_6)
FORMATS = ("pcm", "wav", "mp3", "opus", "flac")
_WYOMING = "Wyoming"


@dataclass(frozen=True)
class Answer:
    """How long one answer took."""

    first_seconds: float
    whole_seconds: float
    kilobytes: float


async def ask_wyoming(uri: str, voice: str, text: str) -> Answer:
    """Have a text spoken by Wyoming."""
    reply = await Wyoming("ours", uri, voice).speak(text)
    return Answer(reply.ttfa_seconds, reply.wall_seconds, 0)


async def ask_http(address: str, voice: str, text: str, name: str) -> Answer:
    """Have a text spoken in a format by HTTP."""
    body = {"input": text, "voice": voice, "response_format": name}
    began, first, size = time.perf_counter(), 0.0, 0
    async with aiohttp.ClientSession() as client, client.post(f"{address}/v1/audio/speech", json=body) as response:
        response.raise_for_status()
        async for data in response.content.iter_any():
            first = first or time.perf_counter() - began
            size += len(data)
    return Answer(first, time.perf_counter() - began, size / 1_000)


async def measure(uri: str, address: str, voice: str, repeat: int) -> dict[tuple[str, str], list[Answer]]:
    """All answers by text and format. The first round counts for nothing."""
    answers: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)
    for turn in range(repeat + 1):
        for text in TEXTS:
            for name in (_WYOMING, *FORMATS):
                said = text.spoken_to(turn)
                asked = ask_wyoming(uri, voice, said) if name == _WYOMING else ask_http(address, voice, said, name)
                answer = await asked
                if turn:
                    answers[text.label, name].append(answer)
    return answers


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uri", default="tcp://127.0.0.1:10200")
    parser.add_argument("--http", default="http://127.0.0.1:8880")
    parser.add_argument("--voice", default="af_heart")
    parser.add_argument("--repeat", type=int, default=10)
    args = parser.parse_args()
    answers = asyncio.run(measure(args.uri, args.http, args.voice, args.repeat))
    rows = []
    for (length, name), taken in answers.items():
        first = statistics.median(answer.first_seconds for answer in taken)
        beside = first - statistics.median(answer.first_seconds for answer in answers[length, _WYOMING])
        whole = statistics.median(answer.whole_seconds for answer in taken)
        size = statistics.median(answer.kilobytes for answer in taken)
        rows.append((length, name, f"{first * 1000:.0f}", f"{beside * 1000:+.0f}", f"{whole:.2f}", f"{size:.0f}"))
    print_table(("text", "format", "first byte ms", "beside Wyoming ms", "whole s", "kB"), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
