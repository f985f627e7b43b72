"""The stream of a snapserver that an announcement is sent into."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.audio.playback import PlaybackClock
from kokoro_wyoming.audio.resampling import Resampler
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import SpeakerError

FORMAT = PcmFormat(48_000, 2, 2)
"""What all clients play, small ones too."""
SAMPLE_FORMAT = "48000:16:2"
CONFIGURED = f"source = tcp://0.0.0.0:4953?name=announcements&sampleformat={SAMPLE_FORMAT}"
"""A line for snapserver.conf."""
REMEDY = f'put "{CONFIGURED}" into its snapserver.conf and ?stream=announcements behind the address'
TAIL_SECONDS = 0.3
"""Silence behind the sound: the server encodes whole blocks."""
_PORT = 4_953
_AHEAD_SECONDS = 0.5
"""Sound is sent this much before the server takes it, which is at the pace of its playing."""


@dataclass
class Use:
    """A stream while one announcement has it. Several groups may hear the same one."""

    sound: AnnouncedSound
    connecting: asyncio.Future[asyncio.StreamWriter] | None = None
    feeding: asyncio.Future[None] | None = None
    users: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)


_USES: dict[tuple[str, int | None, str], Use] = {}
"""By host, port and name."""


@contextlib.asynccontextmanager
async def used(key: tuple[str, int | None, str], sound: AnnouncedSound) -> AsyncIterator[Use]:
    """Wait until no other announcement of this process has the stream; it is this one's as long as the block lasts."""
    while (use := _USES.get(key)) is not None and use.sound is not sound:
        await use.free.wait()
    use = _USES.setdefault(key, Use(sound))
    use.users += 1
    try:
        yield use
    finally:
        use.users -= 1
        if not use.users:
            del _USES[key]
            use.free.set()
            if use.connecting is not None and use.connecting.done() and not use.connecting.exception():
                use.connecting.result().transport.abort()
            steps = [step for step in (use.connecting, use.feeding) if step is not None]
            for step in steps:
                step.cancel()
            await asyncio.gather(*steps, return_exceptions=True)


def port_of(stream: dict[str, Any]) -> int:
    """Where a stream of the server's own takes sound. Raises SpeakerError where it takes none, or not ours."""
    try:
        address = urlsplit(str(stream["uri"]["raw"]))
        query = dict(parse_qsl(address.query))
        port = int(query.get("port") or address.port or _PORT)
        sample_format = {**query, **stream["uri"]["query"]}.get("sampleformat")
    except (KeyError, TypeError, ValueError) as error:
        raise SpeakerError(f"its stream {stream.get('id')} has an address that cannot be read") from error
    if address.scheme != "tcp" or query.get("mode", "server") != "server":
        raise SpeakerError(f"its stream {stream.get('id')} is none that sound can be sent to; {REMEDY}")
    if sample_format != SAMPLE_FORMAT:
        raise SpeakerError(
            f"its stream {stream.get('id')} has sampleformat={sample_format}, and {SAMPLE_FORMAT} is needed"
        )
    return port


async def feed(sound: AnnouncedSound, writer: asyncio.StreamWriter, patience_seconds: float) -> None:
    """Send all sound and a silence, at the pace of its playing. Raises SpeakerError."""
    form = await sound.begun()
    if form is None:
        return
    if form.width_bytes != FORMAT.width_bytes:
        raise SpeakerError(f"it takes only speech of 16 bits, and this has {8 * form.width_bytes}")
    resampler = Resampler(form.rate_hz, FORMAT.rate_hz)
    clock = PlaybackClock()
    try:
        async for pcm in sound.pieces():
            await asyncio.sleep(clock.left_seconds - _AHEAD_SECONDS)
            samples = np.frombuffer(pcm, "<i2").reshape(-1, form.channels).mean(axis=1, dtype=np.float32)
            await _send(_encoded(resampler.add(samples)), writer, patience_seconds)
            clock.add(form.seconds(pcm))
        silence = np.zeros(round(FORMAT.rate_hz * TAIL_SECONDS), np.float32)
        await _send(_encoded(np.concatenate([resampler.finish(), silence])), writer, patience_seconds)
    except asyncio.TimeoutError as error:
        raise SpeakerError(f"it took no sound for {patience_seconds:g} seconds") from error
    except OSError as error:
        raise SpeakerError("it broke the sound's connection off in the middle") from error
    await asyncio.sleep(clock.left_seconds)


def _encoded(samples: NDArray[np.float32]) -> bytes:
    whole = np.clip(np.rint(samples), -32_768, 32_767).astype("<i2")
    return np.repeat(whole[:, None], FORMAT.channels, axis=1).tobytes()


async def _send(pcm: bytes, writer: asyncio.StreamWriter, patience_seconds: float) -> None:
    writer.write(pcm)
    await asyncio.wait_for(writer.drain(), patience_seconds)
