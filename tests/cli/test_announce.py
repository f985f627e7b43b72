"""`announce`: a text on several speakers at once, whatever each of them does."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from wyoming.audio import AudioChunk, AudioStart, AudioStop

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli import main
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speakers import chime
from kokoro_wyoming.speakers.book import QuietHours
from kokoro_wyoming.speakers.kinds import wyoming
from tests.conftest import CHECKOUT
from tests.stand_ins.beep_engine import BeepEngine, heard
from tests.stand_ins.beep_house import open_house, until
from tests.stand_ins.beep_server import BEEP, RATE_HZ, BeepServer, Write, beep_server, die, refuse
from tests.stand_ins.service import Serve
from tests.stand_ins.snd import (
    Speaker,
    babbling,
    deaf,
    dying,
    leaving,
    old,
    playing,
    playing_by,
    refusing,
    silent,
    snd_service,
)
from tests.stand_ins.speaker import ANNOUNCING, MUSIC

SOUND = PcmFormat(RATE_HZ, 2, 1)


@pytest.fixture(autouse=True)
def no_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wyoming, "TAIL_SECONDS", 0.0)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[BeepServer]:
    async with beep_server(BeepServer()) as running:
        yield running


async def announce(server: BeepServer | str, *words: object) -> int:
    """Run the command in a thread, as the services need this one's event loop."""
    uri = server if isinstance(server, str) else server.uri
    argv = [str(word) for word in ("announce", *words, "--uri", uri)]
    return await asyncio.wait_for(asyncio.to_thread(main, argv), 60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# --- what is played ---


async def test_a_text_is_played_to_its_end(server: BeepServer, capsys: pytest.CaptureFixture[str]) -> None:
    async with snd_service() as kitchen:
        assert await announce(server, "Dinner", "is ready.", "--to", kitchen.uri) == 0
    assert server.heard[0].data == {"text": "Dinner is ready."}
    assert kitchen.types == ["audio-start", "audio-chunk", "audio-stop"]
    assert {event.data.get("rate") for event in kitchen.events[:2]} == {RATE_HZ}
    assert kitchen.pcm == BEEP
    assert capsys.readouterr().out == f"{kitchen.uri}: played 0.1 s\n"


@pytest.mark.slow
async def test_our_own_sessions_speak_on_several_speakers_at_once() -> None:
    async with open_house(BeepEngine()) as house, snd_service() as kitchen, snd_service(silent) as attic:
        uri = f"tcp://127.0.0.1:{house.port}"
        text = "It rains. It pours. " * 4
        to = ("--to", kitchen.uri, "--to", attic.uri, "--voice", "boop", "--timeout", 0.5)
        assert await announce(uri, text, *to) == 0
        await attic.hung_up.wait()
        assert {voice.name for _, voice in house.engine.said} == {"boop"}
    assert heard(kitchen.pcm) == heard(attic.pcm) == "It rains.It pours." * 4
    stamps = [event.data["timestamp"] for event in kitchen.events]
    assert stamps == sorted(stamps)
    assert stamps[-1] == len(kitchen.pcm) // 48


async def test_a_program_behind_a_service_hears_everything(
    server: BeepServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The program starts slower than so short a sound plays: what the tail is for.
    monkeypatch.setattr(wyoming, "TAIL_SECONDS", 60.0)
    raw = tmp_path / "sound.raw"
    program = "import os, sys; out = open(sys.argv[1], 'wb', buffering=0)\nwhile d := os.read(0, 4096): out.write(d)"
    async with snd_service(playing_by(sys.executable, "-c", program, str(raw))) as kitchen:
        speaking = asyncio.create_task(announce(server, "Hi.", "--to", kitchen.uri))
        await until(lambda: raw.exists() and raw.read_bytes() == BEEP, seconds=30)
        assert not kitchen.hung_up.is_set()
    assert await speaking == 0  # the service has gone, which ends the waiting


async def test_sound_is_played_while_the_text_is_still_being_written(
    server: BeepServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reading))
    stdin = io.FileIO(writing, "w")
    async with snd_service() as kitchen:
        speaking = asyncio.create_task(announce(server, "--to", kitchen.uri))
        stdin.write(b"One. ")
        await until(lambda: "audio-chunk" in kitchen.types, seconds=30)
        stdin.write(b"Two.")
        stdin.close()
        assert await speaking == 0
    assert kitchen.pcm == BEEP + BEEP
    assert kitchen.types.count("audio-start") == kitchen.types.count("audio-stop") == 1


async def test_an_address_given_twice_is_one_speaker(server: BeepServer) -> None:
    async with snd_service() as kitchen:
        assert await announce(server, "Hi.", "--to", kitchen.uri, "--to", kitchen.uri) == 0
    assert kitchen.types.count("audio-start") == 1


async def test_one_large_chunk_of_a_server_is_passed_on_in_small_ones(server: BeepServer) -> None:
    async def long_beep(_: BeepServer, write: Write) -> None:
        await write(AudioStart(RATE_HZ, 2, 1).event())
        await write(AudioChunk(RATE_HZ, 2, 1, BEEP * 10).event())
        await write(AudioStop().event())

    server.on_text = long_beep
    async with snd_service() as kitchen:
        assert await announce(server, "Hi.", "--to", kitchen.uri) == 0
    assert kitchen.pcm == BEEP * 10
    assert {len(event.payload or b"") for event in kitchen.events} == {0, 4800}


# --- speakers that do not do well ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (deaf, ("it gave no sign of life for 0.3 seconds; is it stuck?",)),
        (dying, ("it broke the connection off in the middle", "it closed the connection before the end; a satel")),
        (leaving, ("it closed the connection without having said that it played",)),
        (refusing, ("it refused: There is no sound card.",)),
        (babbling, ("it answers, but not as a Wyoming service does",)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_a_speaker_that_fails_is_told_and_holds_up_no_other(
    server: BeepServer,
    capsys: pytest.CaptureFixture[str],
    behaviour: Callable[[Speaker], Serve],
    expected: tuple[str, ...],
) -> None:
    async def long_beep(_server: BeepServer, write: Write) -> None:
        await write(AudioStart(RATE_HZ, 2, 1).event())
        for _ in range(6):
            await write(AudioChunk(RATE_HZ, 2, 1, BEEP).event())
            await asyncio.sleep(0.005)
        await write(AudioStop().event())

    server.on_text = long_beep
    async with snd_service(behaviour) as bad, snd_service() as good:
        to = ("--to", bad.uri, "--to", good.uri)
        assert await announce(server, "Hi.", *to, "--timeout", 0.3) == 1
    assert good.pcm == BEEP * 6
    told = capsys.readouterr()
    assert told.out == f"{good.uri}: played 0.3 s\n"
    assert told.err.startswith(tuple(f"{bad.uri}: {words}" for words in expected))


async def test_a_speaker_that_is_away_is_told_and_holds_up_no_other(
    server: BeepServer, capsys: pytest.CaptureFixture[str]
) -> None:
    away = f"tcp://127.0.0.1:{free_port()}"
    async with snd_service() as good:
        assert await announce(server, "Hi.", "--to", away, "--to", good.uri) == 1
    assert good.pcm == BEEP
    assert capsys.readouterr().err == f"{away}: nobody answers there (connection refused)\n"


@pytest.mark.parametrize("behaviour", [silent, old])
async def test_a_service_that_does_not_know_of_played_has_done_well(
    server: BeepServer, capsys: pytest.CaptureFixture[str], behaviour: Callable[[Speaker], Serve]
) -> None:
    async with snd_service(behaviour) as hall:
        assert await announce(server, "Hi.", "--to", hall.uri, "--timeout", 0.3) == 0
    assert hall.pcm == BEEP
    assert capsys.readouterr().out == f"{hall.uri}: took 0.1 s of sound, and does not tell when it has played\n"


async def test_with_no_speaker_left_nobody_waits_for_the_speech(server: BeepServer) -> None:
    left = asyncio.Event()

    async def never(_: BeepServer, write: Write) -> None:
        left.set()
        await asyncio.Event().wait()

    server.on_text = never
    assert await announce(server, "Hi.", "--to", f"tcp://127.0.0.1:{free_port()}") == 1


@pytest.mark.parametrize("misbehave", [refuse, die])
async def test_speech_that_breaks_off_is_an_error_and_the_speakers_are_told_its_end(
    server: BeepServer,
    misbehave: Callable[[BeepServer, Write], Awaitable[None]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.on_text = misbehave
    async with snd_service() as kitchen:
        assert await announce(server, "Hi.", "--to", kitchen.uri) == 1
    assert kitchen.types[-1] == "audio-stop"
    assert "kokoro-wyoming: tcp://" in capsys.readouterr().err


async def test_a_server_that_is_away_is_an_error_and_the_speakers_are_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with snd_service() as kitchen:
        assert await announce(f"tcp://127.0.0.1:{free_port()}", "Hi.", "--to", kitchen.uri) == 1
    assert kitchen.events == []
    assert "nobody answers at" in capsys.readouterr().err


def test_wrong_addresses_and_files_are_told_before_anything_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["announce", "Hi.", "--to", "kitchen"]) == 2
    assert "--to: `kitchen` does not begin with tcp://" in capsys.readouterr().err
    assert main(["announce", "Hi."]) == 2
    assert main(["announce", "Hi.", "--to", "tcp://a:1", "--timeout", "0"]) == 2
    (tmp_path / "chime.mp3").write_bytes(b"ID3" * 100)
    assert main(["announce", "Hi.", "--to", "tcp://a:1", "--chime", str(tmp_path / "chime.mp3")]) == 1
    assert "is not a plain WAV file; make one with: ffmpeg" in capsys.readouterr().err
    assert main(["announce", "Hi.", "--to", "tcp://a:1", "--chime", str(tmp_path / "no.wav")]) == 1
    assert "no.wav cannot be read: no such file" in capsys.readouterr().err


# --- the chime ---


def write_wav(path: Path, samples: np.ndarray, rate_hz: int, width_bytes: int = 2) -> Path:
    """A WAV file of float samples, shape (n_samples, n_channels), [-1, 1)."""
    with wave.open(str(path), "wb") as file:
        file.setframerate(rate_hz)
        file.setsampwidth(width_bytes)
        file.setnchannels(samples.shape[1])
        levels = np.rint(samples * (2 ** (8 * width_bytes - 1) - 1)).astype("<i4")
        if width_bytes == 1:
            file.writeframes((levels + 128).astype(np.uint8).tobytes())
        else:
            octets = levels.reshape(-1, 1).view(np.uint8)[:, :width_bytes]
            file.writeframes(octets.tobytes())
    return path


def tone(rate_hz: int, channels: int = 1, hz: float = 440.0, seconds: float = 0.5) -> np.ndarray:
    """A tone that comes and goes softly, shape (n_samples, n_channels)."""
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    one = 0.5 * np.sin(2 * np.pi * hz * at) * np.sin(np.pi * at / seconds) ** 2
    return np.repeat(one[:, None], channels, axis=1)


@pytest.mark.parametrize("width_bytes", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 24_000, 44_100, 48_000])
def test_a_chime_of_any_format_is_the_same_tone_afterwards(
    tmp_path: Path, rate_hz: int, channels: int, width_bytes: int
) -> None:
    path = write_wav(tmp_path / "chime.wav", tone(rate_hz, channels), rate_hz, width_bytes)
    pcm = chime.read(path).as_pcm(SOUND)
    found = np.frombuffer(pcm, "<i2") / 32767
    expected = tone(RATE_HZ)[:, 0]
    assert len(found) == len(expected)
    assert np.abs(found - expected).max() < (0.02 if width_bytes == 1 else 0.001)


def test_a_chime_for_two_channels_is_on_both() -> None:
    pcm = chime.Chime(tone(RATE_HZ).astype(np.float32), RATE_HZ).as_pcm(PcmFormat(RATE_HZ, 2, 2))
    left, right = np.frombuffer(pcm, "<i2").reshape(-1, 2).T
    assert np.array_equal(left, right)
    assert left.any()


@pytest.mark.parametrize("hz", [13_000, 20_000])
def test_what_the_speech_s_rate_cannot_hold_does_not_come_back_as_another_tone(hz: float) -> None:
    sound = chime.resampled(tone(48_000, hz=hz).astype(np.float32), 48_000, RATE_HZ)
    assert np.abs(sound).max() < 0.001


@given(st.integers(1, 3_000), st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000, 96_000, 7_919]))
def test_a_chime_keeps_its_length(samples: int, rate_hz: int) -> None:
    sound = chime.resampled(np.zeros((samples, 1), np.float32), rate_hz, RATE_HZ)
    assert abs(len(sound) / RATE_HZ - samples / rate_hz) <= 1 / RATE_HZ


def test_a_chime_is_short_and_not_nothing(tmp_path: Path) -> None:
    for seconds in (0, 31):
        path = write_wav(tmp_path / "chime.wav", np.zeros((8_000 * seconds, 1)), 8_000)
        with pytest.raises(KokoroWyomingError, match="empty or longer than 30 seconds"):
            chime.read(path)


def test_a_chime_goes_only_with_speech_of_16_bits() -> None:
    with pytest.raises(KokoroWyomingError, match="16 bits, and this has 32"):
        chime.Chime(tone(RATE_HZ).astype(np.float32), RATE_HZ).as_pcm(PcmFormat(RATE_HZ, 4, 1))


async def test_the_chime_is_played_before_the_speech_in_its_format(server: BeepServer, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "chime.wav", tone(44_100, 2, seconds=0.3), 44_100)
    async with snd_service(playing) as kitchen:
        assert await announce(server, "Hi.", "--to", kitchen.uri, "--chime", path) == 0
    assert kitchen.pcm == chime.read(path).as_pcm(SOUND) + BEEP
    assert len(kitchen.pcm) == len(BEEP) + 2 * round(0.3 * RATE_HZ)


# --- speakers of the settings ---


def write_settings(folder: Path, speakers: str, announcements: str = "{}") -> Path:
    path = folder / "my.yaml"
    path.write_text(f"speakers: {speakers}\nannouncements: {announcements}\n")
    return path


async def test_speakers_and_groups_of_the_settings_go_by_their_names(
    server: BeepServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with snd_service() as kitchen, snd_service() as hall, snd_service() as attic:
        rooms = f"{{Kitchen: '{kitchen.uri}', Hall: '{hall.uri}', both: [kitchen, Hall]}}"
        to = ("--config", write_settings(tmp_path, rooms), "--to", "BOTH", "--to", "Kitchen", "--to", attic.uri)
        assert await announce(server, "Hi.", *to) == 0
    assert kitchen.pcm == hall.pcm == attic.pcm == BEEP
    assert capsys.readouterr().out == f"Kitchen: played 0.1 s\nHall: played 0.1 s\n{attic.uri}: played 0.1 s\n"


async def test_how_each_fared_is_told_as_json(
    server: BeepServer, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with snd_service() as kitchen:
        rooms = f"{{Küche: '{kitchen.uri}', Away: 'tcp://127.0.0.1:{free_port()}'}}"
        to = ("--config", write_settings(tmp_path, rooms), "--to", "küche", "--to", "Away")
        assert await announce(server, "Hi.", *to, "--json") == 1
    told = json.loads(capsysbinary.readouterr().out)["speakers"]
    assert [(each["name"], each["status"], each["restored"]) for each in told] == [
        ("Küche", "played", None),
        ("Away", "failed", None),
    ]
    assert told[0]["seconds"] == len(BEEP) / 2 / RATE_HZ
    assert told[0]["begun_seconds"] > 0
    assert "connection refused" in told[1]["reason"]


@pytest.mark.slow
async def test_the_settings_chime_is_heard_and_another_or_none_may_be_asked_for(
    server: BeepServer, tmp_path: Path
) -> None:
    ding = chime.gentle().as_pcm(SOUND)
    path = write_settings(tmp_path, "{}", "{chime: gentle}")
    for words, expected in (((), ding), (("--chime", "none"), b""), (("--chime", "gentle"), ding)):
        async with snd_service() as kitchen:
            assert await announce(server, "Hi.", "--to", kitchen.uri, "--config", path, *words) == 0
        assert kitchen.pcm == expected + BEEP


async def test_quiet_hours_of_the_settings_hold_but_for_alarms(
    server: BeepServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(QuietHours, "cover", lambda self, now: True)
    path = write_settings(tmp_path, "{}", "{quiet_hours: '22:00-7:00'}")
    async with snd_service() as kitchen:
        assert await announce(server, "Hi.", "--to", kitchen.uri, "--config", path) == 0
        assert kitchen.events == []
        assert capsys.readouterr().err == f"{kitchen.uri}: its quiet hours are 22:00-07:00\n"
        assert await announce(server, "Hi.", "--to", kitchen.uri, "--config", path, "--priority", "alarm") == 0
        assert kitchen.pcm == BEEP


def test_a_name_that_is_unknown_is_told_with_those_that_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_settings(tmp_path, "{Kitchen: 'tcp://a:1', all: [Kitchen]}")
    assert main(["announce", "Hi.", "--to", "Kitchn", "--config", str(path)]) == 2
    assert "and it is no speaker of the settings (Kitchen, all)" in capsys.readouterr().err
    assert main(["announce", "Hi.", "--to", "mpf://kitchen?password=geheim"]) == 2
    assert "geheim" not in capsys.readouterr().err
    assert main(["announce", "Hi.", "--to", "Kitchen", "--config", str(path), "--volume", "40"]) == 2
    assert main(["announce", "Hi.", "--to", "Kitchen", "--config", str(path), "--priority", "high"]) == 2


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_command_that_is_interrupted_gives_the_music_back(
    server: BeepServer, tmp_path: Path, number: signal.Signals
) -> None:
    async def long_beep(_: BeepServer, write: Write) -> None:
        await write(AudioStart(RATE_HZ, 2, 1).event())
        await write(AudioChunk(RATE_HZ, 2, 1, BEEP * 600).event())
        await write(AudioStop().event())

    server.on_text = long_beep
    device = tmp_path / "device.json"
    device.write_text(json.dumps({**MUSIC, "restore_seconds": 1.5}))
    words = ("announce", "Hi.", "--to", f"standin://here{device}", "--volume", "0.9", "--uri", server.uri)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.stand_ins.speaker", *words),
        cwd=CHECKOUT,
        env={**os.environ, "KOKORO_WYOMING_HOME": str(tmp_path)},
    )
    await until(lambda: json.loads(device.read_text())["playing"] == ANNOUNCING, seconds=60)
    process.send_signal(number)
    assert await asyncio.wait_for(process.wait(), 60) == 128 + number
    assert {**json.loads(device.read_text()), **MUSIC} == json.loads(device.read_text())
    assert not [*(tmp_path / "speakers").glob("*.json")]
