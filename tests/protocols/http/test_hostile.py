"""What nobody should send, over raw sockets: each time the server lives on, and answers the next request."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import re
import socket
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.protocols.http.house import SPEECH, House, error_of, open_house
from tests.stand_ins.beep_house import until

BODY = b'{"input": "Hello.", "response_format": "pcm"}'


def post(body: bytes = BODY, *headers: str, length: int | None = None, path: str = SPEECH) -> bytes:
    """A request as bytes; more headers are lines."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str = "/v1/test", *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", *headers)).encode() + b"\r\n\r\n"


def statuses(answer: bytes) -> list[int]:
    """The statuses of all answers in these bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", answer)]


async def lives(house: House) -> None:
    """The server answers the next request, and nothing is left of the ones before."""
    assert await house.text("Still here.") == "Still here."
    await until(lambda: not house.utterances)


CLOSE = "Connection: close"


# Sizes


async def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__text_chars=100) as house:
        most = 100 * 12 + 65_536
        for body, expected in (
            (b'{"input": "a", "pad": "%s"}' % (b"x" * (most - 100)), 200),
            (b'{"input": "a", "pad": "%s"}' % (b"x" * most), 413),
            (b'{"input": "a", "pad": "%s"}' % (b"x" * 20 * most), 413),
        ):
            status, _, answer = await house.post(body)
            assert status == expected
            assert status == 200 or error_of(answer)["code"] == "too-large"
        for request in (
            get("/" + "x" * 70_000, CLOSE),
            get("/v1/test?" + "x=y&" * 20_000, CLOSE),
            get("/v1/test", "X: " + "x" * 9_000, CLOSE),
            get("/v1/test", *(f"X-{n}: {n}" for n in range(200)), CLOSE),
            get("/v1/test", "Cookie: " + "a=b; " * 2_000, CLOSE),
        ):
            assert statuses(await house.raw(request)) == [400]
        await lives(house)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_grows_when_it_is_unpacked_has_the_same_limit(encoding: str, tmp_path: Path) -> None:
    body = b'{"input": "a", "pad": "%s"}' % (b"x" * 50_000_000)
    packed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    async with open_house(tmp_path) as house:
        status, _, answer = await house.post(packed, {"Content-Encoding": encoding})
        assert (status, error_of(answer)["code"]) == (413, "too-large")
        status, _, _ = await house.post(gzip.compress(BODY), {"Content-Encoding": "gzip"})
        assert status == 200
        for broken in (b"no gzip", gzip.compress(BODY)[:-12]):
            status, _, answer = await house.post(broken, {"Content-Encoding": "gzip"})
            assert status == 400
        await lives(house)


# Slow clients


@pytest.mark.parametrize(
    "sent", [b"", b"P", b"POST /v1/audio/speech HT", b"GET /v1/test HTTP/1.1\r\nHost: localhost\r\nX: "]
)
async def test_a_head_that_does_not_end_ends_the_connection(sent: bytes, tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__event_timeout_seconds=0.2) as house:
        assert statuses(await house.raw(sent)) == []
        await lives(house)


async def test_a_body_that_does_not_end_is_told(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__event_timeout_seconds=0.2) as house:
        reader, writer = await house.connect()
        writer.write(post(BODY[:10], length=len(BODY)))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert statuses(answer) == [400]
        assert b"arrive" in await reader.readuntil(b"}}")
        writer.close()
        await lives(house)


@pytest.mark.slow
async def test_a_silent_connection_ends_between_requests(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__idle_seconds=1) as house:
        assert statuses(await house.raw(get())) == [200]
        assert statuses(await house.raw(get() + b"GET /v1/te")) == [200]
        await lives(house)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("size", ["much", "little"])
async def test_a_client_that_never_reads_loses_its_connection(stream: bool, size: str, tmp_path: Path) -> None:
    text = "This is a long sentence that nobody listens to. " * (400 if size == "much" else 5)
    body = json.dumps({"input": text, "response_format": "pcm", "stream": stream}).encode()
    async with open_house(tmp_path, limits__write_timeout_seconds=0.3, limits__idle_seconds=1) as house:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", house.port))
            await asyncio.get_running_loop().sock_sendall(client, post(body))
            await until(lambda: house.connections == 1)
            await until(lambda: house.connections == 0, 30)
        await lives(house)


@pytest.mark.long
@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_reads_slowly_gets_all(stream: bool, tmp_path: Path) -> None:
    text = "This is a long sentence that somebody listens to. " * 390
    body = json.dumps({"input": text, "response_format": "pcm", "stream": stream}).encode()
    async with open_house(tmp_path, limits__write_timeout_seconds=1) as house:
        reader, writer = await house.connect()
        writer.write(post(body, CLOSE))
        got = bytearray()
        try:
            while True:
                got += await reader.readexactly(65_536)
                await asyncio.sleep(0.02)  # the pace of the client
        except asyncio.IncompleteReadError as end:
            got += end.partial
        writer.close()
        assert got.endswith(b"0\r\n\r\n" if stream else b"")
        assert len(got) > 480 * len(text.replace(" ", ""))
        await lives(house)


@pytest.mark.slow
async def test_answers_that_nobody_reads_end_the_connection(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__write_timeout_seconds=0.3) as house:
        reader, writer = await house.connect()
        writer.transport.set_write_buffer_limits(high=1 << 30)
        writer.write(get("/v1/audio/voices") * 20_000)
        await until(lambda: house.connections == 1)
        await until(lambda: house.connections == 0, 30)
        writer.transport.abort()
        del reader
        await lives(house)


# JSON

_NO_FORMAT = "lone surrogate as a format"
"""Where no sound is asked for, it says nothing."""
STRANGE = {
    "nested": b'{"input": "a", "x": %s1%s}' % (b"[" * 100_000, b"]" * 100_000),
    "nested objects": b'{"x":' * 100_000,
    "huge integer": b'{"input": "a", "speed": 1%s}' % (b"0" * 10_000),
    "huge number": b'{"input": "a", "speed": 1e9999}',
    "minus nothing": b'{"input": "a", "speed": -0.0}',
    "lone surrogate in an unknown name": b'{"input": "a", "voice": "\\udc00x"}',
    "lone surrogate in an unknown language": b'{"input": "a", "lang_code": "\\udc00x"}',
    _NO_FORMAT: b'{"input": "a", "response_format": "\\udc00"}',
    "not UTF-8": b'{"input": "\xff"}',
    "overlong": b'{"input": "\xc0\xaf"}',
    "two values": b'{"input": "a"} {"input": "b"}',
    "half a string": b'{"input": "a',
    "NUL bytes": b"\0" * 64,
    "raw NUL in a string": b'{"input": "a\0b"}',
    "only a number": b"7",
    "UTF-16 that is cut": '{"input": "a"}'.encode("utf-16")[:-1],
}


@pytest.mark.parametrize("name", STRANGE)
async def test_json_that_nobody_should_send_is_refused(name: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, _, answer = await house.post(STRANGE[name])
        assert (status, error_of(answer)["type"]) == (400, "invalid_request_error")
        await lives(house)


@pytest.mark.slow
async def test_no_address_fails_at_what_it_does_not_expect(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        paths = json.loads((await house.get("/openapi.json"))[2])["paths"]
        for path, item in paths.items():
            if "post" in item:
                for name, body in STRANGE.items():
                    status, _, answer = await house.post(body, path=path)
                    assert status == 400 or (status == 200 and name == _NO_FORMAT), (path, name)
                    assert status == 200 or error_of(answer)["type"] == "invalid_request_error", (path, name)
                for body in (b"[]", b"null", b'{"input": 5, "text": 5}', b"{}"):
                    assert (await house.post(body, path=path))[0] == 400, (path, body)
                assert (await house.post(BODY, {"Content-Type": "text/plain"}, path))[0] == 415, path
                assert (await house.post(b"x" * 3_000_000, path=path))[0] == 413, path
            else:
                for query in ("", "?text=%00&voice=%ff", "?" + "&".join(f"a{n}=1" for n in range(500)), "?%F0%9F"):
                    address = path.replace("{", "%7B").replace("}", "")
                    answer = await house.raw(get(address + query, CLOSE))
                    assert statuses(answer)[0] < 500, (path, query)
        await lives(house)


async def test_json_that_is_odd_but_plain_is_read(tmp_path: Path) -> None:
    for_all = {"response_format": "pcm"}
    async with open_house(tmp_path) as house:
        for body, expected in (
            (b"\xef\xbb\xbf" + BODY, "Hello."),
            (BODY.replace(b"Hello.", b"Hello.\\ud83d"), "Hello."),  # half an emoji, where a program cut a text in two
            (BODY.replace(b"Hello.", b"Hello.\xed\xa0\xbd"), "Hello."),
            (BODY.replace(b"}", b', "voice": "\\udc00", "lang_code": "\\udc00"}'), "Hello."),
            (BODY.decode().encode("utf-16"), "Hello."),
            (b'{"input": "no", "response_format": "pcm", "input": "yes"}', "yes"),
            (json.dumps({"input": "a\0b\x1b[0mc", **for_all}).encode(), None),
            (b'{"": 1, "__proto__": {}, "input": "a", "response_format": "pcm"}', "a"),
        ):
            status, _, answer = await house.post(body)
            assert status == 200, answer
            assert expected is None or answer == await house.say(expected)
        await lives(house)


# Framing


FRAMES: list[tuple[str, bytes, list[list[int]]]] = [
    ("both lengths", post(b"0\r\n\r\n" + get(), "Transfer-Encoding: chunked", length=5), [[400]]),
    ("two lengths", post(BODY, "Content-Length: 3"), [[400]]),
    ("two equal lengths", post(BODY, f"Content-Length: {len(BODY)}", CLOSE), [[400], [200]]),
    ("a list of lengths", post(BODY, "Content-Length: 3, 3", length=-1), [[400]]),
    ("negative length", post(BODY, length=-5), [[400]]),
    ("length with a plus", post(BODY, "Content-Length: +45", length=-1), [[400]]),
    ("hexadecimal length", post(BODY, "Content-Length: 0x10", length=-1), [[400]]),
    ("huge length", post(BODY, "Content-Length: 99999999999999999999999", length=-1), [[400]]),
    ("unknown coding", post(BODY, "Transfer-Encoding: rot13", length=-1), [[400], [501]]),
    ("chunked not last", post(BODY, "Transfer-Encoding: chunked, identity", length=-1), [[400]]),
    ("hidden coding", post(b"0\r\n\r\n", "Transfer-Encoding:\x0bchunked", length=-1), [[400]]),
    ("space before the colon", post(BODY, "Content-Length : 3"), [[400]]),
    ("chunk size that is none", post(b"zz\r\nab\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=-1), [[400]]),
    ("huge chunk size", post(b"f" * 40 + b"\r\n", "Transfer-Encoding: chunked", length=-1), [[400]]),
    ("chunk that is longer", post(b"1\r\nabcdef\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=-1), [[400]]),
    ("two hosts", get("/v1/test", "Host: evil.example", CLOSE), [[400], [200]]),
    ("folded header", get("/v1/test", "X: a\r\n b", CLOSE), [[400]]),
    ("header without a name", get("/v1/test", ": a", CLOSE), [[400]]),
    ("NUL in a header", get("/v1/test", "X: a\0b", CLOSE), [[400]]),
    ("bare CR in a header", get("/v1/test", "X: a\rb", CLOSE), [[400]]),
    ("no method", b"/v1/test HTTP/1.1\r\n\r\n", [[400]]),
    ("HTTP/0.9", b"GET /v1/test\r\n\r\n", [[400]]),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [[400]]),
    ("HTTP/9.9", b"GET /v1/test HTTP/9.9\r\nHost: localhost\r\n\r\n", [[400], [200]]),
    ("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(64), [[400]]),
    ("Wyoming", b'{"type": "describe"}\n', [[400]]),
    ("noise", random.Random(1).randbytes(300), [[400]]),
]


@pytest.mark.parametrize(("sent", "allowed"), [frame[1:] for frame in FRAMES], ids=[name for name, *_ in FRAMES])
async def test_wrong_framing_is_one_request_at_most(sent: bytes, allowed: list[list[int]], tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        answer = await house.raw(sent + get("/v1/smuggled"))
        assert statuses(answer)[:1] in allowed
        if statuses(answer) != [200, 404]:
            assert len(statuses(answer)) == 1
        await lives(house)


async def test_a_request_with_both_lengths_hides_no_second_one(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        inner = get("/v1/smuggled")
        for sent in (
            post(b"0\r\n\r\n" + inner, "Transfer-Encoding: chunked"),
            post(b"3\r\nabc\r\n0\r\n\r\n" + inner, "Transfer-Encoding: chunked", length=3),
            post(b"0\r\n\r\n" + inner, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ):
            assert 404 not in statuses(await house.raw(sent))
        await lives(house)


async def test_a_chunked_body_is_a_body(tmp_path: Path) -> None:
    chunked = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\nTrailer: x\r\n\r\n"
    async with open_house(tmp_path) as house:
        answer = await house.raw(post(chunked, "Transfer-Encoding: chunked", CLOSE, length=-1))
        assert statuses(answer) == [200]
        await lives(house)


async def test_what_a_client_expects(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert statuses(await house.raw(post(BODY, "Expect: 100-continue", CLOSE))) == [100, 200]
        assert statuses(await house.raw(post(BODY, "Expect: a pony", CLOSE))) == [417]
        await lives(house)


# Addresses

PATHS = [
    "/page/../server.py",
    "/page/..%2fserver.py",
    "/page/%2e%2e/server.py",
    "/page/%2e%2e%2fserver.py",
    "/page/..%5cserver.py",
    "/page/%00",
    "/page/index.html%00.js",
    "/page/%2fetc%2fpasswd",
    "/page//etc/passwd",
    "/page/.",
    "/page/..",
    "/page/",
    "//page/index.html",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/v1/models/..%2f..%2fhealth",
    "/v1/models/%ff%fe",
    "/v1/models/" + "%F0%9F%92%A9" * 50,
    "/v1/%61udio/voices/..",
    "/V1/TEST",
    "/v1/test/",
    "/v1/test;x=y",
]


@pytest.mark.parametrize("path", PATHS)
async def test_no_address_leads_out_of_the_page(path: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        answer = await house.raw(get(path, CLOSE))
        assert statuses(answer) in ([404], [400]), answer
        assert b"import" not in answer
        assert b"root:" not in answer
        await lives(house)


@pytest.mark.parametrize("target", ["http://evil.example/v1/test", "*", "localhost:80", "/v1/test#part", "/v1/test?%"])
async def test_odd_targets_are_answered(target: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert statuses(await house.raw(get(target, CLOSE)))[0] in (200, 400, 404)
        assert statuses(await house.raw(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", end=True))[
            0:1
        ] in ([400], [404], [405], [])
        await lives(house)


async def test_bytes_that_are_no_text_in_headers_are_no_defect(tmp_path: Path) -> None:
    async with open_house(tmp_path, http__api_key="correct-horse") as house:
        for line in (
            b"Authorization: Bearer \xff\xfe",
            b"X-API-Key: \xed\xa0\xbd",
            b"Origin: http://[",
            b"Origin: \xff",
            b"Host: [::1",
            b"Host: \xff\xff",
            b"Referer: http://[\r\nSec-Fetch-Site: cross-site",
            b"Content-Type: \xff",
            b"Sec-WebSocket-Protocol: \xff",
        ):
            request = get("/v1/audio/voices", CLOSE).replace(b"\r\nConnection", b"\r\n" + line + b"\r\nConnection")
            if line.startswith(b"Host"):
                request = request.replace(b"Host: localhost\r\n", b"")
            assert statuses(await house.raw(request))[0] in (400, 401, 403), line


# Many


@pytest.mark.slow
async def test_pipelined_requests_are_answered_in_their_order(tmp_path: Path) -> None:
    texts = [f"Number {n}." for n in range(50)]
    bodies = [json.dumps({"input": text, "response_format": "pcm", "stream": False}).encode() for text in texts]
    async with open_house(tmp_path) as house:
        answer = await house.raw(b"".join(map(post, bodies)) + get("/v1/nothing", CLOSE))
        assert statuses(answer) == [200] * 50 + [404]
        at = -1
        for text in texts:
            at = answer.index(await house.say(text), at + 1)
        await lives(house)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [SPEECH, "/v1/audio/speech/timestamps", "/v1/audio/phonemes", "/v1/audio/speech/address"]
)
async def test_a_client_that_leaves_as_its_request_comes_is_no_defect(path: str, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for steps in range(40):
            _, writer = await house.connect()
            writer.write(post(path=path))
            for _ in range(steps % 10):
                await asyncio.sleep(0)
            writer.transport.abort()
            await until(lambda: house.connections == 0)
        await lives(house)


async def test_a_client_that_has_no_more_to_say_leaves_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for sent in (post(), post(BODY[:10], length=45), get(), b"", b"GET"):
            await house.raw(sent, end=True)
        await lives(house)


async def test_more_connections_than_one_address_may_have(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__connections_per_address=8) as house:
        await _crowd(house, 60, let_in=8)


@pytest.mark.long
async def test_a_thousand_connections_at_a_time(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await _crowd(house, 1_000, let_in=64)


async def _crowd(house: House, number: int, *, let_in: int) -> None:
    """Connect, ask at the same time, and see who is served: some are told why not, others are closed without a word."""

    async def ask() -> int:
        try:
            reader, writer = await house.connect()
        except OSError:
            return 0
        try:
            await all_are_here.wait()
            writer.write(get("/v1/test"))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            if statuses(head) == [429]:
                assert b"Retry-After: " in head
            await all_have_asked.wait()
            return statuses(head)[0]
        except (ConnectionError, asyncio.IncompleteReadError):
            return 0
        finally:
            writer.transport.abort()

    all_are_here, all_have_asked = asyncio.Event(), asyncio.Event()
    clients = [asyncio.ensure_future(ask()) for _ in range(number)]
    await until(lambda: house.connections >= let_in, 30)
    all_are_here.set()
    await asyncio.sleep(0)
    all_have_asked.set()
    answers = await asyncio.gather(*clients)
    assert set(answers) <= {0, 200, 429}
    assert let_in <= answers.count(200)
    await until(lambda: house.connections == 0)
    await lives(house)


# Noise

TOKENS = [
    *(b"\r\n", b"\r\n\r\n", b" ", b":", b"\0", b"\xff", b"/", b"..", b"%2e", b"%00", b"?", b"#", b"\t", b"\x0b"),
    *(b"GET ", b"POST ", b"HEAD ", b"OPTIONS ", b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"Host: ", b"x" * 200),
    *(b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Connection: close\r\n"),
    *(b"Upgrade: websocket\r\n", b"Expect: 100-continue\r\n", b"Origin: null\r\n", b"Range: bytes=0-1\r\n"),
    *(b"0\r\n\r\n", b"5\r\nhello\r\n", b"99999999999", b"-1", b'{"input": ', b'"a"', b"[" * 50, b"\\ud83d", b"null"),
]
SEEDS = [post(), post(b"2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=-1), get(), get("/v1/audio/voices")]


def mutant(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS) + chance.choice((b"", *SEEDS)))
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        kind = chance.randrange(5)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = chance.randrange(256)
        elif kind == 1:
            del data[at : min(end, at + 20)]
        elif kind == 2:
            data[at:at] = chance.choice(TOKENS)
        elif kind == 3:
            data[at : min(end, at + 12)] = chance.choice(TOKENS)
        else:
            data[at:at] = data[at : min(end, at + 200)]
    return bytes(data)


async def _fuzz(house: House, rounds: int, seed: int) -> int:
    """Send mutants of requests, many at a time; how many had an answer."""
    chance = random.Random(seed)

    async def ask(sent: bytes) -> bool:
        try:
            answer = await house.raw(sent)
        except ConnectionError:
            return False
        assert set(statuses(answer)) <= {100, 200, 204, 400, 403, 404, 405, 413, 415, 417, 501, 505}, sent
        return bool(answer)

    answered = 0
    for _ in range(rounds):
        answered += sum(await asyncio.gather(*(ask(mutant(chance)) for _ in range(50))))
    return answered


@pytest.mark.slow
async def test_no_bytes_break_the_server(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__event_timeout_seconds=0.5, limits__idle_seconds=1) as house:
        assert await _fuzz(house, 3, seed=1) > 50
        await lives(house)


@pytest.mark.long
async def test_no_bytes_break_the_server_in_many_rounds(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits__event_timeout_seconds=0.5, limits__idle_seconds=1) as house:
        seconds = os.environ.get("KOKORO_WYOMING_FUZZ_SECONDS")
        seed = random.randrange(1 << 32) if seconds else 2
        assert await _fuzz(house, int(seconds or 10), seed) > 150, seed
        await lives(house)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096


@pytest.mark.long
async def test_memory_stays_over_many_requests(tmp_path: Path) -> None:
    ways: list[Callable[[House], Awaitable[object]]] = [
        lambda house: house.say("Hello there."),
        lambda house: house.post({"input": "Hello.", "voice": "nobody"}),
        lambda house: house.get("/v1/audio/voices"),
        lambda house: house.raw(b"noise\r\n\r\n", end=True),
    ]
    async with open_house(tmp_path) as house:

        async def ask(times: int) -> None:
            for _ in range(times):
                for way in ways:
                    await way(house)

        await ask(50)
        before = _resident_bytes()
        await ask(250)
        assert _resident_bytes() - before < 8_000_000
        await lives(house)
