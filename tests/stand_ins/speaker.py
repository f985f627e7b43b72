"""A stand-in for a speaker of any kind: it plays into memory, and has music that is to be restored.

What it plays lies in a `Device`, which may be kept in a file, so that it outlives the process that announces. Run as a
program it is `kokoro-wyoming` with the kind `standin://FILE`:

    python -m tests.stand_ins.speaker announce "Hello." --to standin://here/tmp/device.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kokoro_wyoming.speakers import addresses
from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.book import QuietHours, Target
from kokoro_wyoming.speakers.interface import Means, RestoredInPartError, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds import KINDS, Kind

STEPS = ("open", "state", "prepare", "play", "restore", "close")
MUSIC = {"playing": "Bach", "at_seconds": 83.5, "volume": 0.3}
ANNOUNCING = "an announcement"
_WITH_SECRET = "http://kitchen/?token=geheim"
HANG, CRASH, REFUSE, IGNORE_CANCEL, GONE = "hang", "crash", "refuse", "ignore cancel", "gone"


@dataclass
class Device:
    """What stands in a room, and what it does at each step."""

    name: str = "Kitchen"
    latency_seconds: float = 0.0
    pace: float = 20.0
    """How much faster it plays than people hear."""
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds that a step takes."""
    faults: dict[str, str] = field(default_factory=dict)
    """What goes wrong in a step: HANG, CRASH, REFUSE, IGNORE_CANCEL, and GONE where restoring is in vain for ever."""
    has_music: bool = True
    music: dict[str, Any] = field(default_factory=lambda: dict(MUSIC))
    heard: list[bytes] = field(default_factory=list)
    """Each announcement, as far as it was played."""
    began_at_seconds: list[float] = field(default_factory=list)
    """By the event loop's clock, when each was heard first."""
    steps: list[str] = field(default_factory=list)
    playing: int = 0
    most_at_once: int = 0
    file: Path | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def target(self) -> Target:
        return self.at()

    def at(self, volume: float | None = None, quiet_hours: QuietHours | None = None) -> Target:
        """As the settings have it."""
        return Target(self.name, addresses.parse(f"tcp://{self.name}:1?token=geheim", KINDS), volume, quiet_hours)

    def change(self, **music: Any) -> None:
        """Something else is heard from now on."""
        self.music |= music
        if self.file is not None:
            part = self.file.with_suffix(".new")
            part.write_text(json.dumps(self.music))
            part.replace(self.file)


class StandIn(Speaker):
    """Plays into a `Device`."""

    def __init__(self, device: Device, address: SpeakerAddress, means: Means) -> None:
        super().__init__(address, means)
        self.device = device

    async def open(self) -> None:
        await self._step("open")

    async def state(self) -> dict[str, Any] | None:
        await self._step("state")
        return dict(self.device.music) if self.device.has_music else None

    async def prepare(self, state: dict[str, Any] | None, volume: float | None) -> None:
        self.device.change(playing=ANNOUNCING, volume=self.device.music["volume"] if volume is None else volume)
        await self._step("prepare")

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        await start.wait(self.device.latency_seconds)
        device, loop = self.device, asyncio.get_running_loop()
        device.began_at_seconds.append(loop.time() + device.latency_seconds)
        device.heard.append(b"")
        device.playing += 1
        device.most_at_once = max(device.most_at_once, device.playing)
        device.begun.set()
        try:
            await self._step("play")
            async for piece in sound.pieces():
                device.heard[-1] += piece
                assert sound.format is not None
                await asyncio.sleep(sound.format.seconds(piece) / device.pace)
        finally:
            device.playing -= 1
        return True

    async def restore(self, state: dict[str, Any]) -> None:
        await self._step("restore")
        self.device.change(**state)

    async def close(self) -> None:
        await self._step("close")

    async def _step(self, step: str) -> None:
        device = self.device
        device.steps.append(step)
        await asyncio.sleep(device.slow.get(step, 0.0))
        fault = device.faults.get(step)
        if fault == REFUSE:
            raise SpeakerError(f"it refused to {step}")
        if fault == GONE:
            raise RestoredInPartError("its stream is gone")
        if fault == CRASH:
            raise RuntimeError(_WITH_SECRET)
        while fault in (HANG, IGNORE_CANCEL):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if fault == HANG:
                    raise
                device.faults.pop(step)
                return


def rooms(*devices: Device) -> Callable[[SpeakerAddress, Means], Speaker]:
    """Makes a speaker of the device that an address names, for `Announcer`."""
    by_name = {device.name.casefold(): device for device in devices}
    return lambda address, means: StandIn(by_name[address.host.casefold()], address, means)


class FileSpeaker(StandIn):
    """The kind `standin://`: its device lies in the file of the address."""

    def __init__(self, address: SpeakerAddress, means: Means) -> None:
        file = Path("/", address.path)
        music = json.loads(file.read_text())
        slow = {"restore": music.get("restore_seconds", 0.0)}
        device = Device(pace=1.0, file=file, music=music, slow=slow)
        super().__init__(device, address, means)


def stand_in() -> None:
    """Have this process know the kind."""
    sys.modules["kokoro_wyoming.speakers.kinds.stand_in"] = sys.modules[__name__]
    KINDS["standin"] = Kind("stand_in", "FileSpeaker", None, "standin://here/tmp/device.json")


if __name__ == "__main__":
    stand_in()
    from kokoro_wyoming.cli import main

    sys.exit(main())
