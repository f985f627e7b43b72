"""Who is measured: our server and plain `kokoro`, each in a process of its own, and servers that run already."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kokoro_wyoming.bench.children import Child, started
from kokoro_wyoming.bench.figures import Arrival, Reply, reply_of
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.proc import peak_mib

OURS, PLAIN = "ours", "plain"

_LISTENS = re.compile(r"tcp://127\.0\.0\.1:\d+")
"""What our server logs once it is ready, and not before."""
_LEASH = ("-m", "kokoro_wyoming.bench.leash")


@dataclass(frozen=True)
class Commands:
    """What python is given to start each child; tests put stand-ins here."""

    server: tuple[str, ...] = (*_LEASH, "kokoro_wyoming", "serve")
    plain: tuple[str, ...] = ("-m", "kokoro_wyoming.bench.plain")
    parts: tuple[str, ...] = (*_LEASH, "kokoro_wyoming.bench.parts")


@dataclass(frozen=True)
class Setup:
    """The same for every contender."""

    config: Path
    """The network's config.json."""
    weights: Path
    voices: Path
    """The folder with the release's packs."""
    voice: str
    letter: str
    """Kokoro's code of the voice's language."""
    device: str = "auto"
    threads: int = 0
    """0 is what torch chooses."""
    serve_arguments: tuple[str, ...] = ()
    """Further flags for our server."""
    against: tuple[str, ...] = ()
    """Addresses of other servers."""
    commands: Commands = Commands()


class Contender(Protocol):
    """Whoever turns a text into sound."""

    name: str
    pid: int | None

    async def speak(self, text: str) -> Reply: ...


class PlainPipeline:
    """`kokoro` in a process of its own; a sound counts as heard when the process has it."""

    def __init__(self, child: Child, facts: dict[str, Any]) -> None:
        self.name = PLAIN
        self.pid: int | None = child.pid
        self.facts = facts
        """threads, torch, device: as torch tells them there."""
        self._child = child

    async def speak(self, text: str) -> Reply:
        told = await self._child.ask(do="speak", text=text)
        arrivals = [Arrival(at, seconds) for at, seconds in told["arrivals"]]
        return reply_of(arrivals, asked_at=0.0, ended_at=told["ended_at"], cpu_seconds=told["cpu_seconds"])

    async def matrix_peaks(self) -> dict[str, float]:
        """The machine's best in 10^9 operations a second, by number format."""
        return dict(await self._child.ask(do="matrix_peaks"))

    async def gflop_per_audio_second(self) -> float:
        """What the network takes."""
        return float(await self._child.ask(do="gflop_per_audio_second"))


@dataclass(frozen=True)
class Start:
    """A contender that has just become ready."""

    contender: Wyoming | PlainPipeline
    seconds: float
    """From nothing to ready: interpreter, libraries, weights, a few words to nobody."""

    def peak_mib(self) -> float | None:
        return None if self.contender.pid is None else peak_mib(self.contender.pid)


@contextlib.asynccontextmanager
async def our_server(setup: Setup, threads: int) -> AsyncIterator[Start]:
    """Our server on a free port of this machine, told to nobody, ended with the block."""
    began = time.perf_counter()
    arguments = (
        *setup.commands.server,
        *setup.serve_arguments,
        *("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", "--log-level=info"),
        *(f"--threads={threads}", f"--device={setup.device}"),
    )
    async with started("our server", arguments) as child:
        uri = await child.logged(_LISTENS)
        seconds = time.perf_counter() - began
        server = Wyoming(OURS, uri, setup.voice, child.pid)
        await server.meet()
        yield Start(server, seconds)


@contextlib.asynccontextmanager
async def plain_pipeline(setup: Setup) -> AsyncIterator[Start]:
    """Plain `kokoro`, ended with the block."""
    began = time.perf_counter()
    settings = {
        "config": str(setup.config),
        "weights": str(setup.weights),
        "voice": str(setup.voices / f"{setup.voice}.pt"),
        "letter": setup.letter,
        "device": setup.device,
        "threads": setup.threads,
    }
    async with started("plain kokoro", (*setup.commands.plain, json.dumps(settings))) as child:
        facts = await child.answer()
        yield Start(PlainPipeline(child, facts), time.perf_counter() - began)


async def measure_parts(setup: Setup, threads: int, languages: tuple[str, ...], packs: int) -> dict[str, Any]:
    """Seconds of imports, weights, each language's pipeline and each voice pack, in a process of their own."""
    settings = {
        "config": str(setup.config),
        "weights": str(setup.weights),
        "voices": str(setup.voices),
        "languages": languages,
        "packs": packs,
        "threads": threads,
    }
    async with started("the timing of parts", (*setup.commands.parts, json.dumps(settings))) as child:
        return dict(await child.answer())
