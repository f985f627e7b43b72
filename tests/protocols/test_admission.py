"""Which clients may connect, and how many at a time."""

from __future__ import annotations

import logging
import resource
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.config.addresses import networks_of
from kokoro_wyoming.errors import BusyError
from kokoro_wyoming.ip_addresses import IPNetwork
from kokoro_wyoming.protocols.admission import Admission, Rules, StrangerError, affordable


def networks(*words: str) -> tuple[IPNetwork, ...]:
    """The networks that these words of `server.allow` stand for."""
    return tuple(network for word in words for network in networks_of(word))


def _rules(*allow: str, connections: int = 9, per_address: int = 9) -> Rules:
    return Rules(networks(*allow), connections, per_address, near_is_home="home" in allow)


def _admission(*allow: str, connections: int = 100, per_address: int = 100) -> Admission:
    return Admission(_rules(*allow, connections=connections, per_address=per_address))


def _may_enter(admission: Admission, host: str) -> bool:
    try:
        admission.enter(host)
    except StrangerError:
        return False
    admission.leave(host)
    return True


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.7.7",
        "169.254.1.1",
        "::1",
        "fe80::1%eth0",
        "fd12::9",
        "::ffff:192.168.1.2",
    ],
)
def test_home_is_let_in(host: str) -> None:
    assert _may_enter(_admission("home"), host)


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "172.32.0.1",
        "192.169.0.1",
        "100.64.0.1",
        "203.0.113.5",
        "0.0.0.0",
        "2001:db8::1",
        "2a00:1450::1",
        "ff02::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_the_rest_of_the_world_is_refused(host: str) -> None:
    assert not _may_enter(_admission("home"), host)


def test_the_networks_that_this_machine_is_in_are_home_as_they_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    near = [ip_network("2001:db8:1::/64"), ip_network("2001:db8:9::7/128")]
    looks = 0

    def look() -> list[IPNetwork]:
        nonlocal looks
        looks += 1
        return near

    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    admission = Admission(_rules("home"), look)
    assert _may_enter(admission, "2001:db8:1::5")
    assert not _may_enter(admission, "2001:db8:2::5")
    assert not _may_enter(admission, "2001:db8:9::8")
    assert not _may_enter(admission, "8.8.8.8")
    assert looks == 1
    near[0] = ip_network("2001:db8:2::/64")  # the provider gave another
    now += 2
    assert _may_enter(admission, "2001:db8:2::5")
    assert not _may_enter(admission, "2001:db8:1::5")
    admission.rules = _rules("192.168.7.0/24")
    assert not _may_enter(admission, "2001:db8:2::5")


def test_the_owner_widens_and_narrows() -> None:
    assert _may_enter(_admission("home", "100.64.0.0/10"), "100.100.1.1")
    assert _may_enter(_admission("any"), "8.8.8.8")
    assert _may_enter(_admission("any"), "2a00::1")
    assert not _may_enter(_admission("192.168.7.0/24"), "127.0.0.1")
    assert not _may_enter(_admission(), "127.0.0.1")
    assert _may_enter(_admission(), "")  # a socket file has owner and mode


def test_rules_that_change_hold_for_the_next_client() -> None:
    admission = _admission("home", connections=1)
    admission.enter("10.0.0.1")
    admission.rules = _rules("any", connections=2, per_address=2)
    admission.enter("8.8.8.8")
    with pytest.raises(BusyError):
        admission.enter("10.0.0.1")


def test_connections_are_limited_in_all_and_for_each_address() -> None:
    admission = _admission("home", connections=3, per_address=2)
    admission.enter("10.0.0.1")
    admission.enter("10.0.0.1")
    with pytest.raises(BusyError, match="Your address"):
        admission.enter("10.0.0.1")
    admission.enter("10.0.0.2")
    with pytest.raises(BusyError, match="too many connections; try again"):
        admission.enter("10.0.0.3")
    admission.leave("10.0.0.1")
    admission.enter("10.0.0.3")


def test_clients_of_a_socket_file_have_no_address_to_count() -> None:
    admission = _admission("home", per_address=1)
    admission.enter("")
    admission.enter("")


@given(st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"]), max_size=30))
def test_nothing_is_left_of_clients_that_left(hosts: list[str]) -> None:
    admission = _admission("home")
    for host in hosts:
        admission.enter(host)
    for host in hosts:
        admission.leave(host)
    assert not admission._connections


def test_each_stranger_is_logged_once_and_only_so_many(caplog: pytest.LogCaptureFixture) -> None:
    admission = _admission("home")
    for _ in range(3):
        assert not _may_enter(admission, "8.8.8.8")
        assert not _may_enter(admission, "2a00::1")
        assert not _may_enter(admission, "2a00::2")
    assert [record.args for record in caplog.records] == [("8.8.8.8",), ("2a00::/64",)]
    for number in range(3_000):
        assert not _may_enter(admission, f"8.9.{number // 250}.{number % 250}")
    assert len(caplog.records) == 1_001
    assert "open to the internet" in caplog.records[-1].getMessage()
    assert len(admission._logged_strangers) == 1_000


@pytest.mark.parametrize(
    ("word", "complaint"),
    [("192.168.1.7/24", "write 192.168.1.0/24"), ("house", "neither a network"), ("10.0.0.0/33", "neither")],
)
def test_a_word_that_is_no_network_is_told_what_is_meant(word: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        networks_of(word)


def test_connections_leave_room_for_other_files(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    now = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: now[0])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: now.__setitem__(0, limit))
    assert affordable(256) == 256
    assert now == [(1024, 4096)]
    assert affordable(2_000) == 2_000
    assert now == [(2_064, 4096)]
    assert not caplog.records
    assert affordable(65_536) == 4_032
    assert "ulimit -n is 4096" in caplog.text
