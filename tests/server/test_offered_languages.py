"""The languages that an owner offers: what clients see, what speaks by itself, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info

from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.server.lifecycle import Server
from kokoro_wyoming.server.startup import start_engine
from kokoro_wyoming.voices.descriptions import VoiceRequest
from tests.stand_ins.beep_house import error_codes, synthesize, until
from tests.stand_ins.beep_program import BeepManager, beep_program, put_voice, settings


@pytest.fixture(autouse=True)
def beeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})


async def ask(server: Server, event: Event) -> Event:
    """The first answer to an event."""
    assert server.uri is not None
    async with AsyncTcpClient("127.0.0.1", int(server.uri.rpartition(":")[2]), read_timeout=10) as client:
        await client.write_event(event)
        answer = await client.read_event()
        assert answer is not None
        return answer


async def offered(server: Server) -> list[str]:
    info = Info.from_event(await ask(server, Describe().event()))
    return [voice.name for voice in info.tts[0].voices]


def default_voice(server: Server) -> str:
    assert server._serving is not None
    return server._serving.running.inner.resolve(VoiceRequest()).name


async def test_other_languages_are_neither_listed_nor_spoken(tmp_path: Path) -> None:
    for name in ("af_heart", "bf_emma", "ff_siwis"):
        put_voice(tmp_path / "voices", name)
    async with beep_program(tmp_path, speech__languages=["en-GB", "fr"]) as server:
        assert await offered(server) == ["bf_emma", "ff_siwis"]
        refused = await ask(server, synthesize("Hello", {"name": "af_heart"}))
        assert error_codes([refused]) == ["unknown-voice"]
        # The settings' own language, en-US, is not among them: the first that is takes its place.
        assert default_voice(server) == "bf_emma"


async def test_voices_that_come_later_are_chosen_from_too(tmp_path: Path) -> None:
    async with beep_program(tmp_path, speech__languages="en-GB") as server:
        put_voice(tmp_path / "voices", "if_sara")
        put_voice(tmp_path / "voices", "bm_lewis")
        folders: Any = server._manager.folders
        folders.changed.set()
        await until(lambda: server._serving is not None and len(server._serving.running.catalogues[0].voices) == 2)
        assert await offered(server) == ["bf_emma", "bm_lewis"]


async def test_all_are_offered_where_none_is_named(tmp_path: Path) -> None:
    async with beep_program(tmp_path) as server:
        assert await offered(server) == ["bf_emma", "af_heart"]
        assert default_voice(server) == "af_heart"


async def test_where_no_voice_is_left_the_start_says_which_languages_there_are(tmp_path: Path) -> None:
    put_voice(tmp_path / "voices", "af_heart")
    config = settings(tmp_path, speech__languages=["ja"])
    thread: Any = None  # nothing is spoken
    manager: Any = BeepManager(tmp_path / "models", tmp_path / "voices", thread=thread)
    with pytest.raises(ConfigError, match=r"speech\.languages: no voice here .* there are voices for en-US"):
        await start_engine(config, manager)
