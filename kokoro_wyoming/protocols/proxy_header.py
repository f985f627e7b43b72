"""The header of the PROXY protocol, versions 1 and 2: who the client behind a proxy is. Pure: bytes to an address."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.ip_addresses import IPAddress

HEADER_SECONDS = 5.0
"""How long a proxy has to send the header; it comes with the first packet."""

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_WORD = b"PROXY "
_SHORTEST_LINE = len(b"PROXY UNKNOWN\r\n")
_LONGEST_LINE = 107
_FIXED_BYTES = 16
"""Length of version 2 before its addresses."""
_LONGEST_REST = 4_096
"""Most bytes of version 2 after these: addresses, and what proxies tell besides, which is skipped."""
_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [ -~]*)?|(TCP[46]) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))\r\n"
)
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED, _TCP4, _TCP6, _SOCKET_FILE = 0x00, 0x11, 0x21, 0x31
_ADDRESS_BYTES = {_TCP4: 4, _TCP6: 16}


class ProxyHeaderError(PeerError):
    """A proxy's connection does not begin with a header of the PROXY protocol."""


@dataclass(frozen=True)
class Source:
    """The client for whom a proxy connects."""

    host: str
    """Its numeric address; "" where it came through a socket file."""
    port: int

    def __str__(self) -> str:
        return f"{self.host} port {self.port}" if self.host else "local client"


class ProxyHeader:
    """Takes the bytes that a connection begins with, until the header is whole."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.wanted = 1
        """How many bytes belong to the header for sure; 0 when it is whole."""
        self.source: Source | None = None
        """The client, once the header is whole; None where the proxy speaks for itself, or does not know the client."""

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the header, and return what comes behind it. Raises ProxyHeaderError."""
        while self.wanted and data:
            self._data += data[: self.wanted]
            data = data[self.wanted :]
            self._look()
        return data

    def _look(self) -> None:
        data = bytes(self._data)
        if _WORD.startswith(data[: len(_WORD)]):
            self._look_at_line(data)
        elif _SIGNATURE.startswith(data[: len(_SIGNATURE)]):
            self._look_at_binary(data)
        else:
            raise ProxyHeaderError("Its connection does not begin with a PROXY header; is send-proxy-v2 set there?")

    def _look_at_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            if len(line) >= _LONGEST_LINE:
                raise ProxyHeaderError(f"The PROXY line is longer than {_LONGEST_LINE} bytes.")
            self.wanted = max(1, _SHORTEST_LINE - len(line))
            return
        match = _LINE.fullmatch(line)
        if match is None:
            raise ProxyHeaderError("The PROXY line is malformed.")
        family, source, destination, *ports = match.groups()
        if family is not None:
            self.source = _source(family, source, destination, [int(port) for port in ports])
        self.wanted = 0

    def _look_at_binary(self, data: bytes) -> None:
        if len(data) < _FIXED_BYTES:
            self.wanted = _FIXED_BYTES - len(data)
            return
        command, family = data[12], data[13]
        rest_bytes = int.from_bytes(data[14:16], "big")
        if command not in (_LOCAL, _PROXY) or (command == _PROXY and not _is_known(family, rest_bytes)):
            raise ProxyHeaderError("The PROXY header has a version, command, family or length that is not known.")
        if rest_bytes > _LONGEST_REST:
            raise ProxyHeaderError(f"The PROXY header is longer than {_FIXED_BYTES + _LONGEST_REST} bytes.")
        self.wanted = _FIXED_BYTES + rest_bytes - len(data)
        size = _ADDRESS_BYTES.get(family)
        if not self.wanted and command == _PROXY and size is not None:
            at = _FIXED_BYTES + 2 * size
            host = ipaddress.ip_address(data[_FIXED_BYTES : _FIXED_BYTES + size])
            self.source = Source(_plain(host), int.from_bytes(data[at : at + 2], "big"))


class Introduction:
    """Who a client is: whom the connection comes from, or whom the proxies in front of it name.

    A process that hands connections on through the socket file is in front of a proxy: then there are two headers.
    """

    def __init__(self, peer: object, is_proxy: Callable[[str], bool]) -> None:
        """`peer` is what the socket says: an address and a port, among others, or a text at a socket file."""
        self.client = Source(str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else Source("", 0)
        self._is_proxy = is_proxy
        self._header = ProxyHeader() if is_proxy(self.client.host) else None

    @property
    def wanted(self) -> int:
        """How many bytes belong to the headers for sure; 0 when the client is known."""
        return self._header.wanted if self._header else 0

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the headers, and return what comes behind them. Raises ProxyHeaderError."""
        while self._header is not None and data:
            data = self._header.feed(data)
            if not self._header.wanted:
                self._header = self._next(self._header.source)
        return data

    def _next(self, source: Source | None) -> ProxyHeader | None:
        if source is None:
            return None
        through_file, self.client = not self.client.host, source
        return ProxyHeader() if through_file and self._is_proxy(source.host) else None


def _is_known(family: int, rest_bytes: int) -> bool:
    if family in (_UNSPECIFIED, _SOCKET_FILE):
        return True
    return family in _ADDRESS_BYTES and rest_bytes >= 2 * _ADDRESS_BYTES[family] + 4


def _plain(host: IPAddress) -> str:
    """The address in its usual form: IPv4 may be written inside IPv6."""
    return str(getattr(host, "ipv4_mapped", None) or host)


def _source(family: bytes, source: bytes, destination: bytes, ports: list[int]) -> Source:
    parse = ipaddress.IPv4Address if family == b"TCP4" else ipaddress.IPv6Address
    try:
        host, _ = parse(source.decode()), parse(destination.decode())
    except ValueError as error:
        raise ProxyHeaderError("The PROXY line has an address that is none.") from error
    if max(ports) > 65_535:
        raise ProxyHeaderError("The PROXY line has a port that is none.")
    return Source(_plain(host), ports[0])


def written(source: tuple[str, int] | str, destination: tuple[str, int] | str) -> bytes:
    """The header, version 1, of a client whose connection has these ends: addresses as sockets name them."""
    if not isinstance(source, tuple):
        return b"PROXY UNKNOWN\r\n"
    hosts = f"{source[0].partition('%')[0]} {destination[0].partition('%')[0]}"
    return f"PROXY TCP{6 if ':' in hosts else 4} {hosts} {source[1]} {destination[1]}\r\n".encode()
