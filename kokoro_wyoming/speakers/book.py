"""The speakers that the settings name, and groups of them. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kokoro_wyoming.speakers.addresses import SpeakerAddress

_QUIET = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9]) ?- ?([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class QuietHours:
    """From one time of the day to another, which may be on the next day."""

    begin: datetime.time
    end: datetime.time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """`22:00-07:00`. Raises ValueError with the end of a sentence that begins with the text."""
        found = _QUIET.fullmatch(text.strip())
        if found is None:
            raise ValueError("is no time of the day; write 22:00-07:00, for example")
        first_hour, first_minute, last_hour, last_minute = map(int, found.groups())
        return cls(datetime.time(first_hour, first_minute), datetime.time(last_hour, last_minute))

    def cover(self, now: datetime.time) -> bool:
        """Whether this time of the day is in them; the end is not."""
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True)
class Target:
    """One speaker as announcements know it."""

    name: str
    """In the settings; else the address."""
    address: SpeakerAddress
    volume: float | None = None
    """Of announcements, 0 to 1; None: as it is set."""
    quiet_hours: QuietHours | None = None


class UnknownSpeakerError(ValueError):
    """There is no speaker and no group of this name."""


@dataclass(frozen=True)
class Book:
    """Names of speakers and groups; capitals do not matter."""

    speakers: Mapping[str, Target] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of speakers or other groups."""

    def find(self, name: str) -> tuple[Target, ...]:
        """The speakers of this name, each once. Raises UnknownSpeakerError."""
        return tuple({target.address.uri: target for target in self._find(name, frozenset())}.values())

    def find_all(self, names: Iterable[str]) -> tuple[Target, ...]:
        """The speakers of all these names, each once. Raises UnknownSpeakerError."""
        return tuple({target.address.uri: target for name in names for target in self.find(name)}.values())

    def names(self) -> list[str]:
        """All names, groups last."""
        return [*self.speakers, *self.groups]

    def _find(self, name: str, above: frozenset[str]) -> Iterator[Target]:
        for speaker, target in self.speakers.items():
            if speaker.casefold() == name.casefold():
                yield target
                return
        for group, members in self.groups.items():
            if group.casefold() == name.casefold() and group not in above:
                for member in members:
                    yield from self._find(member, above | {group})
                return
        raise UnknownSpeakerError(name)
