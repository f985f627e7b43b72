"""Real multicast: on loopback, and between two hosts where network namespaces may be made."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import ifaddr
import pytest
import pytest_asyncio
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from kokoro_wyoming.server.discovery import Advertiser, advertiser
from kokoro_wyoming.server.discovery.addresses import LocalAddress
from kokoro_wyoming.server.discovery.advertiser import SERVICE_TYPE
from tests.namespaces import CAN_MAKE_NAMESPACES, NAMESPACES, needs_namespaces
from tests.stand_ins.beep_house import until

pytestmark = pytest.mark.long

Seen = dict[str, Any]
Scenes = dict[str, "subprocess.Popen[str]"]

SCENE = Path(__file__).with_name("lan_scene.py")


@pytest.fixture(scope="module", autouse=True)
def scenes(request: pytest.FixtureRequest) -> Iterator[Scenes]:
    """The scenes of the chosen tests, all at once and beside the tests on loopback, as mostly they wait."""
    chosen = [item for item in request.session.items if item.path == request.path and isinstance(item, pytest.Function)]
    names = [str(item.callspec.params["seen"]) for item in chosen if "seen" in item.fixturenames]
    started = {name: start(name) for name in names} if CAN_MAKE_NAMESPACES else {}
    yield started
    for scene in started.values():
        scene.kill()
        scene.communicate()


@pytest.fixture
def seen(request: pytest.FixtureRequest, scenes: Scenes) -> Seen:
    """What happened in the scene that a test names."""
    told, complaints = scenes[request.param].communicate(timeout=300)
    assert scenes[request.param].returncode == 0, complaints
    happened: Seen = json.loads(told)
    return happened


def scene(name: str) -> pytest.MarkDecorator:
    """Mark of a test that is given what is `seen` in a scene of lan_scene.py."""
    return pytest.mark.parametrize("seen", [name], indirect=True)


def start(name: str) -> subprocess.Popen[str]:
    checkout = SCENE.parents[2]
    return subprocess.Popen(
        [*NAMESPACES, sys.executable, str(SCENE), name],
        env={"PYTHONPATH": str(checkout), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


LOOPBACK_NAME = next(
    adapter.name for adapter in ifaddr.get_adapters() if any(ip.ip == "127.0.0.1" for ip in adapter.ips)
)


def at_loopback(address: str) -> LocalAddress:
    return LocalAddress(LOOPBACK_NAME, ipaddress.ip_address(address))


LOOPBACK = at_loopback("127.0.0.1")


def on_loopback(
    name: str, port: int = 10200, look: Callable[[], list[LocalAddress]] = lambda: [LOOPBACK]
) -> Advertiser:
    return Advertiser(name, port, ["0.0.0.0"], interfaces=[LOOPBACK_NAME], look=look, poll_seconds=0.05)


class Browser:
    """Another program on the network, and the instance names with this prefix that it sees."""

    def __init__(self, zeroconf: AsyncZeroconf, prefix: str) -> None:
        self._zeroconf = zeroconf
        self._prefix = prefix
        self._changed = asyncio.Event()
        self.names: set[str] = set()
        self._browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[self._on_change])

    def _on_change(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        instance = name.removesuffix(f".{SERVICE_TYPE}")
        if instance.startswith(self._prefix):
            change = self.names.discard if state_change is ServiceStateChange.Removed else self.names.add
            change(instance)
            self._changed.set()

    async def sees(self, *names: str) -> None:
        async def wait() -> None:
            while self.names != set(names):
                self._changed.clear()
                await self._changed.wait()

        await asyncio.wait_for(wait(), 8)

    async def resolves(self, name: str, address: str, port: int) -> None:
        """Wait until exactly this address is behind a name."""

        async def wait() -> None:
            info = AsyncServiceInfo(SERVICE_TYPE, f"{name}.{SERVICE_TYPE}")
            while (info.parsed_addresses(), info.port) != ([address], port):
                await asyncio.sleep(0.02)
                info = AsyncServiceInfo(SERVICE_TYPE, f"{name}.{SERVICE_TYPE}")
                await info.async_request(self._zeroconf.zeroconf, 1000)

        await asyncio.wait_for(wait(), 8)


@pytest.fixture
def name() -> str:
    return f"Test {uuid.uuid4().hex[:12]}"


@pytest_asyncio.fixture
async def browser(name: str) -> AsyncIterator[Browser]:
    async with AsyncZeroconf(interfaces=["127.0.0.1"]) as zeroconf:
        yield Browser(zeroconf, name)


async def test_a_server_is_found_resolved_and_gone_after_unpublish(browser: Browser, name: str) -> None:
    server = on_loopback(f"{name} in Küche 2.0", port=12345)
    await server.unpublish()
    await server.publish()
    # A dot would end the name.
    await browser.sees(f"{name} in Küche 2-0")
    await browser.resolves(f"{name} in Küche 2-0", "127.0.0.1", 12345)
    await server.unpublish()
    await server.unpublish()
    await browser.sees()
    assert server.advertised is None


async def test_the_second_server_of_a_name_on_one_machine_is_renamed_and_says_so(
    browser: Browser, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = on_loopback(name, 1001), on_loopback(name, 1002)
    await first.publish()
    await second.publish()
    await browser.sees(name, f"{name}-2")
    await until(lambda: second.advertised is not None, seconds=8)
    assert (first.name, second.name) == (name, f"{name}-2")
    assert f"so this one is '{name}-2'" in caplog.text
    await second.unpublish()
    await browser.sees(name)
    await first.unpublish()


async def test_a_changed_address_is_followed(browser: Browser, name: str) -> None:
    local = [LOOPBACK]
    server = on_loopback(name, look=lambda: local)
    await server.publish()
    await browser.sees(name)
    local = [at_loopback("127.0.0.2")]
    await browser.resolves(name, "127.0.0.2", 10200)
    local = []
    await browser.sees()
    await server.unpublish()


async def test_after_a_sleep_the_server_is_announced_again(
    browser: Browser, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = on_loopback(name)
    await server.publish()
    await browser.sees(name)
    before = server.advertised
    asleep_seconds = advertiser._SLEPT_SECONDS * 100
    lead_seconds = advertiser._clock_lead_seconds()
    monkeypatch.setattr(advertiser, "_clock_lead_seconds", lambda: lead_seconds + asleep_seconds)
    await browser.sees()
    await browser.sees(name)
    await until(lambda: server.advertised is not None, seconds=8)
    assert server.advertised == before
    await server.unpublish()


async def test_trouble_is_one_warning_until_it_mends(
    browser: Browser, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advertiser, "_RETRY_SECONDS", 0.0)
    # An address that no interface has: the socket cannot be made.
    local = [at_loopback("fd00:dead::1")]
    server = Advertiser(
        name, 10200, ["0.0.0.0", "::"], interfaces=[LOOPBACK_NAME], look=lambda: local, poll_seconds=0.02
    )
    await server.publish()
    await asyncio.sleep(0.2)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "add it by host and port" in warnings[0].getMessage()
    local = [LOOPBACK]
    await browser.sees(name)
    await server.unpublish()


async def test_a_server_on_loopback_is_not_advertised_and_says_so_once(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = Advertiser(name, 10200, ["127.0.0.1", "::1"])
    await server.publish()
    assert server.advertised is None
    assert [record.levelno for record in caplog.records] == [logging.INFO]
    assert "this machine only" in caplog.text
    await server.unpublish()


async def test_a_defect_in_advertising_does_not_reach_the_server(name: str, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> list[LocalAddress]:
        raise ZeroDivisionError

    server = on_loopback(name, look=broken)
    await server.publish()
    await until(lambda: caplog.text.count("ZeroDivisionError") > 1, seconds=8)
    await server.unpublish()


async def test_stopping_in_the_middle_of_publishing_leaves_nothing_behind(browser: Browser, name: str) -> None:
    server = on_loopback(name)
    publishing = asyncio.create_task(server.publish())
    await asyncio.sleep(0.1)
    publishing.cancel()
    await asyncio.wait([publishing])
    await server.unpublish()
    assert server.advertised is None
    assert browser.names == set()


@needs_namespaces
@scene("dual_stack")
def test_another_host_finds_us_connects_follows_a_new_address_and_sees_us_leave(seen: Seen) -> None:
    assert seen["found"]["name"] == "Kokoro"
    assert set(seen["found"]["addresses"]) == {"10.77.0.1", "fd77::1"}
    assert set(seen["followed"]["addresses"]) == {"10.77.0.9", "fd77::1"}
    assert seen["gone"]["name"] == "Kokoro"


@needs_namespaces
@scene("our_server")
def test_the_whole_program_is_found_and_spoken_with_by_another_host_wherever_it_moves(seen: Seen) -> None:
    assert seen["found"]["name"] == "Kokoro"
    assert seen["found"]["addresses"] == ["10.77.0.1", "fd77::1"]
    # The stand-in spells out what it says.
    assert seen["found"]["heard"] == "It is bf emma.Who speaks"
    assert seen["followed"]["addresses"] == ["10.77.0.9", "fd77::1"]
    assert seen["followed"]["heard"] == seen["found"]["heard"]
    assert seen["refused"] == {"type": "error", "code": "not-allowed"}
    assert seen["gone"]["name"] == "Kokoro"


@needs_namespaces
@scene("our_server_on_ipv6_alone")
def test_the_whole_program_speaks_with_a_house_that_has_the_world_s_ipv6_addresses_alone(seen: Seen) -> None:
    assert seen["found"]["addresses"] == ["2001:db8:77::1"]
    assert seen["found"]["heard"] == "It is bf emma.Who speaks"


@needs_namespaces
@scene("ipv6_only")
def test_a_network_of_ipv6_alone_is_enough(seen: Seen) -> None:
    assert seen["found"]["addresses"] == ["fd77::1"]
    assert seen["gone"]["name"] == "Kokoro"


@needs_namespaces
@scene("no_network_at_first")
def test_a_machine_without_network_warns_once_and_is_found_when_the_cable_is_in(seen: Seen) -> None:
    assert seen["before"] is None
    assert len(seen["warned"]) == 1
    assert seen["found"]["addresses"] == ["10.77.0.1"]


@needs_namespaces
@scene("name_in_use")
def test_a_name_that_another_host_has_is_left_to_it(seen: Seen) -> None:
    assert seen == {"theirs": "Kokoro", "ours": "Kokoro-2"}


@needs_namespaces
@scene("both_at_once")
def test_of_two_hosts_that_start_at_once_one_is_renamed(seen: Seen) -> None:
    assert seen == {"names": ["Kokoro", "Kokoro-2"]}
