"""Whether the server lives and is ready, and what clients find out about it first."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.protocols.http.house import error_of, eventually, open_house
from tests.stand_ins.beep_house import until


async def test_a_server_that_can_speak_is_healthy_and_ready(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for path, state in (("/health", "healthy"), ("/ready", "ready")):
            status, headers, body = await house.get(path)
            assert (status, json.loads(body)) == (200, {"status": state})
            assert headers["Cache-Control"] == "no-store"


@pytest.mark.slow
async def test_a_stuck_model_is_no_health_and_new_requests_are_told(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__stuck_seconds=1) as house:
        stuck = asyncio.ensure_future(house.post({"input": "STUCK.", "response_format": "pcm"}))

        async def is_ill() -> bool:
            return (await house.get("/health"))[0] == 503

        await eventually(is_ill)
        for path in ("/health", "/ready"):
            status, headers, body = await house.get(path)
            assert status == 503
            assert json.loads(body)["status"] == "stuck"
            assert int(headers["Retry-After"]) > 0
        status, headers, body = await house.post({"input": "Hello."})
        assert (status, error_of(body)["type"], error_of(body)["code"]) == (503, "server_error", "stuck")
        assert int(headers["Retry-After"]) > 0
        status, _, body = await stuck
        assert (status, error_of(body)["code"]) == (503, "stuck")
        await until(lambda: house.server.hopeless)
        house.defects = len(house.lines(40))


async def test_the_numbers_of_the_server_are_text(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, _ = await house.get("/metrics")
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain")
        assert headers["Cache-Control"] == "no-store"


async def test_an_unknown_address_and_a_wrong_method_are_told_in_the_usual_shape(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, _, body = await house.get("/v1/nothing")
        assert (status, error_of(body)["type"], error_of(body)["code"]) == (404, "invalid_request_error", "http_404")
        status, headers, body = await house.get("/v1/audio/speech")
        assert (status, headers["Allow"], error_of(body)["code"]) == (405, "POST", "http_405")


async def test_no_answer_is_guessed_to_be_something_else(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        _, headers, _ = await house.get("/health")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
