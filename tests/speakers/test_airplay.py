"""Announcements on a real AirPlay receiver, shairport-sync."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli.offering import offering
from kokoro_wyoming.speakers import addresses
from kokoro_wyoming.speakers.announcer import Announcement, Outcome
from kokoro_wyoming.speakers.interface import Means
from kokoro_wyoming.speakers.kinds import KINDS
from tests.conftest import CHECKOUT
from tests.listening import Ears, words
from tests.namespaces import NAMESPACES
from tests.speakers.announcing import KOKORO, announce_on, announcer, as_made, loudness_of_tone, target, tone
from tests.speakers.killed import announce_and_be_killed, restore_left, until
from tests.speakers.shairport import WHY_NOT, Shairport, avahi, shairport
from tests.stand_ins.service import saying, service

pytestmark = [pytest.mark.long, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]

HUM = tone(440, 2.0, 24_000, 1)


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with avahi(tmp_path_factory.mktemp("avahi")) as environment:
        yield environment


@pytest.fixture
def receiver(tmp_path: Path, bus: dict[str, str]) -> Iterator[Shairport]:
    with shairport(tmp_path / "receiver", bus) as running:
        yield running


def uri(receiver: Shairport, query: str = "") -> str:
    return f"airplay://127.0.0.1:{receiver.port}{query}"


async def volume_db(receiver: Shairport) -> float:
    from kokoro_wyoming.speakers.kinds.airplay import AirplaySpeaker  # imports pyatv

    async with offering() as host:
        speaker = AirplaySpeaker(addresses.parse(uri(receiver), KINDS), Means(host))
        await speaker.open()
        state = await speaker.state()
        await speaker.close()
    assert state is not None
    return float(state["volume_db"])


@pytest.mark.weights
async def test_speech_is_heard(receiver: Shairport, tmp_path: Path, speech_pcm: bytes, ears: Ears) -> None:
    outcome = await announce_on(uri(receiver), speech_pcm, tmp_path, volume=1.0)
    assert (outcome.status, outcome.reason, outcome.restored) == ("played", None, True)
    heard = words(ears.write_down(receiver.samples, "en"))
    assert "dinner is ready" in heard
    assert heard.endswith("soup is getting cold")


async def test_it_plays_while_the_sound_is_made(receiver: Shairport, tmp_path: Path) -> None:
    async def speech() -> AsyncIterator[tuple[PcmFormat, bytes]]:
        yield KOKORO, HUM
        await until(receiver.is_sounding)
        yield KOKORO, tone(880, 1.0, 24_000, 1)

    async with announcer(tmp_path) as announcing:
        (outcome,) = await announcing.announce(Announcement([target(uri(receiver))], volume=1.0), speech())
    assert outcome.status == "played"
    assert (loudness_of_tone(receiver.samples, 440) > 0.1).sum() >= 18
    assert (loudness_of_tone(receiver.samples, 880) > 0.1).sum() >= 8  # windows of 0.1 s: its end is not cut off


async def test_an_announcement_has_a_volume_of_its_own(receiver: Shairport, tmp_path: Path) -> None:
    before_db = await volume_db(receiver)
    outcome = await announce_on(uri(receiver), HUM, tmp_path, volume=0.5)
    assert outcome.restored
    assert 0 < np.abs(receiver.samples).max() < 0.1  # -15 dB; it is 0.2 where it is loudest
    assert await volume_db(receiver) == before_db


async def test_without_a_volume_it_stays_as_it_is(receiver: Shairport, tmp_path: Path) -> None:
    before_db = await volume_db(receiver)
    assert (await announce_on(uri(receiver), HUM, tmp_path)).status == "played"
    assert await volume_db(receiver) == before_db
    assert receiver.is_sounding()


async def test_the_volume_is_given_back_after_a_kill(receiver: Shairport, tmp_path: Path) -> None:
    before_db = await volume_db(receiver)
    await announce_and_be_killed(uri(receiver), HUM * 5, tmp_path, receiver.is_sounding)
    assert await volume_db(receiver) == -18.0
    await restore_left(tmp_path)
    assert await volume_db(receiver) == before_db


async def test_two_at_once(receiver: Shairport, tmp_path: Path) -> None:
    """The second one is from another machine, which has another journal."""
    first = asyncio.ensure_future(announce_on(uri(receiver), HUM, tmp_path / "first"))
    await until(receiver.is_sounding)
    second = await announce_on(uri(receiver), HUM, tmp_path / "second")
    assert (second.status, second.reason) == ("failed", "it is in use: somebody else plays on it")
    assert (await first).status == "played"


async def test_a_password(tmp_path: Path, bus: dict[str, str]) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    wrong = tmp_path / "wrong"
    wrong.write_text("closed sesame\n")
    with shairport(tmp_path / "receiver", bus, "--password=open sesame") as receiver:
        none = await announce_on(uri(receiver), HUM, tmp_path)
        other = await announce_on(uri(receiver, f"?password_file={wrong}"), HUM, tmp_path)
        right = await announce_on(uri(receiver, f"?password_file={secret}"), HUM, tmp_path, volume=0.9)
        assert receiver.is_sounding()
    assert none.reason == "it wants a password; give it one by ?password_file=PATH"
    assert other.reason == "it refused: its password is another one"
    assert (right.status, right.reason, right.restored) == ("played", None, True)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_receiver_that_dies_or_hangs(receiver: Shairport, tmp_path: Path, end: signal.Signals) -> None:
    async def trouble() -> None:
        await until(receiver.is_sounding)
        receiver.process.send_signal(end)

    troubling = asyncio.ensure_future(trouble())
    async with announcer(tmp_path, patience_seconds=2.0) as announcing:
        announcement = Announcement([target(uri(receiver))], volume=0.5)
        (outcome,) = await announcing.announce(announcement, as_made(HUM))
    await troubling
    assert (outcome.status, outcome.reason) == ("failed", "it broke the connection off in the middle")
    assert outcome.restored is False
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_is_no_receiver(tmp_path: Path) -> None:
    async def answered(reply: bytes) -> Outcome:
        async with service(saying(reply)) as address, announcer(tmp_path, patience_seconds=1.0) as announcing:
            there = target(f"airplay{address.removeprefix('tcp')}")
            (outcome,) = await announcing.announce(Announcement([there]), as_made(HUM))
        return outcome

    assert (await answered(b"")).reason == "it gave no answer for 1 seconds"
    assert (await answered(b"220 mail\r\n\r\n")).reason == "it broke the connection off; is it an AirPlay receiver?"
    web = b"HTTP/1.1 200 OK\r\nCSeq: 0\r\nContent-Length: 0\r\n\r\n"
    assert (await answered(web)).reason == "it answers, but not as an AirPlay receiver does"


_WITHOUT_A_PORT = """
import asyncio, sys
from pathlib import Path
from tests.namespaces import NAMESPACES
from tests.speakers.announcing import announce_on, tone
from tests.speakers.shairport import avahi, shairport
folder = Path(sys.argv[1])
with avahi(folder / "avahi", in_this_network=True) as environment, shairport(folder, environment) as receiver:
    outcome = asyncio.run(announce_on("airplay://127.0.0.1", tone(440, 1.0, 24_000, 1), folder, volume=1.0))
    print(outcome, receiver.is_sounding())
"""


async def test_the_port_is_asked_for(tmp_path: Path) -> None:
    """By mDNS, in a network of the test's own."""
    program = shlex.join([sys.executable, "-c", _WITHOUT_A_PORT, str(tmp_path)])
    child = await asyncio.create_subprocess_exec(
        *(*NAMESPACES, "sh", "-c", f"ip link set lo up && {program}"), cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate()
    assert b"status='played'" in told
    assert told.endswith(b"True\n")


async def test_one_that_is_away(tmp_path: Path, unused_tcp_port: int) -> None:
    outcome = await announce_on(f"airplay://127.0.0.1:{unused_tcp_port}", HUM, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "nobody answers there (connection refused)")
