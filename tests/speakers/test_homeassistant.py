"""Announcements on players and satellites of Home Assistant, of which a stand-in has the API."""

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
from kokoro_wyoming.speakers.announcer import Announcement, Outcome
from kokoro_wyoming.speakers.turns import Priority
from tests.listening import Ears, words
from tests.speakers.announcing import SPEECH, announce_on, announcer, as_made, target, tone
from tests.stand_ins.fetching_player import Played
from tests.stand_ins.home_assistant_api import (
    ANNOUNCE,
    PLAIN,
    TOKEN,
    TURN_OFF,
    TURN_ON,
    StandInHome,
    StandInPlayer,
    home_assistant,
)

pytestmark = pytest.mark.long

SONG = "http://radio.example/song.mp3"
SHORT = tone(440, 1.0, 24_000, 1)
KITCHEN = "media_player.kitchen"


async def _announce(home: StandInHome, entity: str, pcm: bytes, folder: Path, volume: float | None = None) -> Outcome:
    return await announce_on(home.address(entity), pcm, folder, volume=volume)


def _is_speech(played: Played, ears: Ears) -> bool:
    return words(ears.write_down(played.samples, "en")) == words(SPEECH)


async def test_a_player_that_cannot_announce_gets_its_music_back(speech_pcm: bytes, ears: Ears, tmp_path: Path) -> None:
    player = StandInPlayer().plays_music(SONG, 42.0)
    begun = asyncio.get_running_loop().time()
    made_at = []

    async def slowly() -> AsyncIterator[tuple[PcmFormat, bytes]]:
        async for piece in as_made(speech_pcm, pace=1.3):
            yield piece
        made_at.append(asyncio.get_running_loop().time())

    async with home_assistant(media_player__kitchen=player) as home, announcer(tmp_path) as announcing:
        announcement = Announcement([target(home.address(KITCHEN))], volume=0.6)
        (outcome,) = await announcing.announce(announcement, slowly())
        # It went on only where it was paused; what HTTP tells of the time has whole seconds.
        assert 40.0 < player.now_seconds() < 42.0 + asyncio.get_running_loop().time() - begun
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        (played,) = player.played
        assert played.requests == ["HEAD 200", "GET 200"]
        assert played.volume == 0.6
        assert played.first_sound_at < made_at[0]
        assert _is_speech(played, ears)
        assert (player.state, player.content, player.volume) == ("playing", SONG, 0.3)
        assert not [*(tmp_path / "journal").glob("*.json")]


async def test_a_player_that_announces_is_left_to_it(speech_pcm: bytes, ears: Ears, tmp_path: Path) -> None:
    player = StandInPlayer(features=PLAIN | ANNOUNCE).plays_music(SONG, 42.0)
    async with home_assistant(media_player__kitchen=player) as home:
        outcome = await _announce(home, KITCHEN, speech_pcm, tmp_path, volume=0.5)
    assert (outcome.status, outcome.restored) == ("taken", True), outcome
    assert _is_speech(player.played[0], ears)
    assert [service for service, _ in player.told] == ["volume_set", "play_media", "volume_set"]
    told = player.told[1][1]
    assert told["announce"] is True
    assert told["extra"] == {"use_pre_announce": False, "volume": 50, "announce_volume": 50}
    assert (player.state, player.content, player.volume) == ("playing", SONG, 0.3)


async def test_a_satellite_announces_without_its_own_chime(speech_pcm: bytes, ears: Ears, tmp_path: Path) -> None:
    satellite = StandInPlayer(features=1)
    async with home_assistant(assist_satellite__hall=satellite) as home:
        outcome = await _announce(home, "assist_satellite.hall", speech_pcm, tmp_path)
    assert (outcome.status, outcome.reason) == ("played", None)
    assert _is_speech(satellite.played[0], ears)
    assert satellite.told[0][1]["preannounce"] is False


async def test_paused_music_is_paused_again_unheard(tmp_path: Path) -> None:
    player = StandInPlayer().plays_music(SONG, 42.0)
    player.state = "paused"
    async with home_assistant(media_player__kitchen=player) as home:
        outcome = await _announce(home, KITCHEN, SHORT, tmp_path)
    assert (outcome.status, outcome.restored) == ("played", True)
    assert (player.state, player.content, player.volume, player.muted) == ("paused", SONG, 0.3, False)
    assert abs(player.now_seconds() - 42.0) < 1.0
    services = [service for service, _ in player.told]
    assert services == ["play_media", "volume_set", "play_media", "media_seek", "media_pause", "volume_set"]
    assert player.told[1][1] == {"volume_level": 0.0}


async def test_one_that_is_off_is_off_again_and_one_that_is_muted_is_muted_again(tmp_path: Path) -> None:
    off = StandInPlayer("off", features=TURN_ON | TURN_OFF)
    muted = StandInPlayer(muted=True)
    async with home_assistant(media_player__off=off, media_player__muted=muted) as home, announcer(tmp_path) as one:
        targets = [target(home.address(f"media_player.{name}"), volume=0.6) for name in ("off", "muted")]
        outcomes = await one.announce(Announcement(targets), as_made(SHORT))
    assert [(outcome.status, outcome.restored) for outcome in outcomes] == [("played", True)] * 2
    assert [off.played[0].volume, muted.played[0].volume] == [0.6, 0.6]
    assert (off.state, off.volume) == ("off", 0.3)
    assert ("volume_mute", {"is_volume_muted": False}) in muted.told
    assert (muted.muted, muted.volume) == (True, 0.3)


async def test_a_volume_that_is_known_only_with_music_is_restored_with_it(tmp_path: Path) -> None:
    player = StandInPlayer(is_mute_when_idle=True).plays_music(SONG, 42.0)
    async with home_assistant(media_player__kitchen=player) as home:
        outcome = await _announce(home, KITCHEN, SHORT, tmp_path, volume=0.6)
    assert (outcome.status, outcome.restored) == ("played", True)
    assert (player.played[0].volume, player.state, player.volume) == (0.6, "playing", 0.3)


async def test_an_alarm_ends_what_is_announced(tmp_path: Path) -> None:
    player = StandInPlayer()
    async with home_assistant(media_player__kitchen=player) as home, announcer(tmp_path) as announcing:
        targets = [target(home.address(KITCHEN))]
        long = as_made(tone(440, 20.0, 24_000, 1), pace=4.0)
        first = asyncio.ensure_future(announcing.announce(Announcement(targets), long))
        await _wait_until(lambda: player.state == "playing")
        (second,) = await announcing.announce(Announcement(targets, priority=Priority.ALARM), as_made(SHORT))
        (interrupted,) = await first
    assert (interrupted.status, second.status) == ("interrupted", "played")
    assert (len(player.played), player.state) == (2, "idle")


async def test_what_a_person_changes_meanwhile_stays(tmp_path: Path) -> None:
    player = StandInPlayer().plays_music(SONG, 42.0)
    async with home_assistant(media_player__kitchen=player) as home:
        announcing = asyncio.ensure_future(_announce(home, KITCHEN, SHORT, tmp_path, volume=0.6))
        await _wait_until(lambda: player.state == "playing" and player.content != SONG)
        player.volume = 0.9
        await player.tell("play_media", {"media_content_id": "http://radio.example/other.mp3"})
        await announcing
    assert (player.state, player.content, player.volume) == ("playing", "http://radio.example/other.mp3", 0.9)


@pytest.mark.parametrize("features", [PLAIN, PLAIN | ANNOUNCE])
async def test_what_one_that_was_killed_left_is_restored(features: int, tmp_path: Path) -> None:
    player = StandInPlayer(features=features).plays_music(SONG, 42.0)
    async with home_assistant(media_player__kitchen=player) as home:
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, home.address(KITCHEN), tmp_path)
        try:
            await _wait_until(lambda: any(service == "play_media" for service, _ in player.told))
            assert player.volume == 0.8
        finally:
            program.send_signal(signal.SIGKILL)
            await program.wait()
        async with announcer(tmp_path) as announcing:
            await announcing.restore_left()
    assert (player.state, player.content, player.volume) == ("playing", SONG, 0.3)
    assert not [*(tmp_path / "journal").glob("*.json")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda home, player: setattr(player, "state", "unavailable"), "calls it unavailable; is it switched off"),
        (lambda home, player: setattr(player, "features", PLAIN & ~512), "plays nothing from an address"),
        (lambda home, player: home.entities.clear(), "has no media_player.kitchen"),
        (lambda home, player: setattr(home, "refuses", 400), r"did not understand it \(400\)"),
        (lambda home, player: setattr(home, "refuses", 500), r"could not do it \(500\); its log says why"),
        (lambda home, player: setattr(home, "is_stuck", True), "no answer for 2 seconds"),
        (
            lambda home, player: setattr(player, "fault", "deaf"),
            r"come for the sound; does it reach http://127.0.0.1:\d+\?",
        ),
        (lambda home, player: setattr(player, "fault", "stops"), "it stopped in the middle"),
        (lambda home, player: setattr(player, "fault", "dies"), "calls it unavailable"),
    ],
)
async def test_failures_are_told_in_plain_words(change: Callable[..., Any], reason: str, tmp_path: Path) -> None:
    player = StandInPlayer()
    async with home_assistant(media_player__kitchen=player) as home, announcer(tmp_path, 2.0) as announcing:
        change(home, player)
        announcement = Announcement([target(home.address(KITCHEN))])
        (outcome,) = await announcing.announce(announcement, as_made(tone(440, 4.0, 24_000, 1)))
    assert outcome.status == "failed"
    assert re.search(reason, str(outcome.reason)), outcome
    assert TOKEN not in str(outcome.reason)


async def test_wrong_addresses_are_told_in_plain_words(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
    async with home_assistant(media_player__kitchen=StandInPlayer()) as home:
        wrong = {
            home.address(KITCHEN, "old"): r"refuses the token \(401\)",
            f"homeassistant://{home.host}/{KITCHEN}": "wants a token",
            home.address("light.kitchen"): "must name a media_player or an assist_satellite",
            home.address(KITCHEN) + "&tls=1": "speaks no https",
            f"homeassistant://{nobody}/{KITCHEN}?token=x": r"nobody answers there \(connection refused\)",
        }
        for address, reason in wrong.items():
            outcome = await announce_on(address, SHORT, tmp_path)
            assert re.search(reason, str(outcome.reason)), outcome


async def test_an_app_reaches_it_through_the_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: known(_known(host), *rest, **more))
    monkeypatch.setenv("SUPERVISOR_TOKEN", TOKEN)
    player = StandInPlayer()
    async with home_assistant(media_player__kitchen=player) as home:
        port = home.host.partition(":")[2]
        outcome = await announce_on(f"homeassistant://supervisor:{port}/{KITCHEN}", SHORT, tmp_path)
    assert (outcome.status, outcome.reason) == ("played", None)
    assert player.played


def _known(host: Any) -> Any:
    return "127.0.0.1" if host in ("supervisor", b"supervisor") else host


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
