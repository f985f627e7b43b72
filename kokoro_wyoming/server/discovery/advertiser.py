"""Keeping one server advertised by multicast DNS while addresses come and go.

Nothing here is ever fatal: a machine without network or multicast gets one warning, and the server goes on.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from zeroconf import Error, NonUniqueNameException, RecordUpdate, RecordUpdateListener, ServiceInfo, Zeroconf
from zeroconf.asyncio import AsyncZeroconf

from kokoro_wyoming import awake
from kokoro_wyoming.server.discovery.addresses import Advertisement, LocalAddress, is_loopback, local_addresses, plan

_LOGGER = logging.getLogger(__name__)

SERVICE_TYPE = "_wyoming._tcp.local."
"""What Home Assistant's Wyoming integration browses for."""

_POLL_SECONDS = 3.0
_RETRY_SECONDS = 30.0
"""Between attempts that fail, unless the addresses change before."""
_PUBLISH_TIMEOUT_SECONDS = 5.0
"""Probing and three announcements take about one second."""
_GOODBYE_TIMEOUT_SECONDS = 1.0
_FLUSH_SECONDS = 1.2
"""An announcement drives out of caches what is older than one second (RFC 6762, 10.2), and no less."""
_SLEPT_SECONDS = 30.0
"""A wall clock that gained this much on the process's: it or its machine slept, and the house forgot it."""

_TROUBLES = (OSError, RuntimeError, Error, asyncio.TimeoutError)
"""What multicast DNS fails with; RuntimeError is zeroconf's for an interface that went away meanwhile."""


class _RivalWatch(RecordUpdateListener):
    """Notices another server that took our name at the same moment.

    Probing finds a name that is in use, but of two servers that start together, as after a power cut, both find
    it free. Then the one whose host name sorts higher, which is the elder, says again that it is here, and the
    other gives way.
    """

    def __init__(self, info: ServiceInfo) -> None:
        self._instance = info.key
        self._host = (info.server or "").lower()
        self.must_give_way = False
        self.repeat_at_seconds = math.inf
        """Monotonic time at which to be announced again."""

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        for update in records:
            # Only service records have a server; one that says goodbye has expired.
            host = getattr(update.new, "server_key", None)
            if host is None or update.new.key != self._instance or update.new.is_expired(now):
                continue
            self.must_give_way |= host > self._host
            if host < self._host:
                self.repeat_at_seconds = time.monotonic() + _FLUSH_SECONDS


@dataclass
class _Published:
    responder: AsyncZeroconf
    info: ServiceInfo
    rivals: _RivalWatch
    said: Advertisement


class Advertiser:
    """Publishes one server, and keeps what is published true until `unpublish`.

    name: instance name, at most 63 bytes. Home Assistant's identity of the server hangs on it.
    bind_hosts: numeric addresses that the server listens on (`listening_hosts`).
    advertise_hosts: numeric addresses to tell instead of those that the machine has.
    interfaces: names or addresses of the only interfaces to use; None: all on which there may be a house.
    Raises ValueError for a host that is not a numeric address.
    """

    def __init__(
        self,
        name: str,
        port: int,
        bind_hosts: Sequence[str],
        advertise_hosts: Sequence[str] | None = None,
        interfaces: Sequence[str] | None = None,
        *,
        look: Callable[[], list[LocalAddress]] = local_addresses,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        plan([], bind_hosts, advertise_hosts)  # so that a bad address is told at once
        # A dot would end the label.
        self._wanted_name = name.replace(".", "-")
        self._number = 1
        self._port = port
        self._bind_hosts = bind_hosts
        self._advertise_hosts = advertise_hosts
        self._interfaces = interfaces
        self._look = look
        self._poll_seconds = poll_seconds
        self._published: _Published | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._failed: Advertisement | None = None
        self._retry_at_seconds = 0.0
        self._has_warned = False
        self._clock_lead_seconds = _clock_lead_seconds()

    @property
    def name(self) -> str:
        """The instance name, as wanted or, where another server has that, as renamed."""
        return self._wanted_name if self._number == 1 else f"{self._wanted_name}-{self._number}"

    @property
    def advertised(self) -> Advertisement | None:
        """What the network is told now."""
        return self._published.said if self._published else None

    async def publish(self) -> None:
        """Announce the server, then follow the machine's addresses. Call it once the port is open.

        Takes about a second, five at most, and never fails.
        """
        if self._advertise_hosts is None and all(is_loopback(host) for host in self._bind_hosts):
            _LOGGER.info("Not advertised on the network, as the server listens on this machine only.")
            return
        await self._renew()
        self._watcher = asyncio.create_task(self._follow(), name="zeroconf")

    async def unpublish(self) -> None:
        """Say goodbye, within a second, and stop. May be called at any time, and again."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher], timeout=_GOODBYE_TIMEOUT_SECONDS)
        await self._withdraw()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self._renew()

    async def _renew(self) -> None:
        try:
            await self._bring_up_to_date()
        except Exception:
            # A defect of ours, and still no reason to stop speaking.
            _LOGGER.exception("Advertising on the network failed")

    async def _bring_up_to_date(self) -> None:
        """Make what is published what it should be; nothing to do at nearly every call."""
        try:
            wanted = plan(self._look(), self._bind_hosts, self._advertise_hosts, self._interfaces)
        except OSError:
            wanted = Advertisement()
        has_slept = self._has_slept()
        if self._published is None:
            is_due = wanted != self._failed or time.monotonic() >= self._retry_at_seconds
        else:
            if self._published.rivals.must_give_way:
                await self._give_way(self._published)
            else:
                await self._insist(self._published)
            is_due = has_slept or self._published is None or wanted != self._published.said
        if is_due:
            await self._replace(wanted)

    async def _give_way(self, published: _Published) -> None:
        self._published = None
        # Without a goodbye, which would take the other server off everybody's list.
        published.responder.zeroconf.registry.async_remove(published.info)
        await _close(published.responder)
        self._take_next_name()

    async def _insist(self, published: _Published) -> None:
        if time.monotonic() >= published.rivals.repeat_at_seconds:
            published.rivals.repeat_at_seconds = math.inf
            await (await published.responder.async_update_service(published.info))

    def _take_next_name(self) -> None:
        taken = self.name
        self._number += 1
        _LOGGER.warning(
            "Another server on the network is called %r, so this one is %r: "
            "give each its own discovery.name in the configuration.",
            taken,
            self.name,
        )

    async def _replace(self, wanted: Advertisement) -> None:
        await self._withdraw()
        self._failed = wanted
        self._retry_at_seconds = time.monotonic() + _RETRY_SECONDS
        if not wanted.addresses or not wanted.spoken_on:
            self._warn("this machine has no address on a local network")
            return
        try:
            await asyncio.wait_for(self._announce(wanted), _PUBLISH_TIMEOUT_SECONDS)
        except _TROUBLES as error:
            self._warn(f"multicast DNS does not work here ({str(error) or type(error).__name__})")
        else:
            self._failed = None
            self._has_warned = False

    async def _announce(self, wanted: Advertisement) -> None:
        responder = AsyncZeroconf(interfaces=[str(address) for address in wanted.spoken_on])
        try:
            info, announced = await self._register(responder, wanted)
            rivals = _RivalWatch(info)
            responder.zeroconf.async_add_listener(rivals, None)
            await announced
        except BaseException:
            await _close(responder)
            raise
        self._published = _Published(responder, info, rivals, wanted)
        addresses = ", ".join(str(address) for address in wanted.addresses)
        _LOGGER.info("Advertised on the network as %r at %s, port %d.", self.name, addresses, self._port)

    async def _register(self, responder: AsyncZeroconf, wanted: Advertisement) -> tuple[ServiceInfo, Awaitable[object]]:
        """Take the first free name; what is returned beside it ends when the announcements are out."""
        host = _new_host()
        while True:
            info = ServiceInfo(
                SERVICE_TYPE,
                f"{self.name}.{SERVICE_TYPE}",
                port=self._port,
                server=host,
                parsed_addresses=[str(address) for address in wanted.addresses],
            )
            try:
                return info, await responder.async_register_service(info)
            except NonUniqueNameException:
                self._take_next_name()

    async def _withdraw(self) -> None:
        published, self._published = self._published, None
        if published is not None:
            await _close(published.responder)

    def _warn(self, reason: str) -> None:
        """One warning for each spell of trouble."""
        level = logging.DEBUG if self._has_warned else logging.WARNING
        self._has_warned = True
        _LOGGER.log(
            level,
            "Home Assistant will not find this server by itself: %s. It can be added by host and port all the same.",
            reason,
        )

    def _has_slept(self) -> bool:
        lead_seconds = _clock_lead_seconds()
        gained_seconds = lead_seconds - self._clock_lead_seconds
        self._clock_lead_seconds = lead_seconds
        return gained_seconds > _SLEPT_SECONDS


async def _close(responder: AsyncZeroconf) -> None:
    """Say goodbye for whatever is registered, and close the sockets."""
    try:
        await asyncio.wait_for(responder.async_close(), _GOODBYE_TIMEOUT_SECONDS)
    except _TROUBLES as error:
        _LOGGER.debug("No goodbye on the network: %s", str(error) or type(error).__name__)


def _new_host() -> str:
    """A host name that is nobody else's, and sorts lower the later it was made.

    The machine's own name has a responder already; and under the name of the last time, the house would remember the
    addresses of the last time.
    """
    return f"kokoro-{0xFFFFFFFFFF - int(time.time()):010x}-{secrets.token_hex(4)}.local."


def _clock_lead_seconds() -> float:
    """Wall clock less that of this process, which stands still while the machine sleeps or the process is suspended."""
    return time.time() - awake.seconds()
