"""`announce`: a text on any number of Wyoming speakers at once."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.audio.playback import PlaybackClock
from kokoro_wyoming.cli import asking, client
from kokoro_wyoming.cli.wav import Sound
from kokoro_wyoming.errors import ConfigError, KokoroWyomingError

if TYPE_CHECKING:
    from kokoro_wyoming.cli.chime import Chime
    from kokoro_wyoming.cli.speakers import Speaker
    from kokoro_wyoming.config import TcpAddress, UnixAddress

SUMMARY = "speak a text on the speakers of the house"
DESCRIPTION = """\
Have a running server speak a text, and play it on Wyoming `snd` services (wyoming-snd-external, satellites) while it is
being made. Each speaker is on its own: one that is away, slow or stuck is told at the end, and holds up no other.
Without a text, stdin is spoken as it arrives.
"""
EXAMPLES = """\
exit status: 0 when every speaker took all of it, else 1

examples:
  kokoro-wyoming announce "Dinner is ready." --to tcp://kitchen:10601 --to tcp://attic:10601
  kokoro-wyoming announce "The door is open." --to tcp://hall:10601 --chime bell.wav --voice bf_emma
  weather | kokoro-wyoming announce --to tcp://hall:10601 --uri tcp://192.168.1.10:10200
"""

_PIECE_SECONDS = 0.1
_AHEAD_SECONDS = 10.0
"""Sound is handed to the speakers this much before it can be heard, so that what waits for one that does not take it
shows how far it is behind."""
_SILENT_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", metavar="URI", action="append", required=True, help="a speaker's address; may be given several times"
    )
    parser.add_argument("--chime", metavar="FILE", type=Path, help="WAV file to play first, at most 30 seconds")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=_SILENT_SECONDS,
        help=f"how long a speaker may give no sign of life (default: {_SILENT_SECONDS:.0f})",
    )
    asking.add_arguments(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 3600")
    return seconds


def run(args: argparse.Namespace) -> int:
    uri = client.server_uri(args)
    addresses = [_address(to) for to in dict.fromkeys(args.to)]
    chime = _chime(args.chime)
    return 0 if asyncio.run(_announce(uri, args, addresses, chime)) else 1


def _address(to: str) -> TcpAddress | UnixAddress:
    from kokoro_wyoming.config import parse_remote_uri

    try:
        return parse_remote_uri(to)
    except ValueError as error:
        raise ConfigError(f"--to: `{to}` {error}") from error


def _chime(path: Path | None) -> Chime | None:
    if path is None:
        return None
    from kokoro_wyoming.cli import chime

    return chime.read(path)


async def _announce(
    uri: str, args: argparse.Namespace, addresses: Sequence[TcpAddress | UnixAddress], chime: Chime | None
) -> bool:
    """Play it on all speakers and tell how each fared; returns whether all did well. Raises ServerError."""
    from kokoro_wyoming.cli.speakers import Patience, Speaker

    patience = Patience(args.timeout, _AHEAD_SECONDS + args.timeout)
    speakers = [Speaker(address, patience) for address in addresses]
    playing = [asyncio.ensure_future(speaker.play()) for speaker in speakers]
    speaking = asyncio.ensure_future(_speak(uri, args, speakers, chime))
    everyone = asyncio.ensure_future(asyncio.wait(playing))
    try:
        await asyncio.wait({speaking, everyone}, return_when=asyncio.FIRST_COMPLETED)
        if not speaking.done():
            # They end only after the speech, or when they fail: nobody is left to hear it.
            speaking.cancel()
        await everyone
        well = [_told(*one) for one in zip(addresses, speakers, playing, strict=True)]
        with contextlib.suppress(asyncio.CancelledError):
            await speaking
        return all(well)
    finally:
        for task in (speaking, everyone, *playing):
            task.cancel()
        await asyncio.gather(speaking, everyone, *playing, return_exceptions=True)


async def _speak(uri: str, args: argparse.Namespace, speakers: Sequence[Speaker], chime: Chime | None) -> None:
    """Give the speakers the chime and the speech as it comes, little faster than it can be heard."""
    clock: PlaybackClock | None = None
    try:
        async with contextlib.aclosing(asking.spoken(uri, args)) as speech:
            async for sound, pcm in speech:
                if clock is None:
                    clock = PlaybackClock()
                    pcm = (chime.as_pcm(sound) if chime is not None else b"") + pcm
                for piece in _pieces(sound, pcm):
                    await _rest_until(clock.ends_at_seconds - _AHEAD_SECONDS)
                    clock.add(sound.seconds(piece))
                    for speaker in speakers:
                        speaker.give(sound, piece)
    finally:
        for speaker in speakers:
            speaker.end()


def _pieces(sound: Sound, pcm: bytes) -> Iterator[bytes]:
    size = max(1, round(sound.rate_hz * _PIECE_SECONDS)) * sound.frame_bytes
    return (pcm[at : at + size] for at in range(0, len(pcm), size))


async def _rest_until(at_seconds: float) -> None:
    left_seconds = at_seconds - time.monotonic()
    if left_seconds > 0:
        await asyncio.sleep(left_seconds)


def _told(address: TcpAddress | UnixAddress, speaker: Speaker, playing: asyncio.Future[bool]) -> bool:
    """Say how a speaker fared; returns whether well."""
    error = playing.exception()
    if isinstance(error, KokoroWyomingError):
        print(f"{address}: {error}", file=sys.stderr)
    elif error is not None:
        raise error
    elif playing.result():
        print(f"{address}: played {speaker.seconds:.1f} s")
    elif speaker.seconds:
        print(f"{address}: took {speaker.seconds:.1f} s of sound, and does not tell when it has played")
    return error is None
