"""Advertises one server by multicast DNS while the machine's addresses come and go.

No failure here stops the server: on a machine without network or multicast there is one warning in the log.
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
"""The service type that Home Assistant's Wyoming integration looks for."""

_POLL_SECONDS = 3.0
"""Time between two looks at the machine's addresses."""
_RETRY_SECONDS = 30.0
"""Time between attempts that fail, unless the addresses change before."""
_PUBLISH_TIMEOUT_SECONDS = 5.0
"""Probing and three announcements take about one second."""
_GOODBYE_TIMEOUT_SECONDS = 1.0
_FLUSH_SECONDS = 1.2
"""Time before an announcement is repeated. It replaces only cached records older than 1 s (RFC 6762, 10.2)."""
_SLEPT_SECONDS = 30.0
"""If the wall clock gained this much on the process's clock, the process or its machine slept, and the network may have
forgotten the server."""

_TROUBLES = (OSError, RuntimeError, Error, asyncio.TimeoutError)
"""Errors of multicast DNS. zeroconf raises RuntimeError where an interface went away meanwhile."""


class _RivalWatch(RecordUpdateListener):
    """Notices another server that took the same name at the same moment.

    Probing finds a name that is in use. But when two servers start together, as after a power cut, both find the name
    free. Then the server that started first, whose host name sorts higher, repeats its announcement, and the other one
    takes another name.
    """

    def __init__(self, info: ServiceInfo) -> None:
        self._instance = info.key
        self._host = (info.server or "").lower()
        self.must_rename = False
        self.repeat_at_seconds = math.inf
        """Monotonic time when the announcement is to be repeated."""

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        for update in records:
            # Only service records have a server. A record that says goodbye has expired.
            host = getattr(update.new, "server_key", None)
            if host is None or update.new.key != self._instance or update.new.is_expired(now):
                continue
            self.must_rename |= host > self._host
            if host < self._host:
                self.repeat_at_seconds = time.monotonic() + _FLUSH_SECONDS


@dataclass
class _Published:
    responder: AsyncZeroconf
    info: ServiceInfo
    rivals: _RivalWatch
    advertisement: Advertisement


class Advertiser:
    """Publishes one server, and keeps the published addresses up to date until `unpublish`.

    name: instance name, at most 63 bytes. Home Assistant identifies the server by it.
    bind_hosts: numeric addresses that the server listens on (`listening_hosts`).
    advertise_hosts: numeric addresses to advertise in place of the machine's own.
    interfaces: names or addresses of the only interfaces to use; None: all that may lead to a home network.
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
        plan([], bind_hosts, advertise_hosts)  # so that a bad address is reported at once
        # A dot would end the DNS label.
        self._wanted_name = name.replace(".", "-")
        self._name_number = 1
        self._port = port
        self._bind_hosts = bind_hosts
        self._advertise_hosts = advertise_hosts
        self._interfaces = interfaces
        self._look = look
        self._poll_seconds = poll_seconds
        self._published: _Published | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._failed_advertisement: Advertisement | None = None
        self._retry_at_seconds = 0.0
        self._has_warned = False
        self._clock_lead_seconds = _clock_lead_seconds()

    @property
    def name(self) -> str:
        """The instance name: the wanted one, or with a number where another server has that."""
        return self._wanted_name if self._name_number == 1 else f"{self._wanted_name}-{self._name_number}"

    @property
    def advertised(self) -> Advertisement | None:
        """The advertisement that is published now."""
        return self._published.advertisement if self._published else None

    async def publish(self) -> None:
        """Announce the server, then follow the machine's addresses. To be called once the port is open.

        Takes about 1 s, 5 s at most, and never fails.
        """
        if self._advertise_hosts is None and all(is_loopback(host) for host in self._bind_hosts):
            _LOGGER.info("Not advertised on the network, as the server listens on this machine only.")
            return
        await self._renew()
        self._watcher = asyncio.create_task(self._follow(), name="zeroconf")

    async def unpublish(self) -> None:
        """Say goodbye within 1 s, and stop. May be called at any time, and again."""
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
            await self._update_advertisement()
        except Exception:
            # A defect here is no reason to stop the server.
            _LOGGER.exception("Advertising on the network failed")

    async def _update_advertisement(self) -> None:
        """Publish the addresses that the machine has now. At nearly every call nothing has changed."""
        try:
            wanted = plan(self._look(), self._bind_hosts, self._advertise_hosts, self._interfaces)
        except OSError:
            wanted = Advertisement()
        has_slept = self._has_slept()
        if self._published is None:
            is_due = wanted != self._failed_advertisement or time.monotonic() >= self._retry_at_seconds
        else:
            if self._published.rivals.must_rename:
                await self._rename(self._published)
            else:
                await self._repeat_if_due(self._published)
            is_due = has_slept or self._published is None or wanted != self._published.advertisement
        if is_due:
            await self._replace(wanted)

    async def _rename(self, published: _Published) -> None:
        self._published = None
        # Without a goodbye: it would remove the other server, which has the same name, from all caches.
        published.responder.zeroconf.registry.async_remove(published.info)
        await _close(published.responder)
        self._take_next_name()

    async def _repeat_if_due(self, published: _Published) -> None:
        if time.monotonic() >= published.rivals.repeat_at_seconds:
            published.rivals.repeat_at_seconds = math.inf
            await (await published.responder.async_update_service(published.info))

    def _take_next_name(self) -> None:
        taken = self.name
        self._name_number += 1
        _LOGGER.warning(
            "Another server on the network is called %r, so this one is %r: "
            "give each its own discovery.name in the configuration.",
            taken,
            self.name,
        )

    async def _replace(self, wanted: Advertisement) -> None:
        await self._withdraw()
        self._failed_advertisement = wanted
        self._retry_at_seconds = time.monotonic() + _RETRY_SECONDS
        if not wanted.addresses or not wanted.spoken_on:
            self._warn("this machine has no address on a local network")
            return
        try:
            await asyncio.wait_for(self._announce(wanted), _PUBLISH_TIMEOUT_SECONDS)
        except _TROUBLES as error:
            self._warn(f"multicast DNS does not work here ({str(error) or type(error).__name__})")
        else:
            self._failed_advertisement = None
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
        """Take the first free name. The second result is to be awaited: it is done when all announcements are sent."""
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
        """Warn once, and not again before a publication succeeds."""
        level = logging.DEBUG if self._has_warned else logging.WARNING
        self._has_warned = True
        _LOGGER.log(
            level,
            "Home Assistant will not find this server by itself: %s. You can still add it by host and port.",
            reason,
        )

    def _has_slept(self) -> bool:
        lead_seconds = _clock_lead_seconds()
        gained_seconds = lead_seconds - self._clock_lead_seconds
        self._clock_lead_seconds = lead_seconds
        return gained_seconds > _SLEPT_SECONDS


async def _close(responder: AsyncZeroconf) -> None:
    """Say goodbye for the registered service, and close the sockets."""
    try:
        await asyncio.wait_for(responder.async_close(), _GOODBYE_TIMEOUT_SECONDS)
    except _TROUBLES as error:
        _LOGGER.debug("No goodbye on the network: %s", str(error) or type(error).__name__)


def _new_host() -> str:
    """A unique host name. A later one sorts lower.

    For the machine's own name another program may already answer. For a name that was used before, the network would
    remember the addresses from then.
    """
    return f"kokoro-{0xFFFFFFFFFF - int(time.time()):010x}-{secrets.token_hex(4)}.local."


def _clock_lead_seconds() -> float:
    """Wall clock less the process's clock, which stands still while the machine sleeps or the process is suspended."""
    return time.time() - awake.seconds()
