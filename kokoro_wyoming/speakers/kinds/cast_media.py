"""What a Cast device tells of the media that it plays, and how it is told to play the same again. No connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import SpeakerError

Message = dict[str, Any]
_ENDS = {
    "ERROR": "it could not play the sound",
    "CANCELLED": "somebody stopped it",
    "INTERRUPTED": "something else was started on it",
}
_NEAR_SECONDS = 2.0
"""A device that told its place once a second has played the rest, if it has no media any more."""


async def saved_media(status: Message, ask: Callable[[Message], Awaitable[Message]]) -> Message:
    """A media status as values that `load_of` understands. `ask` has the app answer a message about its media."""
    return {
        "media": status.get("media") or {},
        "at_seconds": float(status.get("currentTime") or 0.0),
        "is_playing": status.get("playerState") in ("PLAYING", "BUFFERING"),
        "rate": status.get("playbackRate") or 1,
        "tracks": status.get("activeTrackIds") or [],
        "repeat": status.get("repeatMode"),
        "item": status.get("currentItemId"),
        "items": await _queue(status, ask),
    }


async def _queue(status: Message, ask: Callable[[Message], Awaitable[Message]]) -> list[Message]:
    """All items of the queue; the status has only those next to the one that is played."""
    items = list(status.get("items") or [])
    if len(items) < 2:
        return []
    session = {"mediaSessionId": status["mediaSessionId"]}
    numbers = (await ask({"type": "QUEUE_GET_ITEM_IDS", **session})).get("itemIds")
    if numbers:
        items = (await ask({"type": "QUEUE_GET_ITEMS", "itemIds": numbers, **session})).get("items") or items
    return [item for item in items if item.get("media")]


def load_of(saved: Message) -> Message:
    """The message that loads what was saved, at its place, paused if it was."""
    message: Message = {} if saved["media"].get("streamType") == "LIVE" else {"currentTime": saved["at_seconds"]}
    if saved["rate"] != 1:
        message["playbackRate"] = saved["rate"]
    items = [item for item in saved["items"] if item["media"]]
    at = next((n for n, item in enumerate(items) if item.get("itemId") == saved["item"]), None)
    if at is None:
        tracks = {"activeTrackIds": saved["tracks"]} if saved["tracks"] else {}
        return {"type": "LOAD", "media": saved["media"], "autoplay": saved["is_playing"], **tracks, **message}
    # The device gives them new numbers.
    items = [{key: value for key, value in item.items() if key != "itemId"} for item in items]
    items[at]["autoplay"] = saved["is_playing"]
    repeat = saved["repeat"] or "REPEAT_OFF"
    return {"type": "QUEUE_LOAD", "items": items, "startIndex": at, "repeatMode": repeat, **message}


def is_over(message: Message, session: int) -> bool:
    """Whether a message tells that a media session played to its end. Raises SpeakerError where it ended before."""
    for status in message.get("status") or []:
        if status.get("mediaSessionId", session) > session:
            raise SpeakerError(_ENDS["INTERRUPTED"])
        if status.get("mediaSessionId", session) < session or status.get("playerState") != "IDLE":
            continue
        if status.get("idleReason") in _ENDS:
            raise SpeakerError(_ENDS[status["idleReason"]])
        return status.get("idleReason") == "FINISHED"
    return False


def is_over_now(answer: Message, session: int, at_seconds: float, sound: AnnouncedSound) -> bool:
    """As `is_over`, of an answer: where it has no media any more, the end was told in a message that was lost.

    `at_seconds` is how far the device was before.
    """
    if answer.get("type") == "MEDIA_STATUS" and not answer.get("status"):
        if sound.is_whole and at_seconds >= sound.seconds - _NEAR_SECONDS:
            return True
        raise SpeakerError("it did not play to the end")
    return is_over(answer, session)
