"""Three replicas behind the real HAProxy with deploy/haproxy.cfg, and the relay before it. No network speaks."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from wyoming.event import Event, async_read_event

from tests.deploy.street import Replica, Street, hear, is_whole, until
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import error_codes, kinds, synthesize, text_of, to_bytes

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs the real haproxy, which is not here"),
]

LONG = " ".join(f"This is sentence number {number} of many." for number in range(40))
"""Eight seconds at 0.1 s a turn."""
DEATHS_AND_STOPS = 4
"""In the soak: two of each. KOKORO_WYOMING_SOAK_SECONDS=600 has them go on for so long."""
Open = Callable[..., Awaitable[Street]]


@pytest.fixture(scope="module")
def streets() -> Iterator[dict[str, Street]]:
    """Those that are open: to start three servers takes a while, so that tests use one after each other."""
    streets: dict[str, Street] = {}
    yield streets
    for street in streets.values():
        street.end()


@pytest.fixture
def street(streets: dict[str, Street], tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens a street, or one that is open already, and waits until all its replicas are up."""

    async def open_street(
        pauses: tuple[float, ...] = (0.1, 0.1, 0.1), changes: dict[str, str] | None = None, **settings: Any
    ) -> Street:
        key = repr((pauses, changes, settings))
        if key not in streets:
            for other in streets.values():
                other.end()
            streets.clear()
            folder = tmp_path_factory.mktemp("street")
            replicas = [Replica(folder, name, settings, pause) for name, pause in zip("abc", pauses, strict=True)]
            streets[key] = Street(folder, replicas, changes)
            streets[key].start()
        here = streets[key]
        await here.until_up("a", "b", "c")
        await until(lambda: not here.busy(), here)
        return here

    return open_street


class Listening:
    """Somebody who listens to a text in the background."""

    def __init__(self, street: Street, text: str) -> None:
        self.text = text
        self.replies: list[Event] = []
        self._begun = asyncio.Event()
        self._task = asyncio.ensure_future(self._listen(street))

    async def _listen(self, street: Street) -> None:
        reader, writer = await street.connect()
        writer.write(to_bytes([synthesize(self.text)]))
        while (event := await asyncio.wait_for(async_read_event(reader), 60)) is not None:
            self.replies.append(event)
            if event.type == "audio-chunk":
                self._begun.set()
            if event.type in ("audio-stop", "error"):
                break
        writer.close()

    async def begun(self) -> None:
        await asyncio.wait_for(self._begun.wait(), 60)

    async def end(self) -> list[Event]:
        await asyncio.wait_for(self._task, 60)
        return self.replies


async def test_the_listener_of_a_killed_one_is_told_and_the_next_are_served(street: Open) -> None:
    here = await street()
    listening = Listening(here, LONG)
    await listening.begun()
    (serving,) = here.busy()
    serving.kill()
    assert all(await asyncio.gather(*(here.says(f"At once, number {number}.") for number in range(12))))
    replies = await listening.end()
    assert kinds(replies) == ["audio-start", "audio-chunk", "error"]
    assert error_codes(replies) == ["server-lost"]
    assert LONG.replace(" ", "").startswith(text_of(replies).replace(" ", ""))
    serving.start()
    await here.until_up("a", "b", "c")


async def test_nobody_is_cut_off_by_a_stop_and_new_ones_go_elsewhere(street: Open) -> None:
    here = await street()
    listening = Listening(here, LONG)
    await listening.begun()
    (serving,) = here.busy()
    assert serving.process is not None
    serving.process.send(signal.SIGTERM)
    number = 0
    while serving.process.status is None:
        number += 1
        assert await here.says(f"Number {number}."), here.told()
    assert number > 1
    assert is_whole(await listening.end(), LONG)
    assert serving.process.status == 0
    assert here.statistics()[serving.name]["status"] != "UP"
    serving.start()
    await here.until_up("a", "b", "c")
    assert await here.says("All are back.")


async def test_one_that_is_added_gets_its_share(street: Open) -> None:
    here = await street()
    added = here.replicas[-1]
    assert added.process is not None
    added.kill()
    await here.until_up("a", "b")
    before = int(here.statistics()[added.name]["stot"])
    added.start()
    await here.until_up("a", "b", "c")
    while int(here.statistics()[added.name]["stot"]) == before:
        assert all(await asyncio.gather(*(here.says(f"Number {number}.") for number in range(6))))


async def test_the_balancer_may_be_started_anew(street: Open) -> None:
    here = await street()
    listening = Listening(here, LONG)
    await listening.begun()
    old = here.reload_balancer()
    await here.until_up("a", "b", "c")
    assert await here.says("Through the new one.")
    assert is_whole(await listening.end(), LONG)
    assert await asyncio.to_thread(old.wait) == 0
    listening = Listening(here, LONG)
    await listening.begun()
    here.kill_balancer()
    assert error_codes(await listening.end()) == ["server-lost"]
    assert error_codes(await here.say("Nobody there.")) == ["server-lost"]
    here.start_balancer()
    await here.until_up("a", "b", "c")
    assert await here.says("There again.")


async def test_the_http_api_is_balanced_too_and_a_killed_one_s_listener_notices(street: Open) -> None:
    here = await street()
    await until(lambda: all(here.statistics("http")[each.name]["status"] == "UP" for each in here.replicas), here)
    speech = f"http://127.0.0.1:{here.http_port}/v1/audio/speech"
    async with aiohttp.ClientSession() as client:
        wanted = {"input": "Whole.", "model": "tts-1", "voice": "af_heart", "response_format": "pcm"}
        async with client.post(speech, json=wanted) as answer:
            assert (answer.status, heard(await answer.read())) == (200, "Whole.")
        async with client.post(speech, json={**wanted, "input": LONG}) as answer:
            await answer.content.readany()
            (serving,) = here.busy("http")
            serving.kill()
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        async with client.post(speech, json=wanted) as answer:
            assert (answer.status, heard(await answer.read())) == (200, "Whole.")
    serving.start()
    await here.until_up("a", "b", "c")


async def test_a_client_that_leaves_and_one_that_half_closes_are_handed_on_as_such(street: Open) -> None:
    here = await street()
    reader, writer = await here.connect()
    writer.write(to_bytes([synthesize("Half closed.")]))
    writer.write_eof()
    assert is_whole(await hear(reader), "Half closed.")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    reader, writer = await here.connect()
    writer.write(to_bytes([synthesize(LONG)]))
    await asyncio.wait_for(async_read_event(reader), 30)
    writer.transport.abort()
    await until(lambda: not here.busy(), here)


async def test_a_slow_one_gets_less(street: Open) -> None:
    here = await street(pauses=(0.02, 0.02, 0.5))
    waiting = iter(range(60))

    async def one_after_the_other() -> None:
        for number in waiting:
            assert await here.says(f"Number {number}. And more of it.")

    await asyncio.gather(*(one_after_the_other() for _ in range(6)))
    rows = here.statistics()
    assert int(rows["c"]["stot"]) < min(int(rows["a"]["stot"]), int(rows["b"]["stot"])), rows


async def test_when_all_are_busy_one_waits_for_a_place_and_is_told_where_that_takes_too_long(street: Open) -> None:
    here = await street(changes={"maxconn 64": "maxconn 1", "timeout queue 20s": "timeout queue 4s"})
    short = "Not for long. It is over soon."
    assert all(await asyncio.gather(*(here.says(short) for _ in range(6))))
    listening = [Listening(here, LONG) for _ in range(3)]
    for each in listening:
        await each.begun()
    assert error_codes(await here.say("No place.")) == ["server-lost"]
    for each in listening:
        assert is_whole(await each.end(), LONG)


async def test_limits_and_allow_see_the_client_behind_relay_and_balancer(street: Open) -> None:
    here = await street(allow=["127.0.0.1", "127.0.0.2"])
    assert is_whole(await here.say("Known.", "127.0.0.2"), "Known.")
    assert error_codes(await here.say("Unknown.", "127.0.0.3")) == ["not-allowed"]


async def test_a_soak_with_deaths_and_stops_loses_nothing_but_what_the_killed_ones_said(street: Open) -> None:
    here = await street(pauses=(0.02, 0.02, 0.02))
    seconds = float(os.environ.get("KOKORO_WYOMING_SOAK_SECONDS", "0"))
    earliest_end, tally, chance = time.monotonic() + seconds, Counter[str](), random.Random(5)
    is_over, lost_by_kill = False, 0

    async def listen(number: int) -> None:
        while not is_over:
            text = " ".join(f"Sentence {count} of {number}." for count in range(chance.randint(1, 12)))
            replies = await here.say(text)
            codes = error_codes(replies)
            tally["whole" if is_whole(replies, text) else f"error {codes}" if codes else "quiet half"] += 1

    async def rule() -> None:
        nonlocal is_over, lost_by_kill
        for step in range(1_000):
            await asyncio.sleep(chance.random() * 3)
            if step >= DEATHS_AND_STOPS and time.monotonic() > earliest_end:
                break
            replica = here.replicas[step % 3]
            assert replica.process is not None
            if step % 2:
                lost_by_kill += int(here.statistics()[replica.name]["scur"])
                replica.kill()
            else:
                replica.process.send(signal.SIGTERM)
                await asyncio.to_thread(replica.process.wait)
            replica.start()
            await here.until_up("a", "b", "c")
        is_over = True

    await asyncio.gather(rule(), *(listen(number) for number in range(12)))
    print(dict(tally), "killed under", lost_by_kill)
    assert tally["whole"] > 12, tally  # each listener more than once
    assert set(tally) <= {"whole", "error ['server-lost']"}, tally
    came_between_look_and_kill = 12
    assert tally["error ['server-lost']"] <= lost_by_kill + came_between_look_and_kill, tally


def test_the_configuration_is_right_as_it_is() -> None:
    subprocess.run(["haproxy", "-c", "-f", "deploy/haproxy.cfg"], check=True)
