"""Announcements on Sonos players. None runs here: a stand-in keeps to their protocols (see its docstring)."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from kokoro_wyoming.speakers.announcer import Announcement
from kokoro_wyoming.speakers.journal import Journal
from tests.conftest import CHECKOUT
from tests.listening import Ears
from tests.speakers.announcing import announce_on, announcer, as_made, loudness_of_tone, target, tone
from tests.speakers.pulling import KILLED, MUSIC_HZ, music, until
from tests.stand_ins.sonos_player import SonosPlayerStandIn, sonos_player

pytestmark = pytest.mark.long
_SAID = "dinner is ready. please come to the kitchen"
_QUICK = tone(300, 0.5, 24_000, 1)
"""An announcement where no words matter."""


async def play_queue(player: SonosPlayerStandIn, url: str) -> None:
    """Have it play the second of three from its queue, from the 20th second on."""
    player.queue = [f"{url}?0", url, f"{url}?2"]
    await player.load("x-rincon-queue:RINCON_1#0", "a queue")
    for unit, where in (("TRACK_NR", "2"), ("REL_TIME", "0:00:20")):
        await player.act("Seek", {"Unit": unit, "Target": where})
    player.mode, player.crossfade = "SHUFFLE", "1"
    await player.play()
    assert player.player is not None
    await until(lambda: player.player is not None and player.player.at_seconds > 20.5)


@pytest.mark.parametrize("has_clips", [True, False], ids=["clips", "transport"])
async def test_a_player_plays_an_announcement_while_it_is_made(
    tmp_path: Path, speech_pcm: bytes, ears: Ears, has_clips: bool
) -> None:
    async with sonos_player(tmp_path, has_clips) as player:
        async with announcer(tmp_path) as announcing:
            speech = as_made(speech_pcm, pace=1.5)
            wished = Announcement([target(player.uri_of_speaker)], volume=0.7)
            (outcome,) = await announcing.announce(wished, speech)
        assert (outcome.status, outcome.reason) == ("played", None)
        assert _SAID in ears.write_down(player.heard(".mp3"), "en").lower()
        assert player.players[0].whole_at_begin is False
        assert player.volume == 30
        if has_clips:
            assert player.clips[0]["volume"] == 70
            assert [clip["command"] for clip in player.clips] == ["loadAudioClip", "subscribe"]
        else:
            levels = [values["DesiredVolume"] for action, values in player.actions if action == "SetVolume"]
            assert levels == ["70", "30"]


async def test_a_clip_is_played_over_the_music(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, has_clips=True) as player, music(tmp_path) as url:
        await play_queue(player, url)
        outcome = await announce_on(player.uri_of_speaker, _QUICK, tmp_path)
        assert (outcome.status, outcome.restored) == ("played", None)
        assert player.ducked == [("DONE", True)]
        assert player.transport == "PLAYING"
        assert player.actions == []


async def test_a_queue_goes_on_where_it_was(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, has_clips=False) as player, music(tmp_path) as url:
        await play_queue(player, url)
        before = player.player
        assert before is not None
        outcome = await announce_on(player.uri_of_speaker, _QUICK, tmp_path)
        assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
        after = player.player
        assert after is not None
        await until(lambda: len(after.played) > 20)
        assert np.median(loudness_of_tone(np.concatenate(after.played), MUSIC_HZ)) == pytest.approx(0.2, abs=0.01)
        begun_seconds = after.at_seconds - sum(map(len, after.played)) / 24_000
        assert begun_seconds == pytest.approx(before.at_seconds, abs=2.0)
        assert (player.uri, player.metadata, player.track) == ("x-rincon-queue:RINCON_1#0", "a queue", 2)
        assert (player.mode, player.crossfade) == ("SHUFFLE", "1")


async def test_a_player_joins_its_group_again(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, has_clips=False) as player:
        await player.load("x-rincon:RINCON_2")
        outcome = await announce_on(player.uri_of_speaker, _QUICK, tmp_path)
        assert (outcome.status, outcome.restored, player.uri) == ("played", True, "x-rincon:RINCON_2")


async def test_what_only_an_app_can_start_again_is_told(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, has_clips=False) as player:
        await player.load("x-sonos-vli:RINCON_1:2,spotify:abc")
        outcome = await announce_on(player.uri_of_speaker, _QUICK, tmp_path)
        assert (outcome.status, outcome.restored) == ("played", False)
        assert "only the app that played on it can start that again" in str(outcome.reason)
        assert list(Journal(tmp_path / "journal").left()) == []


async def test_what_somebody_starts_meanwhile_is_left_alone(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, has_clips=False, pace=0.2) as player, music(tmp_path) as url:
        await play_queue(player, url)
        announcing = asyncio.ensure_future(announce_on(player.uri_of_speaker, _QUICK, tmp_path, volume=0.9))
        await until(lambda: len(player.heard(".mp3")))
        player.volume = 20
        await player.load(f"{url}?other")
        await player.play()
        outcome = await announcing
        assert (outcome.status, outcome.reason) == ("failed", "something else was started on it")
        assert (player.uri, player.volume) == (f"{url}?other", 20)


async def test_a_killed_announcement_is_cleared_away_by_the_next_program(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, has_clips=False, pace=0.2) as player, music(tmp_path) as url:
        await play_queue(player, url)
        (tmp_path / "pcm").write_bytes(tone(300, 5, 24_000, 1))
        command = [sys.executable, "-c", KILLED, player.uri_of_speaker, str(tmp_path), str(tmp_path / "pcm")]
        announcing = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT)
        try:
            await until(lambda: len(player.heard(".mp3")))
        finally:
            announcing.kill()
            await announcing.wait()
        assert player.volume == 80
        async with announcer(tmp_path) as announcing_again:
            await announcing_again.restore_left()
        assert (player.uri, player.track, player.volume) == ("x-rincon-queue:RINCON_1#0", 2, 30)
        assert player.player is not None
        assert player.player.at_seconds > 19
        assert list(Journal(tmp_path / "journal").left()) == []


@pytest.mark.parametrize(
    ("has_clips", "fault", "reason"),
    [
        (True, "silent", "it gave no answer for 1.5 seconds"),
        (True, "refuses", "it refused: no such stream"),
        (True, "fetches_nothing", "it did not fetch the sound within 1.5 seconds"),
        (True, "dies", "it did not fetch the sound within 1.5 seconds"),
        (True, "error", "it could not play the sound"),
        (True, "stopped", "somebody stopped it"),
        (False, "refuses", "it refused: illegal mime-type (714)"),
        (False, "fetches_nothing", "it did not fetch the sound within 1.5 seconds"),
        (False, "error", "it could not play the sound"),
    ],
)
async def test_each_failure_is_told_in_half_a_sentence(
    tmp_path: Path, has_clips: bool, fault: str, reason: str
) -> None:
    async with sonos_player(tmp_path, has_clips, fault, pace=0.2) as player, announcer(tmp_path, 1.5) as announcing:
        (outcome,) = await announcing.announce(Announcement([target(player.uri_of_speaker)]), as_made(_QUICK))
        assert (outcome.status, outcome.reason) == ("failed", reason)


async def test_a_player_that_is_off_or_stuck_or_something_else_is_told(tmp_path: Path) -> None:
    async with sonos_player(tmp_path, False, "silent") as player, announcer(tmp_path, 1.5) as announcing:
        (outcome,) = await announcing.announce(Announcement([target(player.uri_of_speaker)]), as_made(_QUICK))
        assert outcome.status == "failed"
        assert "1.5 seconds" in str(outcome.reason)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    outcome = await announce_on(f"sonos://127.0.0.1:{port}", _QUICK, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "nobody answers there (connection refused)")
    async with music(tmp_path) as url:
        outcome = await announce_on(url.replace("http", "sonos").replace("/music.wav", ""), _QUICK, tmp_path)
    assert outcome.reason == "it answers, but not as a Sonos player does"
