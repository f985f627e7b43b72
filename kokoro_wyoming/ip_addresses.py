"""IP addresses and networks of both families."""

from __future__ import annotations

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def in_url(host: str) -> str:
    """A host as it stands in a URL: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def parse_address(host: str) -> IPAddress:
    """A numeric address as the system writes it, link-local ones with their interface: "fe80::1%eth0"."""
    return ipaddress.ip_address(host.partition("%")[0])
