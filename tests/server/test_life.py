"""A running server: faults inside, strangers, crowds, settings that change. The network is a stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.event import Event

from kokoro_wyoming import config
from kokoro_wyoming.cli import main
from kokoro_wyoming.engine.model_engine import Engine
from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.server.lifecycle import Server
from kokoro_wyoming.utterances.quota import Quota
from tests.stand_ins.beep_house import error_codes, from_bytes, kinds, synthesize, text_of, to_bytes, until
from tests.stand_ins.beep_program import RELEASED, BeepManager, beep_program, put_voice, settings

SPOKEN = ["audio-start", "audio-chunk", "audio-stop"]


@pytest.fixture(autouse=True)
def beeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    ours = logging.getLogger("kokoro_wyoming")
    level = ours.level
    ours.setLevel(logging.INFO)
    yield caplog
    ours.setLevel(level)


def _port(server: Server) -> int:
    assert server.uri is not None
    return int(server.uri.rpartition(":")[2])


@contextlib.asynccontextmanager
async def _client(server: Server) -> AsyncIterator[AsyncTcpClient]:
    async with AsyncTcpClient("127.0.0.1", _port(server), connect_timeout=10, read_timeout=10) as client:
        yield client


async def _next(client: AsyncTcpClient) -> Event:
    event = await client.read_event()
    assert event is not None
    return event


async def _ask(server: Server, *events: Event) -> list[Event]:
    """Send the events, and read the replies until the connection closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(server))
    writer.write(to_bytes(events))
    writer.write_eof()
    replies = from_bytes(await asyncio.wait_for(reader.read(), 10))
    writer.close()
    return replies


async def _health(server: Server) -> int:
    return await asyncio.to_thread(main, ["health", "--uri", str(server.uri)])


# Faults inside


@pytest.mark.parametrize("fault", ["MEMORY", "DISK", "ESPEAK"])
async def test_a_fault_of_one_sentence_is_told_to_its_listener_and_the_server_speaks_on(
    fault: str, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    async with beep_program(tmp_path) as server:
        replies = await _ask(server, synthesize(f"Well said. Then {fault} strikes. Unsaid."))
        assert text_of(replies) == "Well said."
        assert kinds(replies) == ["audio-start", "audio-chunk", "error"]
        assert error_codes(replies) == ["internal"]
        assert text_of(await _ask(server, synthesize("Still here"))) == "Still here"
        assert await _health(server) == 0
    assert "failed with" in logged.text
    assert "strikes" not in logged.text
    assert "/var/tmp" not in replies[-1].data["text"]


def _put_a_voice_that_is_not_read_at_the_start(folder: Path) -> None:
    """bf_lily, beside the two that are the best of their languages, which are prepared."""
    for name in ("af_heart", "bf_emma", "bf_lily"):
        put_voice(folder / "voices", name)


async def test_a_voice_whose_file_vanished_is_an_error_and_the_others_speak(tmp_path: Path) -> None:
    _put_a_voice_that_is_not_read_at_the_start(tmp_path)
    async with beep_program(tmp_path) as server:
        (tmp_path / "voices/v1_0/bf_lily.pt").unlink()
        replies = await _ask(server, synthesize("Gone", {"name": "bf_lily"}))
        assert error_codes(replies) == ["unknown-voice"]
        assert text_of(await _ask(server, synthesize("Here", {"name": "af_heart"}))) == "Here"


async def test_a_voice_whose_file_was_damaged_since_is_an_error_and_the_others_speak(tmp_path: Path) -> None:
    _put_a_voice_that_is_not_read_at_the_start(tmp_path)
    async with beep_program(tmp_path) as server:
        (tmp_path / "voices/v1_0/bf_lily.pt").write_bytes(b"cut")
        replies = await _ask(server, synthesize("Gone", {"name": "bf_lily"}))
        assert error_codes(replies) == ["not-installed"]
        assert str(tmp_path) not in replies[-1].data["text"]
        assert text_of(await _ask(server, synthesize("Here", {"name": "af_heart"}))) == "Here"


def _become(what: str, path: Path) -> None:
    if what == "gone":
        path.unlink()
    elif what == "another":
        put_voice(path.parent.parent, path.stem, loud=True)
    else:
        path.write_bytes(b"" if what == "damaged" else path.read_bytes()[:100_000])


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("what", ["damaged", "half", "gone", "another"])
async def test_whatever_becomes_of_a_voice_s_file_what_is_being_said_is_said_to_the_end_as_it_began(
    what: str, cached: bool, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    async with beep_program(tmp_path, cache__megabytes=int(cached)) as server, _client(server) as client:
        replies: list[Event] = []

        async def send(*words: str) -> None:
            await client.write_event(Event("synthesize-chunk", {"text": "".join(f"{word}. " for word in words)}))

        async def hear(word: str) -> None:
            while word not in text_of(replies):
                replies.append(await _next(client))

        await client.write_event(Event("synthesize-start", {"voice": {"name": "bf_emma"}}))
        await send("Begun", "Amid")
        await hear("Begun")
        _become(what, tmp_path / "voices" / "v1_0" / "bf_emma.pt")
        await send("Then", "Next")
        await hear("Then")
        await _voices_have_changed(server, logged)
        await send("Last", "Ended")
        await client.write_event(Event("synthesize-stop"))
        while replies[-1].type not in ("synthesize-stopped", "error"):
            replies.append(await _next(client))
        assert error_codes(replies) == []
        assert text_of(replies) == "Begun.Amid.Then.Next.Last.Ended."
        await _is_heard_no_more(server, what)


@pytest.mark.parametrize(
    "what", ["half", *(pytest.param(what, marks=pytest.mark.long) for what in ("damaged", "gone", "another"))]
)
async def test_a_voice_that_ssml_asks_for_is_the_same_to_the_end_of_the_document(
    what: str, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    # A longer document than the connection holds: its end is spoken when the client reads on.
    words = ["Begun.", *["On and on."] * 300, "Ended."]
    tagged = " ".join(f'<voice name="bf_emma">{word}</voice>' for word in words)
    async with beep_program(tmp_path) as server, _client(server) as client:
        await client.write_event(synthesize(f"<speak>{tagged}</speak>", {"name": "af_heart"}))
        replies = [await _next(client), await _next(client)]
        _become(what, tmp_path / "voices" / "v1_0" / "bf_emma.pt")
        await _voices_have_changed(server, logged)
        while replies[-1].type not in ("audio-stop", "error"):
            replies.append(await _next(client))
        assert error_codes(replies) == []
        assert text_of(replies) == "".join(words)
        await _is_heard_no_more(server, what)


async def _voices_have_changed(server: Server, logged: pytest.LogCaptureFixture) -> None:
    manager: object = server._manager
    assert isinstance(manager, BeepManager)
    manager.folders.changed.set()
    await until(lambda: "The voices have changed" in logged.text)


async def _is_heard_no_more(server: Server, what: str) -> None:
    """The voice as it was; another of its name is."""
    replies = await _ask(server, synthesize("Ended.", {"name": "bf_emma"}))
    assert text_of(replies) == {"another": "ENDED."}.get(what, "")
    assert error_codes(replies) == ([] if what == "another" else ["unknown-voice"])


@pytest.mark.long
async def test_a_stuck_model_is_told_to_all_and_to_health_until_it_comes_back(
    tmp_path: Path, logged: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async with beep_program(tmp_path, limits__stuck_seconds=2.0) as server:
        # One listener is in the middle of its sound, the other has heard nothing yet.
        waiting = [asyncio.ensure_future(_ask(server, synthesize(text))) for text in ("Get STUCK", "Behind it")]
        replies = await asyncio.gather(*waiting)
        assert [error_codes(reply) for reply in replies] == [["stuck"], ["stuck"]]
        assert error_codes(await _ask(server, synthesize("And who comes now"))) == ["stuck"]
        assert [event.type for event in await _ask(server, Event("describe"))] == ["info"]
        assert await _health(server) == 1
        assert "cannot speak: the model has not come back" in capsys.readouterr().err
        RELEASED.set()
        await until(lambda: "speaks again" in logged.text)
        assert text_of(await _ask(server, synthesize("Back"))) == "Back"
        assert await _health(server) == 0
    assert logged.text.count("The model has not come back") == 1


@pytest.mark.long
async def test_a_model_that_is_stuck_for_good_ends_the_server_to_be_started_anew(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    async with beep_program(tmp_path, limits__stuck_seconds=1.0) as server:
        assert error_codes(await _ask(server, synthesize("Get STUCK"))) == ["stuck"]
        await until(lambda: server.hopeless)
    assert "stuck for good" in logged.text


# Strangers and crowds


async def test_a_stranger_is_told_and_logged_once(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    async with beep_program(tmp_path, server__allow="192.168.77.0/24") as server:
        for _ in range(2):
            assert error_codes(await _ask(server)) == ["not-allowed"]
    assert logged.text.count("127.0.0.1 is refused") == 1


async def test_one_address_leaves_room_for_others(tmp_path: Path) -> None:
    async with (
        beep_program(tmp_path, limits__connections_per_address=2) as server,
        _client(server) as first,
        _client(server) as second,
    ):
        for client in (first, second):
            await client.write_event(Event("ping"))
            assert (await _next(client)).type == "pong"
        assert error_codes(await _ask(server)) == ["busy"]
        elsewhere = socket.create_connection(("127.0.0.1", _port(server)), source_address=("127.0.0.2", 0))
        reader, writer = await asyncio.open_connection(sock=elsewhere)
        writer.write(to_bytes([Event("describe")]))
        writer.write_eof()
        assert kinds(from_bytes(await reader.read())) == ["info"]
        writer.close()


async def test_one_address_cannot_take_all_the_places(tmp_path: Path) -> None:
    async with beep_program(tmp_path, limits__waiting_utterances_per_address=2) as server:
        # A stream that is not gone on with holds its place until its client leaves.
        held = [await asyncio.open_connection("127.0.0.1", _port(server)) for _ in range(2)]
        for _, writer in held:
            writer.write(to_bytes([Event("synthesize-start")]))
        quota = await _quota_of(server, "127.0.0.1")
        await until(lambda: quota.waiting == 2)
        assert error_codes(await _ask(server, synthesize("One too many"))) == ["busy"]
        elsewhere = socket.create_connection(("127.0.0.1", _port(server)), source_address=("127.0.0.2", 0))
        reader, writer = await asyncio.open_connection(sock=elsewhere)
        writer.write(to_bytes([synthesize("Somebody else")]))
        writer.write_eof()
        assert text_of(from_bytes(await reader.read())) == "Somebody else"
        for leaving in (writer, *(writer for _, writer in held)):
            leaving.close()
        await until(lambda: quota.waiting == 0)
        assert text_of(await _ask(server, synthesize("Room again"))) == "Room again"


async def _quota_of(server: Server, host: str) -> Quota:
    await until(lambda: host in server._admission._quotas)
    return server._admission._quotas[host]


async def test_a_crowd_at_a_full_door_costs_nothing_that_lasts(tmp_path: Path) -> None:
    async with beep_program(tmp_path, limits__connections=1) as server, _client(server) as inside:
        await inside.write_event(Event("ping"))
        await inside.read_event()
        before = len(os.listdir("/proc/self/fd"))
        crowd = [await asyncio.open_connection("127.0.0.1", _port(server)) for _ in range(100)]
        told = [from_bytes(await asyncio.wait_for(reader.read(), 10)) for reader, _ in crowd]
        # Some are told why; the others are closed without an error event.
        assert {code for replies in told for code in error_codes(replies)} == {"busy"}
        for _, writer in crowd:
            writer.close()
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before)
        await inside.write_event(synthesize("Undisturbed"))
        assert (await _next(inside)).type == "audio-start"


@pytest.mark.long
async def test_thousands_of_quick_clients_and_hundreds_of_idle_ones_leave_nothing_behind(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"limits__connections": 300, "limits__connections_per_address": 300}
    async with beep_program(tmp_path, **limits) as server:
        await _ask(server, Event("describe"), synthesize("Warm"))
        before = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
        idle = [await asyncio.open_connection("127.0.0.1", _port(server)) for _ in range(200)]
        for round_ in range(20):
            # Some close, some abort, some ask for sound and never take it.
            for number in range(100):
                _, writer = await asyncio.open_connection("127.0.0.1", _port(server))
                if number % 2:
                    writer.write(to_bytes([synthesize("Nobody hears this")]))
                if number % 3:
                    writer.close()
                else:
                    writer.transport.abort()
            await asyncio.sleep(0.01 * (round_ % 2))
        assert text_of(await _ask(server, synthesize("Still quick"))) == "Still quick"
        for _, writer in idle:
            writer.close()
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before[0])
        await until(lambda: len(asyncio.all_tasks()) <= before[1] + 1)  # `until` is one itself
        assert server._serving is not None
        engine = server._serving.running.engine
        assert isinstance(engine, Engine)
        assert engine._utterances == 0
        assert server._thread.waiting == 0
        assert not server._admission._connections


# Settings that change


async def _hang_up(logged: pytest.LogCaptureFixture) -> None:
    lines = logged.text.count("SIGHUP: ")
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: logged.text.count("SIGHUP: ") > lines)


async def test_a_hang_up_reads_settings_and_voices_anew_without_dropping_anybody(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    wanted: dict[str, Any] = {"speech__voice": "bf_emma", "limits__text_chars": 20, "server__log_level": "info"}
    async with beep_program(tmp_path, lambda: settings(tmp_path, **wanted)) as server, _client(server) as client:
        await client.write_event(Event("synthesize-start"))
        await client.write_event(Event("synthesize-chunk", {"text": "Begun before it. An"}))
        assert (await _next(client)).type == "audio-start"
        put_voice(tmp_path / "voices", "ef_dora")
        await _hang_up(logged)
        await client.write_event(Event("synthesize-chunk", {"text": "d ended after, at length."}))
        await client.write_event(Event("synthesize-stop"))
        replies: list[Event] = []
        while not replies or replies[-1].type != "synthesize-stopped":
            replies.append(await _next(client))
        assert text_of(replies) == "Begun before it.And ended after, at length."
        await client.write_event(synthesize("New ones", {"name": "ef_dora"}))
        await client.write_event(synthesize("Default"))
        await until(lambda: "as bf_emma" in logged.text)
        assert "as ef_dora" in logged.text
        # What a connection may cost is set when it is made.
        assert error_codes(await _ask(server, synthesize("x" * 21))) == ["too-long"]
    assert "there are 3 voices in 3 languages" in logged.text


async def test_a_hang_up_while_it_starts_is_heard_when_it_has_started(
    tmp_path: Path, logged: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = BeepManager.get_model

    async def load_and_hang_up(manager: BeepManager, version: str | None = None, languages: object = ()) -> Any:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        return await load(manager, version)

    monkeypatch.setattr(BeepManager, "get_model", load_and_hang_up)
    async with beep_program(tmp_path, lambda: settings(tmp_path, speech__voice="bf_emma")):
        await until(lambda: "SIGHUP: settings and voices are read anew" in logged.text)


async def test_texts_to_have_ready_are_made_anew_after_a_hang_up(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    cached: dict[str, Any] = {"cache__megabytes": 1, "prerender": ["First of all."]}
    more = {**cached, "prerender": ["First of all.", "And a second one."]}
    async with beep_program(tmp_path, lambda: settings(tmp_path, **more), **cached) as server:
        await until(lambda: "Prerendered 1 of 1 texts" in logged.text)
        await _hang_up(logged)
        await until(lambda: "Prerendered 2 of 2 texts" in logged.text)
        assert text_of(await _ask(server, synthesize("And a second one."))) == "And a second one."


async def test_voices_that_come_and_go_after_a_hang_up_are_seen_and_nothing_kept_of_them_is_heard(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    wanted: dict[str, Any] = {"cache__megabytes": 1, "prerender": [{"text": "Beforehand."}]}
    async with beep_program(tmp_path, lambda: settings(tmp_path, **wanted)) as server, _client(server) as client:
        await _hang_up(logged)
        await until(lambda: "Prerendered 1 of 1" in logged.text)
        assert text_of(await _ask(server, synthesize("Kept", {"name": "bf_emma"}))) == "Kept"
        assert server._serving is not None
        assert server._serving.running.cache is not None
        assert len(server._serving.running.cache) == 2
        (tmp_path / "voices/v1_0/bf_emma.pt").unlink()
        put_voice(tmp_path / "voices", "ef_dora")
        manager: object = server._manager
        assert isinstance(manager, BeepManager)
        manager.folders.changed.set()
        await until(lambda: "The voices have changed: 1 came, 1 went" in logged.text)
        await until(lambda: logged.text.count("Prerendered 1 of 1") == 2)
        assert len(server._serving.running.cache) == 1
        await client.write_event(synthesize("New", {"name": "ef_dora"}))
        assert (await _next(client)).type == "audio-start"
        assert error_codes(await _ask(server, synthesize("Kept", {"name": "bf_emma"}))) == ["unknown-voice"]


async def test_bad_settings_are_refused_and_the_old_ones_kept(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    def mistaken() -> config.Config:
        raise ConfigError("my.yaml:1: speech.sped: is not a setting; did you mean `speech.speed`?")

    async with beep_program(tmp_path, mistaken) as server:
        await _hang_up(logged)
        assert "stay as they were: my.yaml:1: speech.sped" in logged.text
        assert text_of(await _ask(server, synthesize("As before"))) == "As before"


@pytest.mark.parametrize("voice", ["af_nobody", "bf_emma"])
async def test_settings_whose_voice_is_not_there_are_refused(
    voice: str, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    async with beep_program(tmp_path, lambda: settings(tmp_path, speech__voice=voice)) as server:
        (tmp_path / "voices/v1_0/bf_emma.pt").unlink()
        await _hang_up(logged)
        assert f"stay as they were: There is no voice '{voice}'" in logged.text
        assert text_of(await _ask(server, synthesize("As before"))) == "As before"


async def test_what_only_a_new_start_can_change_is_named_and_kept(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    wanted: dict[str, Any] = {"server__uri": "tcp://127.0.0.1:1", "model__device": "cuda", "speech__volume": 0.5}
    async with beep_program(tmp_path, lambda: settings(tmp_path, **wanted)) as server:
        await _hang_up(logged)
        await until(lambda: "What has changed in server and model takes effect at the next start" in logged.text)
        assert text_of(await _ask(server, synthesize("zz"))) == "=="  # half as loud


async def test_a_defect_while_reading_anew_leaves_the_server_as_it_was(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    def fail() -> config.Config:
        raise ZeroDivisionError

    async with beep_program(tmp_path, fail) as server:
        await _hang_up(logged)
        assert text_of(await _ask(server, synthesize("As before"))) == "As before"


# systemd


@pytest.mark.slow
async def test_systemd_is_told_of_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        told: list[str] = []

        def hear() -> list[str]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    told.extend(systemd.recv(4096).decode().splitlines())
            return told

        async with beep_program(tmp_path, limits__stuck_seconds=1.0) as server:
            assert server.uri is not None
            await until(lambda: "WATCHDOG=1" in hear())
            await _hang_up(logged)
            await until(lambda: hear().count("READY=1") == 2)
            stuck = asyncio.ensure_future(_ask(server, synthesize("Get STUCK")))
            assert error_codes(await stuck) == ["stuck"]
            fed = hear().count("WATCHDOG=1")
            await asyncio.sleep(0.5)
            assert hear().count("WATCHDOG=1") == fed
        steps = [step for step in hear() if not step.startswith(("WATCHDOG=", "MONOTONIC_USEC="))]
    starting = ["STATUS=Loading the model", "READY=1", "STATUS=Ready"]
    assert steps == [*starting, "RELOADING=1", "READY=1", "STOPPING=1"]


async def test_a_supervisor_that_is_gone_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (str(tmp_path / "nobody"), "@kokoro-wyoming-nobody", "nonsense"):
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        async with beep_program(tmp_path) as server:
            assert text_of(await _ask(server, synthesize("Here"))) == "Here"
