"""The announcer's own rules, with speakers that play into memory."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers import addresses, bounded, chime, journal
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.announcer import Announcement, Announcer, Outcome
from kokoro_wyoming.speakers.book import QuietHours, Target
from kokoro_wyoming.speakers.interface import Host, Means
from kokoro_wyoming.speakers.journal import Journal
from kokoro_wyoming.speakers.kinds import KINDS, Kind, speaker_at
from kokoro_wyoming.speakers.turns import Priority
from tests.conftest import CHECKOUT
from tests.speakers.announcing import KOKORO, as_made
from tests.stand_ins.beep_house import until
from tests.stand_ins.speaker import (
    ANNOUNCING,
    CRASH,
    GONE,
    HANG,
    IGNORE_CANCEL,
    MUSIC,
    REFUSE,
    STEPS,
    Device,
    FileSpeaker,
    rooms,
    stand_in,
)

HELLO = b"\1\2" * 12_000
"""Half a second."""


class NoHost:
    """Nothing here fetches."""

    offer: Any = None


def announcer(folder: Path, *devices: Device, patience_seconds: float = 10.0) -> Announcer:
    host: Host = NoHost()
    return Announcer(rooms(*devices), Means(host, patience_seconds), Journal(folder / "journal"))


async def announced(
    folder: Path, *devices: Device, pcm: bytes = HELLO, patience_seconds: float = 10.0, **wishes: Any
) -> list[Outcome]:
    targets = [device.target for device in devices]
    return await announcer(folder, *devices, patience_seconds=patience_seconds).announce(
        Announcement(targets, **wishes), as_made(pcm, pace=20)
    )


# --- one announcement ---


async def test_every_speaker_plays_all_and_then_what_it_played_before(tmp_path: Path) -> None:
    kitchen, hall = Device(), Device("Hall", has_music=False)
    outcomes = await announced(tmp_path, kitchen, hall)
    assert [(each.speaker, each.status, each.restored) for each in outcomes] == [
        ("Kitchen", "played", True),
        ("Hall", "played", None),
    ]
    assert kitchen.heard == hall.heard == [HELLO]
    assert kitchen.music == MUSIC
    assert kitchen.steps == [*STEPS]
    assert [each.seconds for each in outcomes] == [0.5, 0.5]
    assert all(each.begun_seconds is not None and each.is_well for each in outcomes)
    assert not [*Journal(tmp_path / "journal").left()]


async def test_the_chime_is_heard_first_and_the_volume_is_the_announcement_s_or_the_speaker_s(tmp_path: Path) -> None:
    kitchen = Device()
    volumes = []
    for wished in (None, 0.9):
        announcing = asyncio.create_task(
            announcer(tmp_path, kitchen).announce(
                Announcement([kitchen.at(volume=0.6)], chime.gentle(), wished), as_made(HELLO, pace=20)
            )
        )
        await kitchen.begun.wait()
        volumes.append(kitchen.music["volume"])
        await announcing
        kitchen.begun.clear()
    assert volumes == [0.6, 0.9]
    assert kitchen.music == MUSIC
    assert kitchen.heard == [chime.gentle().as_pcm(KOKORO) + HELLO] * 2


async def test_speakers_begin_together_whatever_their_latency(tmp_path: Path) -> None:
    devices = [
        Device("a", latency_seconds=0.0, slow={"open": 0.3}),
        Device("b", latency_seconds=0.7),
        Device("c", latency_seconds=0.3, slow={"prepare": 0.2}),
    ]
    outcomes = await announced(tmp_path, *devices)
    began = [device.began_at_seconds[0] for device in devices]
    assert max(began) - min(began) < 0.4
    begun = [each.begun_seconds or 0.0 for each in outcomes]
    assert max(begun) - min(begun) < 0.4
    assert min(begun) > 0.9


async def test_speech_that_fails_is_raised_and_speakers_are_restored(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[tuple[PcmFormat, bytes]]:
        yield KOKORO, HELLO
        raise KokoroWyomingError("the model is stuck")

    kitchen = Device()
    with pytest.raises(KokoroWyomingError, match="the model is stuck"):
        await announcer(tmp_path, kitchen).announce(Announcement([kitchen.target]), broken())
    assert kitchen.heard == [HELLO]
    assert kitchen.music == MUSIC


# --- speakers that do not do well ---


@pytest.mark.parametrize("fault", [HANG, CRASH, REFUSE, IGNORE_CANCEL])
@pytest.mark.parametrize("step", [step for step in STEPS if step != "close"])
async def test_a_speaker_that_fails_holds_up_no_other(
    tmp_path: Path, step: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Device("Bad", faults={step: fault}), Device("Good")
    outcome, other = await announced(tmp_path, bad, good, patience_seconds=0.2)
    assert (other.status, other.restored, good.heard, good.music) == ("played", True, [HELLO], MUSIC)
    assert outcome.reason is not None
    assert not outcome.is_well
    assert "close" in bad.steps
    assert ("restore" in bad.steps) == (step not in ("open", "state"))
    if step != "restore":
        assert outcome.status == "failed"
        assert bad.music == MUSIC
    else:
        assert (outcome.status, outcome.restored) == ("played", False)
    told = caplog.text + outcome.reason
    assert "geheim" not in told
    assert ("RuntimeError" in told) == (fault == CRASH)


@pytest.mark.parametrize("fault", [HANG, CRASH, REFUSE])
async def test_a_speaker_that_cannot_be_closed_has_played(tmp_path: Path, fault: str) -> None:
    (outcome,) = await announced(tmp_path, Device(faults={"close": fault}), patience_seconds=0.1)
    assert outcome.is_well


async def test_a_speaker_that_never_ends_is_left_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "_CANCEL_SECONDS", 0.1)

    async def deaf() -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    over = asyncio.Event()
    with pytest.raises(KokoroWyomingError, match=r"gave no answer for 0\.1 seconds"):
        await bounded.bounded(deaf(), 0.1)
    assert "does not end" in caplog.text
    over.set()


async def test_with_no_speaker_left_the_speech_is_not_made_to_its_end(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[tuple[PcmFormat, bytes]]:
        while True:
            yield KOKORO, HELLO
            await asyncio.sleep(0.01)

    bad = Device(faults={"play": REFUSE})
    (outcome,) = await announcer(tmp_path, bad).announce(Announcement([bad.target]), endless())
    assert (outcome.status, outcome.reason) == ("failed", "it refused to play")


# --- turns ---


async def test_a_speaker_plays_one_announcement_at_a_time_the_most_urgent_first(tmp_path: Path) -> None:
    kitchen = Device(pace=5.0)
    desk = announcer(tmp_path, kitchen)

    async def say(pcm: bytes, priority: Priority) -> str:
        (outcome,) = await desk.announce(Announcement([kitchen.target], priority=priority), as_made(pcm * 6_000))
        return outcome.status

    first = asyncio.create_task(say(b"1\0", Priority.NORMAL))
    await kitchen.begun.wait()
    later = [say(b"2\0", Priority.LOW), say(b"3\0", Priority.NORMAL), say(b"4\0", Priority.NORMAL)]
    assert await asyncio.gather(first, *later) == ["played"] * 4
    assert [heard[:1] for heard in kitchen.heard] == [b"1", b"3", b"4", b"2"]
    assert kitchen.most_at_once == 1
    assert kitchen.music == MUSIC


async def test_an_alarm_ends_what_is_announced_and_is_not_ended_itself(tmp_path: Path) -> None:
    kitchen = Device(pace=1.0)
    desk = announcer(tmp_path, kitchen)

    async def say(pcm: bytes, priority: Priority) -> Outcome:
        (outcome,) = await desk.announce(Announcement([kitchen.target], priority=priority), as_made(pcm, pace=50))
        return outcome

    long = asyncio.create_task(say(b"1\0" * 240_000, Priority.NORMAL))
    await kitchen.begun.wait()
    kitchen.pace = 20.0
    fire, flood = await asyncio.gather(say(b"2\0" * 24_000, Priority.ALARM), say(b"3\0" * 2_400, Priority.ALARM))
    ended = await long
    assert (ended.status, ended.reason, ended.is_well) == ("interrupted", "an alarm came in between", False)
    assert (fire.status, flood.status) == ("played", "played")
    assert [len(heard) for heard in kitchen.heard[1:]] == [48_000, 4_800]
    assert kitchen.music == MUSIC


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next(tmp_path: Path) -> None:
    kitchen = Device(pace=2.0)
    desk = announcer(tmp_path, kitchen)
    says = [
        asyncio.create_task(desk.announce(Announcement([kitchen.target]), as_made(HELLO, pace=20))) for _ in range(3)
    ]
    await kitchen.begun.wait()
    says[1].cancel()
    outcomes = await asyncio.gather(*says, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert len(kitchen.heard) == 2


@pytest.mark.slow
async def test_speakers_that_are_free_do_not_wait_for_one_that_is_busy(tmp_path: Path) -> None:
    kitchen, hall = Device(pace=1.0), Device("Hall")
    desk = announcer(tmp_path, kitchen, hall)
    long = asyncio.create_task(desk.announce(Announcement([kitchen.target]), as_made(HELLO * 4, pace=20)))
    await kitchen.begun.wait()
    both = asyncio.create_task(desk.announce(Announcement([kitchen.target, hall.target]), as_made(HELLO, pace=20)))
    await hall.begun.wait()
    assert not long.done()
    assert [outcome.status for outcome in await both] == ["played", "played"]
    assert (await long)[0].status == "played"


@pytest.mark.slow
async def test_a_group_that_is_busy_as_a_whole_begins_together_again(tmp_path: Path) -> None:
    kitchen, hall = Device(), Device("Hall", slow={"restore": 0.6})
    desk = announcer(tmp_path, kitchen, hall)
    both = Announcement([kitchen.target, hall.target])
    first = asyncio.create_task(desk.announce(both, as_made(HELLO, pace=20)))
    await kitchen.begun.wait()
    await desk.announce(both, as_made(HELLO, pace=20))
    await first
    assert abs(kitchen.began_at_seconds[1] - hall.began_at_seconds[1]) < 0.4


# --- quiet hours ---


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ("22:00-07:00", "23:30", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("22:00-07:00", "12:00", False),
        ("13:00 - 15:00", "14:00", True),
        ("13:00-15:00", "15:00", False),
        ("9:00-9:00", "09:00", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(hours: str, at: str, quiet: bool) -> None:
    assert QuietHours.parse(hours).cover(datetime.time.fromisoformat(at)) is quiet


@pytest.mark.parametrize("wrong", ["", "22:00", "22-07", "24:00-07:00", "22:60-07:00", "22:00-07:00 22:00"])
def test_what_is_no_time_of_the_day_is_told(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is no time of the day; write 22:00-07:00"):
        QuietHours.parse(wrong)


async def test_in_quiet_hours_only_an_alarm_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuietHours, "cover", lambda self, now: True)
    kitchen, hall = Device(), Device("Hall")
    desk = announcer(tmp_path, kitchen, hall)
    targets = [kitchen.at(quiet_hours=QuietHours.parse("22:00-07:00")), hall.target]
    quiet, played = await desk.announce(Announcement(targets), as_made(HELLO, pace=20))
    assert (quiet.status, quiet.reason, quiet.is_well) == ("quiet", "its quiet hours are 22:00-07:00", True)
    assert (played.status, kitchen.steps) == ("played", [])
    outcomes = await desk.announce(Announcement(targets, priority=Priority.ALARM), as_made(HELLO, pace=20))
    assert [outcome.status for outcome in outcomes] == ["played", "played"]


# --- what speakers are given back ---


@pytest.mark.parametrize("again", [False, True])
async def test_who_cancels_an_announcement_gets_the_music_back(tmp_path: Path, again: bool) -> None:
    kitchen = Device(pace=1.0, slow={"restore": 0.2})
    announcing = asyncio.create_task(
        announcer(tmp_path, kitchen).announce(Announcement([kitchen.target]), as_made(HELLO * 20, pace=50))
    )
    await kitchen.begun.wait()
    assert kitchen.music["playing"] == ANNOUNCING
    announcing.cancel()
    if again:
        await until(lambda: "restore" in kitchen.steps)
        announcing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await announcing
    assert kitchen.music == MUSIC
    assert kitchen.steps[-1] == "close"


def _file(tmp_path: Path, **music: Any) -> Path:
    file = tmp_path / "device.json"
    file.write_text(json.dumps({**MUSIC, **music}))
    return file


async def _killed_while_it_announces(tmp_path: Path, file: Path, number: signal.Signals) -> int:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.speakers import test_announcer\n"
        "asyncio.run(test_announcer.announce_for_long(Path(sys.argv[1]), Path(sys.argv[2])))\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(tmp_path), str(file)), cwd=CHECKOUT, env={**os.environ}
    )
    try:
        await until(lambda: json.loads(file.read_text())["playing"] == ANNOUNCING, seconds=60)
    finally:
        process.send_signal(number)
        status = await process.wait()
    return status


async def announce_for_long(tmp_path: Path, file: Path) -> None:
    """What the process does that is killed."""
    stand_in()
    desk = Announcer(speaker_at, Means(NoHost()), Journal(tmp_path / "journal"))
    target = Target("file", addresses.parse(f"standin://here{file}", KINDS))
    await desk.announce(Announcement([target], volume=1.0), as_made(HELLO * 600, pace=600))


@pytest.fixture
def file_kind(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Announcer]:
    monkeypatch.setitem(KINDS, "standin", Kind("stand_in", "FileSpeaker", None, ""))
    return lambda folder: Announcer(FileSpeaker, Means(NoHost()), Journal(folder / "journal"))


@pytest.mark.long
async def test_what_a_killed_process_left_is_restored_by_the_next_one(
    tmp_path: Path, file_kind: Callable[[Path], Announcer], caplog: pytest.LogCaptureFixture
) -> None:
    file = _file(tmp_path)
    assert await _killed_while_it_announces(tmp_path, file, signal.SIGKILL) == -signal.SIGKILL
    assert json.loads(file.read_text())["volume"] == 1.0
    await file_kind(tmp_path).restore_left()
    assert json.loads(file.read_text()) == MUSIC
    assert not [*Journal(tmp_path / "journal").left()]
    assert caplog.records == []


async def test_an_announcement_restores_what_a_killed_one_left_and_not_itself(tmp_path: Path) -> None:
    kitchen = Device(music={"playing": ANNOUNCING, "at_seconds": 1.0, "volume": 1.0})
    async with Journal(tmp_path / "journal").alone(kitchen.target.address.uri) as entry:
        entry.write(MUSIC)
    (outcome,) = await announced(tmp_path, kitchen)
    assert (outcome.restored, kitchen.music) == (True, MUSIC)
    assert "state" not in kitchen.steps


async def test_what_could_not_be_restored_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kitchen = Device(faults={"restore": CRASH})
    desk = announcer(tmp_path, kitchen)
    (outcome,) = await desk.announce(Announcement([kitchen.target]), as_made(HELLO, pace=20))
    assert outcome.restored is False
    caplog.clear()
    await desk.restore_left()
    assert "tcp://kitchen:1 could not be left as it was" in caplog.text
    assert "geheim" not in caplog.text
    kitchen.faults.clear()
    await desk.restore_left()
    assert kitchen.music == MUSIC
    assert not [*Journal(tmp_path / "journal").left()]


async def test_what_can_never_be_restored_is_told_once(tmp_path: Path) -> None:
    (outcome,) = await announced(tmp_path, Device(faults={"restore": GONE}))
    assert (outcome.status, outcome.restored) == ("played", False)
    assert outcome.reason == "it could not be restored: its stream is gone"
    assert not [*Journal(tmp_path / "journal").left()]


async def test_after_hours_nothing_is_restored_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_STALE_SECONDS", -1.0)
    kitchen = Device(music={"playing": "Jazz", "volume": 0.5})
    async with Journal(tmp_path / "journal").alone(kitchen.target.address.uri) as entry:
        entry.write(MUSIC)
    await announcer(tmp_path, kitchen).restore_left()
    assert kitchen.steps == []
    assert kitchen.music["playing"] == "Jazz"
    assert not [*Journal(tmp_path / "journal").left()]


@pytest.mark.parametrize("noise", ["", "{", "[]", '{"uri": 5}', '{"uri": "tcp://a:1"}', '{"uri": "x", "state": {}}'])
async def test_a_damaged_note_is_no_obstacle(tmp_path: Path, noise: str) -> None:
    kitchen = Device()
    async with Journal(tmp_path / "journal").alone(kitchen.target.address.uri) as entry:
        entry.write(MUSIC)
    (note,) = (tmp_path / "journal").glob("*.json")
    note.write_text(noise)
    await announcer(tmp_path, kitchen).restore_left()
    (outcome,) = await announced(tmp_path, kitchen)
    assert outcome.is_well


async def test_without_a_folder_for_notes_speakers_are_played_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "journal").write_text("no folder")
    kitchen = Device()
    desk = announcer(tmp_path, kitchen)
    for _ in range(2):
        (outcome,) = await desk.announce(Announcement([kitchen.target]), as_made(HELLO, pace=20))
        assert outcome.restored
    assert caplog.text.count("Speakers are not restored if this program is killed") == 1


async def test_notes_are_for_this_user_alone(tmp_path: Path) -> None:
    async with Journal(tmp_path / "journal").alone("mpd://kitchen?password=geheim") as entry:
        entry.write(MUSIC)
        (note,) = (tmp_path / "journal").glob("*.json")
        assert note.stat().st_mode & 0o077 == (tmp_path / "journal").stat().st_mode & 0o077 == 0


@pytest.mark.long
async def test_two_processes_do_not_announce_on_one_speaker_at_once(
    tmp_path: Path, file_kind: Callable[[Path], Announcer]
) -> None:
    file = _file(tmp_path)
    other = asyncio.create_task(_killed_while_it_announces(tmp_path, file, signal.SIGSTOP))
    await until(lambda: json.loads(file.read_text())["playing"] == ANNOUNCING, seconds=60)
    waiting = asyncio.create_task(file_kind(tmp_path).restore_left())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    assert json.loads(file.read_text())["playing"] == ANNOUNCING
    os.kill(_process_of(other), signal.SIGKILL)
    await waiting
    assert json.loads(file.read_text()) == MUSIC
    await other


def _process_of(task: asyncio.Task[int]) -> int:
    frame = task.get_stack()[0]
    return int(frame.f_locals["process"].pid)


# --- the sound ---


async def test_a_sound_has_the_same_bytes_for_all_whenever_they_begin() -> None:
    sound = AnnouncedSound()
    early = asyncio.create_task(_all(sound))
    await asyncio.sleep(0)
    sound.add(KOKORO, HELLO)
    late = asyncio.create_task(_all(sound))
    await asyncio.sleep(0)
    sound.add(KOKORO, HELLO[:1_000])
    sound.finish()
    assert await early == await late == await sound.whole() == HELLO + HELLO[:1_000]
    assert sound.seconds == 0.5 + 500 / 24_000


async def test_a_sound_that_never_comes_is_told() -> None:
    sound = AnnouncedSound()
    asking = asyncio.create_task(sound.begun())
    await asyncio.sleep(0)
    sound.finish()
    assert await asking is None
    assert await _all(sound) == b""


async def _all(sound: AnnouncedSound) -> bytes:
    return b"".join([piece async for piece in sound.pieces()])


def test_secrets_are_in_no_text_of_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parse = addresses.parse
    address = parse("mpd://kitchen/x?password=geheim", KINDS)
    assert "geheim" not in f"{address} {address!r}"
    assert address.secret("password") == "geheim"
    (tmp_path / "word").write_text("offen\nmore")
    assert parse(f"mpd://kitchen?password_file={tmp_path}/word", KINDS).secret("password") == "offen"
    monkeypatch.setenv("WORD", "auch")
    assert parse("mpd://kitchen?password_env=WORD", KINDS).secret("password") == "auch"
    for wrong in ("password_env=NO_SUCH", f"password_file={tmp_path}/none"):
        with pytest.raises(KokoroWyomingError, match="mpd://kitchen: "):
            parse(f"mpd://kitchen?{wrong}", KINDS).secret("password")
