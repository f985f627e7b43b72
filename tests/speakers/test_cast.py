"""Announcements on Google Cast devices. None runs here: a stand-in keeps to their protocol (see its docstring)."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pychromecast.socket_client import SocketClient

from kokoro_wyoming.speakers.announcer import Announcement
from kokoro_wyoming.speakers.journal import Journal
from tests.conftest import CHECKOUT
from tests.listening import Ears
from tests.speakers.announcing import announce_on, announcer, as_made, loudness_of_tone, target, tone
from tests.speakers.pulling import KILLED, MUSIC_HZ, music, until
from tests.stand_ins.cast_device import PLAYER, SPOTIFY, cast_device

pytestmark = pytest.mark.long
_NO_CAST = "it answers, but not as a Cast device does, or no more"
_SAID = "Dinner is ready. Please come to the kitchen"
QUICK = tone(300, 0.5, 24_000, 1)
"""An announcement where no words matter."""


def load_of(url: str, **more: Any) -> dict[str, Any]:
    media = {"contentId": url, "contentType": "audio/wav", "streamType": "BUFFERED", "metadata": {"title": "A tone"}}
    return {"type": "LOAD", "media": media, "autoplay": True, **more}


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if isinstance(thread, SocketClient)]


async def test_a_device_plays_an_announcement_while_it_is_made_and_shows_its_backdrop_again(
    tmp_path: Path, speech_pcm: bytes, ears: Ears
) -> None:
    async with cast_device(tmp_path) as device:
        async with announcer(tmp_path) as announcing:
            speech = as_made(speech_pcm, pace=1.5)
            (outcome,) = await announcing.announce(Announcement([target(device.uri)], volume=0.7), speech)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        assert outcome.begun_seconds is not None
        assert _SAID.lower() in ears.write_down(device.heard(".mp3"), "en").lower()
        assert device.players[0].whole_at_begin is False
        assert device.app is not None
        assert device.app["displayName"] == "Backdrop"
        assert device.volume["level"] == 0.4
        levels = [told["volume"]["level"] for told in device.messages if "level" in told.get("volume", {})]
        assert levels == [0.7, 0.4]
    assert threads() == []


@pytest.mark.parametrize("is_playing", [True, False], ids=["playing", "paused"])
async def test_music_goes_on_where_it_was(tmp_path: Path, is_playing: bool) -> None:
    async with cast_device(tmp_path) as device, music(tmp_path) as url:
        device.start_app(PLAYER)
        await device.load(load_of(url, currentTime=20.0, autoplay=is_playing))
        before = device.player
        assert before is not None
        if is_playing:
            await until(lambda: before.at_seconds > 20.5)
        outcome = await announce_on(device.uri, QUICK, tmp_path)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        after = device.player
        assert after is not None
        assert (after.url, after.is_playing) == (url, is_playing)
        if is_playing:
            await until(lambda: len(after.played) > 20)
            heard = np.concatenate(after.played)
            assert np.median(loudness_of_tone(heard, MUSIC_HZ)) == pytest.approx(0.2, abs=0.01)
        begun_seconds = after.at_seconds - sum(map(len, after.played)) / 24_000
        # What it played while it was asked is heard once more.
        assert begun_seconds == pytest.approx(before.at_seconds, abs=1.0)
        assert device.media is not None
        assert device.media["media"]["metadata"] == {"title": "A tone"}


async def test_a_queue_is_given_back_whole(tmp_path: Path) -> None:
    async with cast_device(tmp_path) as device, music(tmp_path) as url:
        device.start_app(PLAYER)
        items = [{"media": load_of(f"{url}?{n}")["media"], "autoplay": True} for n in range(5)]
        await device.load({"type": "QUEUE_LOAD", "items": items, "startIndex": 1, "repeatMode": "REPEAT_ALL"})
        outcome = await announce_on(device.uri, QUICK, tmp_path)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        urls = [item["media"]["contentId"] for item in device.queue["items"]]
        assert urls == [f"{url}?{n}" for n in range(5)]
        assert device.queue["repeatMode"] == "REPEAT_ALL"
        assert device.media is not None
        assert device.media["media"]["contentId"] == f"{url}?1"


async def test_an_app_that_only_its_owner_can_start_is_told_and_not_tried_again(tmp_path: Path) -> None:
    async with cast_device(tmp_path) as device:
        device.start_app(SPOTIFY)
        await device.load(load_of("spotify:track:1"))
        assert device.player is not None
        device.player.is_playing = True
        outcome = await announce_on(device.uri, QUICK, tmp_path, volume=0.9)
        assert (outcome.status, outcome.restored) == ("played", False)
        assert str(outcome.reason).endswith(": Spotify was ended, and only its own app can start it again")
        assert device.app is not None
        assert device.app["displayName"] == "Backdrop"
        assert device.volume["level"] == 0.4
        assert list(Journal(tmp_path / "journal").left()) == []


async def test_what_somebody_starts_meanwhile_is_left_alone(tmp_path: Path) -> None:
    async with cast_device(tmp_path, pace=0.2) as device, music(tmp_path) as url:
        device.start_app(PLAYER)
        await device.load(load_of(url))
        announcing = asyncio.ensure_future(announce_on(device.uri, QUICK, tmp_path, volume=0.9))
        await until(lambda: len(device.heard(".mp3")))
        device.volume["level"] = 0.2
        await device.load(load_of(f"{url}?other"))
        outcome = await announcing
        assert (outcome.status, outcome.reason) == ("failed", "something else was started on it")
        assert device.media is not None
        assert device.media["media"]["contentId"] == f"{url}?other"
        assert device.volume["level"] == 0.2


async def test_a_killed_announcement_is_cleared_away_by_the_next_program(tmp_path: Path) -> None:
    async with cast_device(tmp_path, pace=0.2) as device, music(tmp_path) as url:
        device.start_app(PLAYER)
        await device.load(load_of(url, currentTime=10.0))
        (tmp_path / "pcm").write_bytes(tone(300, 5, 24_000, 1))
        command = [sys.executable, "-c", KILLED, device.uri, str(tmp_path), str(tmp_path / "pcm")]
        announcing = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT)
        try:
            await until(lambda: len(device.heard(".mp3")))
        finally:
            announcing.kill()
            await announcing.wait()
        assert device.volume["level"] == 0.8
        async with announcer(tmp_path) as announcing_again:
            await announcing_again.restore_left()
        assert device.media is not None
        assert device.media["media"]["contentId"] == url
        assert device.player is not None
        begun_seconds = device.player.at_seconds - sum(map(len, device.player.played)) / 24_000
        assert begun_seconds == pytest.approx(device.players[0].at_seconds, abs=1.0)
        assert device.volume["level"] == 0.4
        assert list(Journal(tmp_path / "journal").left()) == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("silent", "it gave no answer for 1.5 seconds"),
        ("no_launch", "it refused: launch error (NOT_ALLOWED)"),
        ("refuses_load", "it refused: load failed (104)"),
        ("fetches_nothing", "it did not fetch the sound within 1.5 seconds"),
        ("error", "it could not play the sound"),
        ("stopped", "somebody stopped it"),
        ("dies", "it broke the connection off"),
    ],
)
async def test_each_failure_is_told_in_half_a_sentence(tmp_path: Path, fault: str, reason: str) -> None:
    async with cast_device(tmp_path, fault, pace=0.2) as device, announcer(tmp_path, 1.5) as announcing:
        (outcome,) = await announcing.announce(Announcement([target(device.uri)]), as_made(QUICK))
        assert (outcome.status, outcome.reason) == ("failed", reason)
        shown = device.app
    if fault in ("refuses_load", "error", "stopped", "dies"):
        assert outcome.restored is True
        assert shown is not None
        assert shown["displayName"] == "Backdrop"
    assert threads() == []


async def test_a_device_that_is_off_or_something_else_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with announcer(tmp_path, 1.5) as announcing:
            (outcome,) = await announcing.announce(Announcement([target(f"cast://127.0.0.1:{port}")]), as_made(QUICK))
        assert outcome.reason in ("it gave no answer for 1.5 seconds", _NO_CAST)
    outcome = await announce_on(f"cast://127.0.0.1:{port}", QUICK, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "nobody answers there (connection refused)")
    assert threads() == []
