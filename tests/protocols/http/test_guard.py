"""Who is answered: addresses, names, pages elsewhere, the key; and that both protocols share one house."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from kokoro_wyoming import config
from tests.conftest import CHECKOUT
from tests.listening import client_of, hear, say
from tests.protocols.http.house import SPEECH, House, error_of, eventually, open_house
from tests.protocols.http.test_hostile import CLOSE, get, post, statuses
from tests.stand_ins import beep_program
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import until
from tests.stand_ins.beep_program import put_voice

KEY = "correct-horse.battery_staple~1"
VOICES = "/v1/audio/voices"
LONG = "This is a sentence that is said. " * 200


# The key


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"Authorization": f"Bearer {KEY}"}, True),
        ({"Authorization": f"bearer  {KEY} "}, True),
        ({"X-API-Key": KEY}, True),
        ({"X-API-Key": KEY, "Authorization": "Basic dXNlcjpwYXNz"}, True),  # a proxy in front asks for a password
        ({"Sec-WebSocket-Protocol": f"kokoro, openai-insecure-api-key.{KEY}"}, True),
        ({}, False),
        ({"Authorization": KEY}, False),
        ({"Authorization": "Bearer"}, False),
        ({"Authorization": f"Bearer {KEY[:-1]}"}, False),
        ({"Authorization": f"Bearer {KEY}x"}, False),
        ({"Authorization": f"Bearer {KEY.upper()}"}, False),
        ({"Authorization": f"Basic {KEY}"}, False),
        ({"X-API-Key": ""}, False),
        ({"Cookie": f"key={KEY}"}, False),
    ],
)
async def test_who_has_the_key_is_let_in(headers: dict[str, str], is_let_in: bool, tmp_path: Path) -> None:
    async with open_house(tmp_path, http__api_key=KEY) as house:
        for path in (VOICES, "/v1/models", "/v1/test", "/metrics", "/v1/nothing"):
            async with house.session.get(house.url + path, headers=headers) as answer:
                if is_let_in:
                    assert answer.status == (404 if path == "/v1/nothing" else 200)
                else:
                    error = error_of(await answer.read())
                    assert (answer.status, error["type"], error["code"]) == (
                        401,
                        "authentication_error",
                        "invalid_api_key",
                    )
        status, _, body = await house.post({"input": "Hi.", "response_format": "pcm"}, headers)
        assert (status, heard(body) == "Hi.") == ((200, True) if is_let_in else (401, False))


async def test_some_addresses_need_no_key(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__api_key=KEY) as house:
        for path in ("/health", "/ready", "/", "/page/nothing.js", "/openapi.json"):
            assert (await house.get(path))[0] != 401, path
        for path in ("/page", "/health/", "/healthy", "//", "/v1/audio/voices?x=/health"):
            assert statuses(await house.raw(get(path, CLOSE))) == [401], path
        for path in ("/page/../v1/test", "/page/%2e%2e/v1/test", "/page/..%2fv1/test"):
            assert statuses(await house.raw(get(path, CLOSE))) == [404], path


async def test_a_key_in_the_address_is_none(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__api_key=KEY) as house:
        assert (await house.get(f"{VOICES}?key={KEY}&api_key={KEY}"))[0] == 401


async def test_keys_are_compared_in_constant_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", digest)
    async with open_house(tmp_path, http__api_key=KEY) as house:
        assert (await house.get(VOICES, X_API_Key="wrong"))[0] == 401
    assert compared == [(b"wrong", KEY.encode())]


async def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\nsecond line\n")
    async with open_house(tmp_path, http__api_key_file=str(tmp_path / "key"), http__api_key="another-key") as house:
        assert (await house.get(VOICES, X_API_Key=KEY))[0] == 200
        assert (await house.get(VOICES, X_API_Key="another-key"))[0] == 401


# Names of the server

OWN_NAME = socket.gethostname()


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("127.0.0.1:8880", True),
        ("192.168.1.20", True),
        ("[::1]:8880", True),
        ("[fe80::1%25eth0]", True),
        ("[2001:db8::1]", True),
        ("localhost", True),
        ("LocalHost:1", True),
        ("localhost.", True),
        ("kokoro.localhost", True),
        ("kokoro.local", True),
        ("KOKORO.LOCAL:8880", True),
        ("kokoro", True),
        ("host.docker.internal:8880", True),
        ("nas.home.arpa", True),
        (OWN_NAME, True),
        (f"{OWN_NAME.upper()}:8880", True),
        ("speech.example.org", True),
        ("tts.house.example", True),
        ("a.b.house.example", True),
        ("house.example", False),
        ("evilhouse.example", False),
        ("example.org", False),
        ("evil.speech.example.org", False),
        ("speech.example.org.evil.example", False),
        ("evil.example", False),
        ("evil-local.example", False),
        ("evil.internal.example", False),
        ("home.arpa.", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("192.168.1", False),
        ("[::1", False),
        ("", False),
        (":8880", False),
    ],
)
async def test_the_server_answers_to_names_that_are_its_own(name: str, is_known: bool, tmp_path: Path) -> None:
    async with open_house(tmp_path, http__hosts=["speech.example.org", "*.house.example"]) as house:
        request = get(VOICES, CLOSE).replace(b"Host: localhost", f"Host: {name}".encode())
        answer = await house.raw(request)
        assert statuses(answer) == [200 if is_known else 403]
        if not is_known:
            assert error_of(answer.partition(b"\r\n\r\n")[2])["type"] == "permission_error"


async def test_even_the_page_and_the_health_are_closed_to_other_names(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for path in ("/", "/health", "/nothing"):
            assert (await house.get(path, Host="evil.example"))[0] == 403


async def test_a_probe_without_a_name_is_answered(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert statuses(await house.raw(b"GET /health HTTP/1.0\r\n\r\n")) == [200]


# Pages elsewhere


async def _preflight(house: House, origin: str) -> tuple[int, dict[str, str]]:
    asks = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with house.session.options(house.url + SPEECH, headers=asks) as answer:
        return answer.status, dict(answer.headers)


PAGE = {"Origin": "https://panel.example.org"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "file://", "", "http://["])
async def test_a_page_elsewhere_is_refused(origin: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, body = await house.post({"input": "Hi."}, {"Origin": origin})
        assert (status, error_of(body)["code"]) == (403, "forbidden")
        assert not [name for name in headers if name.startswith("Access-Control")]
        assert (await _preflight(house, origin))[0] == 403
        assert not [line for line in house.lines() if "spoke" in line]


async def test_the_own_page_is_at_home(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__hosts="speech.example.org") as house:
        for origin, host in (
            (house.url, f"127.0.0.1:{house.port}"),
            ("http://KOKORO.local:8880", "kokoro.local:8880"),
            ("https://speech.example.org", "speech.example.org"),  # a proxy in front speaks TLS
            ("http://[::1]:8880", "[::1]:8880"),
        ):
            status, _, _ = await house.post({"input": "Hi."}, {"Origin": origin, "Host": host})
            assert status == 200, origin


async def test_a_page_by_a_name_that_leads_here_is_elsewhere(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        rebound = {"Origin": "http://evil.example:8880", "Host": "evil.example:8880"}
        assert (await house.post({"input": "Hi."}, rebound))[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_pictures_and_sounds_of_pages_elsewhere_are_refused(site: str, tmp_path: Path) -> None:
    async with open_house(tmp_path, http__cors="https://panel.example.org") as house:
        assert (await house.get(VOICES, Sec_Fetch_Site=site))[0] == 403
        assert (await house.get(VOICES, Sec_Fetch_Site=site, Referer="https://evil.example/"))[0] == 403
        assert (await house.get(VOICES, Sec_Fetch_Site=site, Referer="https://panel.example.org/x"))[0] == 200
        for mine in ("same-origin", "none"):
            assert (await house.get(VOICES, Sec_Fetch_Site=mine))[0] == 200
        assert (await house.get("/", Sec_Fetch_Site=site))[0] == 200  # a link to the page


async def test_what_a_page_sends_without_asking_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            assert (await house.post({"input": "Hi."}, {"Content-Type": kind}))[0] == 415


@pytest.mark.parametrize("shared", ["https://panel.example.org", "*"])
async def test_a_page_that_the_owner_lets_in_may_read(shared: str, tmp_path: Path) -> None:
    async with open_house(tmp_path, http__cors=[shared], http__api_key=KEY) as house:
        status, headers = await _preflight(house, PAGE["Origin"])
        assert status == 204
        assert headers["Access-Control-Allow-Origin"] == (PAGE["Origin"] if shared != "*" else "*")
        assert "POST" in headers["Access-Control-Allow-Methods"]
        assert {"authorization", "content-type", "x-api-key", "*"} <= set(
            headers["Access-Control-Allow-Headers"].split(", ")
        )
        assert "Access-Control-Allow-Credentials" not in headers
        for key, expected in ((KEY, 200), ("wrong-key", 401)):
            status, got, _ = await house.post({"input": "Hi.", "speed": 4}, {**PAGE, "X-API-Key": key})
            assert status == expected
            assert got["Access-Control-Allow-Origin"] == headers["Access-Control-Allow-Origin"]
            assert "X-Speed" in got["Access-Control-Expose-Headers"]
        if shared != "*":
            assert headers["Vary"] == "Origin"
            assert (await _preflight(house, "https://panel.example.org.evil.example"))[0] == 403


async def test_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, headers, _ = await house.get("/")
        policy = {
            name: rest for name, *rest in (part.split() for part in headers["Content-Security-Policy"].split(";"))
        }
        assert status == 200
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == ["'self'"]
        assert policy["frame-ancestors"] == ["'self'"]
        assert not [word for rest in policy.values() for word in rest if "unsafe" in word or "http" in word]


# Admission


async def test_strangers_are_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, server__allow=["10.1.2.3"]) as house:
        for request in (get(), post(), get("/health")):
            answer = await house.raw(request)
            assert statuses(answer) == [403]
            assert error_of(answer.partition(b"\r\n\r\n")[2])["code"] == "not-allowed"
        assert house.connections == 0


async def test_one_connection_too_many_is_told(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__connections_per_address=1) as house:
        _, first = await house.connect()
        await until(lambda: house.connections == 1)
        answer = await house.raw(get())
        assert statuses(answer) == [429]
        assert b"Retry-After: " in answer
        assert error_of(answer.partition(b"\r\n\r\n")[2])["type"] == "rate_limit_error"
        first.close()
        await until(lambda: house.connections == 0)
        assert statuses(await house.raw(get("/v1/test", CLOSE))) == [200]


async def test_both_protocols_count_together(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__connections=1) as house, client_of(str(house.server.uri)) as wyoming:
        await wyoming.write_event(_describe())
        assert (await hear(wyoming, "info")).types == ["info"]
        assert statuses(await house.raw(get())) == [429]


def _describe() -> Any:
    from wyoming.info import Describe

    return Describe().event()


async def test_both_protocols_speak_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=True) as house:
        web = [asyncio.ensure_future(house.text(f"Web {n}.")) for n in range(3)]
        wyoming = [asyncio.ensure_future(say(str(house.server.uri), f"Wyoming {n}.")) for n in range(3)]
        await until(lambda: house.utterances == 6)
        house.gate.open()
        assert await asyncio.gather(*web) == [f"Web {n}." for n in range(3)]
        assert [heard(one.pcm) for one in await asyncio.gather(*wyoming)] == [f"Wyoming {n}." for n in range(3)]


# Life: reload, no port, drain


async def test_a_reload_changes_key_and_limits(tmp_path: Path) -> None:
    values: dict[str, Any] = {"http__uri": "tcp://127.0.0.1:0"}

    def reread() -> config.Config:
        return beep_program.settings(tmp_path, **values)

    async with open_house(tmp_path, reread) as house:
        assert (await house.get(VOICES))[0] == 200
        values |= {"http__api_key": KEY, "limits__text_chars": 10, "http__cors": "*", "http__voices__alloy": "bf_emma"}
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: any("read anew" in line for line in house.lines()))
        assert (await house.get(VOICES))[0] == 401
        assert (await house.get(VOICES, X_API_Key=KEY))[0] == 200
        status, _, body = await house.post({"input": "More than ten."}, {"X-API-Key": KEY, **PAGE})
        assert (status, error_of(body)["code"]) == (413, "too-long")
        values |= {"http__api_key": None, "http__api_key_file": str(tmp_path / "nothing")}
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: any("stay as they were" in line for line in house.lines()))
        assert (await house.get(VOICES))[0] == 401
        house.defects = 1


@pytest.mark.parametrize("http", [None, {"uri": None}])
async def test_http_can_be_switched_off(http: object, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"http": http}))
    assert config.load(tmp_path / "config.yaml").http.uri is None


@pytest.mark.long
async def test_http_can_be_switched_off_by_a_flag(tmp_path: Path) -> None:
    put_voice(tmp_path / "voices", "af_heart")
    flags = ("--no-http", "--no-zeroconf", "--uri=tcp://127.0.0.1:0", f"--voices-folder={tmp_path / 'voices'}")
    program = (sys.executable, "-m", "tests.stand_ins.beep_program", "serve", *flags)
    process = await asyncio.create_subprocess_exec(*program, cwd=CHECKOUT, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    async for line in process.stderr:
        if b"Ready after" in line:
            assert b"http" not in line
            process.terminate()
    assert await process.wait() == 0


async def test_without_http_wyoming_is_served(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__uri=None) as house:
        assert house.server.http is None
        assert heard((await say(str(house.server.uri), "Hello.")).pcm) == "Hello."


async def test_a_port_that_is_taken_costs_the_page_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        uri = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        async with open_house(tmp_path, http__uri=uri) as house:
            assert heard((await say(str(house.server.uri), "Hello.")).pcm) == "Hello."
            [warning] = [line for line in house.lines(logging.WARNING) if "There is no page" in line]
            assert "another program already listens there" in warning
            assert "--http-uri" in warning


async def test_a_server_that_stops_finishes_what_it_says(tmp_path: Path) -> None:
    async with open_house(tmp_path, gated=True) as house:
        saying = asyncio.ensure_future(house.text("To its end"))
        await asyncio.to_thread(house.gate.reached.wait, 10)
        house.server.stop()

        async def is_stopping() -> bool:  # balancers are told of it before, while requests are still taken
            return (await house.get("/v1/models"))[0] == 503

        await eventually(is_stopping)
        status, headers, body = await house.get("/ready")
        assert (status, json.loads(body)) == (503, {"status": "stopping"})
        assert int(headers["Retry-After"]) > 0
        assert (await house.get("/health"))[0] == 200
        status, headers, body = await house.post({"input": "Another."})
        assert (status, error_of(body)["code"]) == (503, "shutting-down")
        assert int(headers["Retry-After"]) > 0
        house.gate.open()
        assert await saying == "To its end"

        async def is_closed() -> bool:
            try:
                await house.get("/ready")
            except aiohttp.ClientError:
                return True
            return False

        await eventually(is_closed)


@pytest.mark.slow
async def test_a_server_that_stops_sends_a_whole_answer_to_its_end(tmp_path: Path) -> None:
    body = json.dumps({"input": LONG, "response_format": "pcm", "stream": False}).encode()
    async with open_house(tmp_path) as house:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", house.port))
            reader, writer = await asyncio.open_connection(sock=client, limit=4_096)
            writer.write(post(body))
            head = await reader.readuntil(b"\r\n\r\n")
            house.server.stop()

            async def is_stopping() -> bool:
                return (await house.get("/ready"))[0] == 503

            await eventually(is_stopping)
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            assert len(await reader.readexactly(int(length[1]))) > 480 * len(LONG.replace(" ", ""))
            writer.close()


@pytest.mark.slow
async def test_the_deadline_of_a_stop_cuts_off_what_is_too_long(tmp_path: Path) -> None:
    async with open_house(tmp_path, server__drain_seconds=0.2) as house:
        body = {"input": LONG * 15, "response_format": "pcm"}
        async with house.session.post(house.url + SPEECH, json=body) as answer:
            house.gate.shut()
            house.server.stop()
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
        house.gate.open()
