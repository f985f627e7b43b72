"""Which clients may connect, and how many at a time. Knows addresses and counts, no sockets."""

from __future__ import annotations

import ipaddress
import logging
import math
import resource
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from kokoro_wyoming.errors import BusyError, PeerError
from kokoro_wyoming.ip_addresses import IPAddress, IPNetwork, parse_address
from kokoro_wyoming.utterances.quota import Quota

_LOGGER = logging.getLogger(__name__)

_NEAR_FRESH_SECONDS = 1.0
"""How long the networks that this machine is in are remembered, however many strangers connect."""
_STRANGERS_LOGGED = 1_000
"""Most strangers that get a line in the log."""
_SPARE_FILES = 64
"""Open files kept for all that is not an admitted client: refused clients, the model, the announcement."""


class StrangerError(PeerError):
    """A client from a network that may not connect."""

    code: ClassVar[str] = "not-allowed"


@dataclass(frozen=True)
class Rules:
    """Which networks may connect, and how many connections there may be."""

    allow: tuple[IPNetwork, ...]
    connections: int
    connections_per_address: int
    waiting_per_address: int = 32
    """Most utterances that the clients of one address may have waiting."""
    near_is_home: bool = False
    """Whether the IPv6 networks that this machine is in may connect, too."""
    proxies: tuple[IPNetwork, ...] = ()
    """Networks whose connections begin with a PROXY header, which is believed."""
    socket_is_proxy: bool = False
    """Whether the same holds for connections through the socket file."""


class Admission:
    """Admits clients by the rules, and counts the connections of each address."""

    def __init__(self, rules: Rules, near: Callable[[], Collection[IPNetwork]] = tuple) -> None:
        """`near` finds the IPv6 networks that this machine is in now. They belong to the home, though they are networks
        of the internet, and the provider changes them at times.
        """
        self._find_near = near
        self._near: Collection[IPNetwork] = ()
        self._near_found_at_seconds = -math.inf
        self._connections: Counter[str] = Counter()
        """Open connections by address."""
        self._quotas: dict[str, Quota] = {}
        self.rules = rules
        self._logged_strangers: set[str] = set()

    @property
    def rules(self) -> Rules:
        """May be changed; connected clients stay."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        for host, quota in self._quotas.items():
            quota.limit = rules.waiting_per_address if host else None

    def is_proxy(self, host: str) -> bool:
        """Whether a connection from this address, or from the socket file ("") begins with a PROXY header."""
        return _is_in(_parse(host), self._rules.proxies) if host else self._rules.socket_is_proxy

    def enter(self, host: str) -> Quota:
        """Admit a client, and return the quota of its address. An admitted client must `leave`.

        `host` is the client's numeric address, or "" where it came through a socket file. Raises StrangerError or
        BusyError.
        """
        if host and not self.allows(host):
            self._log_stranger(host)
            raise StrangerError("Your network may not use this server; its owner can add it to server.allow.")
        if self._connections.total() >= self._rules.connections:
            raise BusyError("The server has too many connections; try again later.")
        if host and self._connections[host] >= self._rules.connections_per_address:
            raise BusyError("Your address has too many connections here; close some, or try again later.")
        self._connections[host] += 1
        return self._quotas.setdefault(host, Quota(self._rules.waiting_per_address if host else None))

    def leave(self, host: str) -> None:
        """The connection of an admitted client has ended."""
        self._connections[host] -= 1
        if not self._connections[host]:
            del self._connections[host], self._quotas[host]

    def allows(self, host: str) -> bool:
        """Whether clients of this numeric address may connect."""
        address = _parse(host)
        if _is_in(address, self._rules.allow):
            return True
        if address.version == 4 or not self._rules.near_is_home:
            return False
        if time.monotonic() - self._near_found_at_seconds > _NEAR_FRESH_SECONDS:
            self._near, self._near_found_at_seconds = self._find_near(), time.monotonic()
        return any(address in network for network in self._near)

    def _log_stranger(self, host: str) -> None:
        """Log each IPv4 stranger once, and each IPv6 network once: a stranger has billions of addresses in it."""
        address = _parse(host)
        stranger = str(address if address.version == 4 else ipaddress.ip_network((int(address), 64), strict=False))
        if stranger in self._logged_strangers or len(self._logged_strangers) >= _STRANGERS_LOGGED:
            return
        self._logged_strangers.add(stranger)
        _LOGGER.warning(
            "%s is refused, as it is outside of this house. If you know it, add it to server.allow in the settings.",
            stranger,
        )
        if len(self._logged_strangers) == _STRANGERS_LOGGED:
            _LOGGER.warning("Further strangers are refused and not logged. Is this port open to the internet?")


def _is_in(address: IPAddress, networks: Collection[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _parse(host: str) -> IPAddress:
    # A dual-stack socket writes IPv4 as ::ffff:192.168.1.2.
    address = parse_address(host)
    return getattr(address, "ipv4_mapped", None) or address


def affordable(connections: int) -> int:
    """How many of the wanted connections fit under the system's limit of open files, which is raised where it may be.

    At that limit asyncio stops accepting for a second at a time, and logs a traceback for each waiting client.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    wanted = connections + _SPARE_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = max(1, min(connections, soft - _SPARE_FILES))
    if room < connections:
        _LOGGER.warning("limits.connections is %d, but only %d are possible: ulimit -n is %d.", connections, room, soft)
    return room
