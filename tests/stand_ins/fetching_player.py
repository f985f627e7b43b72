"""Stands in for players that fetch what they play: with HEAD first, as many do; it takes as long as the sound."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import numpy as np
import soundfile
from numpy.typing import NDArray

_BEGIN_BYTES = 4_000
"""What a player wants to have before it begins."""


@dataclass
class Played:
    """What was played of one address."""

    url: str
    volume: float | None
    requests: list[str] = field(default_factory=list)
    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """24 kHz, mono."""
    first_sound_at: float = 0.0
    """By the event loop's clock."""


async def fetch(played: Played, begin: Callable[[], None]) -> float:
    """Fetch it, and say when it begins to be heard; how long it is to be heard after this, in seconds."""
    data = b""
    clock = asyncio.get_running_loop().time
    async with aiohttp.ClientSession() as session:
        async with session.head(played.url) as answer:
            played.requests.append(f"HEAD {answer.status}")
        async with session.get(played.url) as answer:
            played.requests.append(f"GET {answer.status}")
            async for part in answer.content.iter_any():
                data += part
                if not played.first_sound_at and len(data) > _BEGIN_BYTES:
                    played.first_sound_at = clock()
                    begin()
    played.samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate_hz == 24_000
    return played.first_sound_at + len(played.samples) / rate_hz - clock()
