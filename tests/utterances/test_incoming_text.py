"""Text while it arrives, without an engine."""

from __future__ import annotations

import asyncio

import pytest

from kokoro_wyoming.text.text_stream import TextOptions, TextStream
from kokoro_wyoming.utterances.incoming_text import IncomingText


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancellation_that_comes_together_with_the_text_is_not_lost(steps: int) -> None:
    incoming = IncomingText(TextStream("text", TextOptions()), quiet_seconds=10)
    incoming.add("A sentence. ")
    waiting = asyncio.ensure_future(_all_of(incoming))
    for _ in range(10):
        await asyncio.sleep(0)
    incoming.add("And")
    for _ in range(steps):
        await asyncio.sleep(0)
    waiting.cancel()
    done, _ = await asyncio.wait((waiting,), timeout=5)
    assert done
    assert waiting.cancelled()


async def _all_of(incoming: IncomingText) -> None:
    while await incoming.next_sentence() is not None:
        pass
