"""AirPlay receivers: AirPort Express, shairport-sync, amplifiers. They play one sender at a time.

pyatv speaks the protocol (RAOP). Its `stream_file` reads files that seek, and sets a volume in any case, so that its
parts are put together here: `setup.cfg` names the releases with which that was tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pyatv
from pyatv.conf import ManualService
from pyatv.const import Protocol
from pyatv.exceptions import AuthenticationError, ConnectionLostError, HttpError, ProtocolError
from pyatv.interface import BaseService, MediaMetadata
from pyatv.protocols.airplay.auth import extract_credentials
from pyatv.protocols.airplay.utils import AirPlayMajorVersion, get_protocol_version
from pyatv.protocols.raop.protocols import StreamContext
from pyatv.protocols.raop.protocols.airplayv1 import AirPlayV1
from pyatv.protocols.raop.protocols.airplayv2 import AirPlayV2
from pyatv.protocols.raop.stream_client import StreamClient
from pyatv.settings import AirPlayVersion, Settings
from pyatv.support.http import HttpConnection, HttpResponse
from pyatv.support.rtsp import FRAMES_PER_PACKET, DigestInfo, RtspSession

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.airplay_source import SoundSource
from kokoro_wyoming.speakers.kinds.reaching import reason

LATENCY_SECONDS = 1.8
"""From the first packet to the first sound: 1.5 s that pyatv asks for, and what receivers put on top."""
_PORT = 5_000
_SCAN_SECONDS = 2
_END_SECONDS = 2.0
"""Longest wait for the answer to "that was all"."""
_QUIETEST, _MUTED = -30.0, -144.0
"""Decibels: of the lowest volume, and what stands for none."""
_SAME = 0.01
"""Decibels by which two volumes may differ that are the same."""
_BUSY = 453
_STEREO_AS_IT_IS = 1 << 20 | 1
"""The 23 bits before samples that Apple Lossless holds uncompressed: two channels, as many samples as was announced."""


class AirplaySpeaker(Speaker):
    """Sends sound as it is made. A receiver tells its volume, if that, and nothing of what it plays."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._service: BaseService | None = None
        self._rtsp: _Session | None = None
        self._prepared = False
        self._volume_db: float | None = None
        """Of the announcement; None: as it is set."""

    async def open(self) -> None:
        with _told():
            self._service = self._service or await self._find()
            self._rtsp = await self._connect(self._service.port)
            await self._sign_in(self._rtsp)

    async def close(self) -> None:
        if self._rtsp is not None:
            self._rtsp.connection.close()

    async def state(self) -> dict[str, Any] | None:
        assert self._rtsp is not None
        with _told():
            volume_db = await self._rtsp.volume_db()
        return None if volume_db is None else {"volume_db": volume_db}

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        self._prepared = True
        if volume is not None:
            self._volume_db = _QUIETEST * (1 - volume) if volume > 0 else _MUTED

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        assert self._rtsp is not None
        assert self._service is not None
        context = StreamContext()
        context.credentials = extract_credentials(self._service)
        context.password = self.address.secret("password")
        settings = Settings()
        version = get_protocol_version(self._service, AirPlayVersion.Auto)
        protocol = (_Lossless if version == AirPlayMajorVersion.AirPlayV1 else AirPlayV2)(context, self._rtsp)
        client = StreamClient(self._rtsp, context, protocol, settings)
        try:
            with _told():
                await asyncio.wait_for(client.initialize(self._service.properties), self.means.patience_seconds)
                return await self._stream(client, context, sound, start)
        finally:
            client.close()

    async def restore(self, state: dict[str, Any]) -> None:
        if self._prepared and self._volume_db is None:
            return
        assert self._rtsp is not None
        if self._rtsp.connection.transport is None:
            await self.open()
        with _told():
            now_db = await self._rtsp.volume_db()
            if now_db is not None and self._volume_db is not None and abs(now_db - self._volume_db) > _SAME:
                return  # somebody has set it since
            await self._rtsp.set_parameter("volume", str(state["volume_db"]))

    async def _find(self) -> BaseService:
        """Its port, and what it tells of itself: it is asked for them where the address has no port."""
        if self.address.port is None:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(self.address.host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
            hosts = [str(found[0][4][0])]
            for device in await pyatv.scan(loop, timeout=_SCAN_SECONDS, protocol=Protocol.RAOP, hosts=hosts):
                if service := device.get_service(Protocol.RAOP):
                    return service
        return ManualService(None, Protocol.RAOP, self.address.port or _PORT, {})

    async def _connect(self, port: int) -> _Session:
        connecting = asyncio.get_running_loop().create_connection(_Connection, self.address.host, port)
        _, connection = await asyncio.wait_for(connecting, self.means.patience_seconds)
        return _Session(connection)

    async def _sign_in(self, rtsp: _Session) -> None:
        answer = await rtsp.exchange("OPTIONS", allow_error=True)
        if answer.protocol != "RTSP":
            raise SpeakerError("it answers, but not as an AirPlay receiver does")
        if answer.code != 401:
            return
        password = self.address.secret("password")
        if password is None:
            raise SpeakerError("it wants a password; give it one by ?password_file=PATH")
        rtsp.use_password(password, answer)
        if (await rtsp.exchange("OPTIONS", allow_error=True)).code == 401:
            raise SpeakerError("it refused: its password is another one")

    async def _stream(self, client: StreamClient, context: StreamContext, sound: AnnouncedSound, start: Start) -> bool:
        assert self._rtsp is not None
        await start.wait(LATENCY_SECONDS)
        form = await sound.begun()
        if form is None:
            return False
        if form.width_bytes != 2:
            raise SpeakerError("speech for it must have 16 bits, as Kokoro's has")
        source = SoundSource(form, context.sample_rate, context.channels)
        metadata = MediaMetadata(title="Announcement", duration=0.0)
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(source.read(sound))]
        try:
            if self._volume_db is not None:
                await client.set_volume(self._volume_db)
            sending = asyncio.ensure_future(client.send_audio(source, metadata))
            dying = asyncio.ensure_future(self._rtsp.connection.lost.wait())
            tasks += [sending, dying]
            await asyncio.wait({sending, dying}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            if not self._rtsp.has_ended:
                raise SpeakerError("it broke the connection off in the middle")
            return True
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Connection(HttpConnection):
    """pyatv's, which hangs up on what it cannot read."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception:  # whatever its parser raises, the other side is no AirPlay receiver
            if self.transport is not None:
                self.transport.abort()


class _Session(RtspSession):
    """pyatv's, whose end is no error."""

    connection: _Connection
    has_ended = False
    """Whether the receiver said that it has ended the session."""

    def use_password(self, password: str, refusal: HttpResponse) -> None:
        """Sign all that follows, by what the refusal asks for."""
        parts = refusal.headers.get("www-authenticate", "").split('"')
        if len(parts) < 4:
            raise SpeakerError("it wants a password, and does not say in which way")
        self.digest_info = DigestInfo("pyatv", parts[1], password, parts[3])

    async def volume_db(self) -> float | None:
        """The receiver's volume; None where it does not tell."""
        kind = "text/parameters"
        with contextlib.suppress(AuthenticationError, ValueError):
            answer = await self.exchange("GET_PARAMETER", content_type=kind, body="volume\r\n", allow_error=True)
            name, _, value = str(answer.body).strip().partition(":")
            if answer.code == 200 and name == "volume":
                return float(value)
        return None

    async def announce(
        self, bytes_per_channel: int, channels: int, sample_rate: int, password: str | None
    ) -> HttpResponse:
        """Say what is coming. pyatv says PCM, in a way in which shairport-sync 3 takes it for Apple Lossless."""
        lines = (
            *("v=0", f"o=iTunes {self.session_id} 0 IN IP4 {self.connection.local_ip}", "s=iTunes"),
            *(f"c=IN IP4 {self.connection.remote_ip}", "t=0 0", "m=audio 0 RTP/AVP 96", "a=rtpmap:96 AppleLossless"),
            f"a=fmtp:96 {FRAMES_PER_PACKET} 0 {8 * bytes_per_channel} 40 10 14 {channels} 255 0 0 {sample_rate}",
        )
        body = "".join(f"{line}\r\n" for line in lines)
        return await self.exchange("ANNOUNCE", content_type="application/sdp", body=body)

    async def teardown(self, rtsp_session: int) -> HttpResponse:
        """End the session. pyatv gives back its sockets only where this raises nothing."""
        with contextlib.suppress(Exception):
            answer = await asyncio.wait_for(super().teardown(rtsp_session), _END_SECONDS)
            self.has_ended = True
            return answer
        return HttpResponse("RTSP", "1.0", 0, "no answer", {}, "")


class _Lossless(AirPlayV1):
    """pyatv's, with packets of Apple Lossless that leave the sound as it is."""

    async def send_audio_packet(
        self, transport: asyncio.DatagramTransport, rtp_header: bytes, audio: bytes
    ) -> tuple[int, bytes]:
        bits = _STEREO_AS_IT_IS << (8 * len(audio)) | int.from_bytes(audio, "big")
        return await super().send_audio_packet(transport, rtp_header, (bits << 1).to_bytes(len(audio) + 3, "big"))


@contextlib.contextmanager
def _told() -> Any:
    """Errors of pyatv and the network as a SpeakerError."""
    try:
        yield
    except HttpError as error:
        if error.status_code == _BUSY:
            raise SpeakerError("it is in use: somebody else plays on it") from error
        raise SpeakerError(f"it refused: {error}") from error
    except AuthenticationError as error:
        raise SpeakerError("it refused: it takes only senders that are paired with it") from error
    except (asyncio.TimeoutError, TimeoutError) as error:
        raise SpeakerError("it gave no answer") from error
    except OSError as error:
        raise SpeakerError(f"nobody answers there ({reason(error)})") from error
    except (ConnectionLostError, ProtocolError, RuntimeError) as error:
        raise SpeakerError("it broke the connection off; is it an AirPlay receiver?") from error
