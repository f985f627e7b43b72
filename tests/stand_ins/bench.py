"""Stands in for what the benchmark's children call, without a model: a beeping server, and answers."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.assets import Store
from kokoro_wyoming.bench import contenders, plain
from kokoro_wyoming.bench.contenders import Setup
from kokoro_wyoming.bench.figures import Reply
from kokoro_wyoming.protocols.wyoming.session import Session
from kokoro_wyoming.utterances.service import SpeechService
from scripts.bench.parts import Parts
from tests.stand_ins.beep_engine import BeepEngine

if TYPE_CHECKING:
    import pytest

SETUP = Setup(store=Store(models=Path("models"), voices=Path("voices")), voice="beep")
REPLY = Reply(0.5, 4.0, 1.0)


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the benchmark's children call what is here."""
    monkeypatch.setattr(contenders, "serve", serve)
    monkeypatch.setattr(plain, "get_ready", get_ready)
    monkeypatch.setattr(plain, "speak", speak)


def serve(_arguments: tuple[str, ...]) -> None:
    asyncio.run(_serve())


async def _serve() -> None:
    engine = BeepEngine()
    listener = await asyncio.start_server(lambda r, w: Session(r, w, SpeechService(engine)).run(), "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    print(f"Ready after 0.0 s at tcp://{host}:{port}", file=sys.stderr, flush=True)
    await listener.serve_forever()


def broken(_arguments: tuple[str, ...]) -> None:
    sys.exit("the weights are gone")


def get_ready(_setup: Setup) -> tuple[int, str, str]:
    return 3, "2.0", "cpu"


def speak(_setup: Setup, _text: str) -> Reply:
    return REPLY


def matrix_peaks(_device: str) -> dict[str, float]:
    return {"float32": 100.0}


def gflop_per_audio_second(_setup: Setup) -> float:
    return 50.0


def measure(*_asked: object) -> Parts:
    return Parts(1.0, 2.0, {"en-US": 3.0}, [4.0, 5.0])


def mute() -> None:
    print(f"pid {os.getpid()}", flush=True)
    time.sleep(600)
