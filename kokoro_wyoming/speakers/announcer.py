"""Plays an announcement on any number of speakers, each on its own: one that fails holds up no other."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.book import Target
from kokoro_wyoming.speakers.chime import Chime
from kokoro_wyoming.speakers.interface import Means, RestoredInPartError, Speaker, SpeakerError
from kokoro_wyoming.speakers.journal import Entry, Journal
from kokoro_wyoming.speakers.together import CommonStart, Place
from kokoro_wyoming.speakers.turns import Priority, Turns

_LOGGER = logging.getLogger(__name__)
_T = TypeVar("_T")

Speech = AsyncIterator[tuple[PcmFormat, bytes]]
"""What is said, as it is made: its format, which stays the same, and PCM in it."""
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
        self._means = means
        self._journal = journal
        self._turns: defaultdict[str, Turns] = defaultdict(Turns)

    async def announce(self, announcement: Announcement, speech: Speech) -> list[Outcome]:
        """Play the speech; returns in the order of the targets. Raises what ended the making of the speech."""
        sound = AnnouncedSound()
        start = CommonStart(sound)
        places = [start.place() for _ in announcement.targets]
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
            await everyone
            with contextlib.suppress(asyncio.CancelledError):
                await making
            return [task.result() for task in playing]
        finally:
            for task in (making, everyone, *playing):
                task.cancel()
            await asyncio.gather(making, everyone, *playing, return_exceptions=True)

    async def restore_left(self) -> None:
        """Restore what a program that was killed left, at speakers that nobody else announces on. Raises nothing."""
        await asyncio.gather(*(self._restore_left(uri) for uri in self._journal.left()))

    async def _restore_left(self, uri: str) -> None:
        from kokoro_wyoming.speakers import addresses
        from kokoro_wyoming.speakers.kinds import KINDS

        async with self._turns[uri].turn(Priority.NORMAL), self._journal.alone(uri) as entry:
            state = entry.read()
            if state is None:
                return
            try:
                speaker = self._make_speaker(addresses.parse(uri, KINDS), self._means)
                async with contextlib.AsyncExitStack() as closing:
                    closing.push_async_callback(speaker.close)
                    await self._step(speaker.open())
                    await self._step(speaker.restore(state))
                entry.clear()
            except RestoredInPartError as error:
                entry.clear()
                _LOGGER.warning("A speaker was restored in part: %s", error)
            except (KokoroWyomingError, ValueError) as error:
                _LOGGER.warning("A speaker could not be restored: %s", error)

    async def _played(self, target: Target, announcement: Announcement, sound: AnnouncedSound, place: Place) -> Outcome:
        begun = asyncio.get_running_loop().time()
        try:
            if announcement.priority is not Priority.ALARM and _is_quiet(target):
                return Outcome(target.name, "quiet", f"its quiet hours are {target.quiet_hours}")
            turns = self._turns[target.address.uri]
            if turns.is_busy:
                place.leave()
            alone = self._journal.alone(target.address.uri)
            async with turns.turn(announcement.priority) as interrupted, alone as entry:
                return await self._on(target, announcement, sound, place, entry, interrupted, begun)
        except KokoroWyomingError as error:
            return Outcome(target.name, "failed", str(error), seconds=sound.seconds)
        finally:
            place.leave()

    async def _on(
        self,
        target: Target,
        announcement: Announcement,
        sound: AnnouncedSound,
        place: Place,
        entry: Entry,
        interrupted: asyncio.Event,
        asked_at: float,
    ) -> Outcome:
        """One speaker from its connection to the state that it is left in. Raises SpeakerError, ConfigError."""
        speaker = self._make_speaker(target.address, self._means)
        volume = target.volume if announcement.volume is None else announcement.volume
        status: Literal["played", "taken", "interrupted", "failed"] = "failed"
        reason: str | None = None
        restored: bool | None = None
        async with contextlib.AsyncExitStack() as closing:
            closing.push_async_callback(speaker.close)
            await self._step(speaker.open())
            # What somebody who was killed left is what it played before; what it plays now is half of an announcement.
            state = entry.read() or await self._step(speaker.state())
            try:
                if state is not None:
                    entry.write(state)
                await self._step(speaker.prepare(state, volume))
                status = await self._play(speaker, sound, place, interrupted)
                reason = "an alarm came in between" if status == "interrupted" else None
            except SpeakerError as error:
                reason = str(error)
            finally:
                if state is not None:
                    restored, why = await self._restored(speaker, state, entry)
                    reason = reason or why
        begun_seconds = None if place.begun_at_seconds is None else place.begun_at_seconds - asked_at
        return Outcome(target.name, status, reason, sound.seconds, begun_seconds, restored)

    async def _play(
        self, speaker: Speaker, sound: AnnouncedSound, place: Place, interrupted: asyncio.Event
    ) -> Literal["played", "taken", "interrupted"]:
        playing = asyncio.ensure_future(speaker.play(sound, place))
        alarm = asyncio.ensure_future(interrupted.wait())
        late = asyncio.ensure_future(self._too_late(sound))
        try:
            await asyncio.wait({playing, alarm, late}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                return "played" if playing.result() else "taken"
            if alarm.done():
                return "interrupted"
            raise SpeakerError("it did not play to the end")
        finally:
            for task in (playing, alarm, late):
                task.cancel()
            await asyncio.gather(playing, alarm, late, return_exceptions=True)

    async def _too_late(self, sound: AnnouncedSound) -> None:
        """Wait until even a speaker that buffers for long has played all."""
        await sound.whole()
        await asyncio.sleep(sound.seconds + 3 * self._means.patience_seconds)

    async def _restored(self, speaker: Speaker, state: dict[str, Any], entry: Entry) -> tuple[bool, str | None]:
        try:
            await self._step(speaker.restore(state))
        except SpeakerError as error:
            if isinstance(error, RestoredInPartError):
                entry.clear()
            return False, f"it could not be restored: {error}"
        entry.clear()
        return True, None

    async def _step(self, step: Awaitable[_T]) -> _T:
        """A step that needs the speaker's answer. Raises SpeakerError where none comes in time."""
        try:
            return await asyncio.wait_for(step, self._means.patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"it gave no answer for {self._means.patience_seconds:g} seconds") from error


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
