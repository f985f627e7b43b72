"""Sounds of announcements, which speakers fetch by an address that nobody can guess, while they are made or after."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aiohttp import web

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES
from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import NotFoundError
from kokoro_wyoming.protocols.http.kept_answers import described_kept, kept_headers, send_kept
from kokoro_wyoming.protocols.http.kept_sounds import KeptSound
from kokoro_wyoming.protocols.http.sending import encoder_of
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import SpeakerError

ROUTES = web.RouteTableDef()
FOLDER = "/say/announced/"
_KEEP_SECONDS = 60.0
"""How long the address is valid after the announcement: some players ask once more at the end."""
_STREAMED = ("mp3", "opus", "aac")
_FORMAT = PcmFormat(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS)


@dataclass(eq=False)
class Offer:
    """One sound at one address."""

    url: str
    media_type: str
    sound: KeptSound = field(default_factory=KeptSound)
    _fetched: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetched(self) -> None:
        """Wait until somebody has begun to fetch it."""
        await self._fetched.wait()

    def fetch(self) -> None:
        """Somebody begins to."""
        self._fetched.set()


class Offers:
    """The sounds that this process offers; a `speakers.interface.Host`."""

    def __init__(self, base_url: Callable[[str], str | None]) -> None:
        """`base_url` gives, for one of this machine's addresses, where the sounds are served; None: nowhere."""
        self._base_url = base_url
        self._offers: dict[str, Offer] = {}

    @contextlib.asynccontextmanager
    async def offer(
        self,
        sound: AnnouncedSound,
        sound_format: str,
        speaker_host: str,
        title: str = "Announcement",
        media_type: str | None = None,
    ) -> AsyncIterator[Offer]:
        """As `Host.offer`."""
        base = self._base_url(await _facing(speaker_host))
        if base is None:
            raise SpeakerError("it fetches what it plays by HTTP, and there is none here; see the setting http.uri")
        token = secrets.token_urlsafe(24)
        offer = Offer(
            f"{base}{FOLDER}{token}/announcement.{encoding.extension(sound_format)}",
            media_type or encoding.media_type(sound_format),
        )
        self._offers[token] = offer
        making = asyncio.ensure_future(_encode(sound, sound_format, offer.sound))
        try:
            yield offer
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
            asyncio.get_running_loop().call_later(_KEEP_SECONDS, self._offers.pop, token, None)

    def find(self, token: str) -> Offer:
        """The offer of this address. Raises NotFoundError."""
        offer = self._offers.get(token)
        if offer is None:
            raise NotFoundError("There is no such announcement any more.")
        return offer


OFFERS = web.AppKey("offers", Offers)


def is_offered(request: web.Request) -> bool:
    """Whether the request is for an address that no one can guess: nothing else is asked of who knows it."""
    return request.method in ("GET", "HEAD") and request.path.startswith(FOLDER)


@ROUTES.get(FOLDER + "{token}/{file}")
@described(Description(media_types=("audio/mpeg", "audio/wav", "audio/flac")))
async def announced(request: web.Request) -> web.StreamResponse:
    """The sound of an announcement, for the speaker that was given this address."""
    offer = request.app[OFFERS].find(request.match_info["token"])
    headers = kept_headers(offer.media_type)
    if request.method == "HEAD":
        return described_kept(offer.sound, headers)
    offer.fetch()
    # Squeezebox players speak HTTP/1.0.
    return await send_kept(request, offer.sound, headers, until_close=True)


async def _encode(sound: AnnouncedSound, sound_format: str, kept: KeptSound) -> None:
    try:
        pcm_format = await sound.begun()
        if pcm_format not in (None, _FORMAT):
            raise SpeakerError("speech for it must have 24 kHz, 16 bits and one channel, as Kokoro's has")
        if sound_format in _STREAMED:
            async with encoder_of(sound_format) as encoder:
                async for pcm in sound.pieces():
                    kept.add(encoder.add(pcm))
                kept.add(encoder.finish(), last=True)
        else:
            kept.add(await asyncio.to_thread(encoding.whole, sound_format, await sound.whole()), last=True)
    except (Exception, asyncio.CancelledError) as error:
        kept.fail(error if isinstance(error, Exception) else NotFoundError("The announcement was ended."))
        raise


async def _facing(host: str) -> str:
    """Which of this machine's addresses a host of the network sees. Raises SpeakerError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 9, type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect(address)  # sends nothing
            return str(trial.getsockname()[0]).partition("%")[0]
    except OSError as error:
        raise SpeakerError(f"this machine has no way to {host} ({error.strerror or error})") from error
