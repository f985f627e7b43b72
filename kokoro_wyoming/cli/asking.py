"""Asking a server to speak, and taking its sound as it comes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe, Info, SelectProgram
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli import client, stdin
from kokoro_wyoming.cli.client import Connection, ServerError

_SILENCE_SECONDS = 120.0
"""A server that has the whole text and sends nothing for so long is dead; loading a model takes seconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Offer the flags that say what is to be spoken, by whom and by which server."""
    parser.add_argument(
        "text", nargs="*", type=_utf8, help="what to say; words are joined by blanks (default: read stdin)"
    )
    parser.add_argument("--voice", metavar="NAME", type=_utf8, help="such as af_heart (default: the server's)")
    parser.add_argument(
        "--speaker",
        metavar="NAME",
        type=_utf8,
        help="refines the voice: another one, +af_sky to blend in, @1.2 for a pace",
    )
    parser.add_argument("--language", metavar="TAG", type=_utf8, help="such as en-GB (default: the voice's)")
    parser.add_argument("--ssml", action="store_true", help="the text is SSML (default: only if it begins with <speak)")
    parser.add_argument(
        "--program", metavar="NAME", type=_utf8, help="which of the server's programs (default: its first)"
    )
    client.add_arguments(parser)


def _utf8(word: str) -> str:
    """An argument as text; its bytes that are not UTF-8 are replaced, as in stdin."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def spoken(
    uri: str, args: argparse.Namespace, words: list[dict[str, object]] | None = None
) -> AsyncGenerator[tuple[PcmFormat, bytes], None]:
    """Yield the sound of the text as the server makes it: its format, and PCM in it, at first none.

    `words` is asked for where it is given, and filled with each word's text, start and end in seconds.
    Raises ServerError, also when there is no sound, or when its format changes or is none.
    """
    first: PcmFormat | None = None
    async with client.connected(uri) as connection:
        events = _answer(connection, args, {} if words is None else {"timestamps": True})
        async with contextlib.aclosing(events):
            async for event in events:
                if words is not None and event.type == "word-timings":
                    words += event.data.get("words") or []
                if not (AudioStart.is_type(event.type) or AudioChunk.is_type(event.type)):
                    continue
                sound = _sound(event)
                first = first or sound
                if sound != first:
                    raise ServerError(f"the server changed from {first} to {sound} in the middle of the speech")
                yield sound, event.payload or b""
    if first is None:
        raise ServerError(f"{uri} answered without any sound")


def _sound(event: Event) -> PcmFormat:
    values = [event.data.get(key) for key in ("rate", "width", "channels")]
    rate_hz, width_bytes, channels = (value if isinstance(value, int) else 0 for value in values)
    if rate_hz < 1 or width_bytes not in (1, 2, 3, 4) or channels < 1:
        raise ServerError(f"the server sent sound of no known format: {dict(event.data)}")
    return PcmFormat(rate_hz, width_bytes, channels)


async def _answer(
    connection: Connection, args: argparse.Namespace, wishes: dict[str, object]
) -> AsyncGenerator[Event, None]:
    """Send the text, and yield what the server sends until its answer ends."""
    asked = {"name": args.voice, "language": args.language, "speaker": args.speaker}
    voice = {key: value for key, value in asked.items() if value}
    wishes = {**wishes, **({"voice": voice} if voice else {}), **({"text_format": "ssml"} if args.ssml else {})}
    if args.program:
        await connection.send(SelectProgram(args.program).event())
    speech: Coroutine[None, None, None]
    if args.text:
        speech = _whole(connection, " ".join(args.text), wishes)
        end = AudioStop.is_type
    elif await _can_stream(connection):
        speech = _streamed(connection, stdin.pieces(), wishes)
        end = SynthesizeStopped.is_type
    else:
        speech = _whole(connection, "".join([piece async for piece in stdin.pieces()]), wishes)
        end = AudioStop.is_type
    async with contextlib.aclosing(_listen(connection, asyncio.ensure_future(speech), end)) as events:
        async for event in events:
            yield event


async def _can_stream(connection: Connection) -> bool:
    """Whether the server takes text in pieces; one that does not would never end its answer."""
    await connection.send(Describe().event())
    while not Info.is_type((event := await connection.receive()).type):
        pass
    return any(program.get("supports_synthesize_streaming") for program in event.data.get("tts") or ())


async def _whole(connection: Connection, text: str, wishes: dict[str, object]) -> None:
    await connection.send(_with(Synthesize(text).event(), wishes))


async def _streamed(connection: Connection, pieces: AsyncIterator[str], wishes: dict[str, object]) -> None:
    """Text as it comes, in the order of Home Assistant; the `synthesize` in it is for servers of before."""
    await connection.send(_with(SynthesizeStart().event(), wishes))
    said = []
    async for piece in pieces:
        await connection.send(SynthesizeChunk(piece).event())
        said.append(piece)
    await connection.send(_with(Synthesize("".join(said)).event(), wishes))
    await connection.send(SynthesizeStop().event())


def _with(event: Event, wishes: dict[str, object]) -> Event:
    # wyoming's SynthesizeVoice drops the language if there is a name.
    return Event(event.type, {**event.data, **wishes})


async def _listen(
    connection: Connection, speech: asyncio.Future[None], is_end: Callable[[str], bool]
) -> AsyncGenerator[Event, None]:
    """Yield the server's events, while the text is being sent and afterwards, up to the one that is the end."""
    reading = asyncio.ensure_future(connection.receive())
    try:
        while True:
            sending = {speech} if not speech.done() else set()
            patience = None if sending else _SILENCE_SECONDS
            done, _ = await asyncio.wait({reading} | sending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise ServerError(f"{connection.uri} has sent nothing for {_SILENCE_SECONDS:.0f} seconds")
            if reading in done:
                event = reading.result()
                yield event
                if is_end(event.type):
                    return
                reading = asyncio.ensure_future(connection.receive())
            # A server that refuses closes the connection while we send; its reason came before that.
            elif not isinstance(speech.exception(), ServerError | None):
                speech.result()
    finally:
        reading.cancel()
        speech.cancel()
        await asyncio.gather(reading, speech, return_exceptions=True)
