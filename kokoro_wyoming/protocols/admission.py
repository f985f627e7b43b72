"""Who may speak, and how many at a time. Knows addresses and counts, no sockets."""

from __future__ import annotations

import ipaddress
import logging
import math
import resource
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from kokoro_wyoming.errors import BusyError, PeerError
from kokoro_wyoming.ip_addresses import IPAddress, IPNetwork, parse_address
from kokoro_wyoming.utterances.quota import Quota

_LOGGER = logging.getLogger(__name__)

_NEAR_SECONDS = 1.0
"""For which it is remembered which networks this machine is in, however many strangers come."""
_STRANGERS_REMEMBERED = 1_000
_SPARE_FILES = 64
"""Open files kept for everything that is not an admitted client: refusals under way, the model, the announcement."""


class StrangerError(PeerError):
    """A client from a network that may not speak here."""

    code: ClassVar[str] = "not-allowed"


@dataclass(frozen=True)
class Rules:
    """As the owner set them."""

    allow: tuple[IPNetwork, ...]
    connections: int
    connections_per_address: int
    waiting_per_address: int = 32
    near_is_home: bool = False
    """The IPv6 networks that this machine is in may speak, too."""


class Admission:
    """Counts who is in, and lets in who may come.

    `near` tells which IPv6 networks this machine is in now: they are home too. A house has addresses of the world's
    there, which its provider changes at times.
    """

    def __init__(self, rules: Rules, near: Callable[[], Collection[IPNetwork]] = tuple) -> None:
        self._look_near = near
        self._near: Collection[IPNetwork] = ()
        self._looked_at_seconds = -math.inf
        self._inside: Counter[str] = Counter()
        self._shares: dict[str, Quota] = {}
        self.rules = rules
        self._refused: set[str] = set()

    @property
    def rules(self) -> Rules:
        """May be changed while clients are in; those stay."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        for host, share in self._shares.items():
            share.limit = rules.waiting_per_address if host else None

    def enter(self, host: str) -> Quota:
        """Let a client in; what it may ask, together with all of its address.

        `host` is its numeric address, or "" where it came through a socket file.
        Raises StrangerError or BusyError. Whoever got in is to `leave`.
        """
        if host and not self._may_speak(host):
            self._remark_on(host)
            raise StrangerError("This server speaks with its own house only; its owner's server.allow decides.")
        if self._inside.total() >= self._rules.connections:
            raise BusyError("The server has too many connections; try again later.")
        if host and self._inside[host] >= self._rules.connections_per_address:
            raise BusyError("Your address has too many connections here; close some, or try again later.")
        self._inside[host] += 1
        return self._shares.setdefault(host, Quota(self._rules.waiting_per_address if host else None))

    def leave(self, host: str) -> None:
        """The client is gone."""
        self._inside[host] -= 1
        if not self._inside[host]:
            del self._inside[host], self._shares[host]

    def _may_speak(self, host: str) -> bool:
        address = _parse(host)
        if any(address.version == network.version and address in network for network in self._rules.allow):
            return True
        if address.version == 4 or not self._rules.near_is_home:
            return False
        if time.monotonic() - self._looked_at_seconds > _NEAR_SECONDS:
            self._near, self._looked_at_seconds = self._look_near(), time.monotonic()
        return any(address in network for network in self._near)

    def _remark_on(self, host: str) -> None:
        """One line for each stranger; of IPv6 for each network, within which addresses cost nothing."""
        address = _parse(host)
        stranger = str(address if address.version == 4 else ipaddress.ip_network((int(address), 64), strict=False))
        if stranger in self._refused or len(self._refused) >= _STRANGERS_REMEMBERED:
            return
        self._refused.add(stranger)
        _LOGGER.warning(
            "%s is refused, as it is outside of this house. If you know it, add it to server.allow in the settings.",
            stranger,
        )
        if len(self._refused) == _STRANGERS_REMEMBERED:
            _LOGGER.warning("Further strangers are refused without a line. Is this port open to the internet?")


def _parse(host: str) -> IPAddress:
    # A dual-stack socket writes IPv4 as ::ffff:192.168.1.2.
    address = parse_address(host)
    return getattr(address, "ipv4_mapped", None) or address


def affordable(connections: int) -> int:
    """How many of the wanted connections the system's limit of open files leaves room for; raises that if it may.

    At that limit asyncio stops accepting for a second at a time, with a traceback for each waiting client.
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
        _LOGGER.warning("Of limits.connections, %d, only %d are possible: ulimit -n is %d.", connections, room, soft)
    return room


def rules(
    allow: Sequence[IPNetwork],
    connections: int,
    connections_per_address: int,
    waiting_per_address: int,
    *,
    near_is_home: bool,
) -> Rules:
    """Rules that the system's limits leave room for."""
    room = affordable(connections)
    return Rules(tuple(allow), room, connections_per_address, waiting_per_address, near_is_home)
