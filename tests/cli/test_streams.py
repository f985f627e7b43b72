"""stdin, stdout and stderr closed, full or broken off, and arguments that are no text: each command as a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from wyoming.audio import AudioChunk, AudioStop

from kokoro_wyoming.assets import manifest
from kokoro_wyoming.cli import COMMANDS
from tests.conftest import CHECKOUT
from tests.namespaces import needs_namespaces
from tests.stand_ins.beep_house import until
from tests.stand_ins.beep_program import put_voice
from tests.stand_ins.beep_server import RATE_HZ, BeepServer, Write, beep_server
from tests.stand_ins.hub import HubStandIn, serving
from tests.stand_ins.snd import snd_service

pytestmark = pytest.mark.long

FULL = "kokoro-wyoming: stdout cannot be written: no space left on device\n"


@dataclass(frozen=True)
class Case:
    """A command that is well or not, whatever becomes of what it prints."""

    arguments: str
    status: int = 0
    prints: bool = True
    """On stdout, so that it fails where that is impossible."""
    module: str = "kokoro_wyoming"


_STATES = {
    "nothing odd": "",
    "stdin closed": "<&-",
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "stdout read-only": "1</dev/null",
    "stdout's reader gone": "",
    "stderr's reader gone": "",
}

_COMMANDS = {
    "health": Case("health --uri {uri}"),
    "say": Case("say Hello --out {folder}/a.wav --uri {uri}"),
    "fetch": Case("fetch --offline", status=1, prints=False),
    "--version": Case("--version"),
    "--help": Case("--help"),
    "announce": Case("announce Hello --to {speaker} --uri {uri}"),
    "speakers": Case("speakers --test {speaker} --uri {uri}"),
    "bench": Case("bench", status=1, prints=False),
    "voices": Case("voices --voices-folder {folder}/voices"),
    "voices --json": Case("voices --json --voices-folder {folder}/voices"),
    "voice": Case("voice inspect af_heart --no-sound --voices-folder {folder}/voices"),
    "check": Case("check --no-hashes", status=1),
    "release": Case("release add {folder}/voices", status=1, prints=False),
    "relay": Case("relay --to unix:///nowhere", status=2, prints=False),
    "app": Case(
        "app --options {folder}/options.json --config {folder}/settings.yaml",
        status=2,
        prints=False,
    ),
    "serve": Case(
        "serve --uri tcp://127.0.0.1:0 --no-zeroconf --no-http --voices-folder {folder}/voices",
        prints=False,
        module="tests.stand_ins.stopped_at_once",
    ),
}
_WORST = ("all closed", "stdout full", "stdout's reader gone", "stderr's reader gone")


@contextlib.asynccontextmanager
async def places_in(folder: Path) -> AsyncIterator[dict[str, object]]:
    """What arguments name: a server, a speaker, and a folder with a voice."""
    put_voice(folder / "voices", "af_heart")
    async with beep_server(BeepServer()) as server, snd_service() as speaker:
        yield {"uri": server.uri, "speaker": speaker.uri, "folder": folder}


@pytest_asyncio.fixture
async def places(tmp_path: Path) -> AsyncIterator[dict[str, object]]:
    async with places_in(tmp_path) as given:
        yield given


async def run(
    case: Case,
    places: dict[str, object],
    redirections: str = "",
    environment: dict[str, str] | None = None,
    **pipes: Any,
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr; stdin says something."""
    words = case.arguments.format(**places).split()
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", case.module, *words),
        cwd=CHECKOUT,
        env={**os.environ, "KOKORO_WYOMING_HOME": str(places["folder"]), "PYTHONUNBUFFERED": "", **(environment or {})},
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes},
    )
    out, errors = await asyncio.wait_for(process.communicate(b"Hello." if process.stdin else None), 60)
    assert process.returncode is not None
    return process.returncode, (out or b"").decode(errors="replace"), (errors or b"").decode()


async def run_in(state: str, case: Case, places: dict[str, object]) -> tuple[int, str, str]:
    stream, _, what = state.partition("'s ")
    if what != "reader gone":
        return await run(case, places, _STATES[state])
    reading, writing = os.pipe()
    os.close(reading)
    try:
        out, errors = (writing if stream == name else subprocess.PIPE for name in ("stdout", "stderr"))
        return await run(case, places, stdout=out, stderr=errors)
    finally:
        os.close(writing)


async def check(state: str, case: Case, places: dict[str, object]) -> None:
    status, out, errors = await run_in(state, case, places)
    fails = case.prints and state in ("stdout full", "stdout read-only", "stdout's reader gone")
    assert status == (1 if fails else case.status), errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    if case.prints and state == "stdout full":
        assert errors.endswith(FULL)
    if case.prints and state == "nothing odd":
        assert out


@pytest.mark.parametrize("command", _COMMANDS)
async def test_every_command_ends_with_the_right_status(command: str, tmp_path: Path) -> None:
    """In all states at once, as most commands wait for something."""

    async def check_in(state: str) -> None:
        async with places_in(tmp_path / state.replace(" ", "-")) as places:
            await check(state, _COMMANDS[command], places)

    loads_torch = command in ("bench", "voices", "voices --json", "voice", "check", "serve")
    states = _WORST if loads_torch else _STATES
    outcomes = await asyncio.gather(*(check_in(state) for state in states), return_exceptions=True)
    assert dict(zip(states, outcomes, strict=True)) == dict.fromkeys(states)


def test_no_command_is_left_out() -> None:
    assert {case.arguments.split()[0] for case in _COMMANDS.values()} >= set(COMMANDS)


# --- sound on stdout ---


async def test_sound_for_a_closed_stdout_is_refused_and_nothing_said(places: dict[str, object]) -> None:
    for case in (Case("say Hello --out - --uri {uri}"), Case("say Hello --timestamps - --out {folder}/a --uri {uri}")):
        status, _, errors = await run(case, places, ">&-")
        told = "kokoro-wyoming: stdout is closed, so nothing can be written there\n"
        assert (status, errors) == (1, told)
    assert os.listdir(str(places["folder"])) == ["voices"]


async def test_sound_for_a_full_stdout_is_one_sentence(places: dict[str, object]) -> None:
    assert await run(Case("say Hello --out - --uri {uri}"), places, ">/dev/full") == (1, "", FULL)


async def test_what_failed_comes_before_what_could_not_be_printed(places: dict[str, object]) -> None:
    """`fetch` says what it fetches, and the hub does not have it."""
    known = manifest.release("v1.0").hub
    weights = "kokoro-v1_0.pth"
    hub = HubStandIn(known.repository, known.revision, {weights: b"x"}, statuses={weights: [404]})
    with serving(hub):
        at_hub = {"HF_ENDPOINT": hub.url, "HF_HOME": f"{places['folder']}/hub", "NO_PROXY": "127.0.0.1"}
        status, _, errors = await run(Case("fetch --source=hub"), places, ">/dev/full", at_hub)
    assert status == 1
    assert errors.startswith(f"kokoro-wyoming: Hugging Face does not have {weights}"), errors
    assert errors.count("\n") == 1


async def test_a_closed_stdin_has_no_text(places: dict[str, object]) -> None:
    case = Case("say --out {folder}/a.wav --uri {uri}")
    assert await run(case, places, "<&-") == await run(case, places, "</dev/null")


async def test_what_is_printed_without_a_buffer_is_told_as_well(places: dict[str, object]) -> None:
    case = Case("--help")
    assert await run(case, places, ">/dev/full", {"PYTHONUNBUFFERED": "1"}) == (1, "", FULL)


async def test_a_stdout_that_does_not_wait_gets_all(tmp_path: Path) -> None:
    """As some terminals and parents leave it."""

    async def speak_long(server: BeepServer, write: Write) -> None:
        for number in range(100):
            await write(AudioChunk(RATE_HZ, 2, 1, bytes(2_000), timestamp=number).event())
        await write(AudioStop().event())

    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb") as pipe:
        async with beep_server(BeepServer(on_text=speak_long)) as server:
            places = {"uri": server.uri, "folder": tmp_path}
            saying = asyncio.ensure_future(run(Case("say Hello --out - --uri {uri}"), places, stdout=writing))
            await until(lambda: not select.select((), (writing,), (), 0)[1], seconds=30)
            taking = asyncio.ensure_future(asyncio.to_thread(pipe.read))
            said = await saying
        os.close(writing)
        content = await taking
    assert said == (0, "", "")
    assert len(content) == 44 + 100 * 2_000


# --- disks ---


_FULL_DISK = (
    'mount -t tmpfs -o size=4k full "$0" && head -c 4096 /dev/zero > "$0/filler" && "$@"; '
    'status=$?; ls -A "$0"; exit $status'
)


@needs_namespaces
@pytest.mark.parametrize("what", ["--out", "--timestamps"])
async def test_a_full_disk_is_one_sentence_and_leaves_nothing(what: str, places: dict[str, object]) -> None:
    folder = f"{places['folder']}/full"
    os.mkdir(folder)
    other = f" --out {places['folder']}/b" if what == "--timestamps" else ""
    words = f"say Hello {what} {folder}/a{other} --uri {places['uri']}".split()
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "--user", "--map-root-user", "sh", "-c", _FULL_DISK, folder),
        *(sys.executable, "-m", "kokoro_wyoming", *words),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    left, errors = await asyncio.wait_for(process.communicate(), 60)
    told = f"kokoro-wyoming: {folder}/a cannot be written: no space left on device\n"
    assert (process.returncode, errors.decode(), left.decode()) == (1, told, "filler\n")


# --- what is no text ---


_NO_TEXT = [
    ("say \udcff --out {folder}/a.wav --uri {uri}", 0, ""),
    ("serve --voice \udcff", 2, "is not text in UTF-8"),
    ("say Hello --out {folder}/\udcff.wav --uri {uri}", 0, ""),
    ("say Hello --config \udcff", 2, "cannot be read: no such file or directory"),
    ("say Hello --voice \udcff --out {folder}/a.wav --uri {uri}", 0, ""),
    ("say Hello --uri \udcff", 2, "has blanks or unprintable characters in it"),
    ("announce Hello --to \udcff", 2, "has blanks or unprintable characters in it"),
    ("check --config \udcff", 2, "cannot be read: no such file or directory"),
    ("\udcff", 2, "there is no command"),
    ("say --\udcff", 2, "say knows no"),
]


@pytest.mark.parametrize(("arguments", "status", "told"), _NO_TEXT)
async def test_an_argument_that_is_not_utf_8_is_told_or_used(
    arguments: str, status: int, told: str, places: dict[str, object]
) -> None:
    got, _, errors = await run(Case(arguments), places)
    assert got == status, errors
    assert told in errors
    assert "Traceback" not in errors
    if status == 0:
        assert len(os.listdir(os.fsencode(str(places["folder"])))) == 2


async def test_letters_that_a_locale_lacks_are_written_by_their_numbers(places: dict[str, object]) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    status, out, errors = await run(Case("say Hello --out {folder}/é.wav --uri {uri}"), places, "", ascii_only)
    assert (status, errors) == (0, "")
    assert "é.wav: 0." in out  # its bytes, as they were given


def test_what_an_encoding_lacks_is_written_all_the_same() -> None:
    assert "Zoë \udcff".encode("utf-8", "as-given") == "Zoë ".encode() + b"\xff"
    assert "Zoë 猫 \udcff".encode("ascii", "as-given") == rb"Zo\xeb \u732b " + b"\xff"
