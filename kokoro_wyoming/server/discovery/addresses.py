"""Which addresses of this machine to advertise in the home network, and on which interfaces."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ifaddr

from kokoro_wyoming.ip_addresses import IPAddress, IPNetwork, parse_address

_NOT_A_LAN = re.compile(
    r"docker|veth|br-[0-9a-f]{12}|hassio|podman|cni|cali|flannel|cilium|lxc|lxd|kube|nodelocaldns"  # containers
    r"|virbr|vnet|vmnet|vboxnet|tap"  # virtual machines
    r"|tun|utun|wg|tailscale|ppp|awdl|llw|dummy"  # tunnels, and what multicast does not cross
)
"""Beginnings of the names of interfaces that do not lead to a home network."""

_IF_INET6 = Path("/proc/net/if_inet6")
_UNSTEADY_FLAGS = 0x01 | 0x08 | 0x20 | 0x40
"""IFA_F_TEMPORARY, DADFAILED, DEPRECATED and TENTATIVE of Linux's if_addr.h."""


@dataclass(frozen=True)
class LocalAddress:
    """An interface of this machine and one of its addresses."""

    interface: str
    address: IPAddress


@dataclass(frozen=True)
class Advertisement:
    """The addresses to advertise, and the interfaces to multicast on."""

    addresses: tuple[IPAddress, ...] = ()
    """The A and AAAA records: IPv4 first, then private IPv6 addresses, then global IPv6 addresses."""
    spoken_on: tuple[IPAddress, ...] = ()
    """One address for each interface and family to multicast on."""


def unsteady_addresses(if_inet6: str) -> frozenset[IPAddress]:
    """The IPv6 addresses that will not last, from the text of Linux's /proc/net/if_inet6.

    Home Assistant stores the first address that it sees. This must not be a privacy address, which changes daily.
    """
    rows = (line.split() for line in if_inet6.splitlines())
    return frozenset(ipaddress.IPv6Address(int(row[0], 16)) for row in rows if int(row[4], 16) & _UNSTEADY_FLAGS)


def local_addresses() -> list[LocalAddress]:
    """The lasting addresses of all interfaces. Raises OSError where the system does not give them."""
    unsteady: frozenset[IPAddress] = frozenset()
    with contextlib.suppress(OSError):  # not Linux, or without IPv6
        unsteady = unsteady_addresses(_IF_INET6.read_text(encoding="ascii"))
    found = (
        LocalAddress(adapter.name.partition(":")[0], parse_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0]))
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    )
    return [local for local in found if local.address not in unsteady]


def networks_near() -> frozenset[IPNetwork]:
    """The IPv6 networks that this machine is in, on interfaces that may lead to a home network.

    A machine in them could as well connect by its link-local address.
    """
    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:
        return frozenset()
    return frozenset(
        ipaddress.IPv6Network((parse_address(ip.ip[0]).packed, ip.network_prefix), strict=False)
        for adapter in adapters
        for ip in adapter.ips
        if isinstance(ip.ip, tuple) and not _NOT_A_LAN.match(adapter.name)
    )


def listening_hosts(sockets: Iterable[socket.socket]) -> tuple[str, ...]:
    """The numeric addresses that listening sockets are bound to, for `Advertiser`.

    A dual-stack socket on "::" counts for "0.0.0.0" as well.
    """
    hosts: list[str] = []
    for sock in sockets:
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            continue
        hosts.append(sock.getsockname()[0])
        if hosts[-1] == "::" and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            hosts.append("0.0.0.0")
    return tuple(dict.fromkeys(hosts))


def is_loopback(host: str) -> bool:
    """Whether a numeric address is reached from this machine only."""
    return parse_address(host).is_loopback


def plan(
    local: Sequence[LocalAddress],
    bind_hosts: Sequence[str],
    advertise_hosts: Sequence[str] | None = None,
    interfaces: Sequence[str] | None = None,
) -> Advertisement:
    """Choose what to advertise. Raises ValueError for a host that is not a numeric address.

    `bind_hosts` are the addresses that the server listens on. `advertise_hosts` are advertised in their place: a
    container cannot see the addresses of its host. `interfaces`, by name or by address, are the only ones to use, and
    may be of any kind.
    """
    bound = [parse_address(host) for host in bind_hosts]
    wanted = None if interfaces is None else _interface_names(local, interfaces)
    lan = [here for here in local if _is_bound(here.address, bound) and _is_lan(here, bound, wanted)]
    if advertise_hosts is None:
        return Advertisement(_in_order(here.address for here in lan), _one_for_each_interface(lan))
    given = [parse_address(host) for host in advertise_hosts]
    # A server behind a proxy listens on loopback, and is advertised in the home network all the same.
    lan = lan or [here for here in local if _is_lan(here, given, wanted)]
    return Advertisement(_in_order(given), _one_for_each_interface(lan))


def _interface_names(local: Sequence[LocalAddress], interfaces: Sequence[str]) -> set[str]:
    return {*interfaces, *(here.interface for here in local if str(here.address) in interfaces)}


def _is_bound(address: IPAddress, bound: Sequence[IPAddress]) -> bool:
    return any(host == address or (host.is_unspecified and host.version == address.version) for host in bound)


def _is_lan(here: LocalAddress, asked_for: Sequence[IPAddress], interfaces: set[str] | None) -> bool:
    if interfaces is not None and here.interface not in interfaces:
        return False
    if here.address.is_loopback:
        return interfaces is not None
    if here.address in asked_for:
        return True
    # Home Assistant ignores link-local addresses: they cannot be reached without an interface's name.
    return not here.address.is_link_local and (interfaces is not None or not _NOT_A_LAN.match(here.interface))


def _in_order(addresses: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    return tuple(sorted(set(addresses), key=lambda address: (address.version, address.is_global, address)))


def _one_for_each_interface(local: Iterable[LocalAddress]) -> tuple[IPAddress, ...]:
    first: dict[tuple[str, int], IPAddress] = {}
    for here in local:
        first.setdefault((here.interface, here.address.version), here.address)
    return tuple(first.values())
