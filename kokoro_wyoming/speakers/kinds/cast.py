"""Google Cast: Chromecast, Nest and Google Home speakers, televisions. They fetch what they play by HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Means, Offered, RestoredInPartError, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds.cast_link import MEDIA, PLATFORM, RECEIVER, CastLink, Message
from kokoro_wyoming.speakers.kinds.cast_media import is_over, is_over_now, load_of, saved_media

_PORT = 8_009
_PLAYER = "CC1AD845"
"""The app that plays what it is told: the default media receiver."""
_BACKDROP = "E8C28D3C"
"""What a device shows when nothing is cast to it."""
_LATENCY_SECONDS = 1.0
"""From LOAD to the first sound, as people report it; no device tells it."""
_POLL_SECONDS = 1.0
_SAME_VOLUME = 0.02
"""Devices have steps of their own."""
_CAN_PAUSE = 1


class CastSpeaker(Speaker):
    """Ends the app that runs, as all senders do, and starts it again where that can be done."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self._link: CastLink | None = None
        self._is_prepared = False
        self._volume: float | None = None
        """As we have set it."""

    @property
    def _open_link(self) -> CastLink:
        assert self._link is not None
        return self._link

    async def open(self) -> None:
        self._link = CastLink(self.address.host, self.address.port or _PORT, self.means.patience_seconds)
        await self._link.open()

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()

    async def state(self) -> dict[str, Any] | None:
        status = await self._open_link.status()
        volume, app = status.get("volume") or {}, _app(status)
        media = None if app is None else await self._media(app)
        if _is_announcement(media):
            app, media = None, None
        return {
            "volume": volume.get("level"),
            "muted": bool(volume.get("muted")),
            "app": app and {name: app.get(name) for name in ("appId", "displayName", "sessionId")},
            "media": app and media and await saved_media(media, lambda message: self._ask_media(app, message)),
        }

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        self._is_prepared = True
        status = await self._open_link.status()
        app = _app(status)
        media = app and await self._media(app)
        if app and media and _is_playing(media) and media.get("supportedMediaCommands", 0) & _CAN_PAUSE:
            await self._ask_media(app, {"type": "PAUSE", "mediaSessionId": media["mediaSessionId"]})
        if volume is not None and (status.get("volume") or {}).get("controlType") != "fixed":
            self._volume = volume
            await self._set_volume({"level": volume}, {"muted": False})
        await self._launched(_PLAYER)

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        app = await self._launched(_PLAYER)
        async with self.means.host.offer(sound, "mp3", self.address.host) as offered:
            await start.wait(_LATENCY_SECONDS)
            if await sound.begun() is None:
                return False
            media = {
                "contentId": offered.url,
                "contentType": offered.media_type,
                # A device that is told BUFFERED expects a length.
                "streamType": "BUFFERED" if sound.is_whole else "LIVE",
                "metadata": {"metadataType": 0, "title": "Announcement"},
            }
            session = await self._load(app, {"type": "LOAD", "media": media, "autoplay": True}, offered)
            return await self._until_played(app, session, sound)

    async def restore(self, state: dict[str, Any]) -> None:
        status = await self._open_link.status()
        await self._restore_volume(state, status.get("volume") or {})
        app, was = _app(status), state["app"]
        if app is None:
            return  # somebody ended it
        media = await self._media(app)
        if was and app.get("sessionId") == was["sessionId"] and _content(media) == _content(state["media"]):
            await self._play_on(app, media, state["media"])
        elif app["appId"] == _PLAYER and (media is None or _is_announcement(media)):
            await self._give_back(app, was, state["media"])

    async def _give_back(self, app: Message, was: Message | None, saved: Message | None) -> None:
        """Have it play what it played, instead of our app."""
        if was is None or (was["appId"] == _PLAYER and saved is None):
            await self._quit(app)
            return
        name = was["displayName"] or "the app that ran"
        if saved is None or not _content(saved).startswith(("http://", "https://")):
            await self._quit(app)
            raise RestoredInPartError(f"{name} was ended, and only its own app can start it again")
        try:
            await self._load(await self._launched(was["appId"]), load_of(saved))
        except SpeakerError as error:
            raise RestoredInPartError(f"{name} did not take back what it played: {error}") from error

    async def _play_on(self, app: Message, media: Message | None, saved: Message | None) -> None:
        """Go on with what was paused, and not replaced."""
        if media and saved and saved["is_playing"] and media.get("playerState") == "PAUSED":
            await self._ask_media(app, {"type": "PLAY", "mediaSessionId": media["mediaSessionId"]})

    async def _restore_volume(self, state: dict[str, Any], now: Message) -> None:
        """Unless somebody changed it since we set it."""
        level = now.get("level")
        if self._is_prepared and (
            self._volume is None or level is None or abs(level - self._volume) > _SAME_VOLUME or now.get("muted")
        ):
            return
        if state["volume"] is not None and now.get("controlType") != "fixed":
            await self._set_volume({"level": state["volume"]}, {"muted": state["muted"]})

    async def _set_volume(self, *volumes: Message) -> None:
        for volume in volumes:
            _see(await self._open_link.ask(PLATFORM, RECEIVER, {"type": "SET_VOLUME", "volume": volume}))

    async def _quit(self, app: Message) -> None:
        message = {"type": "STOP", "sessionId": app.get("sessionId")}
        _see(await self._open_link.ask(PLATFORM, RECEIVER, message))

    async def _launched(self, app_id: str) -> Message:
        """Wait until this app runs and takes media; the app. Raises SpeakerError."""
        link, loop = self._open_link, asyncio.get_running_loop()
        deadline = loop.time() + self.means.patience_seconds
        status = await link.status()
        if (_app(status) or {}).get("appId") != app_id:
            _see(await link.ask(PLATFORM, RECEIVER, {"type": "LAUNCH", "appId": app_id}))
        while not ((app := _app(link.receiver or {})) and app["appId"] == app_id and _takes_media(app)):
            if loop.time() > deadline:
                raise SpeakerError("it did not start the app that plays")
            await asyncio.sleep(_POLL_SECONDS / 4)
            await link.status()
        return app

    async def _load(self, app: Message, message: Message, offered: Offered | None = None) -> int:
        """Have it load media, and fetch it where it is `offered`; the number of its session. Raises SpeakerError."""
        message = {**message, "sessionId": app["sessionId"]}
        # The answer comes when it has loaded enough to play.
        loading = asyncio.ensure_future(self._open_link.ask(app["transportId"], MEDIA, message, patience=3.0))
        fetching = asyncio.ensure_future(offered.fetched() if offered else loading)
        try:
            waiting: set[asyncio.Future[Any]] = {loading, fetching}
            patience_seconds = self.means.patience_seconds
            done, _ = await asyncio.wait(waiting, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise SpeakerError(f"it did not fetch the sound within {patience_seconds:g} seconds")
            _see(answer := await loading)
            return int(_first(answer).get("mediaSessionId", 0))
        finally:
            loading.cancel()
            fetching.cancel()
            await asyncio.gather(loading, fetching, return_exceptions=True)

    async def _until_played(self, app: Message, session: int, sound: AnnouncedSound) -> bool:
        """Wait until it has played to the end. Raises SpeakerError."""
        link, loop = self._open_link, asyncio.get_running_loop()
        at_seconds, moved_at, polled_at = -1.0, loop.time(), loop.time()
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                left_seconds = polled_at + _POLL_SECONDS - loop.time()
                if is_over(await asyncio.wait_for(link.told.get(), left_seconds), session):
                    return True
                continue
            polled_at = loop.time()
            answer = await self._ask_media(app, {"type": "GET_STATUS"})
            if link.receiver is not None and (_app(link.receiver) or {}).get("sessionId") != app["sessionId"]:
                raise SpeakerError("another app was started on it, or ours was ended")
            if is_over_now(answer, session, at_seconds, sound):
                return True
            now_seconds = _first(answer).get("currentTime") or 0.0
            if now_seconds > at_seconds or not sound.is_whole:
                at_seconds, moved_at = now_seconds, loop.time()
            if loop.time() - moved_at > self.means.patience_seconds:
                raise SpeakerError("it does not play on; is it paused, or stuck?")

    async def _media(self, app: Message) -> Message | None:
        """What the app plays or has paused; None: nothing that it tells."""
        if not _takes_media(app):
            return None
        status = _first(await self._ask_media(app, {"type": "GET_STATUS"}))
        return status if status.get("playerState", "IDLE") != "IDLE" else None

    async def _ask_media(self, app: Message, message: Message) -> Message:
        return await self._open_link.ask(app["transportId"], MEDIA, message)


def _see(answer: Message) -> None:
    """Raises SpeakerError where the answer is a refusal."""
    kind = str(answer.get("type"))
    if kind not in ("RECEIVER_STATUS", "MEDIA_STATUS"):
        reason = answer.get("reason") or answer.get("detailedErrorCode")
        raise SpeakerError(f"it refused: {kind.lower().replace('_', ' ')}{f' ({reason})' if reason else ''}")


def _app(status: Message) -> Message | None:
    """The app that runs; None: the device shows its backdrop, or nothing."""
    for app in status.get("applications") or []:
        if app.get("appId") != _BACKDROP and not app.get("isIdleScreen"):
            return dict(app)
    return None


def _takes_media(app: Message) -> bool:
    return "transportId" in app and any(one.get("name") == MEDIA for one in app.get("namespaces") or [])


def _first(message: Message) -> Message:
    statuses = message.get("status") if message.get("type") == "MEDIA_STATUS" else None
    return dict(statuses[0]) if statuses else {}


def _content(media: Message | None) -> str:
    return str(((media or {}).get("media") or {}).get("contentId", ""))


def _is_playing(media: Message) -> bool:
    return media.get("playerState") in ("PLAYING", "BUFFERING")


def _is_announcement(media: Message | None) -> bool:
    """Whether it is an announcement, of this process or of one that was killed."""
    return urlsplit(_content(media)).path.endswith("/announcement.mp3")
