from __future__ import annotations

import ipaddress
import socket
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.server.discovery import listening_hosts
from kokoro_wyoming.server.discovery.addresses import LocalAddress, local_addresses, plan, unsteady_addresses

EVERYWHERE = ("0.0.0.0", "::")


def here(interface: str, address: str) -> LocalAddress:
    return LocalAddress(interface, ipaddress.ip_address(address))


HOUSE = [
    here("lo", "127.0.0.1"),
    here("lo", "::1"),
    here("eth0", "192.168.1.5"),
    here("eth0", "2001:db8:1::5"),
    here("eth0", "2a00:1450::5"),
    here("eth0", "fd00:1::5"),
    here("eth0", "fe80::5"),
    here("wlan0", "192.168.1.6"),
    here("docker0", "172.17.0.1"),
    here("br-0123456789ab", "172.18.0.1"),
    here("veth12ab", "169.254.3.4"),
    here("tailscale0", "100.64.0.7"),
]


def told(*args: Any, **kwargs: Any) -> list[str]:
    return [str(address) for address in plan(*args, **kwargs).addresses]


def spoken_on(*args: Any, **kwargs: Any) -> set[str]:
    return {str(address) for address in plan(*args, **kwargs).spoken_on}


@pytest.mark.parametrize(
    ("bind_hosts", "addresses"),
    [
        (("0.0.0.0",), ["192.168.1.5", "192.168.1.6"]),
        (("::",), ["2001:db8:1::5", "fd00:1::5", "2a00:1450::5"]),
        (EVERYWHERE, ["192.168.1.5", "192.168.1.6", "2001:db8:1::5", "fd00:1::5", "2a00:1450::5"]),
        (("192.168.1.6",), ["192.168.1.6"]),
        (("127.0.0.1",), []),
        (("127.0.0.1", "192.168.1.5"), ["192.168.1.5"]),
        (("172.17.0.1",), ["172.17.0.1"]),
        (("169.254.3.4",), ["169.254.3.4"]),
        (("fe80::5%eth0",), ["fe80::5"]),
        (("10.9.9.9",), []),
    ],
)
def test_what_is_listened_on_and_can_be_reached_is_advertised(
    bind_hosts: tuple[str, ...], addresses: list[str]
) -> None:
    assert told(HOUSE, bind_hosts) == addresses


def test_multicast_leaves_once_by_each_interface_and_family() -> None:
    assert spoken_on(HOUSE, EVERYWHERE) == {"192.168.1.5", "2001:db8:1::5", "192.168.1.6"}


@pytest.mark.parametrize("interfaces", [["docker0"], ["172.17.0.1"]])
def test_interfaces_are_named_or_given_by_address_and_may_be_of_any_kind(interfaces: list[str]) -> None:
    assert told(HOUSE, EVERYWHERE, None, interfaces) == ["172.17.0.1"]


def test_a_container_tells_the_address_of_its_host_by_its_own_interface() -> None:
    container = [here("lo", "127.0.0.1"), here("eth0", "172.17.0.2")]
    assert told(container, ("0.0.0.0",), ["192.168.1.5"]) == ["192.168.1.5"]
    assert spoken_on(container, ("0.0.0.0",), ["192.168.1.5"]) == {"172.17.0.2"}


def test_a_server_behind_a_proxy_is_told_to_the_lan() -> None:
    assert told(HOUSE, ("127.0.0.1",), ["192.168.1.5"]) == ["192.168.1.5"]
    assert "192.168.1.5" in spoken_on(HOUSE, ("127.0.0.1",), ["192.168.1.5"])


def test_a_host_name_is_no_address_to_advertise() -> None:
    with pytest.raises(ValueError, match="my-host"):
        plan(HOUSE, EVERYWHERE, ["my-host"])


addresses_of_any_kind = st.builds(
    LocalAddress,
    st.sampled_from(["lo", "eth0", "wlan0", "docker0", "veth1", "br-0123456789ab", "en0"]),
    # No interface has "any" or a group as its own address.
    st.ip_addresses().filter(lambda address: not (address.is_unspecified or address.is_multicast))
    | st.sampled_from([local.address for local in HOUSE]),
)


@given(st.lists(addresses_of_any_kind), st.sampled_from([("0.0.0.0",), ("::",), EVERYWHERE]))
def test_only_reachable_addresses_of_the_house_are_ever_found(local: list[LocalAddress], bind: tuple[str, ...]) -> None:
    chosen = plan(local, bind)
    families = {ipaddress.ip_address(host).version for host in bind}
    lan = {one.address for one in local if one.interface in ("lo", "eth0", "wlan0", "en0")}
    for address in chosen.addresses:
        assert address in lan
        assert address.version in families
        assert not address.is_loopback
        assert not address.is_link_local
    assert set(chosen.spoken_on) <= set(chosen.addresses)
    assert bool(chosen.spoken_on) == bool(chosen.addresses)


@given(st.lists(addresses_of_any_kind), st.randoms(use_true_random=False))
def test_the_order_of_interfaces_does_not_change_what_is_told(local: list[LocalAddress], random: Random) -> None:
    shuffled = list(local)
    random.shuffle(shuffled)
    assert plan(shuffled, EVERYWHERE).addresses == plan(local, EVERYWHERE).addresses


def test_privacy_tentative_and_outdated_addresses_are_unsteady() -> None:
    table = """\
20010db8000000000000000000000001 02 40 00 00     eth0
20010db8000000000000000000000002 02 40 00 01     eth0
20010db8000000000000000000000003 02 40 00 40     eth0
20010db8000000000000000000000004 02 40 00 a0     eth0
fd000000000000000000000000000005 02 40 00 80     eth0
"""
    assert {str(address) for address in unsteady_addresses(table)} == {"2001:db8::2", "2001:db8::3", "2001:db8::4"}


def test_this_machine_has_loopback() -> None:
    assert ipaddress.ip_address("127.0.0.1") in {local.address for local in local_addresses()}


def test_a_dual_stack_socket_listens_on_both_families() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        assert listening_hosts([one, two]) == ("127.0.0.1",)
    if socket.has_dualstack_ipv6():
        with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as both:
            assert set(listening_hosts([both])) == {"::", "0.0.0.0"}
