"""A server as its neighbours are: right, or with one of the faults that were found in them. It hums.

python -m tests.stand_ins.faulty_server FAULT     # listens on a free port and tells which
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

from wyoming.event import Event, async_read_event, async_write_event

FAULTS = {
    "says everything twice": "a_stream_is_spoken_once_and_ended",
    "is deaf after a stream": "a_connection_can_be_used_again",
    "forgets synthesize-stopped": "a_stream_is_spoken_once_and_ended",
    "ends quietly in the middle": "a_whole_text_is_spoken",
    "sends sound before audio-start": "a_whole_text_is_spoken",
    "goes on after the end": "a_whole_text_is_spoken",
    "sends a blank text no sound": "a_blank_text_has_a_sound",
    "answers a blank text with nothing": "a_blank_text_has_a_sound",
    "sends an empty stream no sound": "a_stream_without_text_is_ended_and_has_a_sound",
    "does not answer describe while it speaks": "describe_is_answered_while_another_is_spoken_to",
    "lets one in at a time": "describe_is_answered_while_another_is_spoken_to",
    "goes on for who has left": "who_leaves_keeps_nobody_waiting",
    "leaves out the last sentence": "deltas_cut_anywhere_sound_like_the_whole",
    "speaks each delta by itself": "deltas_cut_anywhere_sound_like_the_whole",
    "speaks at the end only": "sound_comes_before_the_text_ends",
    "needs a voice": "a_stream_that_names_no_voice_is_spoken",
    "says nothing in an unknown voice": "an_unknown_voice_is_an_error_or_spoken_all_the_same",
    "stays open after an error": "an_unknown_voice_is_an_error_or_spoken_all_the_same",
    "changes the format": "a_whole_text_is_spoken",
    "cuts a sample in two": "a_whole_text_is_spoken",
    "dies of an unknown event": "events_that_are_unknown_are_passed_over",
    "dies of an unknown key": "keys_that_are_new_are_passed_over",
    "dies of markup": "markup_and_emoji_of_a_language_model_are_survived",
    "leaves with who sends no more": "who_sends_no_more_still_hears_the_end",
    "holds its lock when a listener leaves": "two_are_spoken_to_at_once",
    "dies of nonsense": "nonsense_harms_nobody_else",
    "offers no attribution": "what_is_offered_can_be_set_up",
    "offers voices without languages": "what_is_offered_can_be_set_up",
    "offers one voice twice": "what_is_offered_can_be_set_up",
    "offers to listen too": "what_is_offered_can_be_set_up",
    "answers describe once": "describe_is_answered_again_and_again",
}
"""Each fault, and the exchange that finds it."""

_RATE_HZ = 8_000
_FORMAT = {"rate": _RATE_HZ, "width": 2, "channels": 1}
_CHUNK = b"\x10\x20" * 80
"""10 ms."""
_ATTRIBUTION = {"name": "nobody", "url": "http://nobody"}


class StandIn:
    """One server, with one fault or none."""

    def __init__(self, fault: str | None = None) -> None:
        self.fault = fault
        self.port = 0
        self._one_at_a_time = asyncio.Lock()
        self._is_dead = False
        self._inside = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[StandIn]:
        listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        tasks = asyncio.all_tasks()
        try:
            yield self
        finally:
            listener.close()
            left = [task for task in asyncio.all_tasks() - tasks if task is not asyncio.current_task()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            if self._is_dead or (self.fault == "lets one in at a time" and self._inside):
                writer.close()
                return
            self._inside += 1
            try:
                await _Conversation(self, reader, writer).run()
            except (KeyError, AttributeError, TypeError, ValueError):
                self._is_dead = self.fault == "dies of nonsense"
            finally:
                self._inside -= 1
                await _say_goodbye(reader, writer)


async def _say_goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close so that the last is heard: with input unread, closing is a reset, and an error is lost with it."""
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 0.3)
    writer.close()


class _Conversation:
    def __init__(self, house: StandIn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._house = house
        self._fault = house.fault
        self._reader, self._writer = reader, writer
        self._streaming = self._deaf = self._spoke = self._described = False
        self._text = ""

    async def run(self) -> None:
        while (event := await async_read_event(self._reader)) is not None:
            if not await self._answer(event.type, event.data):
                return

    async def _answer(self, kind: str, data: dict[str, Any]) -> bool:
        """Act on an event; False ends the connection."""
        if kind == "describe":
            await self._describe()
        elif kind == "synthesize-start":
            self._streaming, self._spoke, self._text = True, False, ""
            if self._fault == "needs a voice":
                data["voice"]["name"]
            return await self._check_voice(data)
        elif kind == "synthesize-chunk":
            await self._chunk(data["text"])
        elif kind == "synthesize-stop":
            await self._stop()
        elif kind == "synthesize":
            return await self._whole(data)
        else:
            return self._fault != "dies of an unknown event"
        return True

    async def _describe(self) -> None:
        if self._fault == "answers describe once" and self._described:
            return
        self._described = True
        if self._fault == "does not answer describe while it speaks":
            async with self._house._one_at_a_time:
                pass
        await self._write("info", _info(self._fault))

    async def _whole(self, data: dict[str, Any]) -> bool:
        if self._fault == "dies of an unknown key" and "context" in data:
            return False
        if self._streaming or self._deaf:
            if self._fault == "says everything twice":
                await self._sound(data["text"])
            return True
        if not await self._check_voice(data):
            return False
        if self._fault == "leaves with who sends no more":
            await asyncio.sleep(0.1)
            if self._reader.at_eof():
                return False
        return await self._sound(data["text"])

    async def _check_voice(self, data: dict[str, Any]) -> bool:
        if (data.get("voice") or {}).get("name") in (None, "hum"):
            return True
        if self._fault == "says nothing in an unknown voice":
            await asyncio.Event().wait()
        await self._write("error", {"text": "There is no such voice", "code": "no-voice"})
        if self._fault == "stays open after an error":
            await asyncio.Event().wait()
        return False

    async def _chunk(self, text: str) -> None:
        if self._fault == "dies of markup" and "**" in text:
            raise ValueError(text)
        self._text += text
        if self._fault == "speaks each delta by itself":
            await self._sound(self._text, least_chunks=20)
            self._text, self._spoke = "", True
        while ". " in self._text and self._fault != "speaks at the end only":
            sentence, _, self._text = self._text.partition(". ")
            await self._sound(sentence + ". ")
            self._spoke = True

    async def _stop(self) -> None:
        if self._text.strip(" \n.") and self._fault != "leaves out the last sentence":
            await self._sound(self._text)
        elif not self._spoke:
            await self._sound("", least_chunks=0 if self._fault == "sends an empty stream no sound" else 10)
        self._streaming, self._deaf = False, self._fault == "is deaf after a stream"
        if self._fault != "forgets synthesize-stopped":
            await self._write("synthesize-stopped", {})

    async def _sound(self, text: str, least_chunks: int = 10) -> bool:
        """Hum for 10 ms a character, in real time where the fault needs it; False ends the connection."""
        if not text.strip(" ."):
            if self._fault == "answers a blank text with nothing":
                return True
            least_chunks = 0 if self._fault == "sends a blank text no sound" else least_chunks
        if self._fault in ("does not answer describe while it speaks", "holds its lock when a listener leaves"):
            async with self._house._one_at_a_time:
                return await self._hum(max(len(text), least_chunks))
        if self._fault == "goes on for who has left":
            async with self._house._one_at_a_time:
                try:
                    return await self._hum(max(len(text), least_chunks))
                finally:
                    await asyncio.sleep(len(text) * 0.01)
        return await self._hum(max(len(text), least_chunks))

    async def _hum(self, chunks: int) -> bool:
        if self._fault == "sends sound before audio-start":
            await self._write("audio-chunk", _FORMAT, _CHUNK)
        await self._write("audio-start", _FORMAT)
        for number in range(chunks):
            if self._fault == "ends quietly in the middle" and number == 20:
                return False
            await self._write("audio-chunk", self._chunk_format(number), self._payload(number))
            if self._fault == "holds its lock when a listener leaves" and number == 5:
                await asyncio.Event().wait()
            await asyncio.sleep(0.01 if self._fault == "does not answer describe while it speaks" else 0)
        await self._write("audio-stop", {})
        if self._fault == "goes on after the end":
            await self._write("audio-start", _FORMAT)
        return True

    def _chunk_format(self, number: int) -> dict[str, int]:
        changes = self._fault == "changes the format" and number > 5
        return {**_FORMAT, "rate": 2 * _RATE_HZ} if changes else _FORMAT

    def _payload(self, number: int) -> bytes:
        return _CHUNK[:-1] if self._fault == "cuts a sample in two" and number > 5 else _CHUNK

    async def _write(self, kind: str, data: dict[str, Any], payload: bytes | None = None) -> None:
        await async_write_event(Event(kind, dict(data), payload), self._writer)


def _info(fault: str | None) -> dict[str, Any]:
    voice = {"name": "hum", "languages": ["en-US"], "installed": True, "attribution": _ATTRIBUTION}
    if fault == "offers no attribution":
        del voice["attribution"]
    if fault == "offers voices without languages":
        voice["languages"] = []
    voices = [voice, voice] if fault == "offers one voice twice" else [voice]
    program = {"name": "hums", "installed": True, "attribution": _ATTRIBUTION, "voices": voices}
    asr = [{"name": "ears", "installed": fault == "offers to listen too"}]
    return {"tts": [{**program, "supports_synthesize_streaming": True}], "asr": asr}


async def _listen(fault: str) -> None:
    async with StandIn(fault).listening() as house:
        print(f"tcp://127.0.0.1:{house.port} {fault}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_listen(" ".join(sys.argv[1:])))
