"""One speaker's part of an announcement, from its connection to the state that it is left in."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any, Literal

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.bounded import bounded, ended, unhurried
from kokoro_wyoming.speakers.interface import RestoredInPartError, Speaker, SpeakerError
from kokoro_wyoming.speakers.journal import Entry
from kokoro_wyoming.speakers.together import Place

_LOGGER = logging.getLogger(__name__)

PartStatus = Literal["played", "taken", "interrupted", "failed"]


class Part:
    """What one speaker does, and how it went."""

    def __init__(self, speaker: Speaker, sound: AnnouncedSound, place: Place) -> None:
        self._speaker = speaker
        self._sound = sound
        self._place = place
        self._patience_seconds = speaker.means.patience_seconds
        self.status: PartStatus = "failed"
        self.reason: str | None = None
        """The end of a sentence about the speaker, where something went wrong."""
        self.restored: bool | None = None
        """None: nothing was to be restored."""

    async def run(self, volume: float | None, entry: Entry, interrupted: asyncio.Event) -> None:
        """Play, and restore in any case. Raises nothing: failures are in `status` and `reason`."""
        try:
            await bounded(self._speaker.open(), self._patience_seconds)
            # What somebody who was killed left is what it played before; what it plays now is half of an announcement.
            state = left = entry.read()
            if left is None:
                state = await bounded(self._speaker.state(), self._patience_seconds)
            if left is None and state is not None:
                entry.write(state)
            await self._play_and_restore(state, volume, entry, interrupted)
        except Exception as error:
            self._tell(reason_of(self._speaker, error))
        finally:
            await unhurried(closed(self._speaker))

    async def _play_and_restore(
        self, state: dict[str, Any] | None, volume: float | None, entry: Entry, interrupted: asyncio.Event
    ) -> None:
        try:
            await bounded(self._speaker.prepare(state, volume), self._patience_seconds)
            self.status = await self._play(interrupted)
            if self.status == "interrupted":
                self.reason = "an alarm came in between"
        except Exception as error:
            self._tell(reason_of(self._speaker, error))
        finally:
            if state is not None:
                await unhurried(self._restore(state, entry))

    async def _play(self, interrupted: asyncio.Event) -> PartStatus:
        playing = asyncio.ensure_future(self._speaker.play(self._sound, self._place))
        alarm = asyncio.ensure_future(interrupted.wait())
        late = asyncio.ensure_future(self._too_late())
        try:
            await asyncio.wait({playing, alarm, late}, return_when=asyncio.FIRST_COMPLETED)
            if playing.cancelled():  # by a library
                raise SpeakerError("its connection was given up")
            if playing.done():
                return "played" if playing.result() else "taken"
            if alarm.done():
                return "interrupted"
            raise SpeakerError("it did not play to the end")
        finally:
            await ended(playing, alarm, late)

    async def _too_late(self) -> None:
        """Wait until even a speaker that buffers for long has played all."""
        await self._sound.whole()
        await asyncio.sleep(self._sound.seconds + 3 * self._patience_seconds)

    async def _restore(self, state: dict[str, Any], entry: Entry) -> None:
        why = await restored(self._speaker, state, entry)
        self.restored = why is None
        if why is not None:
            self._tell(f"it could not be restored: {why}")

    def _tell(self, reason: str) -> None:
        """The first reason is the one that is told; `restored` says that there was another."""
        self.reason = self.reason or reason


async def restored(speaker: Speaker, state: dict[str, Any], entry: Entry) -> str | None:
    """Restore a speaker. Returns why it could not be, as the end of a sentence; raises nothing."""
    try:
        await bounded(speaker.restore(state), speaker.means.patience_seconds)
    except RestoredInPartError as error:
        entry.clear()
        return str(error)
    except Exception as error:
        return reason_of(speaker, error)
    entry.clear()
    return None


async def restored_later(speaker: Speaker, state: dict[str, Any], entry: Entry) -> str | None:
    """The same, for a speaker that a program left which was killed."""
    try:
        await bounded(speaker.open(), speaker.means.patience_seconds)
        return await restored(speaker, state, entry)
    except Exception as error:
        return reason_of(speaker, error)
    finally:
        await unhurried(closed(speaker))


async def closed(speaker: Speaker) -> None:
    """Give back a speaker's connections. Raises nothing."""
    try:
        await bounded(speaker.close(), speaker.means.patience_seconds)
    except Exception as error:
        _LOGGER.warning("%s: %s", speaker.address, reason_of(speaker, error))


def reason_of(speaker: Speaker, error: Exception) -> str:
    """The end of a sentence about a speaker. What its kind does not expect is a defect, which is logged.

    The text of such an error may have a secret in it, as the address of a request has.
    """
    if isinstance(error, KokoroWyomingError):
        return str(error)
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    _LOGGER.error("%s: failed with %s\n%s", speaker.address, type(error).__name__, where)
    return f"it failed in a way that is not expected ({type(error).__name__}); the log says where"
