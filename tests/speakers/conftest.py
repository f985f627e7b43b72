"""Speech that the real model made, for tests in which real receivers play it."""

from __future__ import annotations

import argparse
import asyncio

import pytest

from kokoro_wyoming.cli import asking
from tests.speakers.announcing import SPEECH


@pytest.fixture(scope="session")
def speech_pcm(server: str) -> bytes:
    """`SPEECH`, spoken by the real model: 24 kHz, 16 bits, mono."""
    args = argparse.Namespace(text=[SPEECH], voice="af_heart", speaker=None, language=None, ssml=False, program=None)

    async def speak() -> bytes:
        return b"".join([pcm async for _, pcm in asking.spoken(server, args)])

    return asyncio.run(speak())
