"""`say`: a Wyoming client that speaks a text by way of a running server."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe, Info, SelectProgram
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

from kokoro_wyoming.cli import client, players, stdin
from kokoro_wyoming.cli.client import Connection, ServerError
from kokoro_wyoming.cli.wav import Sink, Sound, WavStream, wav_device, wav_file

SUMMARY = "speak a text through a running server"
DESCRIPTION = """\
Speak a text through a running server, on the sound card or into a WAV file. Without a text, stdin is spoken as it
arrives: the first sentence sounds while the rest is still being written.
"""
EXAMPLES = """\
examples:
  kokoro-wyoming say "The front door is open."
  kokoro-wyoming say "Guten Morgen." --uri tcp://192.168.1.10:10200
  kokoro-wyoming say "Bonjour." --language fr-FR --out bonjour.wav
  kokoro-wyoming say "Hello." --voice bm_george --out - | ffmpeg -i - hello.mp3
  tail -f news.txt | kokoro-wyoming say
"""

_SILENCE_SECONDS = 120.0
"""A server that has the whole text and sends nothing for so long is dead; loading a model takes seconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="*", help="what to say; words are joined by blanks (default: read stdin)")
    parser.add_argument("--out", metavar="FILE", help="write a WAV file, - for stdout (default: play)")
    parser.add_argument("--voice", metavar="NAME", help="such as af_heart (default: the server's)")
    parser.add_argument("--language", metavar="TAG", help="such as en-GB (default: the voice's)")
    parser.add_argument("--program", metavar="NAME", help="which of the server's programs (default: its first)")
    client.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    uri = client.server_uri(args)
    with _sink(args.out) as sink:
        taken = asyncio.run(_speak(uri, args, _Taker(sink)))
    if args.out not in (None, "-"):
        print(f"{args.out}: {taken.seconds:.1f} s of speech")
    return 0


def _sink(out: str | None) -> contextlib.AbstractContextManager[Sink]:
    if out is None:
        return players.sound_card()
    if out == "-":
        return contextlib.nullcontext(WavStream(sys.stdout.buffer))
    path = Path(out)
    # A device or named pipe cannot be renamed into place.
    return wav_device(path) if path.exists() and not path.is_file() else wav_file(path)


class _Taker:
    """Hands a server's audio events to a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._sound: Sound | None = None
        self.seconds = 0.0

    @property
    def has_sound(self) -> bool:
        return self._sound is not None

    def take(self, event: Event) -> None:
        """Raises ServerError when the format changes or is none."""
        if AudioStart.is_type(event.type):
            self._begin(_sound(event))
        elif AudioChunk.is_type(event.type):
            sound, pcm = _sound(event), event.payload or b""
            self._begin(sound)
            self._sink.write(pcm)
            self.seconds += len(pcm) / (sound.rate_hz * sound.width_bytes * sound.channels)

    def _begin(self, sound: Sound) -> None:
        if self._sound is None:
            self._sink.start(sound)
            self._sound = sound
        elif self._sound != sound:
            raise ServerError(f"the server changed from {self._sound} to {sound} in the middle of the speech")


def _sound(event: Event) -> Sound:
    values = [event.data.get(key) for key in ("rate", "width", "channels")]
    rate_hz, width_bytes, channels = (value if isinstance(value, int) else 0 for value in values)
    if rate_hz < 1 or width_bytes not in (1, 2, 3, 4) or channels < 1:
        raise ServerError(f"the server sent sound of no known format: {dict(event.data)}")
    return Sound(rate_hz, width_bytes, channels)


async def _speak(uri: str, args: argparse.Namespace, taker: _Taker) -> _Taker:
    voice = {key: value for key, value in (("name", args.voice), ("language", args.language)) if value}
    async with client.connected(uri) as connection:
        if args.program:
            await connection.send(SelectProgram(args.program).event())
        if args.text:
            speech = _whole(connection, " ".join(args.text), voice)
            end = AudioStop.is_type
        elif await _can_stream(connection):
            speech = _streamed(connection, stdin.pieces(), voice)
            end = SynthesizeStopped.is_type
        else:
            speech = _whole(connection, "".join([piece async for piece in stdin.pieces()]), voice)
            end = AudioStop.is_type
        await _listen(connection, asyncio.ensure_future(speech), taker, end)
    if not taker.has_sound:
        raise ServerError(f"{uri} answered without any sound")
    return taker


async def _can_stream(connection: Connection) -> bool:
    """Whether the server takes text in pieces; one that does not would never end its answer."""
    await connection.send(Describe().event())
    while not Info.is_type((event := await connection.receive()).type):
        pass
    return any(program.get("supports_synthesize_streaming") for program in event.data.get("tts") or ())


async def _whole(connection: Connection, text: str, voice: dict[str, str]) -> None:
    await connection.send(_with_voice(Synthesize(text).event(), voice))


async def _streamed(connection: Connection, pieces: AsyncIterator[str], voice: dict[str, str]) -> None:
    """Text as it comes, in the order of Home Assistant; the `synthesize` in it is for servers of before."""
    await connection.send(_with_voice(SynthesizeStart().event(), voice))
    said = []
    async for piece in pieces:
        await connection.send(SynthesizeChunk(piece).event())
        said.append(piece)
    await connection.send(_with_voice(Synthesize("".join(said)).event(), voice))
    await connection.send(SynthesizeStop().event())


def _with_voice(event: Event, voice: dict[str, str]) -> Event:
    # The package's SynthesizeVoice would drop the language where there is a name.
    return Event(event.type, {**event.data, "voice": voice} if voice else event.data)


async def _listen(
    connection: Connection, speech: asyncio.Future[None], taker: _Taker, is_end: Callable[[str], bool]
) -> None:
    """Take the server's events, while the text is being sent and afterwards, until one is the end."""
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
                taker.take(event)
                if is_end(event.type):
                    return
                reading = asyncio.ensure_future(connection.receive())
            # A server that refuses closes while we still send: its reason is in what it sent before.
            elif not isinstance(speech.exception(), ServerError | None):
                speech.result()
    finally:
        reading.cancel()
        speech.cancel()
        await asyncio.gather(reading, speech, return_exceptions=True)
