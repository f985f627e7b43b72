"""DLNA renderers: gmediarender in a network of its own, and a stand-in for what others do."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.cli.offering import offering
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.announcer import Announcement, Outcome
from kokoro_wyoming.speakers.journal import Journal
from kokoro_wyoming.speakers.kinds.dlna import _is_ours
from tests.listening import Ears, words
from tests.namespaces import NAMESPACES, needs_namespaces
from tests.speakers.announcing import SPEECH, announcer, as_made, loudness_of_tone, samples_of, target, tone
from tests.speakers.dlna_scene import MUSIC_SECONDS, hz_at
from tests.stand_ins.renderer import StandInRenderer, serving

Seen = dict[str, Any]

SCENE = Path(__file__).with_name("dlna_scene.py")
needs_gmediarender = pytest.mark.skipif(
    shutil.which("gmediarender") is None,
    reason="speech on DLNA renderers is not tested: gmediarender is not here; Debian has it",
)
BEEP = tone(440, 1.0, 24_000, channels=1)
MUSIC = {
    "uri": "http://music/1.flac",
    "metadata": "<DIDL/>",
    "transport": "PLAYING",
    "track": "1",
    "duration": "0:03:00",
    "position": "0:01:05",
}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in on this machine is asked more often than a renderer."""
    monkeypatch.setattr("kokoro_wyoming.speakers.kinds.dlna._POLL_SECONDS", 0.05)


Scenes = dict[str, tuple["subprocess.Popen[str]", Path]]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory, speech_pcm: bytes) -> Iterator[Scenes]:
    """All scenes at once, as mostly they wait, each with its folder."""
    started = {}
    for name in ("music", "paused", "killed", "dying", "rygel"):
        if shutil.which("rygel" if name == "rygel" else "gmediarender") is None:
            continue
        folder = tmp_path_factory.mktemp(name)
        (folder / "speech.pcm").write_bytes(speech_pcm)
        process = subprocess.Popen(
            [*NAMESPACES, sys.executable, str(SCENE), name, str(folder)],
            env={"PYTHONPATH": str(SCENE.parents[2]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started[name] = (process, folder)
    yield started
    for process, _ in started.values():
        process.kill()
        process.communicate()


def happened_in(name: str, scenes: Scenes) -> Seen:
    """What a scene tells."""
    process, _ = scenes[name]
    told, complaints = process.communicate(timeout=300)
    assert process.returncode == 0, complaints
    seen: Seen = json.loads(told)
    return seen


def played_in(name: str, scenes: Scenes) -> tuple[Seen, NDArray[np.float32]]:
    """What a scene tells, and what gmediarender played in it, at 24 kHz."""
    seen = happened_in(name, scenes)
    return seen, samples_of((scenes[name][1] / "played.pcm").read_bytes(), 44_100)


def seconds_of_music(samples: NDArray[np.float32]) -> list[int | None]:
    """For each tenth of a second of what was played: which second of the music it is."""
    tones = np.array([loudness_of_tone(samples, hz_at(second)) for second in range(MUSIC_SECONDS)])
    loudest = tones.argmax(axis=0)
    power = np.array([np.sqrt(np.mean(part**2)) for part in samples[: len(loudest) * 2400].reshape(-1, 2400)])
    # All of the sound is this one tone.
    return [int(second) if tones[second, at] > 1.2 * power[at] > 0.001 else None for at, second in enumerate(loudest)]


def music_around(samples: NDArray[np.float32]) -> tuple[list[int], list[int], NDArray[np.float32]]:
    """The seconds of music before and after the announcement, and what is between."""
    seconds = seconds_of_music(samples)
    print("music:", seconds)
    runs = np.flatnonzero([second is not None for second in seconds])
    gap = int(np.argmax(np.diff(runs)))
    last, first = int(runs[gap]), int(runs[gap + 1])
    before = [second for second in seconds[: last + 1] if second is not None]
    after = [second for second in seconds[first:] if second is not None]
    return before, after, samples[(last + 1) * 2400 : first * 2400]


def is_speech(ears: Ears, samples: NDArray[np.float32]) -> bool:
    heard = words(ears.write_down(samples, "en"))
    print("heard:", heard)
    return heard == words(SPEECH)


@needs_namespaces
@needs_gmediarender
@pytest.mark.long
def test_music_goes_on_where_it_was_after_speech_that_streams(scenes: Scenes, ears: Ears) -> None:
    seen, samples = played_in("music", scenes)
    assert (seen["outcome"]["status"], seen["outcome"]["restored"]) == ("played", True)
    # The speech was made nearly as slowly as it is heard: it was heard while it was made.
    assert seen["outcome"]["begun_seconds"] < seen["outcome"]["seconds"] / 2
    assert {**seen["after"], "position": 0} == {**seen["before"], "position": 0}
    before, after, between = music_around(samples)
    assert is_speech(ears, between)
    assert after[0] in (before[-1], before[-1] - 1)
    loudness = [np.percentile(loudness_of_tone(samples, hz_at(second)), 99) for second in (1, after[-1] - 1)]
    assert loudness[0] == pytest.approx(loudness[1], rel=0.1)
    assert loudness[0] < 0.2 * 0.8  # its volume was lower than that of the announcement


@needs_namespaces
@needs_gmediarender
@pytest.mark.long
def test_paused_music_stays_paused_on_a_renderer_found_by_its_host(scenes: Scenes, ears: Ears) -> None:
    seen, samples = played_in("paused", scenes)
    assert (seen["outcome"]["status"], seen["outcome"]["restored"]) == ("played", True)
    assert seen["after"] == seen["before"]
    seconds = seconds_of_music(samples)
    last = max(at for at, second in enumerate(seconds) if second is not None)
    assert max(second for second in seconds if second is not None) <= 3
    assert is_speech(ears, samples[(last + 1) * 2400 :])


@needs_namespaces
@needs_gmediarender
@pytest.mark.long
def test_after_a_kill_the_next_program_gives_the_music_back(scenes: Scenes) -> None:
    seen = happened_in("killed", scenes)
    assert "/say/announced/" in seen["between"]["uri"]
    assert seen["between"]["volume"] == 100
    assert {**seen["after"], "position": 0} == {**seen["before"], "position": 0}
    assert seen["after"]["position"] >= seen["before"]["position"]
    assert seen["left"] == []


@needs_namespaces
@needs_gmediarender
@pytest.mark.long
def test_a_renderer_without_music_stays_so_and_one_that_ends_is_told(scenes: Scenes, ears: Ears) -> None:
    seen, samples = played_in("dying", scenes)
    first, second, third, fourth = seen["outcomes"]
    assert (first["status"], first["restored"]) == ("played", True)
    assert (seen["after"]["uri"], seen["after"]["transport"]) == ("", "STOPPED")
    assert is_speech(ears, samples[: round(24_000 * (first["seconds"] + 0.2))])
    assert (second["status"], second["restored"]) == ("failed", False)
    assert second["reason"] == "it gives no answer any more (connection refused)"
    assert third["reason"] == "nobody answers there (connection refused)"
    assert fourth["reason"] == "no media renderer answers a search (SSDP) there; is it off or asleep?"


@needs_namespaces
@pytest.mark.skipif(
    not (shutil.which("rygel") and shutil.which("dbus-run-session")),
    reason="announcements on Rygel are not tested: rygel-playbin or dbus is not here; Debian has them",
)
@pytest.mark.long
def test_music_of_rygel_plays_stays_paused_or_stopped(scenes: Scenes) -> None:
    seen = happened_in("rygel", scenes)
    for happened in seen.values():
        assert (happened["outcome"]["status"], happened["outcome"]["restored"]) == ("played", True)
        position, before = happened["after"].pop("position"), happened["before"].pop("position")
        assert happened["after"] == happened["before"]
        assert before is None or before <= position <= before + 3
    assert [happened["after"]["transport"] for happened in seen.values()] == ["PLAYING", "PAUSED_PLAYBACK", "STOPPED"]


async def announced(
    renderer: StandInRenderer, folder: Path, volume: float | None = None, patience_seconds: float = 10.0
) -> Outcome:
    async with announcer(folder, patience_seconds) as announcing:
        announcement = Announcement([target(renderer.uri, volume=volume)])
        (outcome,) = await announcing.announce(announcement, as_made(BEEP, pace=20))
    return outcome


async def test_metadata_and_format_are_what_the_renderer_lists(tmp_path: Path) -> None:
    async with serving(StandInRenderer(sink="http-get:*:image/png:*,http-get:*:audio/x-wav:DLNA")) as renderer:
        outcome = await announced(renderer, tmp_path)
    assert (outcome.status, outcome.reason) == ("played", None)
    assert renderer.fetched == [("audio/x-wav", encoding.whole("wav", BEEP))]
    given = dict(renderer.calls)["SetAVTransportURI"]
    assert given == {"CurrentURI": "", "CurrentURIMetaData": ""}
    first = next(arguments for name, arguments in renderer.calls if name == "SetAVTransportURI")
    assert first["CurrentURI"].endswith("/announcement.wav")
    assert f'protocolInfo="http-get:*:audio/x-wav:*">{first["CurrentURI"]}</res>' in first["CurrentURIMetaData"]


@pytest.mark.parametrize(
    ("sink", "media_type"),
    [
        ("http-get:*:audio/flac:*,http-get:*:audio/mp3:*", "audio/mp3"),
        ("http-get:*:audio/x-flac:*,http-get:*:audio/L16:*", "audio/x-flac"),
        ("http-get:*:*:*", "audio/mpeg"),
        ("", "audio/mpeg"),
    ],
)
async def test_the_first_of_our_formats_that_is_listed_is_given(tmp_path: Path, sink: str, media_type: str) -> None:
    async with serving(StandInRenderer(sink=sink)) as renderer:
        assert (await announced(renderer, tmp_path)).status == "played"
    assert [sort for sort, _ in renderer.fetched] == [media_type]


async def test_a_renderer_that_plays_none_of_our_formats_says_so(tmp_path: Path) -> None:
    async with serving(StandInRenderer(sink="http-get:*:image/png:*")) as renderer:
        outcome = await announced(renderer, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "it plays none of mp3, wav, flac")


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["PLAYING", "PAUSED_PLAYBACK", "STOPPED"])
async def test_music_volume_mute_repeat_and_what_is_next_are_given_back(tmp_path: Path, transport: str) -> None:
    async with serving(StandInRenderer(volume_max=30)) as renderer:
        music = {**MUSIC, "transport": transport, "track": "3", "play_mode": "REPEAT_ONE", "volume": "12", "mute": "1"}
        renderer.shows(**music, next_uri="http://music/2.flac", next_metadata="<next/>")
        if transport == "STOPPED":
            renderer.shows(position="0:00:00")
        before = dict(renderer.values)
        outcome = await announced(renderer, tmp_path, volume=0.5)
    assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
    assert {**renderer.values, "mute": "1"} == before
    assert renderer.values["mute"] == "1"
    volumes = [arguments["DesiredVolume"] for name, arguments in renderer.calls if name == "SetVolume"]
    assert volumes == ["15", "12"]
    modes = [arguments["NewPlayMode"] for name, arguments in renderer.calls if name == "SetPlayMode"]
    assert modes == ["NORMAL", "REPEAT_ONE"]
    sought = [arguments["Target"] for name, arguments in renderer.calls if name == "Seek"]
    assert sought == ([] if transport == "STOPPED" else ["3", "0:01:05"])


async def test_a_stream_without_an_end_goes_on_without_seeking(tmp_path: Path) -> None:
    async with serving(StandInRenderer()) as renderer:
        renderer.shows(**{**MUSIC, "uri": "http://radio/live", "duration": "0:00:00"})
        assert (await announced(renderer, tmp_path)).restored is True
    assert renderer.values["uri"] == "http://radio/live"
    assert renderer.values["transport"] == "PLAYING"
    assert "Seek" not in renderer.names


async def test_a_renderer_without_volume_plays(tmp_path: Path) -> None:
    async with serving(StandInRenderer(has_volume=False)) as renderer:
        renderer.shows(**MUSIC)
        outcome = await announced(renderer, tmp_path, volume=0.5)
    assert (outcome.status, outcome.restored) == ("played", True)
    assert renderer.values["position"] == "0:01:05"


async def test_a_volume_that_somebody_sets_meanwhile_stays(tmp_path: Path) -> None:
    async with serving(StandInRenderer(meanwhile={"Play": {"volume": "5"}})) as renderer:
        outcome = await announced(renderer, tmp_path, volume=0.8)
    assert (outcome.status, renderer.values["volume"]) == ("played", "5")


async def test_what_somebody_has_it_play_meanwhile_stays(tmp_path: Path) -> None:
    other = {"uri": "http://other/1.mp3", "transport": "PLAYING"}
    async with serving(StandInRenderer(meanwhile={"Play": other}, fetches=False)) as renderer:
        renderer.shows(**MUSIC)
        outcome = await announced(renderer, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "somebody has it play something else")
    assert renderer.values["uri"] == "http://other/1.mp3"
    assert renderer.names[-1] == "Play"


async def test_a_renderer_that_is_not_ready_at_once_is_asked_again(tmp_path: Path) -> None:
    async with serving(StandInRenderer(refusals={"Play": [(701, "Transition not available")] * 2})) as renderer:
        assert (await announced(renderer, tmp_path)).status == "played"
    assert renderer.names.count("Play") == 3


@pytest.mark.parametrize(
    ("refusals", "reason"),
    [
        ({"SetAVTransportURI": [(716, "Resource not found")]}, "it refused: Resource not found (UPnP error 716)"),
        ({"Play": [(705, "")]}, "it refused: the transport is locked (UPnP error 705)"),
        ({"SetVolume": [(799, "")]}, "it refused: it does not say why (UPnP error 799)"),
    ],
)
async def test_refusals_are_told_by_their_words(
    tmp_path: Path, refusals: dict[str, list[tuple[int, str]]], reason: str
) -> None:
    async with serving(StandInRenderer(refusals=refusals)) as renderer:
        renderer.shows(**MUSIC)
        outcome = await announced(renderer, tmp_path, volume=0.5)
    assert (outcome.status, outcome.reason, outcome.restored) == ("failed", reason, True)
    assert renderer.values["uri"] == MUSIC["uri"]
    assert renderer.values["transport"] == "PLAYING"


@pytest.mark.slow
async def test_music_that_is_refused_afterwards_is_told(tmp_path: Path) -> None:
    async with serving(StandInRenderer(refusals={"Seek": [(710, "Seek mode not supported")] * 99})) as renderer:
        renderer.shows(**MUSIC)
        outcome = await announced(renderer, tmp_path, patience_seconds=3)
    assert (outcome.status, outcome.restored) == ("played", False)
    assert outcome.reason == "it could not be restored: it refused: Seek mode not supported (UPnP error 710)"
    assert renderer.values["mute"] == "0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("renderer", "reason"),
    [
        (StandInRenderer(fetches=False), "it does not fetch the sound; does it reach http://127.0.0.1:"),
        (StandInRenderer(ends=("STOPPED", "ERROR_OCCURRED")), "it could not play the sound"),
        (StandInRenderer(), "it stopped after "),
        (StandInRenderer(deaf_to={"GetMediaInfo"}), "it gives no answer any more (no answer in time)"),
        (StandInRenderer(deaf_to={"Play"}), "it gives no answer any more (no answer in time)"),
        (StandInRenderer(device_type="MediaServer"), "it is no media renderer (urn:schemas-upnp-org:device:MediaS"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
async def test_failures_are_told_in_time(tmp_path: Path, renderer: StandInRenderer, reason: str) -> None:
    async with serving(renderer), announcer(tmp_path, patience_seconds=2) as announcing:
        announcement = Announcement([target(renderer.uri)])
        (outcome,) = await announcing.announce(announcement, as_made(3 * BEEP, pace=20))
    assert outcome.status == "failed"
    assert (outcome.reason or "").startswith(reason)
    assert "announced" not in (outcome.reason or "")


async def test_of_a_renderer_that_is_never_seen_playing_nobody_says_that_it_has_played(tmp_path: Path) -> None:
    async with serving(StandInRenderer(is_seen=False)) as renderer:
        assert (await announced(renderer, tmp_path)).status == "taken"


@pytest.mark.slow
async def test_what_is_no_renderer_is_told(tmp_path: Path) -> None:
    async with serving(StandInRenderer()) as renderer, announcer(tmp_path, patience_seconds=2) as announcing:
        held: list[asyncio.StreamWriter] = []  # one that nobody holds is closed
        silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
        places = [renderer.uri.replace("description", "AVTransport"), renderer.uri.replace(".xml", "")]
        places.append(f"dlna://127.0.0.1:{silent.sockets[0].getsockname()[1]}/description.xml")
        outcomes = await announcing.announce(Announcement([target(place) for place in places]), as_made(BEEP))
        silent.close()
    assert [outcome.reason for outcome in outcomes] == [
        "what answers there is no media renderer",
        "there is no description of a renderer (/description)",
        "nobody answers there (no answer in time)",
    ]


async def test_an_address_of_ours_is_known(tmp_path: Path) -> None:
    async with offering() as host, host.offer(AnnouncedSound(), "mp3", "127.0.0.1") as offered:
        assert _is_ours(offered.url)
    assert not _is_ours("http://music/say/announcement.mp3")


@pytest.mark.slow
async def test_what_a_killed_program_left_between_stopping_and_playing_is_resumed(tmp_path: Path) -> None:
    async with serving(StandInRenderer(deaf_to={"Play"})) as renderer:
        renderer.shows(**MUSIC)
        async with announcer(tmp_path, patience_seconds=2) as announcing:
            await announcing.announce(Announcement([target(renderer.uri)]), as_made(BEEP, pace=20))
        renderer.shows(**{**MUSIC, "transport": "STOPPED"})
        renderer.deaf_to.clear()
        async with announcer(tmp_path) as announcing:
            await announcing.restore_left()
    assert renderer.values["transport"] == "PLAYING"
    assert not list(Journal(tmp_path / "journal").left())
