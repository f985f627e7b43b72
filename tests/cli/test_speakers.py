"""`speakers`: those of the settings, those that are found, and a word on one of them."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from kokoro_wyoming import config
from kokoro_wyoming.cli import main
from kokoro_wyoming.speakers.kinds import wyoming
from tests.stand_ins.beep_server import BEEP, RATE_HZ, BeepServer, beep_server
from tests.stand_ins.snd import snd_service

SETTINGS = """
speakers:
  Kitchen: mpd://10.0.0.7?password=geheim
  Hall: {address: "sonos://10.0.0.8", quiet_hours: "22:00-7:00"}
  both: [Kitchen, Hall]
"""


@dataclass
class Found:
    """What `discovery.find` gives."""

    kind: str
    name: str
    address: str
    model: str = ""
    note: str = ""


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """A stand-in for the network: what is found on it, in the time that was asked for."""
    found: list[Found] = []

    async def find(seconds: float) -> list[Found]:
        assert seconds == 0.5
        return found

    module = ModuleType("kokoro_wyoming.speakers.discovery")
    vars(module).update(find=find, FoundSpeaker=Found)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("kokoro_wyoming.speakers.discovery", module, raising=False)
    return found


def speakers(folder: Path, *words: str) -> int:
    (folder / "my.yaml").write_text(SETTINGS)
    return main(["speakers", "--seconds", "0.5", "--config", str(folder / "my.yaml"), *words])


def test_what_is_found_can_be_copied_into_the_settings(
    network: list[Found], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network += [
        Found("dlna", "Küche: Radio", "dlna://10.0.0.9:4/description.xml", 'Model "X"\n1'),
        Found("cast", "///", "cast://10.0.0.10", note="asleep"),
        Found("mpd", "Music Player", "mpd://10.0.0.7"),
    ]
    assert speakers(tmp_path) == 0
    told = capsys.readouterr().out
    assert "geheim" not in told
    assert "Music Player" not in told  # the settings have it
    own, _, found = told.partition("\n\n")
    assert [line.split()[:3] for line in own.splitlines()[1:]] == [
        ["Kitchen", "mpd", "mpd://10.0.0.7"],
        ["Hall", "sonos", "sonos://10.0.0.8"],
        ["both", "group", "Kitchen,"],
    ]
    assert found.splitlines()[-1] == '  "cast": "cast://10.0.0.10"  # asleep'
    assert yaml.safe_load(found) == {
        "speakers": {"Küche Radio": "dlna://10.0.0.9:4/description.xml", "cast": "cast://10.0.0.10"}
    }
    (tmp_path / "found.yaml").write_text(found)
    assert [*config.load(tmp_path / "found.yaml").speakers] == ["Küche Radio", "cast"]


def test_json_has_both(network: list[Found], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    network.append(Found("cast", "Büro", "cast://10.0.0.10", "Nest"))
    assert speakers(tmp_path, "--json") == 0
    told = json.loads(capsysbinary.readouterr().out)
    assert [each["name"] for each in told["settings"]] == ["Kitchen", "Hall", "both"]
    assert told["settings"][1]["quiet_hours"] == "22:00-07:00"
    assert told["found"] == [
        {"name": "Büro", "kind": "cast", "address": "cast://10.0.0.10", "model": "Nest", "note": ""}
    ]


def test_where_there_are_none_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speakers", "--seconds", "0.5"]) == 0
    assert capsys.readouterr().out == ("No speakers were found; docs/announcements.md says how to name them by hand.\n")


async def test_a_word_is_played_on_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wyoming, "TAIL_SECONDS", 0.0)
    async with beep_server(BeepServer()) as server, snd_service() as attic:
        path = tmp_path / "my.yaml"
        path.write_text(f"speakers: {{Attic: '{attic.uri}'}}")
        words = ["speakers", "--config", str(path), "--test", "attic", "--uri", server.uri]
        assert await asyncio.to_thread(main, words) == 0
    assert attic.pcm.endswith(BEEP)
    assert len(attic.pcm) == len(BEEP) + 2 * round(0.9 * RATE_HZ)
    assert capsys.readouterr().out.startswith("Attic: played")
