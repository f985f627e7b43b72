"""A house full of good, slow, rude and dying clients, for as long as asked, and what came of it.

    python -m tests.soak --minutes 10                                     # the program with a network that beeps
    python -m tests.soak --minutes 10 --uri tcp://127.0.0.1:10200 --pid N # a running server, with its real one

The beeping one spells out what it says, so that every character is checked; of another only that each reply is whole
and long enough. Ends with a table, and with status 1 where sound was lost, or memory or files were.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from wyoming.event import Event, async_read_event

from tests.conftest import CHECKOUT
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import as_home_assistant, synthesize, to_bytes
from tests.stand_ins.beep_program import AS_MADE, put_voice

_PATIENCE_SECONDS = 30.0
_LONGEST_SECONDS = 2.0
"""How long those stay who take nothing or say nothing: longer than a beeping server bears it."""
_SETTLED_SECONDS = 2.0
"""After which it has given up whoever is left."""
_SECONDS_PER_CHAR = 0.02
"""Less than the quickest real voice takes."""
_GROWTH_BYTES = 24 * 1024 * 1024
"""What a process may grow by without a leak: its allocator's caches."""
_WORDS = ("door", "window", "kitchen", "light", "garden", "water", "morning", "evening", "open", "warm", "seven")
_VERY_LONG = "It goes on and on and never comes to any end at all. " * 200


@dataclass
class Tally:
    """What came of it all."""

    utterances: int = 0
    """Spoken to the end, whole and right."""
    errors: Counter[str] = field(default_factory=Counter)
    """By kind of client and code; of those who asked for it, and of good clients that met a full house."""
    lost: list[str] = field(default_factory=list)
    """Replies to good clients that ended without an error and were not all that was asked."""
    first_sound_seconds: list[float] = field(default_factory=list)
    describe_seconds: list[float] = field(default_factory=list)


@dataclass
class House:
    """Where the clients go."""

    host: str
    port: int
    beeps: bool
    tally: Tally
    chance: random.Random
    until_seconds: float

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(asyncio.open_connection(self.host, self.port), _PATIENCE_SECONDS)

    def text(self) -> str:
        """A few sentences."""
        chance = self.chance
        sentences = (" ".join(chance.choices(_WORDS, k=chance.randint(2, 9))) for _ in range(chance.randint(1, 4)))
        return ". ".join(sentence.capitalize() for sentence in sentences)

    async def hear(self, reader: asyncio.StreamReader, kind: str, text: str, end: str, slow: bool = False) -> None:
        """Take a reply as a good client does, and check it."""
        began = time.monotonic()
        sound = bytearray()
        while (event := await asyncio.wait_for(async_read_event(reader), _PATIENCE_SECONDS)) is not None:
            if event.type == "error":
                self.tally.errors[f"{kind}: {event.data.get('code')}"] += 1
                return
            if event.type == "audio-chunk":
                if not sound and not slow:
                    self.tally.first_sound_seconds.append(time.monotonic() - began)
                sound += event.payload or b""
                await asyncio.sleep(self.chance.random() * 0.05 if slow else 0)
            if event.type == end:
                break
        else:
            self.tally.lost.append(f"{kind}: ended quietly")
            return
        if self._is_all(bytes(sound), text):
            self.tally.utterances += 1
        else:
            self.tally.lost.append(f"{kind}: {len(sound)} bytes of {text!r}")

    def _is_all(self, sound: bytes, text: str) -> bool:
        if self.beeps:
            return heard(sound).replace(" ", "") == text.replace(" ", "")
        return len(sound) / 48_000 > _SECONDS_PER_CHAR * len(text)


async def _good_with_whole_texts(house: House) -> None:
    reader, writer = await house.connect()
    for _ in range(house.chance.randint(1, 4)):
        text = house.text()
        writer.write(to_bytes([synthesize(text)]))
        await house.hear(reader, "good", text, "audio-stop")
    writer.close()


async def _good_with_streams(house: House) -> None:
    reader, writer = await house.connect()
    text = house.text()
    deltas = re.findall(r".{1,6}", text)
    for event in as_home_assistant(*deltas, voice="af_heart"):
        writer.write(to_bytes([event]))
        await asyncio.sleep(0.001)
    await house.hear(reader, "good", text, "synthesize-stopped")
    writer.close()


async def _slow(house: House) -> None:
    reader, writer = await house.connect()
    text = house.text()
    writer.write(to_bytes([synthesize(text)]))
    await house.hear(reader, "slow", text, "audio-stop", slow=True)
    writer.close()


async def _half_closed(house: House) -> None:
    reader, writer = await house.connect()
    text = house.text()
    writer.write(to_bytes([synthesize(text)]))
    writer.write_eof()
    await house.hear(reader, "half-closed", text, "audio-stop")
    writer.close()


async def _asking_describe(house: House) -> None:
    began = time.monotonic()
    reader, writer = await house.connect()
    writer.write(to_bytes([Event("describe")]))
    event = await asyncio.wait_for(async_read_event(reader), _PATIENCE_SECONDS)
    if event is not None and event.type == "info":
        house.tally.describe_seconds.append(time.monotonic() - began)
    writer.close()
    await asyncio.sleep(0.2)


_RUDE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b'{"type": "synthesize", "data_length": 99999999999}\n',
    b'{"type": "synthesize", "payload_length": -1}\n',
    b"[" * 60_000 + b"\n",
    b"\xff\xfe\x00" * 50_000,
    to_bytes([synthesize("x" * 200_000)]),
    to_bytes([Event("synthesize-chunk", {"text": "without a start"})]),
    to_bytes([Event("synthesize-start"), *[Event("synthesize-chunk", {"text": ""})] * 3_000]),
    to_bytes([synthesize("One of many. " * 20)] * 40),
    to_bytes([synthesize("Hello", {"name": "../../etc/passwd"})]),
    b'{"type": "synthesize", "data_length": 40}\n{"text": "half of',
]


async def _rude(house: House) -> None:
    reader, writer = await house.connect()
    writer.write(house.chance.choice(_RUDE))
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        while (event := await asyncio.wait_for(async_read_event(reader), _LONGEST_SECONDS)) is not None:
            if event.type == "error":
                house.tally.errors[f"rude: {event.data.get('code')}"] += 1
    writer.close()


async def _deaf(house: House) -> None:
    """Asks for a long text and never reads."""
    reader, writer = await house.connect()
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    writer.write(to_bytes([synthesize(_VERY_LONG)]))
    await asyncio.sleep(house.chance.random() * _LONGEST_SECONDS)
    writer.transport.abort()
    del reader


async def _dying(house: House) -> None:
    """Is gone in the middle."""
    _, writer = await house.connect()
    writer.write(
        to_bytes(as_home_assistant(house.text(), _VERY_LONG, voice="af_heart"))[: house.chance.randint(1, 20_000)]
    )
    await asyncio.sleep(house.chance.random() * 0.2)
    writer.transport.abort()


async def _unlucky(house: House) -> None:
    """Meets a fault of the model."""
    reader, writer = await house.connect()
    fault = house.chance.choice(("MEMORY", "ESPEAK", "DISK"))
    writer.write(to_bytes([synthesize(f"Here strikes {fault}" if house.beeps else "Nothing strikes")]))
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        while (event := await asyncio.wait_for(async_read_event(reader), _PATIENCE_SECONDS)) is not None:
            if event.type in ("error", "audio-stop"):
                house.tally.errors[f"unlucky: {event.data.get('code')}"] += event.type == "error"
                break
    writer.close()


async def _idle(house: House) -> None:
    _, writer = await house.connect()
    await asyncio.sleep(house.chance.random() * _LONGEST_SECONDS)
    writer.close()


_CLIENTS: list[tuple[Callable[[House], Awaitable[None]], int]] = [
    *((_good_with_whole_texts, 3), (_good_with_streams, 3), (_slow, 2), (_half_closed, 1), (_asking_describe, 1)),
    *((_rude, 3), (_deaf, 1), (_dying, 3), (_unlucky, 1), (_idle, 20)),
]
"""Each kind, and how many there are at a time."""


async def _again_and_again(client: Callable[[House], Awaitable[None]], house: House) -> None:
    while time.monotonic() < house.until_seconds:
        try:
            await client(house)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            kind = client.__name__.strip("_").replace("_", " ")
            house.tally.errors[f"{kind}: {type(error).__name__}"] += 1
            if client in (_good_with_streams, _good_with_whole_texts, _slow, _half_closed):
                house.tally.lost.append(f"{kind}: {error!r}")
        await asyncio.sleep(house.chance.random() * 0.1)


@dataclass
class Cost:
    """What a process holds."""

    memory_bytes: int
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int | None) -> Cost | None:
        if pid is None:
            return None
        process = psutil.Process(pid)
        with process.oneshot():
            return cls(process.memory_info().rss, process.num_fds(), process.num_threads())


async def soak(house: House, pid: int | None) -> int:
    """Let them all in, and print the table; the exit status."""
    # What the first of each kind brings in is no leak.
    warm = House(house.host, house.port, house.beeps, Tally(), house.chance, 0)
    await asyncio.gather(*(client(warm) for client, _ in _CLIENTS), return_exceptions=True)
    await asyncio.sleep(_SETTLED_SECONDS)
    before = Cost.of(pid)
    house.until_seconds += time.monotonic()
    await asyncio.gather(*(_again_and_again(client, house) for client, count in _CLIENTS for _ in range(count)))
    await asyncio.sleep(_SETTLED_SECONDS)
    after = Cost.of(pid)
    for name, value in _table(house.tally, before, after):
        print(f"{name:34} {value}")
    for loss in house.tally.lost[:10]:
        print(f"lost: {loss}")
    grown = before is not None and after is not None and _has_grown(before, after)
    return 1 if house.tally.lost or not house.tally.utterances or grown else 0


def _has_grown(before: Cost, after: Cost) -> bool:
    return (
        after.memory_bytes > before.memory_bytes + _GROWTH_BYTES
        or after.files > before.files
        or after.threads > before.threads
    )


def _table(tally: Tally, before: Cost | None, after: Cost | None) -> Iterator[tuple[str, str]]:
    yield "utterances spoken whole and right", f"{tally.utterances:,}"
    yield "lost sound", f"{len(tally.lost)}"
    yield "first sound, p50 / p99", _quantiles(tally.first_sound_seconds)
    yield "describe, p50 / p99", _quantiles(tally.describe_seconds)
    if before is not None and after is not None:
        megabytes = [round(cost.memory_bytes / 1_000_000, 1) for cost in (before, after)]
        yield "memory, start / end", f"{megabytes[0]} / {megabytes[1]} MB"
        yield "open files, start / end", f"{before.files} / {after.files}"
        yield "threads, start / end", f"{before.threads} / {after.threads}"
    for kind, count in sorted(tally.errors.items()):
        yield f"errors, {kind}", f"{count:,}"


def _quantiles(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return "too few"
    hundredths = statistics.quantiles(seconds, n=100)
    return f"{hundredths[49] * 1000:.0f} / {hundredths[98] * 1000:.0f} ms of {len(seconds):,}"


@contextlib.contextmanager
def beeping() -> Iterator[tuple[str, int]]:
    """The program, with a network that beeps: its address and process number."""
    with tempfile.TemporaryDirectory() as folder:
        put_voice(Path(folder, "voices"), "af_heart")
        limits = {"event_timeout_seconds": 1, "write_timeout_seconds": 1, "connections_per_address": 256}
        limits["waiting_utterances_per_address"] = 64  # the good and the rude have one address here
        Path(folder, "my.yaml").write_text(json.dumps({"limits": limits, "speech": AS_MADE}))
        flags = ("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--no-http", "--log-level=info")
        folders = (f"--voices-folder={folder}/voices", f"--config={folder}/my.yaml")
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.stand_ins.beep_program", "serve", *flags, *folders],
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert program.stderr is not None
            line = next(line for line in program.stderr if "Ready after" in line)
            threading.Thread(target=program.stderr.read, daemon=True).start()  # or a full pipe would stop it
            yield line.split()[-1], program.pid
        finally:
            program.terminate()
            program.wait(30)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--uri", help="of a running server; without it one that beeps is started")
    parser.add_argument("--pid", type=int, help="its process, for memory and files")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    print(f"{'seed':34} {args.seed}", flush=True)

    def run(uri: str, pid: int | None, *, beeps: bool) -> int:
        print(f"{'server':34} {uri}", flush=True)
        address = urlsplit(uri)
        chance = random.Random(args.seed)
        house = House(address.hostname or "", address.port or 0, beeps, Tally(), chance, 60 * args.minutes)
        return asyncio.run(soak(house, pid))

    if args.uri:
        return run(args.uri, args.pid, beeps=False)
    with beeping() as (uri, pid):
        return run(uri, pid, beeps=True)


if __name__ == "__main__":
    sys.exit(main())
