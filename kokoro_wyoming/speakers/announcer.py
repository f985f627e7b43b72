"""Plays an announcement on any number of speakers, each on its own: one that fails holds up no other."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers import addresses
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.book import Target
from kokoro_wyoming.speakers.bounded import unhurried
from kokoro_wyoming.speakers.chime import Chime
from kokoro_wyoming.speakers.interface import Means, Speaker
from kokoro_wyoming.speakers.journal import Journal
from kokoro_wyoming.speakers.kinds import KINDS
from kokoro_wyoming.speakers.part import Part, restored_later
from kokoro_wyoming.speakers.together import CommonStart, Place
from kokoro_wyoming.speakers.turns import Priority, Turns

_LOGGER = logging.getLogger(__name__)

Spoken = tuple[PcmFormat, bytes]
"""A piece of what is said: its format, which is that of all pieces, and PCM in it."""
Speech = AsyncIterator[Spoken]
"""What is said, as it is made."""
MakeSpeaker = Callable[[SpeakerAddress, Means], Speaker]


@dataclass(frozen=True)
class Announcement:
    """What is wished beside the speech."""

    targets: Sequence[Target]
    chime: Chime | None = None
    volume: float | None = None
    """0 to 1; None: what each target says."""
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True)
class Outcome:
    """How one speaker fared."""

    speaker: str
    """Its name in the settings, else its address."""
    status: Literal["played", "taken", "quiet", "interrupted", "failed"]
    """`taken`: it took all, and does not tell when it has played. `quiet`: it is in its quiet hours."""
    reason: str | None = None
    """The end of a sentence about it, where it failed, or why it was not played."""
    seconds: float = 0.0
    """How long the sound is that it was given."""
    begun_seconds: float | None = None
    """From the call to the first sound, as far as its kind knows."""
    restored: bool | None = None
    """Whether it was left as it was; None: nothing was to be restored."""

    @property
    def is_well(self) -> bool:
        """Whether all went as it was wished."""
        return self.status in ("played", "taken", "quiet") and self.restored is not False


class Announcer:
    """All announcements of this process."""

    def __init__(self, make_speaker: MakeSpeaker, means: Means, journal: Journal) -> None:
        self._make_speaker = make_speaker
        self.means = means
        """May be changed; holds for announcements that begin later."""
        self._journal = journal
        self._turns: defaultdict[str, Turns] = defaultdict(Turns)

    async def announce(self, announcement: Announcement, speech: Speech) -> list[Outcome]:
        """Play the speech; returns in the order of the targets. Raises what ended the making of the speech."""
        sound = AnnouncedSound()
        places = self._places(announcement, sound)
        playing = [
            asyncio.ensure_future(self._played(target, announcement, sound, place))
            for target, place in zip(announcement.targets, places, strict=True)
        ]
        making = asyncio.ensure_future(_make(speech, announcement.chime, sound))
        everyone = asyncio.ensure_future(asyncio.wait(playing)) if playing else making
        try:
            await asyncio.wait({making, everyone}, return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                making.cancel()  # nobody is left to hear it
            await asyncio.wait({making, everyone})
            if not making.cancelled():
                making.result()
            return [task.result() for task in playing]
        finally:
            tasks = {making, everyone, *playing}
            for task in tasks:
                task.cancel()
            await unhurried(asyncio.wait(tasks))

    async def restore_left(self) -> None:
        """Restore what a program that was killed left, at speakers that nobody else announces on. Raises nothing."""
        await asyncio.gather(*(self._restore_left(uri) for uri in self._journal.left()))

    async def _restore_left(self, uri: str) -> None:
        async with self._turns[uri].turn(Priority.NORMAL), self._journal.alone(uri) as entry:
            state = entry.read()
            if state is None:  # restored by now, or too old
                entry.clear()
                return
            try:
                address = addresses.parse(uri, KINDS)
                speaker = self._make_speaker(address, self.means)
            except (KokoroWyomingError, ValueError) as error:
                _LOGGER.warning("A speaker could not be left as it was: %s", error)
                return
            why = await restored_later(speaker, state, entry)
            if why is not None:
                _LOGGER.warning("%s could not be left as it was: %s", address, why)

    def _places(self, announcement: Announcement, sound: AnnouncedSound) -> list[Place]:
        """A place at the start for each target. Where some are free, nobody waits for those that are busy."""
        start = CommonStart(sound)
        places = [start.place() for _ in announcement.targets]
        busy = [self._turns[target.address.uri].is_busy for target in announcement.targets]
        for place, is_busy in zip(places, busy, strict=True):
            if is_busy and not all(busy):
                place.leave()
        return places

    async def _played(self, target: Target, announcement: Announcement, sound: AnnouncedSound, place: Place) -> Outcome:
        asked_at_seconds = asyncio.get_running_loop().time()
        volume = target.volume if announcement.volume is None else announcement.volume
        try:
            if announcement.priority is not Priority.ALARM and _is_quiet(target):
                return Outcome(target.name, "quiet", f"its quiet hours are {target.quiet_hours}")
            turn = self._turns[target.address.uri].turn(announcement.priority)
            async with turn as interrupted, self._journal.alone(target.address.uri) as entry:
                part = Part(self._make_speaker(target.address, self.means), sound, place)
                await part.run(volume, entry, interrupted)
        except KokoroWyomingError as error:
            return Outcome(target.name, "failed", str(error), sound.seconds)
        finally:
            place.leave()
        begun_seconds = None if place.begun_at_seconds is None else place.begun_at_seconds - asked_at_seconds
        return Outcome(target.name, part.status, part.reason, sound.seconds, begun_seconds, part.restored)


async def _make(speech: Speech, chime: Chime | None, sound: AnnouncedSound) -> None:
    """Read the speech into the sound. Raises what ends it."""
    try:
        async for pcm_format, pcm in speech:
            if chime is not None and not sound.seconds:
                sound.add(pcm_format, chime.as_pcm(pcm_format))
            sound.add(pcm_format, pcm)
    finally:
        sound.finish()


def _is_quiet(target: Target) -> bool:
    now = datetime.datetime.now().time()
    return target.quiet_hours is not None and target.quiet_hours.cover(now)
