"""`say`: a Wyoming client that speaks a text by way of a running server."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from pathlib import Path

from kokoro_wyoming.cli import asking, client, files, players, standard
from kokoro_wyoming.cli.wav import Sink, WavStream, wav_device, wav_file
from kokoro_wyoming.errors import ConfigError

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
    parser.add_argument(
        "--timestamps", metavar="FILE", help="write when each word is heard, as JSON, - for stdout (a server of ours)"
    )
    asking.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.out == args.timestamps == "-":
        raise ConfigError("--timestamps: sound and timestamps cannot both go to stdout; give one of them a file")
    if args.timestamps == "-":
        standard.bytes_out()  # before anything is said
    uri = client.server_uri(args)
    words: list[dict[str, object]] | None = None if args.timestamps is None else []
    with _sink(args.out) as sink:
        seconds = asyncio.run(_speak(uri, args, sink, words))
    if words is not None:
        _write_timestamps(args.timestamps, words)
    if args.out not in (None, "-") and args.timestamps != "-":
        print(f"{args.out}: {seconds:.1f} s of speech")
    return 0


def _write_timestamps(file: str, words: list[dict[str, object]]) -> None:
    content = json.dumps({"words": words}, ensure_ascii=False, indent=1).encode() + b"\n"
    if file == "-":
        standard.bytes_out().write(content)
        return
    with files.written(Path(file)) as stream:
        stream.write(content)


def _sink(out: str | None) -> contextlib.AbstractContextManager[Sink]:
    if out is None:
        return players.sound_card()
    if out == "-":
        return contextlib.nullcontext(WavStream(standard.bytes_out()))
    path = Path(out)
    return wav_device(path) if files.is_device(path) else wav_file(path)


async def _speak(uri: str, args: argparse.Namespace, sink: Sink, words: list[dict[str, object]] | None) -> float:
    """Hand the sound to the sink as it comes; returns its seconds."""
    seconds: float | None = None
    async with contextlib.aclosing(asking.spoken(uri, args, words)) as speech:
        async for sound, pcm in speech:
            if seconds is None:
                sink.start(sound)
                seconds = 0.0
            sink.write(pcm)
            seconds += sound.seconds(pcm)
    return seconds or 0.0
