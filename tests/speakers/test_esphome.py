"""Announcements on ESPHome devices, of which a stand-in speaks the protocol by the library's own messages."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.speakers.announcer import Announcement
from tests.listening import Ears, words
from tests.speakers.announcing import SPEECH, announce_on, announcer, as_made, target, tone
from tests.stand_ins.esphome_device import ANNOUNCING, IDLE, PAUSED, PLAYING, esphome_device, key_text

pytestmark = pytest.mark.long

SHORT = tone(440, 1.0, 24_000, 1)
KEY = bytes(range(32))


async def test_it_announces_over_its_music(speech_pcm: bytes, ears: Ears, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(key_text(KEY) + "\n")
    made_at = []

    async def slowly() -> AsyncIterator[tuple[PcmFormat, bytes]]:
        async for piece in as_made(speech_pcm, pace=1.3):
            yield piece
        made_at.append(asyncio.get_running_loop().time())

    async with esphome_device(key=KEY, state=PLAYING) as device, announcer(tmp_path) as announcing:
        address = device.address(key_file=str(tmp_path / "key"))
        (outcome,) = await announcing.announce(Announcement([target(address)], volume=0.6), slowly())
    assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
    (played,) = device.played
    assert played.requests == ["HEAD 200", "GET 200"]
    assert played.volume == pytest.approx(0.6)
    assert played.first_sound_at < made_at[0]
    assert device.told == ["volume 0.60", "announcement", "volume 0.30"]
    assert device.state == PLAYING
    assert device.volume == pytest.approx(0.3)
    assert not [*(tmp_path / "journal").glob("*.json")]
    assert words(ears.write_down(played.samples, "en")) == words(SPEECH)


async def test_a_voice_assistant_announces(speech_pcm: bytes, ears: Ears, tmp_path: Path) -> None:
    async with esphome_device() as device:
        outcome = await announce_on(device.address("voice_assistant"), speech_pcm, tmp_path)
    assert (outcome.status, outcome.reason) == ("played", None)
    assert device.told == ["announcement of the assistant"]
    assert words(ears.write_down(device.played[0].samples, "en")) == words(SPEECH)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"is_old": True}, "played"),
        ({"is_old": True, "state": PLAYING}, "taken"),  # it says nothing of what it plays over its music
        ({"formats": ("flac",)}, "played"),
        ({"has_player": False}, "played"),
        ({"muted": True}, "played"),
    ],
)
async def test_every_device_is_left_as_it_was(facts: dict[str, Any], status: str, tmp_path: Path) -> None:
    async with esphome_device(**facts) as device:
        outcome = await announce_on(device.address(), SHORT, tmp_path, volume=0.6)
    assert (outcome.status, outcome.reason) == (status, None)
    assert device.played[0].url.endswith(".flac" if device.formats else ".mp3")
    assert (device.state, device.muted) == (facts.get("state", IDLE), facts.get("muted", False))
    assert device.volume == pytest.approx(0.3)
    assert ("command 4" in device.told) is device.muted


async def test_music_that_stays_paused_is_taken_up(tmp_path: Path) -> None:
    async with esphome_device(state=PLAYING) as device:
        announcing = asyncio.ensure_future(announce_on(device.address(), SHORT, tmp_path))
        await _wait_until(lambda: device.state == ANNOUNCING)
        await _wait_until(lambda: device.state == PLAYING)
        device.state = PAUSED
        device._tell()
        outcome = await announcing
    assert (outcome.status, outcome.restored, device.state) == ("played", True, PLAYING)


async def test_a_volume_that_a_person_sets_stays(tmp_path: Path) -> None:
    async with esphome_device() as device:
        announcing = asyncio.ensure_future(announce_on(device.address(), SHORT, tmp_path, volume=0.6))
        await _wait_until(lambda: device.state == ANNOUNCING)
        device.volume = 0.9
        await announcing
    assert device.volume == 0.9


async def test_what_one_that_was_killed_left_is_restored(tmp_path: Path) -> None:
    async with esphome_device(state=PLAYING) as device:
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, device.address(), tmp_path)
        try:
            await _wait_until(lambda: device.state == ANNOUNCING)
            assert device.volume == pytest.approx(0.8)
        finally:
            program.send_signal(signal.SIGKILL)
            await program.wait()
        async with announcer(tmp_path) as announcing:
            await announcing.restore_left()
        await _wait_until(lambda: device.state == PLAYING)
    assert device.volume == pytest.approx(0.3)
    assert not [*(tmp_path / "journal").glob("*.json")]


@pytest.mark.parametrize(
    ("facts", "path", "key", "reason"),
    [
        ({"fault": "deaf"}, "", None, r"come for the sound; does it reach http://127.0.0.1:\d+\?"),
        ({"fault": "stops"}, "", None, "it stopped in the middle"),
        ({"fault": "stops"}, "voice_assistant", None, "could not play the announcement"),
        ({"fault": "dies"}, "", None, "broke the connection off in the middle"),
        ({"fault": "dies"}, "voice_assistant", None, "it broke off"),
        ({"fault": "silent"}, "", None, "(nobody answers there within|no answer for) 2 seconds"),
        ({}, "attic", None, "it has no attic; it has media_player, voice_assistant"),
        ({"has_player": False, "assistant": 0}, "", None, "no media player, and no voice assistant that announces"),
        ({"key": KEY}, "", None, r"it wants its key; give it as \?key_file=PATH"),
        ({"key": KEY}, "", key_text(KEY[::-1]), "the key is not its own"),
        ({"key": KEY}, "", "c2hvcnQ=", "the key is not its own"),
        ({}, "", key_text(KEY), "it has no key; leave out key_file"),
    ],
)
async def test_failures_are_told_in_plain_words(
    facts: dict[str, Any], path: str, key: str | None, reason: str, tmp_path: Path
) -> None:
    async with esphome_device(**facts) as device, announcer(tmp_path, 2.0) as announcing:
        address = device.address(path, **({} if key is None else {"key": key.replace("+", "%2B")}))
        (outcome,) = await announcing.announce(
            Announcement([target(address)]), as_made(tone(440, 4.0, 24_000, 1), pace=4.0)
        )
    assert outcome.status == "failed"
    assert re.search(reason, str(outcome.reason)), outcome


async def test_one_that_is_away_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"esphome://127.0.0.1:{free.getsockname()[1]}"
    outcome = await announce_on(address, SHORT, tmp_path)
    assert outcome.reason == "nobody answers there (connection refused)"


_KILLED = """
import asyncio, pathlib, sys
from tests.speakers.announcing import announce_on, tone
asyncio.run(announce_on(sys.argv[1], tone(440, 20.0, 24_000, 1), pathlib.Path(sys.argv[2]), volume=0.8))
"""


async def _wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        if is_so():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to that")
