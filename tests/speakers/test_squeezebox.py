"""Announcements on a real Squeezebox player, squeezelite, by a stand-in for its server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aioslimproto", reason="speech on a Squeezebox is not tested: aioslimproto is not here")

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.speakers.announcer import Announcement, Outcome
from tests.listening import Ears, words
from tests.speakers.announcing import KOKORO, announce_on, announcer, as_made, loudness_of_tone, target, tone
from tests.speakers.killed import announce_and_be_killed, restore_left, until
from tests.speakers.squeezelite import WHY_NOT, Squeezelite, squeezelite
from tests.stand_ins.lms import Lms, Player, heard_music
from tests.stand_ins.service import saying, service

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
    pytest.mark.skipif(
        sys.version_info < (3, 11), reason="speech on a Squeezebox is not tested: aioslimproto 3 needs Python 3.11"
    ),
]

HUM = tone(440, 1.5, 24_000, 1)


@pytest.fixture
async def lms() -> AsyncIterator[Lms]:
    async with Lms().running() as running:
        yield running


@pytest.fixture
async def kitchen(lms: Lms) -> AsyncIterator[Squeezelite]:
    with squeezelite(lms.slimproto_port, "Kitchen") as player:
        await until(lambda: len(lms.players) == 1)
        yield player


def uri(lms: Lms, name: str = "Kitchen") -> str:
    return f"squeezebox://127.0.0.1:{lms.port}/{name}"


async def announce(lms: Lms, pcm: bytes, folder: Path, patience_seconds: float = 10.0, **wishes: Any) -> Outcome:
    async with announcer(folder, patience_seconds) as announcing:
        announcement = Announcement([target(uri(lms))], **wishes)
        (outcome,) = await announcing.announce(announcement, as_made(pcm))
    return outcome


async def music_at(lms: Lms, kitchen: Squeezelite, second: float, index: int = 1) -> Player:
    """The second of three pieces of music plays, from this second."""
    player = await lms.play_music("Kitchen", lms.music("1", "2", "3"), index, second)
    await until(kitchen.is_sounding)
    return player


async def hear_music(kitchen: Squeezelite, seconds: float = 1.0) -> list[tuple[str, int]]:
    """What is playing: pieces and their seconds."""
    begin = kitchen.seconds
    await until(lambda: kitchen.seconds > begin + seconds)
    return heard_music(kitchen.since(begin))


@pytest.mark.weights
async def test_speech_is_heard_and_the_music_goes_on(
    lms: Lms, kitchen: Squeezelite, tmp_path: Path, speech_pcm: bytes, ears: Ears
) -> None:
    player = await music_at(lms, kitchen, 10.0)
    begin = kitchen.seconds
    outcome = await announce(lms, speech_pcm, tmp_path, volume=1.0)
    assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
    end = kitchen.seconds
    heard = words(ears.write_down(kitchen.since(begin), "en"))
    assert "dinner is ready" in heard
    assert "soup is getting cold" in heard
    name, second = (await hear_music(kitchen))[0]
    assert (name, player.volume, player.queue.mode) == ("2", 50, "play")
    assert 10 <= second <= 10 + 3 + kitchen.seconds - end
    assert player.queue.urls == lms.music("1", "2", "3")
    assert not lms.saved


async def test_it_plays_while_the_sound_is_made(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    async def speech() -> AsyncIterator[tuple[PcmFormat, bytes]]:
        yield KOKORO, tone(440, 6.0, 24_000, 1)
        await until(kitchen.is_sounding)
        yield KOKORO, tone(880, 1.0, 24_000, 1)

    async with announcer(tmp_path) as announcing:
        (outcome,) = await announcing.announce(Announcement([target(uri(lms))], volume=1.0), speech())
    assert outcome.status == "played"
    assert (loudness_of_tone(kitchen.samples, 880) > 0.1).sum() >= 8
    player = lms.player("Kitchen")
    assert (player.queue.urls, player.volume) == ([], 50)


@pytest.mark.parametrize("can_save", [True, False])
async def test_a_paused_queue_is_given_back(lms: Lms, kitchen: Squeezelite, tmp_path: Path, can_save: bool) -> None:
    lms.can_save = can_save
    player = await music_at(lms, kitchen, 20.0)
    await lms.pause("Kitchen")
    player.queue.repeat, player.volume = 2, -30
    at = player.seconds
    begin = kitchen.seconds
    outcome = await announce(lms, HUM, tmp_path, volume=0.8)
    assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
    queue = player.queue
    assert (queue.urls, queue.index, queue.mode) == (lms.music("1", "2", "3"), 1, "pause")
    assert (queue.repeat, queue.shuffle, player.volume) == (2, 0, -30)
    assert abs(player.seconds - at) < 2
    # It is not heard while it is put to its place; "0" is the announcement.
    assert {name for name, _ in heard_music(kitchen.since(begin + 0.5))} <= {"0"}


async def test_one_that_is_off_is_off_again(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    player = await lms.play_music("Kitchen", lms.music("1", "2", "3"), 2)
    await lms.turn_off("Kitchen")
    outcome = await announce(lms, HUM, tmp_path)
    assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
    assert (player.power, player.queue.mode, player.queue.index) == (0, "stop", 2)
    assert player.queue.urls == lms.music("1", "2", "3")
    assert (loudness_of_tone(kitchen.samples, 440) > 0.005).sum() >= 12


async def test_shuffled_music_goes_on(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    player = await music_at(lms, kitchen, 5.0)
    player.queue.shuffle = 1
    assert (await announce(lms, HUM, tmp_path)).restored
    queue = player.queue
    assert queue.urls[queue.index] == lms.music("2")[0]
    assert (queue.shuffle, sorted(queue.urls)) == (1, sorted(lms.music("1", "2", "3")))


async def test_a_player_leaves_its_group_for_the_announcement(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    with squeezelite(lms.slimproto_port, "Attic") as attic:
        await until(lambda: len(lms.players) == 2)
        player = lms.player("Kitchen")
        await lms.join("Attic", "Kitchen")
        await lms.play_music("Attic", lms.music("1", "2"), 1, 3.0)
        await until(lambda: kitchen.is_sounding() and attic.is_sounding())
        outcome = await announce(lms, HUM, tmp_path, volume=1.0)
        assert (outcome.status, outcome.restored) == ("played", True)
        assert player.queue is lms.player("Attic").queue
        assert (loudness_of_tone(kitchen.samples, 440) > 0.005).sum() >= 12
        assert (loudness_of_tone(attic.samples, 440) > 0.005).sum() == 0
        await until(kitchen.is_sounding)
        assert {name for name, _ in await hear_music(kitchen)} == {"2"}


async def test_music_goes_on_after_a_kill(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    player = await music_at(lms, kitchen, 10.0)

    def is_heard() -> bool:
        return bool((loudness_of_tone(kitchen.samples[-12_000:], 440) > 0.005).any())

    await announce_and_be_killed(uri(lms), tone(440, 8.0, 24_000, 1), tmp_path, is_heard)
    assert player.volume == 40
    await restore_left(tmp_path)
    assert (player.queue.urls, player.queue.index, player.volume) == (lms.music("1", "2", "3"), 1, 50)
    await until(kitchen.is_sounding)
    name, second = (await hear_music(kitchen))[0]
    assert name == "2"
    assert 10 <= second < 20


async def test_what_somebody_else_plays_meanwhile_goes_on(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    player = await music_at(lms, kitchen, 10.0)
    announcing = asyncio.ensure_future(announce(lms, tone(440, 8.0, 24_000, 1), tmp_path, volume=0.9))
    await until(lambda: any("/say/" in url for url in player.queue.urls) and player.queue.has_begun)
    await lms.play_music("Kitchen", lms.music("5"))
    outcome = await announcing
    assert (outcome.status, outcome.reason) == ("failed", "somebody else has begun to play on it")
    assert outcome.restored
    assert (player.queue.urls, player.queue.mode, player.volume) == (lms.music("5"), "play", 50)


async def test_a_player_that_dies(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    announcing = asyncio.ensure_future(announce(lms, HUM, tmp_path, patience_seconds=2.0))
    await until(lambda: bool(lms.player("Kitchen").queue.has_begun) if lms.players else True)
    kitchen.process.kill()
    outcome = await announcing
    assert outcome.status == "failed"
    assert outcome.reason == "the player is away from its server"


async def test_a_server_without_the_player(lms: Lms, kitchen: Squeezelite, tmp_path: Path) -> None:
    outcome = await announce_on(uri(lms, "Cellar"), HUM, tmp_path)
    assert outcome.reason == "it has no player Cellar; its players: Kitchen"
    by_mac = await announce_on(uri(lms, next(iter(lms.players)).upper()), HUM, tmp_path)
    assert by_mac.status == "played"


async def test_what_is_no_server(tmp_path: Path, unused_tcp_port: int) -> None:
    async def answered(reply: bytes) -> str | None:
        async with service(saying(reply)) as address, announcer(tmp_path, patience_seconds=1.0) as announcing:
            there = target(f"squeezebox{address.removeprefix('tcp')}/Kitchen")
            (outcome,) = await announcing.announce(Announcement([there]), as_made(HUM))
        return outcome.reason

    ok = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"
    assert await answered(b"") == "it gave no answer for 1 seconds"
    assert await answered(b"220 mail\r\n") == "it broke the connection off; is it Lyrion Music Server?"
    assert await answered(ok % (b"200 OK", 5, b"Hello")) == "it answers, but not as Lyrion Music Server does"
    refused = await answered(ok % (b"401 No", 0, b""))
    assert refused == "it refused: it wants another password than ?user=NAME&password_file=PATH gives"
    away = await announce_on(f"squeezebox://127.0.0.1:{unused_tcp_port}/Kitchen", HUM, tmp_path)
    assert away.reason == "nobody answers there (connection refused)"
