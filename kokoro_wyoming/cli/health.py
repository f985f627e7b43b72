"""`health`: does a server answer? For container health checks and monitoring."""

from __future__ import annotations

import argparse
import asyncio

from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from kokoro_wyoming.cli import client
from kokoro_wyoming.errors import KokoroWyomingError

SUMMARY = "ask a running server whether it is well"
DESCRIPTION = (
    "Ask a running server what it offers and how it is; fails when it does not answer within 5 seconds, offers no "
    "voice or says that it cannot speak, as its model is stuck."
)
EXAMPLES = """\
exit status: 0 when it answers, else 1

examples:
  kokoro-wyoming health
  kokoro-wyoming health --uri tcp://192.168.1.10:10200
"""

_ANSWER_SECONDS = 5.0
"""What Home Assistant allows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    client.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    uri = client.server_uri(args)
    try:
        voices = asyncio.run(asyncio.wait_for(_count_voices(uri), _ANSWER_SECONDS))
    except asyncio.TimeoutError as error:
        raise KokoroWyomingError(f"{uri} gave no answer within {_ANSWER_SECONDS:.0f} seconds") from error
    if not voices:
        raise KokoroWyomingError(f"{uri} answers, but offers no voice")
    print(f"{uri} answers; voices offered: {voices}")
    return 0


async def _count_voices(uri: str) -> int:
    async with client.connected(uri) as connection:
        # A server answers these in order; one without `ping` answers only the second.
        await connection.send(Ping().event())
        await connection.send(Describe().event())
        while not Info.is_type((event := await connection.receive()).type):
            trouble = event.data.get("trouble") if Pong.is_type(event.type) else None
            if trouble:
                raise KokoroWyomingError(f"{uri} answers, but cannot speak: {trouble}")
        return sum(len(program.get("voices") or ()) for program in event.data.get("tts") or ())
