"""`POST /announce`, and the sounds that speakers fetch for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import soundfile

from kokoro_wyoming import config
from kokoro_wyoming.config import TcpAddress, UnixAddress
from kokoro_wyoming.protocols.http import offers
from kokoro_wyoming.server.announcing import url_for
from kokoro_wyoming.speakers.announced_sound import AnnouncedSound
from kokoro_wyoming.speakers.book import QuietHours
from kokoro_wyoming.speakers.chime import gentle
from kokoro_wyoming.speakers.interface import Offered, Speaker, SpeakerError, Start
from kokoro_wyoming.speakers.kinds import wyoming
from tests.protocols.http.house import PATIENCE_SECONDS, House, error_of, open_house
from tests.speakers.announcing import KOKORO
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import until
from tests.stand_ins.beep_program import settings
from tests.stand_ins.snd import Speaker as SndSpeaker
from tests.stand_ins.snd import snd_service

AWAY = "tcp://127.0.0.1:1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wyoming, "TAIL_SECONDS", 0.0)
    monkeypatch.setenv("KOKORO_WYOMING_HOME", str(tmp_path))


@contextlib.asynccontextmanager
async def house_with_rooms(folder: Path, **more: Any) -> AsyncIterator[tuple[House, SndSpeaker, SndSpeaker]]:
    """A server whose settings name two speakers and two groups."""
    async with snd_service() as kitchen, snd_service() as hall:
        rooms = {
            "Kitchen": kitchen.uri,
            "Hall": {"address": hall.uri, "volume": 0.4},
            "everywhere": ["Kitchen", "hall"],
        }
        async with open_house(folder, speakers={**rooms, "Away": AWAY, "all": ["everywhere", "Away"]}, **more) as house:
            yield house, kitchen, hall


async def announce(house: House, text: str = "Dinner.", to: object = "Kitchen", **fields: object) -> tuple[int, Any]:
    """Status and answer."""
    status, _, body = await house.post({"text": text, "to": to, **fields}, path="/announce")
    return status, json.loads(body)


async def test_a_text_is_played_on_speakers_and_groups_by_name(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path) as (house, kitchen, hall):
        status, told = await announce(house, to="kitchen", voice="bf_emma")
        assert (status, heard(kitchen.pcm), hall.events) == (200, "Dinner.", [])
        (outcome,) = told["speakers"]
        begun = outcome.pop("begun_seconds")
        assert 0 < begun < PATIENCE_SECONDS
        assert outcome == {
            "name": "Kitchen",
            "status": "played",
            "reason": None,
            "seconds": len(kitchen.pcm) / 48_000,
            "restored": None,
        }
        status, told = await announce(house, "Come!", to=["everywhere", "Hall"])
        assert status == 200
        assert [each["name"] for each in told["speakers"]] == ["Kitchen", "Hall"]
        assert heard(hall.pcm) == "Come!"
        assert any("bf_emma" in line for line in house.lines())


async def test_one_that_is_away_is_told_and_only_where_all_are_is_it_a_failure(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path) as (house, kitchen, _):
        status, told = await announce(house, to=["all"])
        assert status == 200
        assert [each["status"] for each in told["speakers"]] == ["played", "played", "failed"]
        assert heard(kitchen.pcm) == "Dinner."
        status, told = await announce(house, to=["Away"])
        assert (status, told["speakers"][0]["reason"]) == (502, "nobody answers there (connection refused)")
        assert any("Announced on Away: failed" in line for line in house.lines())


@pytest.mark.slow
async def test_the_chime_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    ding = gentle().as_pcm(KOKORO)
    async with house_with_rooms(tmp_path) as (house, kitchen, _):
        for chime, expected in ((None, b""), (False, b""), (True, ding), ("Gentle", ding)):
            before = len(kitchen.pcm)
            assert (await announce(house, chime=chime))[0] == 200
            sound = kitchen.pcm[before:]
            assert sound.startswith(ding) == bool(expected)
            assert heard(sound.removeprefix(expected)) == "Dinner."
    async with house_with_rooms(tmp_path, announcements__chime="gentle") as (house, kitchen, _):
        await announce(house)
        assert kitchen.pcm.startswith(ding)
        await announce(house, chime=False)
        assert kitchen.pcm.count(ding[1_000:2_000]) == 1


WRONG: list[tuple[dict[str, object], str, str]] = [
    ({"text": " "}, "text", "There is nothing to say."),
    ({"text": 5}, "text", "text: input should be a valid string"),
    ({"to": []}, "to", "to: "),
    ({"to": 5}, "to", "to: "),
    ({"to": "Attic"}, "to", "There is no speaker 'Attic'; there are Kitchen, Hall, Away, everywhere, all."),
    ({"to": "tcp://127.0.0.1:22"}, "to", "Announcements go to names of the settings: by an address, whoever may ask"),
    ({"to": ["Kitchen", "cast://10.0.0.1"]}, "to", "Announcements go to names"),
    ({"volume": 40}, "volume", "volume: "),
    ({"priority": "urgent"}, "priority", "priority: "),
    ({"chime": "loud"}, "chime", "chime: "),
    ({"speed": 0}, "speed", "speed: "),
    ({"voice": "nobody"}, "voice", "voice"),
    ({"language": "xx"}, "lang_code", "'xx'"),
]


async def test_a_mistake_is_named_and_nothing_is_played(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path, limits__text_chars=300) as (house, kitchen, hall):
        for fields, param, message in WRONG:
            sent = {"text": "Hi.", "to": "Kitchen", **fields}
            status, _, body = await house.post(sent, path="/announce")
            told = json.loads(body)
            assert (status, told["error"]["param"]) == (400, param), fields
            assert message in told["error"]["message"], fields
        assert (await announce(house, "a" * 301))[0] == 413
        assert kitchen.events == hall.events == []
    async with open_house(tmp_path) as house:
        status, told = await announce(house)
        assert status == 400
        assert told["error"]["message"].endswith("the setting `speakers` names none.")
        assert json.loads((await house.get("/announce/speakers"))[2]) == {"speakers": [], "groups": [], "chime": False}


async def test_the_speakers_are_listed_without_their_addresses(tmp_path: Path) -> None:
    rooms = {
        "Kitchen": "mpd://10.0.0.7?password=geheim",
        "Hall": {"address": "sonos://10.0.0.8", "volume": 0.4, "quiet_hours": "22:00-7:00"},
        "both": ["Kitchen", "Hall"],
    }
    async with open_house(tmp_path, speakers=rooms, announcements__chime="gentle") as house:
        _, _, body = await house.get("/announce/speakers")
        assert b"geheim" not in body
        assert b"10.0.0" not in body
        assert json.loads(body) == {
            "speakers": [
                {"name": "Kitchen", "kind": "mpd", "volume": None, "quiet_hours": None},
                {"name": "Hall", "kind": "sonos", "volume": 0.4, "quiet_hours": "22:00-07:00"},
            ],
            "groups": [{"name": "both", "speakers": ["Kitchen", "Hall"]}],
            "chime": True,
        }


async def test_the_key_is_wanted(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path, http__api_key="correct-horse") as (house, kitchen, _):
        assert (await announce(house))[0] == 401
        assert (await house.get("/announce/speakers"))[0] == 401
        assert kitchen.events == []
        sent = {"X-API-Key": "correct-horse"}
        assert (await house.post({"text": "Hi.", "to": "Kitchen"}, sent, path="/announce"))[0] == 200
        assert heard(kitchen.pcm) == "Hi."


async def test_quiet_hours_are_no_failure_and_an_alarm_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QuietHours, "cover", lambda self, now: True)
    async with house_with_rooms(tmp_path, announcements__quiet_hours="22:00-07:00") as (house, kitchen, _):
        status, told = await announce(house)
        assert (status, told["speakers"][0]["status"], kitchen.events) == (200, "quiet", [])
        status, told = await announce(house, priority="ALARM")
        assert (status, told["speakers"][0]["status"], heard(kitchen.pcm)) == (200, "played", "Dinner.")


async def test_an_announcement_goes_on_when_its_client_hangs_up(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path, gated=True) as (house, kitchen, _):
        reader, writer = await house.connect()
        body = json.dumps({"text": "The door. It rings.", "to": "Kitchen"}).encode()
        head = f"POST /announce HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await until(lambda: house.gate.reached.is_set())
        writer.close()
        await until(lambda: not house.connections)
        house.gate.open()
        await until(lambda: kitchen.types.count("audio-stop") == 1)
        assert heard(kitchen.pcm) == "The door.It rings."
        assert await reader.read() == b""


async def test_the_client_s_quota_counts(tmp_path: Path) -> None:
    limits = {"limits__waiting_utterances_per_address": 1}
    async with house_with_rooms(tmp_path, gated=True, **limits) as (house, _, _):
        first = asyncio.create_task(announce(house))
        await until(lambda: house.gate.reached.is_set())
        assert (await announce(house))[0] == 429
        house.gate.open()
        assert (await first)[0] == 200
        assert (await announce(house))[0] == 200


async def test_speech_that_fails_is_told_as_everywhere(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path) as (house, kitchen, _):
        status, told = await announce(house, "<speak>wrong", text_format="ssml")
        assert (status, told["error"]["type"]) == (400, "invalid_request_error")
        assert "audio-chunk" not in kitchen.types
        house.defects = 2  # the model's, told by the announcement and by the answer
        assert (await announce(house, "ESPEAK fails."))[0] == 500


@pytest.mark.slow
async def test_new_speakers_come_with_the_settings(tmp_path: Path) -> None:
    async with snd_service() as attic:
        wanted: dict[str, object] = {}

        def reread() -> config.Config:
            return settings(tmp_path, http__uri="tcp://127.0.0.1:0", **wanted)

        async with open_house(tmp_path, reread) as house:
            wanted = {"speakers": {"Attic": attic.uri}, "announcements__chime": "gentle"}
            house.server._hang_up.set()
            await until(lambda: any("read anew" in line for line in house.lines()))
            assert (await announce(house, to="Attic"))[0] == 200
            assert attic.pcm.startswith(gentle().as_pcm(KOKORO))
            wanted = {"announcements__chime": str(tmp_path / "none.wav")}
            house.defects = 1
            house.server._hang_up.set()
            await until(lambda: any("stay as they were: announcements.chime: " in line for line in house.lines()))
            assert (await announce(house, to="Attic"))[0] == 200


async def test_a_server_that_stops_finishes_what_it_announces(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path, gated=True) as (house, kitchen, _):
        first = asyncio.create_task(announce(house, "The door. It rings."))
        await until(lambda: house.gate.reached.is_set())
        house.server.stop()
        await until(lambda: bool(house.server._serving and house.server._serving.service.stopping))
        house.gate.open()
        assert (await first)[0] == 200
        assert heard(kitchen.pcm) == "The door.It rings."


async def test_a_server_that_stops_ends_what_takes_too_long(tmp_path: Path) -> None:
    async with house_with_rooms(tmp_path, gated=True, server__drain_seconds=0.2) as (house, _, _):
        first = asyncio.create_task(announce(house))
        await until(lambda: house.gate.reached.is_set())
        house.server.stop()
        status, told = await first
        assert (status, told["error"]["code"]) == (503, "shutting-down")
        house.gate.open()


# --- the sounds that speakers fetch ---


class Puller(Speaker):
    """A stand-in for a kind that fetches: it asks by HEAD, by GET, and by GET for a part, as players do."""

    fetched: tuple[list[int], bytes, bytes, str] | None = None

    async def open(self) -> None:
        """Nothing is connected."""

    async def play(self, sound: AnnouncedSound, start: Start) -> bool:
        form = self.address.path or "mp3"
        async with self.means.host.offer(sound, form, "127.0.0.1") as offer, aiohttp.ClientSession() as session:
            await start.wait(0.1)
            async with session.head(offer.url) as head:
                statuses = [head.status]
            async with session.get(offer.url, headers={"Range": "bytes=0-"}) as whole:
                statuses.append(whole.status)
                body = await whole.read()
                assert whole.headers["Content-Type"] == offer.media_type
            await asyncio.wait_for(offer.fetched(), PATIENCE_SECONDS)
            async with session.get(offer.url, headers={"Range": "bytes=100-199"}) as part:
                statuses.append(part.status)
                Puller.fetched = (statuses, body, await part.read(), offer.url)
        return True


@pytest.fixture
def puller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.announcing.speaker_at", Puller)


@pytest.mark.usefixtures("puller")
@pytest.mark.parametrize("form", ["mp3", "wav", "flac"])
async def test_a_speaker_fetches_the_sound_from_the_server_s_own_port_without_the_key(
    tmp_path: Path, form: str
) -> None:
    rooms = {"Kitchen": f"mpd://kitchen/{form}", "Hall": "mpd://hall/mp3"}
    async with open_house(tmp_path, speakers=rooms, http__api_key="correct-horse") as house:
        sent = {"X-API-Key": "correct-horse"}
        text = {"text": "Dinner is ready.", "to": "Kitchen"}
        status, _, body = await house.post(text, sent, path="/announce")
        assert (status, json.loads(body)["speakers"][0]["status"]) == (200, "played")
        assert Puller.fetched is not None
        statuses, sound, part, url = Puller.fetched
        assert statuses[0] == 200
        assert statuses[1] in (200, 206)
        assert statuses[2] == 206
        assert part == sound[100:200]
        assert re.fullmatch(rf"{house.url}/say/announced/[\w-]{{32}}/announcement\.{form}", url)
        samples, rate_hz = soundfile.read(BytesIO(sound))
        assert rate_hz == 24_000
        assert len(samples) / rate_hz == pytest.approx(json.loads(body)["speakers"][0]["seconds"], abs=0.1)
        # Some players ask once more at the end.
        assert (await house.get(url.removeprefix(house.url)))[2] == sound
        other = re.sub("announced/.", "announced/_", url.removeprefix(house.url))
        assert (await house.get(other))[0] == 404
        assert (await house.post({}, path=url.removeprefix(house.url)))[0] == 401


@pytest.mark.usefixtures("puller")
async def test_the_address_is_known_to_the_speaker_alone_so_its_pages_and_names_do_not_matter(tmp_path: Path) -> None:
    async with open_house(tmp_path, speakers={"Kitchen": "mpd://kitchen"}) as house:
        assert (await announce(house))[0] == 200
        assert Puller.fetched is not None
        path = Puller.fetched[3].removeprefix(house.url)
        assert (await house.get(path, Origin="https://www.gstatic.com", Host="radio.example.org"))[0] == 200
        assert error_of((await house.get("/v1/models", Host="radio.example.org"))[2])["code"] == "forbidden"


@pytest.mark.usefixtures("puller")
async def test_the_address_ends_some_time_after_the_announcement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "_KEEP_SECONDS", 0.0)
    async with open_house(tmp_path, speakers={"Kitchen": "mpd://kitchen"}) as house:
        assert (await announce(house))[0] == 200
        assert Puller.fetched is not None
        assert (await house.get(Puller.fetched[3].removeprefix(house.url)))[0] == 404


async def test_all_who_fetch_get_one_sound_and_one_that_fails_gets_an_error(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        offered = _offers(house)
        sound = AnnouncedSound()
        async with (
            offered.offer(sound, "mp3", "127.0.0.1") as first,
            offered.offer(sound, "wav", "127.0.0.1") as second,
        ):
            fetching = [asyncio.create_task(_fetch(house, offer)) for offer in (first, first, second)]
            await first.fetched()
            for _ in range(20):
                sound.add(KOKORO, b"\1\2" * 2_400)
                await asyncio.sleep(0.01)
            sound.finish()
            one, same, wav = await asyncio.gather(*fetching)
            assert one == same
            assert soundfile.info(BytesIO(wav)).frames == 48_000
        failed = AnnouncedSound()
        async with offered.offer(failed, "wav", "127.0.0.1") as offer:
            fetching = [asyncio.create_task(_fetch(house, offer))]
            await offer.fetched()
        assert b"ended" in await fetching[0]


async def test_a_machine_without_a_way_to_the_speaker_is_told(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(SpeakerError, match="this machine has no way to no-such-host"):
            async with _offers(house).offer(AnnouncedSound(), "mp3", "no-such-host.invalid"):
                pass


def _offers(house: House) -> offers.Offers:
    assert house.server.http is not None
    assert house.server.http._server is not None
    return house.server.http._server._runner.app[offers.OFFERS]


async def _fetch(house: House, offer: Offered) -> bytes:
    return (await house.get(offer.url.removeprefix(house.url)))[2]


@pytest.mark.parametrize(
    ("facing", "address", "base_url", "expected"),
    [
        ("10.0.0.5", TcpAddress("", 8880), None, "http://10.0.0.5:8880"),
        ("fd00::5", TcpAddress("::", 8880), None, "http://[fd00::5]:8880"),
        ("10.0.0.5", TcpAddress("10.0.0.6", 8880), None, "http://10.0.0.6:8880"),
        ("10.0.0.5", TcpAddress("127.0.0.1", 8880), None, None),
        ("127.0.0.1", TcpAddress("localhost", 8880), None, "http://localhost:8880"),
        ("10.0.0.5", UnixAddress("/run/x.sock"), None, None),
        ("10.0.0.5", None, None, None),
        ("172.17.0.2", TcpAddress("", 8880), "http://10.0.0.9:80", "http://10.0.0.9:80"),
    ],
)
def test_a_speaker_is_told_the_address_that_it_sees(
    facing: str, address: TcpAddress | UnixAddress | None, base_url: str | None, expected: str | None
) -> None:
    assert url_for(facing, address, base_url) == expected
