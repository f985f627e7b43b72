"""The lists of voices and releases, in the shapes that clients ask for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.protocols.http.house import error_of, eventually, open_house
from tests.stand_ins.beep_program import BeepFolders, put_voice


async def test_a_voice_has_all_that_a_page_shows(tmp_path: Path) -> None:
    async with open_house(tmp_path, voices={"Kitchen": "af_heart+bf_emma"}) as house:
        put_voice(tmp_path / "voices", "af_mine")
        status, headers, body = await house.get("/v1/audio/voices")
        answer = json.loads(body)
        assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
        assert set(answer) == {"object", "voices", "data"}
        assert answer["object"] == "list"
        assert answer["voices"] == answer["data"]
        by_id = {voice["id"]: voice for voice in answer["voices"]}
        assert len(by_id) == len(answer["voices"])
        assert by_id["af_heart"] == {
            "id": "af_heart",
            "name": "Heart (American English, female)",
            "label": "Heart",
            "language": "en-US",
            "gender": "female",
            "grade": "A",
            "release": "v1.0",
            "best": True,
        }
        assert by_id["bf_emma"]["language"] == "en-GB"
        assert by_id["Kitchen"]["gender"] is None
        assert by_id["Kitchen"]["grade"] is None
        for name in by_id:
            assert await house.say("Hello.", voice=name)


async def test_new_voices_are_listed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        put_voice(tmp_path / "voices", "am_mine")
        folders = house.server._manager.folders
        assert isinstance(folders, BeepFolders)
        folders.changed.set()

        async def is_listed() -> bool:
            return "am_mine" in json.loads((await house.get("/v1/audio/voices?legacy=true"))[2])["voices"]

        await eventually(is_listed)
        assert await house.say("Hello.", voice="am_mine")


async def test_older_programs_ask_for_names_alone(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        names = {"voices": ["bf_emma", "af_heart"]}
        for query in ("legacy=true", "legacy=1", "legacy=True"):
            assert json.loads((await house.get(f"/v1/audio/voices?{query}"))[2]) == names
        assert "data" in json.loads((await house.get("/v1/audio/voices?legacy=false"))[2])


async def test_a_release_is_a_model(tmp_path: Path) -> None:
    from openai.types import Model

    async with open_house(tmp_path) as house:
        listed = json.loads((await house.get("/v1/models"))[2])
        assert set(listed) == {"object", "data"}
        assert listed["object"] == "list"
        for one in listed["data"]:
            model = Model.model_validate(one, strict=True)
            assert json.loads((await house.get(f"/v1/models/{model.id}"))[2]) == one
            assert await house.say("Hello.", model=model.id)
        names = json.loads((await house.get("/v1/audio/models"))[2])
        assert [set(one) for one in names["models"]] == [{"id", "name"}] * len(listed["data"])
        status, _, body = await house.get("/v1/models/nothing")
        assert (status, error_of(body)["code"]) == (404, "not_found")


async def test_clients_know_the_server_by_its_answers(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert json.loads((await house.get("/v1/test"))[2]) == {"status": "ok"}
        assert (await house.get("/health"))[2].strip() != b"OK"
        assert (await house.get("/v1/readyz"))[0] == 404


async def test_lists_answer_to_head(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for path in ("/v1/audio/voices", "/v1/models", "/health", "/ready", "/"):
            async with house.session.head(house.url + path) as answer:
                assert answer.status == 200
                assert await answer.read() == b""
                assert int(answer.headers["Content-Length"]) > 0
