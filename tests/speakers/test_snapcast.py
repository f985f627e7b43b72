"""Announcements on a real snapserver with real snapclients, whose sound is captured as they play it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kokoro_wyoming.speakers.announcer import Announcement
from kokoro_wyoming.speakers.interface import SpeakerError
from kokoro_wyoming.speakers.kinds.snapcast_control import Control
from tests.listening import Ears, words
from tests.speakers.announcing import (
    SPEECH,
    announce_on,
    announcer,
    as_made,
    loudness_of_tone,
    samples_of,
    target,
    tone,
)
from tests.speakers.receivers import Captured, announce_and_be_killed, free_port, until
from tests.stand_ins.adding_snapserver import adding_snapserver

SERVER = os.environ.get("KOKORO_WYOMING_TEST_SNAPSERVER", "snapserver")
"""Another release may be tried."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which(SERVER) is None or shutil.which("snapclient") is None,
        reason="speech on Snapcast is not tested: snapserver and snapclient are not here; Debian has them",
    ),
]

RATE_HZ = 48_000
BUFFER_MS = 500
MUSIC_HZ, SPEECH_HZ = 440, 1_000
OURS = "announcements"
CONFIG = """
[server]
datadir = {folder}
[http]
enabled = false
[tcp]
bind_to_address = 127.0.0.1
port = {control_port}
[stream]
bind_to_address = 127.0.0.1
port = {port}
buffer = {buffer_ms}
source = file://{folder}/music.pcm?name=music
source = file://{folder}/other.pcm?name=other
source = tcp://127.0.0.1:{source_port}?name=announcements&sampleformat=48000:16:2
source = pipe://{folder}/pipe?name=pipe&mode=create
source = tcp://127.0.0.1:{other_port}?name=narrow&sampleformat=24000:16:1
"""


class House:
    """A running snapserver, its control, and clients that play into files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.control_port, self.source_port = folder, *(free_port() for _ in range(3))
        self.uri = f"snapcast://127.0.0.1:{self.control_port}"
        self.control = Control(30)
        self.captured: dict[str, Captured] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir()
        (folder / "music.pcm").write_bytes(tone(MUSIC_HZ, 30, RATE_HZ))
        (folder / "other.pcm").write_bytes(tone(700, 30, RATE_HZ))
        config = folder / "snapserver.conf"
        ports = {"port": self.port, "control_port": self.control_port, "source_port": self.source_port}
        config.write_text(CONFIG.format(folder=folder, buffer_ms=BUFFER_MS, other_port=free_port(), **ports))
        self.run(SERVER, "-c", str(config))

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("ab")
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        return self.processes[-1]

    async def connect(self) -> None:
        async def connected() -> bool:
            with contextlib.suppress(Exception):
                await self.control.open("127.0.0.1", self.control_port)
                return True
            return False

        await until(connected)

    async def add(self, *names: str) -> None:
        """Start clients, and wait until all play music."""
        for name in names:
            self.captured[name] = Captured(self.folder / f"{name}.fifo")
            options = [f"--hostID={name}", f"--player=file:filename={self.folder}/{name}.fifo,mode=a"]
            self.run("snapclient", "--host=127.0.0.1", f"--port={self.port}", *options)

        async def all_there() -> bool:
            return {*names} <= {*await self.clients()} and all(self.plays(name, MUSIC_HZ) for name in names)

        await until(all_there)

    async def clients(self) -> dict[str, Any]:
        groups = (await self.control.status())["groups"]
        return {client["id"]: client["config"] for group in groups for client in group["clients"]}

    async def groups(self) -> list[tuple[str, str, bool, list[str]]]:
        """Id, stream, mute and clients of each group."""
        groups = (await self.control.status())["groups"]
        return sorted((g["id"], g["stream_id"], g["muted"], sorted(c["id"] for c in g["clients"])) for g in groups)

    async def streams(self) -> list[str]:
        return [stream["id"] for stream in (await self.control.status())["streams"]]

    async def group_of(self, name: str) -> str:
        return next(group for group, _, _, clients in await self.groups() if name in clients)

    def heard(self, name: str, begin: int = 0) -> Any:
        return samples_of(bytes(self.captured[name].pcm[begin // 4 * 4 :]), RATE_HZ)

    def plays(self, name: str, hz: float, seconds: float = 0.3) -> bool:
        """Whether this is what the client has played last."""
        size = round(RATE_HZ * seconds) * 4
        begin = (len(self.captured[name].pcm) - size) // 4 * 4
        return begin >= 0 and bool(np.min(loudness_of_tone(self.heard(name, begin), hz)) > 0.02)

    async def until_it_plays(self, name: str, hz: float) -> None:
        async def plays() -> bool:
            return self.plays(name, hz)

        await until(plays)

    def end(self) -> None:
        self.control.close()
        for process in reversed(self.processes):
            process.kill()
            process.wait(30)
        for captured in self.captured.values():
            captured.close()


@contextlib.asynccontextmanager
async def house(folder: Path, *names: str) -> AsyncIterator[House]:
    running = House(folder / "house")
    try:
        await running.connect()
        await running.add(*names)
        yield running
    finally:
        running.end()


async def test_speech_interrupts_the_music_of_one_group(tmp_path: Path, speech_pcm: bytes, ears: Ears) -> None:
    async with house(tmp_path, "kitchen", "attic") as snap:
        clients, groups, streams = await snap.clients(), await snap.groups(), await snap.streams()
        begun = {name: len(snap.captured[name].pcm) for name in ("kitchen", "attic")}
        outcome = await announce_on(f"{snap.uri}/Kitchen?stream={OURS}", speech_pcm, tmp_path, volume=1.0)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        assert (await snap.clients(), await snap.groups(), await snap.streams()) == (clients, groups, streams)
        await snap.until_it_plays("kitchen", MUSIC_HZ)
        heard = snap.heard("kitchen", begun["kitchen"])
        said = words(ears.write_down(heard, "en"))
        assert words(SPEECH) in said
        music = loudness_of_tone(snap.heard("attic", begun["attic"]), MUSIC_HZ)
        assert (music > 0.1).mean() > 0.95, "music of other groups is untouched"


BEEP = tone(SPEECH_HZ, 1.5, 24_000, 1)


async def test_a_client_is_taken_out_of_its_group_and_put_back(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen", "attic") as snap:
        both = await snap.group_of("attic")
        await snap.control.request("Group.SetClients", id=both, clients=["attic", "kitchen"])
        await snap.control.request("Group.SetName", id=both, name="Upstairs")
        clients, groups = await snap.clients(), await snap.groups()
        begun = {name: len(snap.captured[name].pcm) for name in ("kitchen", "attic")}
        alone = await announce_on(f"{snap.uri}/kitchen?stream={OURS}", BEEP, tmp_path)
        assert (alone.status, alone.reason, alone.restored) == ("played", None, True)
        assert (await snap.clients(), await snap.groups()) == (clients, groups)
        assert np.max(loudness_of_tone(snap.heard("kitchen", begun["kitchen"]), SPEECH_HZ)) > 0.1
        assert np.max(loudness_of_tone(snap.heard("attic", begun["attic"]), SPEECH_HZ)) < 0.02
        await snap.until_it_plays("kitchen", MUSIC_HZ)
        together = await announce_on(f"{snap.uri}/upstairs?stream={OURS}", BEEP, tmp_path)
        assert together.status == "played"
        for name in begun:
            assert np.max(loudness_of_tone(snap.heard(name, begun[name]), SPEECH_HZ)) > 0.1
        assert (await snap.clients(), await snap.groups()) == (clients, groups)


async def test_groups_that_share_a_stream_hear_an_announcement_once(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen", "attic") as snap, announcer(tmp_path) as announcing:
        groups = await snap.groups()
        begun = {name: len(snap.captured[name].pcm) for name in ("kitchen", "attic")}
        targets = [target(f"{snap.uri}/{name}?stream={OURS}") for name in begun]
        outcomes = await announcing.announce(Announcement(targets), as_made(BEEP))
        assert [outcome.status for outcome in outcomes] == ["played", "played"], outcomes
        assert await snap.groups() == groups
        for name in begun:
            heard = loudness_of_tone(snap.heard(name, begun[name]), SPEECH_HZ)
            assert 1.0 < (heard > 0.1).sum() / 10 < 2.0, "neither missed nor twice"


async def test_a_muted_client_is_heard_at_a_volume_and_muted_again(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen") as snap:
        volume = {"muted": True, "percent": 40}
        await snap.control.request("Client.SetVolume", id="kitchen", volume=volume)
        await snap.control.request("Group.SetMute", id=await snap.group_of("kitchen"), mute=True)
        clients, groups, begun = await snap.clients(), await snap.groups(), len(snap.captured["kitchen"].pcm)
        outcome = await announce_on(f"{snap.uri}?stream={OURS}", BEEP, tmp_path, volume=0.8)
        assert outcome.status == "played"
        assert (await snap.clients(), await snap.groups()) == (clients, groups)
        assert np.max(loudness_of_tone(snap.heard("kitchen", begun), SPEECH_HZ)) > 0.05


async def _is_announced(snap: House, name: str) -> bool:
    return snap.plays(name, SPEECH_HZ)


async def test_music_is_restored_after_its_announcer_was_killed(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen", "attic") as snap:
        both = await snap.group_of("attic")
        await snap.control.request("Group.SetClients", id=both, clients=["attic", "kitchen"])
        clients, groups = await snap.clients(), await snap.groups()
        uri, pcm = f"{snap.uri}/kitchen?stream={OURS}", tone(SPEECH_HZ, 30, 24_000, 1)
        await announce_and_be_killed(uri, pcm, tmp_path, lambda: _is_announced(snap, "kitchen"))
        assert await snap.groups() != groups
        async with announcer(tmp_path) as announcing:
            await announcing.restore_left()
        assert (await snap.clients(), await snap.groups()) == (clients, groups)
        await snap.until_it_plays("kitchen", MUSIC_HZ)


async def test_somebody_who_chooses_another_stream_keeps_it(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen") as snap:
        group = await snap.group_of("kitchen")
        announcing = asyncio.ensure_future(
            announce_on(f"{snap.uri}/kitchen?stream={OURS}", tone(SPEECH_HZ, 4, 24_000, 1), tmp_path, volume=0.7)
        )
        await until(lambda: _is_announced(snap, "kitchen"))
        await snap.control.request("Group.SetStream", id=group, stream_id="other")
        outcome = await announcing
        assert (outcome.status, outcome.reason) == ("failed", "somebody chose another stream in the middle")
        assert await snap.groups() == [(group, "other", False, ["kitchen"])]


async def test_a_server_that_dies_in_the_middle_has_failed(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen") as snap:
        pcm = tone(SPEECH_HZ, 20, 24_000, 1)
        announcing = asyncio.ensure_future(announce_on(f"{snap.uri}?stream={OURS}", pcm, tmp_path))
        await until(lambda: _is_announced(snap, "kitchen"))
        snap.processes[0].kill()
        outcome = await announcing
        assert (outcome.status, outcome.restored) == ("failed", False)
        assert outcome.reason == "it broke the sound's connection off in the middle"


async def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    reasons = {}
    async with house(tmp_path) as snap:
        reasons["empty"] = (await announce_on(f"{snap.uri}?stream={OURS}", BEEP, tmp_path)).reason
        await snap.add("kitchen")
        before = await snap.groups()
        for name in (f"/cellar?stream={OURS}", "?stream=nothing", "?stream=pipe", "?stream=narrow"):
            reasons[name] = (await announce_on(snap.uri + name, BEEP, tmp_path)).reason
        assert await snap.groups() == before
    reasons["away"] = (await announce_on(snap.uri, BEEP, tmp_path)).reason
    remedy = (
        'put "source = tcp://0.0.0.0:4953?name=announcements&sampleformat=48000:16:2" into its snapserver.conf '
        "and ?stream=announcements behind the address"
    )
    machine = os.uname().nodename
    assert reasons == {
        "empty": "no client of it is connected",
        f"/cellar?stream={OURS}": f"it has no client and no group of the name cellar; it has: {machine}",
        "?stream=nothing": f"it has no stream of the name nothing; {remedy}",
        "?stream=pipe": f"its stream pipe is none that sound can be sent to; {remedy}",
        "?stream=narrow": "its stream narrow has sampleformat=24000:16:1, and 48000:16:2 is needed",
        "away": "nobody answers there (connection refused)",
    }


async def test_something_else_is_told(tmp_path: Path) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")

    mail = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with mail:
        uri = f"snapcast://127.0.0.1:{mail.sockets[0].getsockname()[1]}"
        outcome = await announce_on(uri, BEEP, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "it answers, but not as a snapserver does")


async def _takes_streams(snap: House) -> bool:
    with contextlib.suppress(SpeakerError):
        await snap.control.request("Stream.AddStream", streamUri="tcp://127.0.0.1:9?name=trial&mode=client")
        await snap.control.request("Stream.RemoveStream", id="trial")
        return True
    return False


@contextlib.asynccontextmanager
async def _taking_streams(snap: House) -> AsyncIterator[str]:
    """Servers until 0.29 and from 0.31 on take streams; 0.30 and Debian 12's 0.26 do not."""
    if await _takes_streams(snap):
        yield snap.uri
        return
    async with adding_snapserver(snap.control_port, OURS, snap.source_port) as port:
        yield f"snapcast://127.0.0.1:{port}"


async def test_a_stream_is_added_and_removed(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen", "attic") as snap, _taking_streams(snap) as uri:
        clients, groups, streams = await snap.clients(), await snap.groups(), await snap.streams()
        begun = len(snap.captured["kitchen"].pcm)
        outcome = await announce_on(f"{uri}/kitchen", BEEP, tmp_path)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        assert np.max(loudness_of_tone(snap.heard("kitchen", begun), SPEECH_HZ)) > 0.1
        assert (await snap.clients(), await snap.groups(), await snap.streams()) == (clients, groups, streams)


async def test_a_stream_that_a_killed_announcer_left_is_removed(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen") as snap, _taking_streams(snap) as uri:
        clients, groups, streams = await snap.clients(), await snap.groups(), await snap.streams()
        pcm = tone(SPEECH_HZ, 30, 24_000, 1)
        await announce_and_be_killed(f"{uri}/kitchen", pcm, tmp_path, lambda: _is_announced(snap, "kitchen"))
        assert (await snap.groups())[0][1] != "music"
        async with announcer(tmp_path) as announcing:
            await announcing.restore_left()
        assert (await snap.clients(), await snap.groups(), await snap.streams()) == (clients, groups, streams)
        await snap.until_it_plays("kitchen", MUSIC_HZ)


async def test_a_server_that_takes_no_streams_tells_what_it_needs(tmp_path: Path) -> None:
    async with house(tmp_path, "kitchen") as snap:
        if await _takes_streams(snap):
            pytest.skip("this snapserver takes streams")
        groups = await snap.groups()
        outcome = await announce_on(snap.uri, BEEP, tmp_path)
        assert outcome.status == "failed"
        assert (outcome.reason or "").startswith('this version of it takes no streams from outside; put "source = ')
        assert await snap.groups() == groups


async def test_a_server_that_is_stuck_holds_nobody_up(tmp_path: Path) -> None:
    async with house(tmp_path) as snap, announcer(tmp_path, patience_seconds=1) as announcing:
        snap.processes[0].send_signal(signal.SIGSTOP)
        (outcome,) = await announcing.announce(Announcement([target(snap.uri)]), as_made(BEEP))
        assert outcome.status == "failed"
        assert (outcome.reason or "").endswith(" 1 seconds")
