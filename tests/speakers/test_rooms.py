"""One announcement in five rooms, on speakers of five kinds: each is heard. When each began is printed (pytest -s)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kokoro_wyoming.speakers.announcer import Announcement
from tests.listening import Ears, words
from tests.speakers import shairport, squeezelite, test_mpd, test_snapcast
from tests.speakers.announcing import announcer, as_made, samples_of, target
from tests.speakers.receivers import Captured, until
from tests.stand_ins.lms import Lms
from tests.stand_ins.snd import snd_service

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(shairport.WHY_NOT is not None, reason=str(shairport.WHY_NOT)),
    pytest.mark.skipif(squeezelite.WHY_NOT is not None, reason=str(squeezelite.WHY_NOT)),
    *(mark for module in (test_mpd, test_snapcast) for mark in module.pytestmark if mark.name == "skipif"),
]


@dataclass(frozen=True)
class Room:
    """One speaker, and what it has played so far: 16-bit PCM."""

    uri: str
    pcm: Callable[[], bytes]
    rate_hz: int
    channels: int = 2

    def first_sound(self) -> float:
        """Wait until it is not silent any more; that monotonic time."""
        at = 0
        while not (new := self.pcm()[at:]).strip(b"\0"):
            at += len(new)
            time.sleep(0.01)
        return time.monotonic()

    def says(self, ears: Ears) -> str:
        return words(ears.write_down(samples_of(self.pcm(), self.rate_hz, self.channels), "en"))


@contextlib.asynccontextmanager
async def five_rooms(folder: Path) -> AsyncIterator[list[Room]]:
    """Speakers that are silent."""
    async with contextlib.AsyncExitStack() as rooms:
        kitchen = await rooms.enter_async_context(snd_service())
        mpd = await rooms.enter_async_context(test_mpd.receiver(folder))
        snap = test_snapcast.House(folder / "house")
        rooms.callback(snap.end)
        (folder / "house" / "music.pcm").write_bytes(bytes(4))
        await snap.connect()
        hall = snap.captured["hall"] = Captured(folder / "hall.fifo")
        player = f"--player=file:filename={folder}/hall.fifo,mode=a"
        snap.run("snapclient", "--host=127.0.0.1", f"--port={snap.port}", "--hostID=hall", player)
        bus = rooms.enter_context(shairport.avahi(folder / "avahi"))
        bath = rooms.enter_context(shairport.shairport(folder / "bath", bus))
        lms = await rooms.enter_async_context(Lms().running())
        attic = rooms.enter_context(squeezelite.squeezelite(lms.slimproto_port, "Attic"))

        async def all_there() -> bool:
            return bool(lms.players and await snap.clients())

        await until(all_there)
        yield [
            Room(kitchen.uri, lambda: kitchen.pcm, 24_000, 1),
            Room(f"{snap.uri}/hall?stream={test_snapcast.OURS}", lambda: bytes(hall.pcm), test_snapcast.RATE_HZ),
            Room(mpd.uri, lambda: bytes(mpd.captured.pcm), test_mpd.RATE_HZ),
            Room(f"airplay://127.0.0.1:{bath.port}", bath.pcm.read_bytes, shairport.RATE_HZ),
            Room(f"squeezebox://127.0.0.1:{lms.port}/Attic", lambda: attic.pcm, squeezelite.RATE_HZ),
        ]


async def test_five_rooms_hear_one_announcement(tmp_path: Path, speech_pcm: bytes, ears: Ears) -> None:
    async with five_rooms(tmp_path) as rooms, announcer(tmp_path) as announcing:
        begun = time.monotonic()
        listening = [asyncio.ensure_future(asyncio.to_thread(room.first_sound)) for room in rooms]
        targets = [target(room.uri) for room in rooms]
        outcomes = await announcing.announce(Announcement(targets, volume=1.0), as_made(speech_pcm))
        assert all(outcome.is_well for outcome in outcomes), outcomes
        for room, outcome, first in zip(rooms, outcomes, listening, strict=True):
            print(f"{room.uri}: told {outcome.begun_seconds:.2f} s, captured after {await first - begun:.2f} s")
            assert "dinner is ready" in room.says(ears), room.uri
