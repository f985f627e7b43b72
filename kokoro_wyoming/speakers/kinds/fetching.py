"""What players that fetch the sound have in common: when they have begun, and when they are at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.interface import Offered, SpeakerError

SAME_VOLUME = 0.02
"""Players have steps of their own: volumes that differ by less are one."""
_EARLY_SECONDS = 1.5
"""A player that stops this much before the end was stopped: it began after it had fetched the sound."""
_TAIL_SECONDS = 1.0
"""What a player that tells nothing is given to come to the end."""


async def see_it_fetched(offered: Offered, command: asyncio.Future[Any], patience_seconds: float) -> None:
    """Wait until the sound is fetched. Raises SpeakerError where it is not, or what `command` has failed with."""
    fetching = asyncio.ensure_future(offered.fetched())
    try:
        await asyncio.wait({fetching, command}, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED)
        if command.done():
            command.result()
            await asyncio.wait({fetching}, timeout=patience_seconds)
        if not fetching.done():
            base = "/".join(offered.url.split("/", 3)[:3])
            raise SpeakerError(f"it took the command, but did not come for the sound; does it reach {base}?")
    finally:
        fetching.cancel()


async def until_played(
    sound: AnnouncedSound, is_playing: Callable[[], Awaitable[bool]], patience_seconds: float, poll_seconds: float
) -> bool:
    """Wait until a player that has begun to fetch is at the end; whether it told so, or only the sound's length did.

    `is_playing` tells whether it says that it plays it. Raises SpeakerError where it stops before the end.
    """
    clock = asyncio.get_running_loop().time
    fetched_at, has_played = clock(), False
    while True:
        plays = await is_playing()
        has_played = has_played or plays
        left_seconds = sound.seconds - (clock() - fetched_at)
        if sound.is_whole and has_played and not plays:
            if left_seconds > _EARLY_SECONDS:
                raise SpeakerError("it stopped in the middle")
            return True
        if sound.is_whole and -left_seconds > (patience_seconds if has_played else _TAIL_SECONDS):
            return False
        await asyncio.sleep(poll_seconds)


def volume_to_restore(before: float | None, ours: float | None, now: float | None) -> float | None:
    """The volume that a speaker had; None where it was not touched, or somebody has changed it since."""
    if before is None or ours is None or now is None:
        return None
    return before if any(abs(now - known) <= SAME_VOLUME for known in (before, ours)) else None
