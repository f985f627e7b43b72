"""A server asked for more: text as a language model lets it out, and what it offers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from wyoming.audio import AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

from kokoro_wyoming.bench.figures import Arrival, Reply, reply_of
from kokoro_wyoming.bench.listener import Wyoming
from scripts.bench.texts import bursts

_REPLY_SECONDS = 300.0
"""For a whole one: nobody's stream keeps the benchmark for ever."""


class Server(Wyoming):
    """Ours or another's."""

    streams = False
    """Whether it takes text in pieces."""

    async def meet(self) -> None:
        """Find out what it offers; the wanted voice is left to it where it has another."""
        programs = await self._programs()
        names = {voice.get("name") for program in programs for voice in program.get("voices") or []}
        if self.voice and self.voice.name not in names:
            self.voice = None
        self.streams = any(program.get("supports_synthesize_streaming") for program in programs)

    async def languages(self) -> set[str]:
        """The languages that it offers voices for."""
        voices = [voice for program in await self._programs() for voice in program.get("voices") or []]
        return {language for voice in voices for language in voice.get("languages") or []}

    async def describe_seconds(self) -> float:
        """How long it takes to say what it offers."""
        began = time.perf_counter()
        await self._info()
        return time.perf_counter() - began

    async def speak_deltas(self, deltas: list[str], speakable_after: int) -> Reply:
        """Have a text spoken that arrives in bursts; time counts from the delta that made it speakable.

        A server that does not take text in pieces gets the whole text when it is there, as from Home Assistant.
        """
        is_last = SynthesizeStopped.is_type if self.streams else AudioStop.is_type
        async with self.connected() as client:
            listening = asyncio.ensure_future(self.listen(client, is_last))
            sending = asyncio.ensure_future(self._send(client, deltas, speakable_after))
            try:
                speakable_at, arrivals = await asyncio.gather(sending, listening)
            finally:
                for task in (sending, listening):
                    task.cancel()
                await asyncio.gather(sending, listening, return_exceptions=True)
            return reply_of(arrivals, asked_at=speakable_at, ended_at=time.perf_counter())

    async def listen(self, client: AsyncClient, is_last: Callable[[str], bool]) -> list[Arrival]:
        return await asyncio.wait_for(super().listen(client, is_last), _REPLY_SECONDS)

    async def _send(self, client: AsyncClient, deltas: list[str], speakable_after: int) -> float:
        """Send the text, and return when it could be spoken."""
        sent, speakable_at = 0, 0.0
        if self.streams:
            await client.write_event(SynthesizeStart(voice=self.voice).event())
        for burst, pause_seconds in bursts(deltas):
            for delta in burst:
                if self.streams:
                    await client.write_event(SynthesizeChunk(delta).event())
                sent += 1
                if sent == speakable_after:
                    speakable_at = time.perf_counter()
            await asyncio.sleep(pause_seconds)
        await client.write_event(Synthesize("".join(deltas), voice=self.voice).event())
        if self.streams:
            await client.write_event(SynthesizeStop().event())
        return speakable_at

    async def _programs(self) -> list[dict[str, Any]]:
        return (await self._info()).data.get("tts") or []

    async def _info(self) -> Event:
        async with self.connected() as client:
            await client.write_event(Describe().event())
            while not Info.is_type((event := await self.receive(client)).type):
                pass
            return event
