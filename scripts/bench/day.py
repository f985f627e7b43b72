"""A server's memory while it gives a day's answers: short ones, in three voices of each language.

    python -m scripts.bench.day --uri tcp://127.0.0.1:10200 --pid 4711 [--answers 3000] [--first 0] [--words 1 12]

The server must run on this machine. One answer follows the other, each on a connection of its own. The answers depend
on --seed and on their number alone, so --first goes on where another run ended. Megabytes of 1,000,000 bytes, every
--every answers and at the end: what is resident, how much of it no file backs, and the most since the last line.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator, Mapping

import psutil
from wyoming.info import Describe, Info

from kokoro_wyoming.bench.children import BenchError
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.machine import peak_followed
from kokoro_wyoming.languages import TAGS, kokoro_letter, match_language
from scripts.sentences import LEARNED, MEASURED

_MEGABYTE = 1_000_000
_VOICES = 3
_WITHOUT_BLANKS = "jz"
_CHARS_PER_WORD = 2
"""Of a word in a language without blanks."""


def answer(number: int, seed: int, words: tuple[int, int], voices: Mapping[str, list[str]]) -> tuple[str, str]:
    """The voice and the text of one answer, of the first to the second of `words`."""
    chance = random.Random(f"{seed} {number}")
    letter = kokoro_letter(TAGS[number % len(TAGS)])
    return chance.choice(voices[letter]), _text(letter, chance.randint(*words), chance)


def _text(letter: str, words: int, chance: random.Random) -> str:
    has_blanks = letter not in _WITHOUT_BLANKS
    separator, wanted = (" ", words) if has_blanks else ("", _CHARS_PER_WORD * words)
    parts: list[str] = []
    while len(parts) < wanted:
        sentence = chance.choice(LEARNED[letter] + MEASURED[letter])
        parts += sentence.split() if has_blanks else sentence
    return separator.join(parts[:wanted])


async def voices_of(uri: str) -> dict[str, list[str]]:
    """The first voices that the server offers in each language, by Kokoro's letter."""
    offered: dict[str, list[str]] = {kokoro_letter(tag): [] for tag in TAGS}
    async with (server := Wyoming("the server", uri, "")).connected() as client:
        await client.write_event(Describe().event())
        while not Info.is_type((event := await server.receive(client)).type):
            pass
    for voice in Info.from_event(event).tts[0].voices:
        tag = match_language(voice.languages[0])
        if tag in TAGS and len(offered[kokoro_letter(tag)]) < _VOICES:
            offered[kokoro_letter(tag)].append(voice.name)
    missing = [letter for letter, names in offered.items() if not names]
    if missing:
        raise BenchError(f"{uri} offers no voice for Kokoro's {', '.join(missing)}")
    return offered


def _line(what: str, process: psutil.Process, peak_mebibytes: float, seconds: float) -> str:
    memory = process.memory_info()
    resident, own = (size / _MEGABYTE for size in (memory.rss, memory.rss - memory.shared))
    return f"{what:>8} {resident:9.0f} {own:9.0f} {peak_mebibytes * (1 << 20) / _MEGABYTE:9.0f} {seconds:9.0f}"


async def run(args: argparse.Namespace) -> None:
    """Have the answers spoken, and print the lines."""
    process, began, voices = psutil.Process(args.pid), time.monotonic(), await voices_of(args.uri)
    print(f"{'answers':>8} {'resident':>9} {'not file':>9} {'most':>9} {'seconds':>9}", flush=True)
    for first, count in _stretches(args.first, args.answers, args.every):
        async with peak_followed(process) as peaks:
            for number in range(first, first + count):
                voice, text = answer(number, args.seed, tuple(args.words), voices)
                await Wyoming("the server", args.uri, voice).speak(text)
        print(_line(str(first + count), process, peaks[-1], time.monotonic() - began), flush=True)
    if args.rest:
        await asyncio.sleep(args.rest)
        print(_line(f"+{args.rest:.0f} s", process, process.memory_info().rss / (1 << 20), time.monotonic() - began))


def _stretches(first: int, count: int, every: int) -> Iterator[tuple[int, int]]:
    """The first answer between two lines, and how many there are."""
    for start in range(first, first + count, every):
        yield start, min(every, first + count - start)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uri", default="tcp://127.0.0.1:10200")
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--answers", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first answer (default: 0)")
    parser.add_argument("--every", type=int, default=100, help="answers between two lines (default: 100)")
    parser.add_argument("--words", type=int, nargs=2, default=(1, 12), metavar=("LEAST", "MOST"))
    parser.add_argument("--rest", type=float, default=60, help="seconds until the last line (default: 60)")
    parser.add_argument("--seed", type=int, default=1)
    try:
        asyncio.run(run(parser.parse_args()))
    except BenchError as error:
        print(f"scripts.bench.day: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
