"""Announcements on a real Music Player Daemon, whose sound is captured as it plays."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from mpd.asyncio import MPDClient

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.speakers.announcer import Announcement, Outcome
from tests.listening import Ears, words
from tests.speakers.announcing import SPEECH, announce_on, announcer, as_made, samples_of, target, tone
from tests.speakers.receivers import (
    Captured,
    announce_and_be_killed,
    free_port,
    places,
    sweep,
    until,
    write_wav,
)
from tests.stand_ins.loopback import serving_app

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("mpd") is None, reason="speech on MPD is not tested: mpd is not here; Debian has it"
    ),
]

RATE_HZ = 44_100
CONFIG = """
music_directory "{folder}/music"
db_file "{folder}/database"
state_file "{folder}/state"
playlist_directory "{folder}"
log_file "{folder}/log"
bind_to_address "127.0.0.1"
port "{port}"
zeroconf_enabled "no"
audio_output {{
    type "fifo"
    name "captured"
    path "{folder}/fifo"
    format "44100:16:2"
    mixer_type "{mixer}"
}}
{more}
"""
BEEP = tone(1_000, 1, 24_000, 1)
KEPT = ("state", "songid", "song", "volume", "repeat", "random", "single", "consume", "playlistlength")


class Receiver:
    """A running MPD, a client of it, and all that it has played."""

    def __init__(self, folder: Path, mixer: str, more: str) -> None:
        self.port = free_port()
        self.uri = f"mpd://127.0.0.1:{self.port}"
        self.client: Any = MPDClient()
        self.client.IMMEDIATE_COMMAND_TIMEOUT = float("inf")
        self.ids: dict[str, str] = {}
        (folder / "music").mkdir(parents=True)
        self.captured = Captured(folder / "fifo")
        self.config = folder / "mpd.conf"
        self.config.write_text(CONFIG.format(folder=folder, port=self.port, mixer=mixer, more=more))
        write_wav(folder / "music" / "before.wav", tone(5_000, 30), RATE_HZ)
        write_wav(folder / "music" / "sweep.wav", sweep(60, RATE_HZ), RATE_HZ)
        write_wav(folder / "music" / "after.wav", tone(3_000, 30), RATE_HZ)
        self.process = subprocess.Popen(["mpd", "--no-daemon", str(self.config)], stderr=subprocess.DEVNULL)

    async def connect(self) -> None:
        async def connected() -> bool:
            with contextlib.suppress(OSError):
                await self.client.connect("127.0.0.1", self.port)
                return True
            return False

        await until(connected)

    async def fill(self) -> None:
        """Put three songs into the queue, and stand at second 10 of the one in the middle, which is the sweep."""
        await self.client.update()

        async def is_updated() -> bool:
            return "updating_db" not in await self.client.status()

        await until(is_updated)
        self.ids = {name: await self.client.addid(f"{name}.wav") for name in ("before", "sweep", "after")}
        await self.client.setvol(60)
        await self.client.repeat(1)
        await self.client.seekid(self.ids["sweep"], 10)

    async def queue(self) -> list[tuple[str, str]]:
        return [(song["id"], song["file"]) for song in await self.client.playlistinfo()]

    async def kept(self) -> dict[str, str | None]:
        status = await self.client.status()
        return {name: status.get(name) for name in KEPT}

    async def place(self) -> float:
        return float((await self.client.status()).get("elapsed", 0))

    async def is_at(self, seconds: float) -> bool:
        return await self.place() > seconds

    async def plays_ours(self) -> bool:
        status = await self.client.status()
        song = await self.client.currentsong()
        return "/say/announced/" in song.get("file", "") and float(status.get("elapsed", 0)) > 0.5

    async def plays_music(self) -> bool:
        status = await self.client.status()
        return bool(status["state"] == "play" and status["songid"] == self.ids["sweep"])

    async def heard_seconds(self, seconds: float) -> None:
        """Wait until so much more was captured."""
        end = len(self.captured.pcm) + round(seconds * RATE_HZ) * 4

        async def is_there() -> bool:
            return len(self.captured.pcm) >= end

        await until(is_there)

    def says(self, ears: Ears, begin: int = 0) -> str:
        return words(ears.write_down(samples_of(bytes(self.captured.pcm[begin:]), RATE_HZ), "en"))

    def end(self) -> None:
        self.client.disconnect()
        self.process.kill()
        self.process.wait(30)
        self.captured.close()


@contextlib.asynccontextmanager
async def receiver(folder: Path, mixer: str = "software", more: str = "") -> AsyncIterator[Receiver]:
    running = Receiver(folder / "mpd", mixer, more)
    try:
        await running.connect()
        yield running
    finally:
        running.end()


async def test_speech_interrupts_a_song_that_goes_on_where_it_was(
    tmp_path: Path, speech_pcm: bytes, ears: Ears
) -> None:
    async with receiver(tmp_path) as mpd:
        await mpd.fill()
        await mpd.heard_seconds(1.5)
        before, queue = await mpd.kept(), await mpd.queue()
        begun = len(mpd.captured.pcm)
        outcome = await announce_on(mpd.uri, speech_pcm, tmp_path, volume=1.0)
        ended = len(mpd.captured.pcm)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        await mpd.heard_seconds(1.5)
        assert (await mpd.kept(), await mpd.queue()) == (before, queue)
        assert mpd.says(ears, begun).startswith(words(SPEECH))
        first = places(bytes(mpd.captured.pcm[: begun // 4 * 4]), RATE_HZ)
        again = places(bytes(mpd.captured.pcm[ended // 4 * 4 :]), RATE_HZ)
        assert abs(first[0] - 10) < 0.7
        assert abs(again[1] - first[-1]) < 1.5


@pytest.mark.parametrize("mode", ["play", "pause", "stop"])
async def test_a_queue_in_any_state_is_as_it_was(mode: str, tmp_path: Path) -> None:
    async with receiver(tmp_path) as mpd:
        await mpd.fill()
        for option in ("random", "consume"):
            await getattr(mpd.client, option)(1)
        if mode != "play":
            await (mpd.client.pause(1) if mode == "pause" else mpd.client.stop())
        before, queue, place = await mpd.kept(), await mpd.queue(), await mpd.place()
        outcome = await announce_on(mpd.uri, BEEP, tmp_path, volume=0.9)
        assert (outcome.status, outcome.restored) == ("played", True), outcome
        assert (await mpd.kept(), await mpd.queue()) == (before, queue)
        assert abs(await mpd.place() - place) < (3 if mode == "play" else 0.01)


async def test_radio_is_tuned_in_anew(tmp_path: Path) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        await response.prepare(request)
        encoder = encoding.stream("mp3")
        second = tone(2_000, 1, 24_000, 1)
        await response.write(encoder.add(3 * second))
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(encoder.add(second))
                await asyncio.sleep(0.5)
        encoder.close()
        return response

    app = web.Application()
    app.router.add_get("/radio.mp3", stream)
    async with serving_app(app) as uri, receiver(tmp_path) as mpd:
        radio = await mpd.client.addid(f"{uri}/radio.mp3")
        await mpd.client.playid(radio)
        await until(lambda: mpd.is_at(0.5))
        before, queue = await mpd.kept(), await mpd.queue()
        outcome = await announce_on(mpd.uri, BEEP, tmp_path)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        assert (await mpd.kept(), await mpd.queue()) == (before, queue)
        await until(lambda: mpd.is_at(0.2))


async def test_an_empty_queue_is_empty_again(tmp_path: Path) -> None:
    async with receiver(tmp_path) as mpd:
        before = await mpd.kept()
        outcome = await announce_on(mpd.uri, BEEP, tmp_path)
        assert (outcome.status, outcome.restored) == ("played", True), outcome
        assert (await mpd.kept(), await mpd.queue()) == (before, [])


async def test_an_output_without_a_mixer_is_played_as_it_is(tmp_path: Path) -> None:
    async with receiver(tmp_path, mixer="none") as mpd:
        await mpd.client.update()
        outcome = await announce_on(mpd.uri, BEEP, tmp_path, volume=0.5)
        assert (outcome.status, outcome.restored) == ("played", True), outcome
        assert "volume" not in await mpd.client.status()


async def _meanwhile(
    mpd: Receiver, folder: Path, act: Callable[[Any], Any], pcm: bytes = tone(1_000, 20, 24_000, 1)
) -> Outcome:
    announcing = asyncio.ensure_future(announce_on(mpd.uri, pcm, folder))
    await until(mpd.plays_ours)
    await act(mpd.client)
    return await announcing


async def test_somebody_who_stops_an_announcement_is_heeded(tmp_path: Path) -> None:
    async with receiver(tmp_path) as mpd:
        await mpd.fill()
        queue = await mpd.queue()
        for command, state in ((lambda client: client.stop(), "stop"), (lambda client: client.pause(1), "pause")):
            await mpd.client.playid(mpd.ids["sweep"])
            outcome = await _meanwhile(mpd, tmp_path, command)
            assert outcome.status == "failed"
            assert outcome.restored
            assert (outcome.reason or "").startswith("somebody ")
            status = await mpd.client.status()
            assert (status["state"], status["songid"], await mpd.queue()) == (state, mpd.ids["sweep"], queue)


async def test_somebody_who_chooses_another_song_keeps_it(tmp_path: Path) -> None:
    async with receiver(tmp_path) as mpd:
        await mpd.fill()
        queue = await mpd.queue()
        outcome = await _meanwhile(mpd, tmp_path, lambda client: client.playid(mpd.ids["after"]))
        assert outcome.reason == "somebody played something else in the middle"
        status = await mpd.client.status()
        assert (status["state"], status["songid"], await mpd.queue()) == ("play", mpd.ids["after"], queue)
        assert (status["single"], status["repeat"]) == ("0", "1")


async def test_music_is_restored_after_its_announcer_was_killed(tmp_path: Path) -> None:
    async with receiver(tmp_path) as mpd:
        await mpd.fill()
        before, queue = await mpd.kept(), await mpd.queue()
        await announce_and_be_killed(mpd.uri, tone(1_000, 20, 24_000, 1), tmp_path, mpd.plays_ours)
        assert len(await mpd.queue()) == 4
        async with announcer(tmp_path) as announcing:
            await announcing.restore_left()
        assert await mpd.plays_music()
        assert (await mpd.kept(), await mpd.queue()) == (before, queue)
        assert not list((tmp_path / "journal").glob("*.json"))
        begun = len(mpd.captured.pcm) // 4 * 4
        await mpd.heard_seconds(1.5)
        assert 9 < places(bytes(mpd.captured.pcm[begun:]), RATE_HZ)[-1] < 16


async def test_an_mpd_that_dies_in_the_middle_has_failed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with receiver(tmp_path) as mpd:
        await mpd.fill()

        async def kill(_: Any) -> None:
            mpd.process.kill()

        outcome = await _meanwhile(mpd, tmp_path, kill)
        assert (outcome.status, outcome.reason, outcome.restored) == ("failed", "it broke the connection off", False)
        assert not caplog.records


async def test_an_mpd_that_is_not_there_or_something_else_is_told(tmp_path: Path) -> None:
    away = await announce_on(f"mpd://127.0.0.1:{free_port()}", BEEP, tmp_path)
    assert (away.status, away.reason) == ("failed", "nobody answers there (connection refused)")

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")

    mail = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with mail:
        uri = f"mpd://127.0.0.1:{mail.sockets[0].getsockname()[1]}"
        other = await announce_on(uri, BEEP, tmp_path)
    assert (other.status, other.reason) == ("failed", "it answers, but not as MPD does")


async def test_a_password_opens_an_mpd_and_a_partition_is_chosen(tmp_path: Path) -> None:
    more = 'password "sesame@read,add,control,admin"\ndefault_permissions "read"'
    async with receiver(tmp_path, more=more) as mpd:
        refused = await announce_on(mpd.uri, BEEP, tmp_path)
        assert refused.reason is not None
        assert "permission" in refused.reason
        assert "?password_file=" in refused.reason
        (tmp_path / "password").write_text("sesame\n")
        opened = f"{mpd.uri}?password_file={tmp_path}/password"
        played = await announce_on(opened, BEEP, tmp_path)
        assert played.status == "played", played
        missing = await announce_on(f"{mpd.uri}/attic?password_file={tmp_path}/password", bytes(48_000), tmp_path)
        assert (missing.status, missing.reason) == ("failed", "it refused: partition does not exist")
        await mpd.client.password("sesame")
        await mpd.client.newpartition("attic")
        await mpd.client.partition("attic")
        await mpd.client.moveoutput("captured")
        there = await announce_on(f"{mpd.uri}/attic?password_file={tmp_path}/password", bytes(48_000), tmp_path)
        assert there.status == "played", there


async def test_a_sound_that_mpd_cannot_fetch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kokoro_wyoming.protocols.http import offers

    monkeypatch.setattr(offers, "FOLDER", "/nowhere/say/announced/")
    async with receiver(tmp_path) as mpd:
        await mpd.fill()
        before, queue = await mpd.kept(), await mpd.queue()
        outcome = await announce_on(mpd.uri, BEEP, tmp_path)
        assert outcome.status == "failed"
        assert outcome.restored
        assert outcome.reason is not None
        assert "404" in outcome.reason
        assert "announced" not in outcome.reason
        assert (await mpd.kept(), await mpd.queue()) == (before, queue)


async def test_speech_is_heard_while_it_is_made(tmp_path: Path) -> None:
    """A sound that is never whole is heard all the same."""
    async with receiver(tmp_path) as mpd, announcer(tmp_path) as announcing:

        async def endless() -> AsyncIterator[Any]:
            while True:
                async for piece in as_made(tone(1_000, 2, 24_000, 1)):
                    yield piece

        announcement = Announcement([target(mpd.uri)])
        playing = asyncio.ensure_future(announcing.announce(announcement, endless()))
        await until(mpd.plays_ours)
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


async def test_an_mpd_that_is_stuck_holds_nobody_up(tmp_path: Path) -> None:
    async with receiver(tmp_path) as mpd, announcer(tmp_path, patience_seconds=1) as announcing:
        mpd.process.send_signal(signal.SIGSTOP)
        (outcome,) = await announcing.announce(Announcement([target(mpd.uri)]), as_made(BEEP))
        assert outcome.status == "failed"
        assert (outcome.reason or "").endswith(" 1 seconds")
