"""`say` and `health` against a stand-in server that beeps."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from wyoming.audio import AudioStart

from kokoro_wyoming.cli import main
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import open_house
from tests.stand_ins.beep_server import (
    BEEP,
    RATE_HZ,
    BeepServer,
    Write,
    beep_server,
    change_format,
    die,
    refuse,
    say_nothing,
    send_nonsense,
)

Behaviour = Callable[[BeepServer, Write], Awaitable[None]]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[BeepServer]:
    async with beep_server(BeepServer()) as running:
        yield running


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.FileIO:
    """The writing end of a pipe that is stdin."""
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reading))
    return io.FileIO(writing, "w")


async def run(*argv: object) -> int:
    """Run a command in a thread, as the server needs this one's event loop."""
    return await asyncio.to_thread(main, [str(word) for word in argv])


def read_wav(content: Path | bytes) -> tuple[tuple[int, int, int], bytes]:
    source = io.BytesIO(content) if isinstance(content, bytes) else str(content)
    with wave.open(source) as wav:
        return (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()), wav.readframes(10**7)


async def heard(server: BeepServer, event_type: str) -> str:
    event = await asyncio.wait_for(server.news.get(), 10)
    assert event.type == event_type
    return str(event.data.get("text"))


# --- a text given as arguments ---


async def test_a_text_becomes_a_wav_file(
    server: BeepServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "door.wav"
    assert await run("say", "The front", "door is open.", "--out", out, "--uri", server.uri) == 0
    assert read_wav(out) == ((RATE_HZ, 2, 1), BEEP)
    assert server.types() == ["synthesize"]
    assert server.heard[0].data == {"text": "The front door is open."}
    assert capsys.readouterr().out == f"{out}: 0.1 s of speech\n"
    assert os.listdir(tmp_path) == ["door.wav"]


async def test_voice_speaker_language_and_program_are_asked_for(server: BeepServer, tmp_path: Path) -> None:
    wanted = ("--voice", "bf_emma", "--speaker", "@1.2", "--language", "en-GB", "--program", "beep")
    assert await run("say", "Hi.", *wanted, "--out", tmp_path / "a.wav", "--uri", server.uri) == 0
    assert server.types() == ["select-program", "synthesize"]
    assert server.heard[0].data == {"name": "beep"}
    assert server.heard[1].data["voice"] == {"name": "bf_emma", "language": "en-GB", "speaker": "@1.2"}


async def test_a_wav_on_stdout_is_nothing_but_a_wav(
    server: BeepServer, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await run("say", "Hi.", "--out", "-", "--uri", server.uri) == 0
    assert read_wav(capfdbinary.readouterr().out) == ((RATE_HZ, 2, 1), BEEP)


async def test_an_earlier_file_is_replaced(server: BeepServer, tmp_path: Path) -> None:
    out = tmp_path / "door.wav"
    out.write_bytes(b"old")
    assert await run("say", "Hi.", "--out", out, "--uri", server.uri) == 0
    assert read_wav(out)[1] == BEEP


async def test_a_device_is_written_to_and_not_replaced(server: BeepServer, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = asyncio.create_task(asyncio.to_thread(pipe.read_bytes))
    assert await run("say", "Hi.", "--out", pipe, "--uri", server.uri) == 0
    assert read_wav(await reading)[1] == BEEP
    assert os.listdir(tmp_path) == ["pipe"]


# --- text from stdin ---


async def test_stdin_is_spoken_while_it_is_still_being_written(
    server: BeepServer, tmp_path: Path, stdin: io.FileIO
) -> None:
    out = tmp_path / "news.wav"
    saying = asyncio.create_task(run("say", "--voice", "af_sky", "--out", out, "--uri", server.uri))
    await heard(server, "synthesize-start")
    stdin.write(b"One. ")
    assert await heard(server, "synthesize-chunk") == "One. "
    stdin.write(b"Two.")
    assert await heard(server, "synthesize-chunk") == "Two."
    assert not out.exists()
    stdin.close()
    assert await saying == 0
    assert server.types() == [
        "synthesize-start",
        "synthesize-chunk",
        "synthesize-chunk",
        "synthesize",
        "synthesize-stop",
    ]
    assert server.heard[0].data["voice"] == server.heard[3].data["voice"] == {"name": "af_sky"}
    assert server.heard[3].data["text"] == "One. Two."
    assert read_wav(out)[1] == BEEP + BEEP


async def test_a_letter_cut_in_two_arrives_whole(server: BeepServer, tmp_path: Path, stdin: io.FileIO) -> None:
    saying = asyncio.create_task(run("say", "--out", tmp_path / "a.wav", "--uri", server.uri))
    await heard(server, "synthesize-start")
    first, second = "Schön".encode()[:4], "Schön".encode()[4:]
    stdin.write(first)
    assert await heard(server, "synthesize-chunk") == "Sch"
    stdin.write(second)
    assert await heard(server, "synthesize-chunk") == "ön"
    stdin.close()
    assert await saying == 0


async def test_stdin_may_be_a_file(server: BeepServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Good morning.")
    with text.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert await run("say", "--out", tmp_path / "a.wav", "--uri", server.uri) == 0
    assert server.heard[1].data["text"] == "Good morning."


async def test_a_server_that_takes_only_whole_texts_gets_one(
    server: BeepServer, tmp_path: Path, stdin: io.FileIO
) -> None:
    server.info = {"tts": [{"name": "old", "voices": []}]}
    stdin.write(b"One. Two.")
    stdin.close()
    assert await run("say", "--out", tmp_path / "a.wav", "--uri", server.uri) == 0
    assert server.types() == ["synthesize"]
    assert server.heard[0].data["text"] == "One. Two."


async def test_an_error_ends_a_stream_whose_text_is_still_coming(
    server: BeepServer, tmp_path: Path, stdin: io.FileIO, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on_text = refuse
    stdin.write(b"One. ")
    assert await run("say", "--out", tmp_path / "a.wav", "--uri", server.uri) == 1
    assert "refused: There is no voice 'nobody'. (unknown-voice)" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []
    stdin.close()


# --- servers that fail ---


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (refuse, "refused: There is no voice 'nobody'. (unknown-voice)"),
        (die, "closed the connection before the end of its answer"),
        (say_nothing, "answered without any sound"),
        (change_format, "the server changed from "),
        (send_nonsense, "the server sent sound of no known format"),
    ],
)
async def test_a_failing_server_leaves_one_sentence_and_no_file(
    server: BeepServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], behaviour: Behaviour, expected: str
) -> None:
    server.on_text = behaviour
    out = tmp_path / "door.wav"
    out.write_bytes(b"of yesterday")
    assert await run("say", "Hi.", "--out", out, "--uri", server.uri) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("kokoro-wyoming: ")
    assert expected in printed.err
    assert printed.err.count("\n") == 1
    assert os.listdir(tmp_path) == ["door.wav"]
    assert out.read_bytes() == b"of yesterday"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "closed the connection before the end of its answer"),
        (b"[1]\n", "answers, but not as a Wyoming server does"),
        (b'{"type": "audio-start", "data_length": 100}\n{', "broke the connection off in the middle"),
    ],
)
async def test_somebody_who_is_no_wyoming_server_is_told_apart(
    capsys: pytest.CaptureFixture[str], answer: bytes, expected: str, tmp_path: Path
) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await run("say", "Hi.", "--out", tmp_path / "a.wav", "--uri", f"tcp://127.0.0.1:{port}") == 1
    assert expected in capsys.readouterr().err


async def test_a_server_that_falls_silent_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep_quiet(server: BeepServer, write: object) -> None:
        return

    monkeypatch.setattr("kokoro_wyoming.cli.asking._SILENCE_SECONDS", 0.05)
    async with beep_server(BeepServer(on_text=keep_quiet)) as server:
        assert await run("say", "Hi.", "--out", tmp_path / "a.wav", "--uri", server.uri) == 1
    assert "has sent nothing" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("say", "Hi.", "--out", "a.wav"), ("health",)])
async def test_no_server_at_all_is_one_sentence(
    server: BeepServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    uri = "unix:///" + str(tmp_path / "none.sock").lstrip("/")
    assert await run(*command, "--uri", uri) == 1
    printed = capsys.readouterr().err
    assert printed == (
        f"kokoro-wyoming: nobody answers at {uri} (no such file or directory); "
        "start a server with `kokoro-wyoming serve`, or name another with --uri\n"
    )
    assert os.listdir(tmp_path) == []


async def test_a_wrong_address_is_a_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("say", "Hi.", "--uri", "localhost") == 2
    assert capsys.readouterr().err.startswith(
        "kokoro-wyoming: --uri: `localhost` does not begin with tcp:// or unix://"
    )


async def test_the_address_may_come_from_the_servers_own_settings(server: BeepServer, tmp_path: Path) -> None:
    settings = tmp_path / "my.yaml"
    settings.write_text(f"server: {{uri: '{server.uri.replace('127.0.0.1', '0.0.0.0')}'}}")
    assert await run("say", "Hi.", "--out", tmp_path / "a.wav", "--config", settings) == 0
    assert await run("health", "--config", settings) == 0


async def test_a_file_that_cannot_be_written_is_named(
    server: BeepServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "no" / "such" / "folder.wav"
    assert await run("say", "Hi.", "--out", out, "--uri", server.uri) == 1
    assert capsys.readouterr().err == f"kokoro-wyoming: {out} cannot be written: no such file or directory\n"
    assert server.heard == []


def start(*argv: object) -> subprocess.Popen[bytes]:
    """The command in a process of its own, its stdin open."""
    command = [sys.executable, "-m", "kokoro_wyoming", *map(str, argv)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.slow
async def test_ctrl_c_ends_quietly_and_leaves_no_file(server: BeepServer, tmp_path: Path) -> None:
    process = start("say", "--out", tmp_path / "a.wav", "--uri", server.uri)
    await heard(server, "synthesize-start")
    while process.poll() is None:
        # Again, as on Python 3.10 the package swallows one that falls into the middle of a write.
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 5)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, b"")
    assert os.listdir(tmp_path) == []


# --- the sound card ---


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> None:
    """A stand-in for a player."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


async def test_without_a_file_the_sound_is_played_raw(server: BeepServer, programs: Path, tmp_path: Path) -> None:
    install(programs, "aplay", f'echo "$@" > {tmp_path}/words; /bin/cat > {tmp_path}/played')
    assert await run("say", "Hi.", "--uri", server.uri) == 0
    assert (tmp_path / "words").read_text() == "-q -t raw -f S16_LE -r 24000 -c 1\n"
    assert (tmp_path / "played").read_bytes() == BEEP


async def test_a_player_of_wav_gets_a_wav(server: BeepServer, programs: Path, tmp_path: Path) -> None:
    install(programs, "ffplay", f"/bin/cat > {tmp_path}/played")
    assert await run("say", "Hi.", "--uri", server.uri) == 0
    assert read_wav(tmp_path / "played") == ((RATE_HZ, 2, 1), BEEP)


async def test_a_player_of_files_gets_a_file(server: BeepServer, programs: Path, tmp_path: Path) -> None:
    install(programs, "afplay", f'/bin/cat "$1" > {tmp_path}/played')
    assert await run("say", "Hi.", "--uri", server.uri) == 0
    assert read_wav(tmp_path / "played") == ((RATE_HZ, 2, 1), BEEP)


@pytest.mark.parametrize("player", ["aplay", "afplay"])
async def test_a_player_that_fails_is_named(
    server: BeepServer, programs: Path, player: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install(programs, player, "exit 3")
    assert await run("say", "Hi.", "--uri", server.uri) == 1
    assert f"kokoro-wyoming: {player} ended with status 3" in capsys.readouterr().err


async def test_without_a_player_there_is_a_remedy(
    server: BeepServer, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("say", "Hi.", "--uri", server.uri) == 1
    printed = capsys.readouterr().err
    assert "no program to play sound is installed (looked for paplay, aplay, " in printed
    assert "--out speech.wav" in printed
    assert server.heard == []


async def test_a_refusal_stops_the_player(
    server: BeepServer, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    install(programs, "aplay", f"echo $$ > {pipe}; exec /bin/sleep 100")
    players = []

    async def refuse_once_it_plays(server: BeepServer, write: Write) -> None:
        await write(AudioStart(rate=RATE_HZ, width=2, channels=1).event())
        players.append(int(await asyncio.to_thread(pipe.read_text)))
        await refuse(server, write)

    server.on_text = refuse_once_it_plays
    assert await run("say", "Hi.", "--uri", server.uri) == 1
    assert "refused: " in capsys.readouterr().err
    with pytest.raises(ProcessLookupError):
        os.kill(players[0], 0)


# --- health ---


async def test_health_is_good_when_voices_are_offered(server: BeepServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("health", "--uri", server.uri) == 0
    assert capsys.readouterr().out == f"{server.uri} answers; voices offered: 1\n"


async def test_health_is_bad_without_voices(server: BeepServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.info = {"tts": []}
    assert await run("health", "--uri", server.uri) == 1
    assert "answers, but offers no voice" in capsys.readouterr().err


async def test_health_is_bad_when_the_server_says_that_it_cannot_speak(capsys: pytest.CaptureFixture[str]) -> None:
    async with open_house(BeepEngine(stuck="the model has not come back")) as house:
        assert await run("health", "--uri", f"tcp://127.0.0.1:{house.port}") == 1
    assert "answers, but cannot speak: the model has not come back" in capsys.readouterr().err


async def test_health_is_bad_when_nothing_is_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def keep_quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr("kokoro_wyoming.cli.health._ANSWER_SECONDS", 0.05)
    async with await asyncio.start_server(keep_quiet, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await run("health", "--uri", f"tcp://127.0.0.1:{port}") == 1
    assert "gave no answer within" in capsys.readouterr().err


# --- when each word is heard ---


async def test_timestamps_are_written_for_who_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, words = tmp_path / "a.wav", tmp_path / "words.json"
    async with open_house() as house:
        say = ("say", "One here. Two.", "--uri", f"tcp://127.0.0.1:{house.port}", "--out", out)
        assert await run(*say, "--timestamps", words) == 0
        assert "1" in capsys.readouterr().out
        assert await run(*say, "--timestamps", "-") == 0
    written = json.loads(words.read_text())
    assert [word["text"] for word in written["words"]] == ["One here.", "Two."]
    assert json.loads(capsys.readouterr().out) == written


async def test_sound_and_timestamps_do_not_share_stdout(server: BeepServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("say", "Hello.", "--out", "-", "--timestamps", "-", "--uri", server.uri) != 0
    assert "stdout" in capsys.readouterr().err
