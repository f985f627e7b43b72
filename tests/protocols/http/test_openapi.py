"""The API's description: it has every route and no other, and says what the routes really take."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import CHECKOUT
from tests.protocols.http.house import House, open_house
from tests.protocols.http.test_speech import WRONG
from tests.stand_ins.snd import snd_service

_TEXT = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"^curl (?:.*\\\n)*.*$", _TEXT, flags=re.MULTILINE)


def _app(house: House) -> Any:
    assert house.server.http is not None
    assert house.server.http._server is not None
    return house.server.http._server._runner.app


async def _document(house: House) -> dict[str, Any]:
    status, headers, body = await house.get("/openapi.json")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    return dict(json.loads(body))


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = [*part.values()]
    if isinstance(part, list):
        for one in part:
            yield from _references(one)


async def test_it_has_every_route_and_no_other(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        document = await _document(house)
        real = {
            (route.method, route.resource.canonical) for route in _app(house).router.routes() if route.method != "HEAD"
        }
        told = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
        assert told == real
        for method, path in told:
            address = house.url + re.sub("{.*?}", "x", path)
            async with house.session.request(method, address, json={} if method == "POST" else None) as answer:
                assert answer.status not in (405, 500), path


async def test_it_is_whole(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        document = await _document(house)
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    for reference in _references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"].endswith("."), path
            assert "Body`" not in operation["summary"], path
            assert set(re.findall(r"{(\w+)}", path)) == {
                one["name"] for one in operation["parameters"] if one["in"] == "path"
            }
            assert [status for status in operation["responses"] if status in ("101", "200")], path
            assert ("requestBody" in operation) == (method == "post"), path


@pytest.mark.slow
async def test_a_validator_of_others_takes_it(tmp_path: Path) -> None:
    import openapi_spec_validator

    async with open_house(tmp_path) as house:
        openapi_spec_validator.validate(await _document(house))


async def test_a_body_that_it_allows_is_taken_and_others_are_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        document = await _document(house)
        content = document["paths"]["/v1/audio/speech"]["post"]["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        checked = jsonschema.Draft202012Validator(schema)
        for body in (
            {"input": "Hi."},
            {"input": "Hi.", "voice": {"id": "af_heart"}, "speed": 1.5, "stream": False, "user": "x"},
            {"input": "Hi.", "voice": None, "model": None, "stream_format": "sse", "text_format": "text"},
        ):
            checked.validate(body)
            assert (await house.post(body))[0] == 200
        found = 0
        for body, status, *_ in WRONG:
            if not checked.is_valid(body):
                found += 1
                assert status == 400
        assert found > 8


async def test_it_says_where_the_key_is_wanted(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__api_key="correct-horse") as house:
        document = await _document(house)
        for path, item in document["paths"].items():
            if "get" in item and "{" not in path:
                status, _, _ = await house.get(path)
                assert (status == 401) == bool(item["get"]["security"]), path
        assert {} not in document["paths"]["/v1/audio/speech"]["post"]["security"]
    async with open_house(tmp_path) as house:
        assert {} in (await _document(house))["paths"]["/v1/audio/speech"]["post"]["security"]


async def test_every_route_is_in_the_documentation(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for path in (await _document(house))["paths"]:
            assert re.search(rf"{re.escape(path)}[`?]", _TEXT), path


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_the_examples_of_the_documentation_work(tmp_path: Path) -> None:
    async with snd_service() as kitchen, open_house(tmp_path, speakers={"Kitchen": kitchen.uri}) as house:
        paths = [re.sub("{.*?}", "[^/?]+", path) for path in (await _document(house))["paths"]]
        asked = set()
        for example in _EXAMPLES:
            command = re.sub(r" \| (aplay|jq) .*", "", example.replace("curl ", "curl -f "))
            address = re.findall(r"\$H([^\s\";?]*)", command)
            if not all(any(re.fullmatch(path, one) for path in paths) for one in address):
                continue
            process = await asyncio.create_subprocess_exec(
                *("bash", "-e", "-c", command), cwd=tmp_path, env={**os.environ, "H": house.url}, stdout=-1
            )
            output, _ = await process.communicate()
            assert process.returncode == 0, command
            assert output or "-o " in command, command
            asked |= {*address}
        assert {"/announce", "/v1/audio/speech", "/v1/audio/voices", "/v1/models/kokoro", "/health", "/"} <= asked
