"""What every kind of speaker does, and what it is given for that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound


class SpeakerError(KokoroWyomingError):
    """A speaker is away, asleep or slow, refuses, or broke off. The text is the end of a sentence about it."""


class RestoredInPartError(SpeakerError):
    """A speaker cannot be left as it was, and no later try will help. What can be restored is."""


class Offered(Protocol):
    """A sound that a speaker fetches by its address, while it is made or after."""

    @property
    def url(self) -> str:
        """`http://` with an IP address that the speaker reaches; its path ends with the format. Nobody can guess it."""
        ...

    @property
    def media_type(self) -> str:
        """Such as audio/mpeg."""
        ...

    async def fetched(self) -> None:
        """Wait until the speaker has begun to fetch it (GET, not HEAD)."""
        ...


class Host(Protocol):
    """Serves sounds to speakers that pull them."""

    def offer(
        self,
        sound: AnnouncedSound,
        sound_format: str,
        speaker_host: str,
        title: str = "Announcement",
        media_type: str | None = None,
    ) -> AbstractAsyncContextManager[Offered]:
        """Give the sound an address, valid within the block.

        `sound_format` is one of `audio.encoding.FORMATS` without "pcm": mp3 and opus are sent while they are made, wav
        and flac when they are whole. `speaker_host` decides which of this machine's addresses the speaker is told.
        `media_type` is what the speaker calls the format, where that is not our name for it: audio/x-wav.
        Raises SpeakerError where this machine cannot serve it.
        """
        ...


class Start(Protocol):
    """The moment in which all speakers of an announcement begin."""

    async def wait(self, latency_seconds: float = 0.0) -> None:
        """Wait until all speakers are ready and there is sound. Called once by each, right before it begins.

        `latency_seconds` is how long after this the speaker will be heard: quick ones wait for slow ones.
        """
        ...


@dataclass(frozen=True)
class Means:
    """What a speaker works with."""

    host: Host
    patience_seconds: float = 10.0
    """Longest wait for a sign of life: a connection, an answer, the first fetch, progress."""


class Speaker(ABC):
    """One speaker, for one announcement. All methods but the first may raise SpeakerError; other errors are defects.

    The order of calls: `open`, `state`, `prepare`, `play`, `restore`, `close`. After a failure `restore` is called
    where `prepare` was, and `close` always. `restore` and what comes before it may also happen in different processes:
    where one was killed, the next has its state from a file, calls `open`, `restore`, `close`.
    """

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        self.address = address
        self.means = means

    @abstractmethod
    async def open(self) -> None:
        """Connect to it. Raises SpeakerError where it is away, refuses, or is something else."""

    async def state(self) -> dict[str, Any] | None:
        """What it plays now and how loud, as values that JSON has; None where there is nothing to restore."""
        return None

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        """Duck or pause what it plays, so that only the announcement is heard, and set its volume.

        `volume` is 0 to 1, as loud as the speaker can; None leaves it as it is.
        """
        return

    @abstractmethod
    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        """Play the sound to its end, and return when it was heard (or as near to that as the kind can tell).

        Calls `start.wait` once. Returns whether the speaker told that it has played: False where it only took it all.
        """

    async def restore(self, state: dict[str, Any]) -> None:
        """Have it play what it played before, where and as loud as it was. Leaves alone what somebody changed since."""
        return

    async def close(self) -> None:
        """Give back connections. Raises nothing."""
        return
