"""Addresses to listen on and to connect to, and networks that may speak."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from kokoro_wyoming.ip_addresses import IPNetwork, in_url

# Written out, as Python's is_private takes in documentation, benchmarking and reserved networks too.
_HOME = (
    *("127.0.0.0/8", "::1/128"),  # this machine
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # private, RFC 1918
    *("169.254.0.0/16", "fe80::/10"),  # link-local
    "fc00::/7",  # unique local
)

SOCKET = "socket"
"""The word of `server.proxies` for whoever connects through a socket file."""

_WORDS = {"home": _HOME, "any": ("0.0.0.0/0", "::/0")}

_MAX_UNIX_PATH_BYTES = 107
"""sockaddr_un has 108 bytes on Linux, the last of them a NUL."""

EXAMPLE = "write tcp://:10200, for example"


@dataclass(frozen=True)
class TcpAddress:
    host: str
    """Name or IP address, IPv6 without brackets; empty for a server on every address of its machine."""
    port: int
    """0 to 65535; 0 is any free port, for a server."""

    def __str__(self) -> str:
        return f"tcp://{in_url(self.host)}:{self.port}"


@dataclass(frozen=True)
class UnixAddress:
    path: str
    """Absolute path of a Unix domain socket."""

    def __str__(self) -> str:
        return f"unix://{self.path}"


def parse_uri(uri: str) -> TcpAddress | UnixAddress:
    """Take apart `tcp://host:port`, `tcp://:port` or `unix:///path`.

    Raises ValueError with the end of a sentence that begins with the URI ("has no port; ...").
    """
    # urlsplit drops tabs and line breaks silently.
    if not uri.isprintable() or " " in uri:
        raise ValueError(f"has blanks or unprintable characters in it; {EXAMPLE}")
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise ValueError(f"has brackets in the wrong place; {EXAMPLE}, or tcp://[::]:10200") from error
    if parts.query or parts.fragment:
        raise ValueError(f"has more in it than an address (? or #); {EXAMPLE}")
    if parts.scheme == "tcp" and "://" in uri:
        return _tcp_address(parts)
    if parts.scheme == "unix" and "://" in uri:
        return _unix_address(parts)
    raise ValueError(f"does not begin with tcp:// or unix://; {EXAMPLE}")


def parse_remote_uri(uri: str) -> TcpAddress | UnixAddress:
    """As `parse_uri`, for an address to connect to: it must have a host."""
    address = parse_uri(uri)
    if isinstance(address, TcpAddress) and not address.host:
        raise ValueError(f"has no host; write tcp://kitchen:{address.port} or tcp://192.168.1.20:{address.port}")
    return address


def _tcp_address(parts: SplitResult) -> TcpAddress:
    if parts.path not in ("", "/") or parts.username is not None:
        raise ValueError(f"has more in it than host and port; {EXAMPLE}")
    if parts.netloc.count(":") > 1 and "[" not in parts.netloc:
        raise ValueError("is an IPv6 address without brackets; write tcp://[::]:10200, for example")
    if not parts.hostname and parts.netloc[:1] not in ("", ":"):
        raise ValueError(f"has an empty host; {EXAMPLE}, which is every address of this machine")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("has a port that is not a number from 0 to 65535") from error
    if port is None:
        raise ValueError(f"has no port; write tcp://{parts.netloc.rstrip(':')}:10200, for example")
    return TcpAddress(parts.hostname or "", port)


def _unix_address(parts: SplitResult) -> UnixAddress:
    if parts.netloc or len(parts.path) < 2:
        raise ValueError("is not an absolute path; write unix:///run/kokoro.sock, with three slashes")
    if len(parts.path.encode()) > _MAX_UNIX_PATH_BYTES:
        raise ValueError(f"is too long for a socket; a path has at most {_MAX_UNIX_PATH_BYTES} bytes")
    return UnixAddress(parts.path)


def networks_of(word: str) -> tuple[IPNetwork, ...]:
    """The networks that a word of `server.allow` stands for.

    Raises ValueError with the end of a sentence that begins with the word.
    """
    try:
        return tuple(ipaddress.ip_network(network) for network in _WORDS.get(word, (word,)))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(word, strict=False)
    except ValueError:
        raise ValueError("is neither a network, such as 192.168.1.0/24, nor `home` nor `any`") from None
    raise ValueError(f"is an address within a network; write {meant}, or the address alone")
