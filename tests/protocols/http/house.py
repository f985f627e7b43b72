"""The whole program with beeps behind its HTTP port, for clients of every kind; and what must hold at its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kokoro_wyoming.config import Config
from kokoro_wyoming.server.lifecycle import Server
from tests.stand_ins import beep_program
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import until

SPEECH = "/v1/audio/speech"
PATIENCE_SECONDS = 30
_SETTLE_SECONDS = 0.01
"""What the server waits for at the end, five times as short as outside of the tests; hundreds of them end one."""
_LEVELS = {"kokoro_wyoming": logging.DEBUG, "aiohttp": logging.DEBUG, "asyncio": logging.INFO}


class Gate:
    """While it is shut it holds the model before each half of a sentence: what a test does meanwhile comes first."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.reached = threading.Event()
        """Set once the model waits, or has passed."""

    def shut(self) -> None:
        self._open.clear()
        self.reached.clear()

    def open(self) -> None:
        self._open.set()

    def sleep(self, _: float) -> None:
        """In place of `time.sleep` in the model that beeps."""
        self.reached.set()
        assert self._open.wait(PATIENCE_SECONDS), "the test has not opened the gate"


class _Log(logging.Handler):
    """Keeps what the program, aiohttp and asyncio log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@dataclass
class House:
    """A running server and a client of aiohttp for it."""

    server: Server
    session: aiohttp.ClientSession
    log: _Log
    defects: int = 0
    """How many errors a test expects in the log."""
    gate: Gate = field(default_factory=Gate)

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        assert self.server.http is not None
        return str(self.server.http.uri).replace("tcp://", "http://")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def connections(self) -> int:
        """How many clients of the HTTP face are connected now."""
        assert self.server.http is not None
        return self.server.http.connections

    @property
    def utterances(self) -> int:
        """How many utterances have a place with the engine now."""
        assert self.server._serving is not None
        return self.server._serving.running.inner._utterances

    def lines(self, level: int = logging.INFO) -> list[str]:
        """What was logged so far at this level or above, with tracebacks."""
        form = logging.Formatter("%(levelname)s %(name)s %(message)s")
        return [form.format(record) for record in self.log.records if record.levelno >= level]

    async def say(self, text: str, **fields: object) -> bytes:
        """The PCM of a text; fails with the answer of any other status."""
        status, _, body = await self.post({"input": text, "response_format": "pcm", **fields})
        assert status == 200, body
        return body

    async def text(self, text: str, **fields: object) -> str:
        """What is heard of a text."""
        return heard(await self.say(text, **fields))

    async def post(
        self, body: object, headers: Mapping[str, str] | None = None, path: str = SPEECH
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer; bytes are sent as they are, all else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        async with self.session.post(self.url + path, data=data, headers=sent) as answer:
            return answer.status, answer.headers, await answer.read()

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer; `_` in the name of a header stands for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(self.url + path, headers=sent) as answer:
            return answer.status, answer.headers, await answer.read()

    async def raw(self, data: bytes, *, end: bool = False) -> bytes:
        """All that the server answers to these bytes until it closes the connection."""
        reader, writer = await self.connect()
        writer.write(data)
        if end:
            writer.write_eof()
        try:
            return await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        finally:
            writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection for raw bytes."""
        return await asyncio.open_connection("127.0.0.1", self.port)


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes; fails after half a minute."""
    for _ in range(PATIENCE_SECONDS * 100):
        if await ask():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has never come true")


def error_of(body: bytes) -> dict[str, Any]:
    """The error in an answer, which must have the keys of OpenAI's API and no other."""
    answer = json.loads(body)
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert isinstance(answer["error"]["message"], str)
    return dict(answer["error"])


@contextlib.asynccontextmanager
async def open_house(
    folder: Path, reread: Callable[[], Config] | None = None, *, gated: bool = False, **settings: object
) -> AsyncIterator[House]:
    """Open the server. At the end no task may be left, no place with the engine be taken, and no defect be logged.

    `gated` shuts `House.gate` when the server is ready.
    """
    log, unhandled, before = _Log(), list[dict[str, Any]](), asyncio.all_tasks()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    with pytest.MonkeyPatch.context() as patch, _listening(log):
        patch.setattr("kokoro_wyoming.server.startup.ModelManager", beep_program.BeepManager)
        patch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})
        patch.setattr("kokoro_wyoming.server.listener._SETTLE_SECONDS", _SETTLE_SECONDS)
        gate = Gate()
        patch.setattr(beep_program, "time", gate)
        async with contextlib.AsyncExitStack() as stack:
            wanted = {"http__uri": "tcp://127.0.0.1:0", **settings}
            server = await stack.enter_async_context(beep_program.beep_program(folder, reread, **wanted))
            patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=patience))
            house = House(server, session, log, gate=gate)
            stack.callback(gate.open)
            if gated:
                gate.shut()
            yield house
            gate.open()
            await until(lambda: not house.utterances)
    assert unhandled == []
    errors = house.lines(logging.ERROR)
    assert len(errors) == house.defects, errors
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


@contextlib.contextmanager
def _listening(log: _Log) -> Iterator[None]:
    loggers = {logging.getLogger(name): level for name, level in _LEVELS.items()}
    before = {logger: logger.level for logger in loggers}
    for logger, level in loggers.items():
        logger.addHandler(log)
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.removeHandler(log)
            logger.setLevel(level)
