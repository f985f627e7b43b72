"""`python -m tests.stand_ins.bench KIND`: stands in for the programs that the benchmark starts, without a model.

Kinds: server (it beeps), plain, parts; `mute` logs its process id and does no more, `broken` ends with an error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from kokoro_wyoming.protocols.wyoming.session import Session
from kokoro_wyoming.utterances.service import SpeechService
from tests.stand_ins.beep_engine import BeepEngine


async def serve() -> None:
    engine = BeepEngine()
    listener = await asyncio.start_server(lambda r, w: Session(r, w, SpeechService(engine)).run(), "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    print(f"Ready after 0.0 s at tcp://{host}:{port}", file=sys.stderr, flush=True)
    await listener.serve_forever()


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


def plain() -> None:
    answer({"threads": 3, "torch": "2.0", "device": "cpu"})
    for line in sys.stdin:
        match json.loads(line)["do"]:
            case "speak":
                answer({"arrivals": [[0.5, 2.0], [1.0, 2.0]], "ended_at": 1.0, "cpu_seconds": 2.0})
            case "matrix_peaks":
                answer({"float32": 100.0})
            case "gflop_per_audio_second":
                answer(50.0)


def parts() -> None:
    answer({"imports_seconds": 1, "weights_seconds": 2, "pipeline_seconds": {"en-US": 3}, "voice_seconds": [4, 5]})


if __name__ == "__main__":
    match sys.argv[1]:
        case "server":
            asyncio.run(serve())
        case "plain":
            plain()
        case "parts":
            parts()
        case "mute":
            print(f"pid {os.getpid()}", file=sys.stderr, flush=True)
            time.sleep(600)
        case "broken":
            sys.exit("the weights are gone")
