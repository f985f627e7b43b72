"""Who is measured: our server and plain `kokoro`, each in a process of its own."""

from __future__ import annotations

import contextlib
import re
import runpy
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil

from kokoro_wyoming.assets import Store
from kokoro_wyoming.bench import plain
from kokoro_wyoming.bench.children import Child, started
from kokoro_wyoming.bench.figures import Reply
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.processor import INSTRUCTION_LIMITS

OURS, PLAIN = "ours", "plain"
_LISTENS = re.compile(r"tcp://127\.0\.0\.1:\d+")
"""Our server logs its address only when it is ready."""


def _capped(onednn: str, torch: str) -> dict[str, str]:
    """The variables with which oneDNN, torch and MKL use no newer instructions than these."""
    return dict(zip(INSTRUCTION_LIMITS, (onednn, torch, torch.upper()), strict=True))


PROCESSORS = {"native": {}, "avx2": _capped("AVX2", "avx2"), "avx512": _capped("AVX512_CORE", "avx512")}
"""What this machine can be measured as: by name, the variables of each contender. avx512 is without bfloat16."""


@dataclass(frozen=True)
class Setup:
    """The same for every contender."""

    store: Store
    """The weights and voices."""
    voice: str
    """An English voice of the default release."""
    device: str = "auto"
    threads: int = 0
    """Processor threads; 0: torch chooses."""
    serve_arguments: tuple[str, ...] = ()
    """Further flags for our server."""
    processor: str = "native"
    """One of PROCESSORS."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables of each contender."""
        return PROCESSORS[self.processor]


class PlainPipeline:
    """Plain `kokoro`; a sound counts as heard when its process has it."""

    def __init__(self, setup: Setup, child: Child, facts: tuple[int, str, str]) -> None:
        self.name = PLAIN
        self.process: psutil.Process | None = psutil.Process(child.pid)
        self.child = child
        self.facts = facts
        """The number of threads, torch's version, and the device."""
        self._setup = setup

    async def speak(self, text: str) -> Reply:
        return await self.child.ask(plain.speak, self._setup, text)


Contender = Wyoming | PlainPipeline


@contextlib.asynccontextmanager
async def plain_pipeline(setup: Setup) -> AsyncIterator[PlainPipeline]:
    """Plain `kokoro`, ready. It ends with the block."""
    with started("plain kokoro", setup.environment) as child:
        yield PlainPipeline(setup, child, await child.ask(plain.get_ready, setup))


@contextlib.asynccontextmanager
async def our_server(setup: Setup, threads: int) -> AsyncIterator[Wyoming]:
    """Our server, ready, on a free port of this machine, not announced. It ends with the block."""
    arguments = (
        *setup.serve_arguments,
        *("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--no-http", "--offline", "--log-level=info"),
        *(f"--threads={threads}", f"--device={setup.device}"),
    )
    with started("our server", setup.environment) as child:
        child.tell(serve, arguments)
        yield Wyoming(OURS, await child.logged(_LISTENS), setup.voice, psutil.Process(child.pid))


def serve(arguments: tuple[str, ...]) -> None:
    """`kokoro-wyoming serve` in the process that calls this."""
    sys.argv[1:] = ["serve", *arguments]
    runpy.run_module("kokoro_wyoming", run_name="__main__", alter_sys=True)
