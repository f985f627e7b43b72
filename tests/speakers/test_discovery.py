"""Speakers on the network: real programs and announced services, found from another host."""

from __future__ import annotations

import importlib.util
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from kokoro_wyoming import speakers
from kokoro_wyoming.speakers import addresses, discovery, lyrion_search
from kokoro_wyoming.speakers.announced_services import FoundSpeaker, Service, address
from kokoro_wyoming.speakers.kinds import KINDS
from tests.namespaces import NAMESPACES, needs_namespaces
from tests.stand_ins.renderer import StandInRenderer, serving

SCENE = Path(__file__).with_name("discovery_scene.py")
ENVIRONMENT = {"PYTHONPATH": str(SCENE.parents[2]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[FoundSpeaker]:
    """What is found in the house of the scene."""
    ran = subprocess.run(
        [*NAMESPACES, sys.executable, str(SCENE), str(tmp_path_factory.mktemp("house"))],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    return [FoundSpeaker(**speaker) for speaker in json.loads(ran.stdout)]


@needs_namespaces
@pytest.mark.long
def test_announced_speakers_are_found_once_each(found: list[FoundSpeaker]) -> None:
    note = "a speaker only if it has a media player"
    programs = ("dlna", "snapcast", "squeezebox")
    assert [speaker for speaker in found if speaker.kind not in programs] == [
        FoundSpeaker("airplay", "Bedroom", "airplay://10.77.0.2", "AudioAccessory5,1"),
        FoundSpeaker("cast", "Hall", "cast://10.77.0.2", "Google Nest Mini"),
        FoundSpeaker("cast", "Upstairs", "cast://10.77.0.2:32187", "Google Cast Group"),
        FoundSpeaker("esphome", "Desk", "esphome://10.77.0.2", "esphome.voice_assistant", note),
        FoundSpeaker("mpd", "Music Player @ attic", "mpd://10.77.0.2:6601", "Music Player Daemon"),
        FoundSpeaker("sonos", "Bath", "sonos://10.77.0.3", "Sonos"),
        # The other Wyoming services are one that hears, and one that is away.
        FoundSpeaker("tcp", "Porch", "tcp://10.77.0.2:10601", "Wyoming"),
    ]


@needs_namespaces
@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "programs", "place", "model"),
    [
        ("dlna", ["gmediarender"], "dlna://10.77.0.2:49500/description.xml", "gmediarender"),
        ("snapcast", ["snapserver", "snapclient"], "snapcast://10.77.0.2/", ""),
        ("squeezebox", ["squeezelite"], "squeezebox://10.77.0.2/Cellar", "SqueezeLite"),
    ],
)
def test_real_programs_are_found(
    found: list[FoundSpeaker], kind: str, programs: list[str], place: str, model: str
) -> None:
    if not all(map(shutil.which, programs)):
        pytest.skip(f"finding {kind} is not tested: {' and '.join(programs)} are not here; Debian has them")
    if kind == "squeezebox" and importlib.util.find_spec("aioslimproto") is None:
        pytest.skip("finding squeezebox is not tested: aioslimproto is not here")
    (speaker,) = [speaker for speaker in found if speaker.kind == kind]
    assert speaker.address.startswith(place)
    assert speaker.model.startswith(model)
    assert addresses.parse(speaker.address, KINDS).kind == kind


@pytest.mark.slow
@needs_namespaces
def test_a_machine_without_network_finds_nothing_and_says_so(tmp_path: Path) -> None:
    program = "import asyncio; from kokoro_wyoming.speakers import discovery; print(asyncio.run(discovery.find(1)))"
    ran = subprocess.run(
        [*NAMESPACES, sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"
    assert ran.stderr.count("Not all speakers were looked for") == 1
    assert "Traceback" not in ran.stderr


async def test_without_its_library_dlna_is_left_out_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.delitem(sys.modules, "kokoro_wyoming.speakers.ssdp", raising=False)
    monkeypatch.delattr(speakers, "ssdp", raising=False)
    monkeypatch.setitem(sys.modules, "async_upnp_client.search", None)
    await discovery.find(0.1)
    assert 'DLNA renderers are not looked for; that needs: pip install "kokoro-wyoming[dlna]"' in caplog.text


@pytest.mark.parametrize(
    ("manufacturer", "kind", "name"), [("Nobody", "dlna", "Stand-in"), ("Sonos, Inc.", "sonos", "Garden")]
)
async def test_a_renderer_of_sonos_is_found_as_such(manufacturer: str, kind: str, name: str) -> None:
    async with serving(StandInRenderer(manufacturer=manufacturer)) as renderer, aiohttp.ClientSession() as session:
        location = renderer.uri.replace("dlna", "http")
        (speaker,) = await discovery._renderer_at(session, location)
    assert (speaker.kind, speaker.name) == (kind, name)
    assert speaker.address == (renderer.uri if kind == "dlna" else "sonos://127.0.0.1")


def test_a_host_that_is_a_sonos_speaker_is_no_renderer_besides() -> None:
    renderers = [FoundSpeaker("dlna", name, f"dlna://{host}:1400/d.xml") for name, host in (("A", "a"), ("B", "b"))]
    sonos = FoundSpeaker("sonos", "A", "sonos://a")
    assert discovery._sorted([*renderers, sonos, sonos]) == [renderers[1], sonos]


def test_addresses_bear_ipv6_and_names_with_blanks() -> None:
    written = address("snapcast", "fd00::1", 1805, "Wohnzimmer oben/links")
    assert written == "snapcast://[fd00::1]:1805/Wohnzimmer%20oben/links"
    assert addresses.parse(written, KINDS).path == "Wohnzimmer oben/links"


def test_an_answer_of_lyrion_is_read_by_its_fields() -> None:
    assert lyrion_search._fields(b"NAME\x05HouseJSON\x049001IPAD") == {"NAME": "House", "JSON": "9001"}


async def test_a_service_that_answers_otherwise_is_left_out() -> None:
    found: list[FoundSpeaker] = []
    async with serving(StandInRenderer()) as renderer:
        service = Service("_snapcast-ctrl._tcp", "Odd", "127.0.0.1", renderer.port, {})
        await discovery._told(discovery._snapcast_players(service), found)
    assert found == []
