"""A visitor's way through Home Assistant: page and API behind the stand-in Supervisor; and who else may come."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from kokoro_wyoming.protocols.http import guard
from tests.conftest import CHECKOUT
from tests.namespaces import NAMESPACES, needs_namespaces
from tests.protocols.http.browsers import CHROMIUM, Chromium, chromium
from tests.protocols.http.house import SPEECH, House, error_of, open_house
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_program import RELEASED
from tests.stand_ins.supervisor import ADDRESS, COOKIE, PANEL, PREFIX, Supervisor, supervisor

KEY = "correct-horse.battery_staple~1"
TYPED = {"Content-Type": "application/json"}


@contextlib.asynccontextmanager
async def behind(folder: Path, door: str = "only", **settings: Any) -> AsyncIterator[tuple[House, Supervisor]]:
    """The program that beeps behind the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "SUPERVISOR", ADDRESS)
        async with supervisor() as visited, open_house(folder, http__behind_ingress=door, **settings) as house:
            visited.app = house.url
            yield house, visited


@contextlib.asynccontextmanager
async def visitor(visited: Supervisor) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(visited.page, cookies=COOKIE) as session:
        yield session


async def test_a_visitor_needs_no_key_and_others_do(tmp_path: Path) -> None:
    async with behind(tmp_path, "yes", http__api_key=KEY) as (house, visited), visitor(visited) as session:
        assert (await session.get("v1/audio/voices")).status == 200
        assert (await house.get("/v1/audio/voices"))[0] == 401
        assert (await house.get("/v1/audio/voices", X_API_Key=KEY))[0] == 200


async def test_where_only_visitors_may_come_all_others_are_told_how_it_is_opened(tmp_path: Path) -> None:
    forged = {"X_Forwarded_For": ADDRESS, "X_Ingress_Path": PREFIX, "X_Remote_User_Id": "0", "X_Real_IP": ADDRESS}
    async with behind(tmp_path, http__api_key=KEY) as (house, visited), visitor(visited) as session:
        for path in ("/", "/health", "/metrics", "/page/main.js", "/v1/audio/voices", "/say/a.mp3?text=a", "/nothing"):
            status, _, body = await house.get(path, X_API_Key=KEY, **forged)
            assert status == 403
            assert "option `api`" in error_of(body)["message"]
        status, _, body = await house.post({"input": "Hello"}, {"X-API-Key": KEY})
        assert (status, error_of(body)["code"]) == (403, "forbidden")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await house.session.ws_connect(f"{house.url}/v1/stream")
        assert (await session.get("")).status == 200


async def test_the_page_and_all_that_it_needs_come_under_the_prefix(tmp_path: Path) -> None:
    async with behind(tmp_path) as (_, visited), visitor(visited) as session:
        answer = await session.get("")
        text = await answer.text()
        assert "<title>" in text
        assert answer.headers["Content-Type"] == "text/html"
        assert '<meta charset="utf-8">' in text  # as Home Assistant leaves the charset out
        addresses = re.findall(r'(?:src|href)="([^"#]+)"', text)
        assert len(addresses) > 1
        for address in addresses:
            assert not urlsplit(address).scheme or address.startswith("data:")
            assert not address.startswith("/"), "an address from the root leads past the app"
            part = await session.get(address)
            assert (part.status, str(part.url).startswith(visited.page)) == (200, True)
        assert all(head["X-Ingress-Path"] == PREFIX for head in visited.handed_on)


async def test_sound_is_heard_while_it_is_made(tmp_path: Path) -> None:
    async with behind(tmp_path) as (house, visited), visitor(visited) as session:
        body = {"input": "Hello there everyone. Then it is STUCK.", "response_format": "pcm"}
        async with session.post(SPEECH[1:], json=body) as answer:
            assert (answer.status, answer.headers["X-Accel-Buffering"]) == (200, "no")
            first = await asyncio.wait_for(answer.content.readany(), 30)
            assert first
            RELEASED.set()
            sound = first + await asyncio.wait_for(answer.content.read(), 30)
        assert heard(sound) == "Hello there everyone.Then it is STUCK."
        assert not house.lines(30)


async def test_an_answer_that_is_whole_has_its_length_and_a_speaker_may_ask_for_parts(tmp_path: Path) -> None:
    async with behind(tmp_path) as (_, visited), visitor(visited) as session:
        whole = await (await session.get("say/a.wav?text=Hello%20%26%20%C3%A4")).read()
        part = await session.get("say/a.wav?text=Hello%20%26%20%C3%A4", headers={"Range": "bytes=0-1"})
        assert (part.status, await part.read()) == (206, b"RI")
        assert part.headers["Content-Range"] == f"bytes 0-1/{len(whole)}"
        head = await session.head("say/a.wav?text=Hello%20%26%20%C3%A4")
        assert head.status == 200


async def test_a_text_may_come_bit_by_bit_over_a_socket(tmp_path: Path) -> None:
    async with behind(tmp_path) as (_, visited), visitor(visited) as session:
        async with session.ws_connect("v1/stream", protocols=["kokoro"]) as socket:
            await socket.send_json({"type": "start", "voice": "af_heart", "words": True})
            for text in ("Hello ", "there."):
                await socket.send_json({"type": "text", "text": text})
            await socket.send_json({"type": "end"})
            sound, kinds = b"", []
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    sound += message.data
                else:
                    kinds.append(json.loads(message.data)["type"])
                    if kinds[-1] == "done":
                        break
        assert heard(sound) == "Hello there."
        assert kinds[0] == "started"


async def test_mistakes_come_back_as_they_are(tmp_path: Path) -> None:
    async with behind(tmp_path) as (_, visited), visitor(visited) as session:
        answer = await session.post(SPEECH[1:], json={"input": "Hello", "voice": "nobody"})
        assert (answer.status, error_of(await answer.read())["param"]) == (400, "voice")
        answer = await session.get("v1/nothing")
        assert (answer.status, error_of(await answer.read())["code"]) == (404, "http_404")


@pytest.mark.long
@needs_namespaces
def test_the_supervisor_s_own_address_is_let_in_and_another_app_is_not() -> None:
    """With the addresses that they have in a house, in a network of the test's own."""
    commands = "ip link set lo up && ip addr add 172.30.32.2/32 dev lo && ip addr add 172.30.33.9/32 dev lo"
    done = subprocess.run(
        [*NAMESPACES, "sh", "-c", f'{commands} && exec "$@"', "sh", sys.executable, "-m", "tests.app.visitors"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "only": {"172.30.32.2": 200, "172.30.33.9": 403, "127.0.0.1": 403},
        "yes": {"172.30.32.2": 200, "172.30.33.9": 401, "127.0.0.1": 401},
        "no": {"172.30.32.2": 401, "172.30.33.9": 401, "127.0.0.1": 401},
    }


@contextlib.asynccontextmanager
async def framed(folder: Path) -> AsyncIterator[tuple[Chromium, Supervisor]]:
    """A Chromium that shows the app's page in a frame of Home Assistant's."""
    if CHROMIUM is None:
        pytest.skip("the page in Home Assistant is not tried: no Chromium here; Debian has it")
    async with behind(folder) as (_, visited), chromium() as window:
        await window.open(f"{visited.url}{PANEL}")
        window.page = next(frame for frame in window.page.frames if PREFIX in frame.url)
        await window.until("document.querySelectorAll('.voice-list li').length > 1")
        yield window, visited


@pytest.mark.long
async def test_in_a_browser_the_page_speaks_inside_home_assistant(tmp_path: Path) -> None:
    async with framed(tmp_path) as (window, visited):
        await window.fill("#text", "The front door is open.")
        await window.run("document.getElementById('play').click()")
        await window.until("document.getElementById('stop').disabled && !document.getElementById('again').disabled")
        numbers = await window.run("({...document.getElementById('sound').dataset})")
        assert float(numbers["scheduled"]) > 0
        assert float(numbers["peak"]) > 0
        assert {urlsplit(url).netloc for url in window.requests if urlsplit(url).netloc} == {
            urlsplit(visited.url).netloc
        }
        paths = [urlsplit(url).path for url in window.requests if urlsplit(url).netloc]
        assert [path for path in paths if not path.startswith((f"{PREFIX}/", PANEL))] == []
        assert any(url.startswith("ws://") for url in window.requests)
        assert window.complaints == []


@pytest.mark.long
async def test_in_a_browser_without_the_cookie_nothing_is_shown(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("that the page wants the cookie is not tried in a browser: no Chromium here; Debian has it")
    async with behind(tmp_path) as (_, visited), chromium() as window:
        answer = await window.page.goto(visited.page)
        assert answer.status == 401
        assert visited.handed_on == []
