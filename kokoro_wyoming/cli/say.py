"""`say`: a Wyoming client that speaks a text by way of a running server."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from kokoro_wyoming.cli import asking, client, players
from kokoro_wyoming.cli.wav import Sink, WavStream, wav_device, wav_file

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", help="write a WAV file, - for stdout (default: play)")
    asking.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    uri = client.server_uri(args)
    with _sink(args.out) as sink:
        seconds = asyncio.run(_speak(uri, args, sink))
    if args.out not in (None, "-"):
        print(f"{args.out}: {seconds:.1f} s of speech")
    return 0


def _sink(out: str | None) -> contextlib.AbstractContextManager[Sink]:
    if out is None:
        return players.sound_card()
    if out == "-":
        return contextlib.nullcontext(WavStream(sys.stdout.buffer))
    path = Path(out)
    # A device or named pipe cannot be renamed into place.
    return wav_device(path) if path.exists() and not path.is_file() else wav_file(path)


async def _speak(uri: str, args: argparse.Namespace, sink: Sink) -> float:
    """Hand the sound to the sink as it comes; returns its seconds."""
    seconds: float | None = None
    async with contextlib.aclosing(asking.spoken(uri, args)) as speech:
        async for sound, pcm in speech:
            if seconds is None:
                sink.start(sound)
                seconds = 0.0
            sink.write(pcm)
            seconds += sound.seconds(pcm)
    return seconds or 0.0
