"""Advertises the server on the local network (zeroconf), so that Home Assistant finds it."""

from kokoro_wyoming.server.discovery.addresses import listening_hosts, networks_near
from kokoro_wyoming.server.discovery.advertiser import Advertiser

__all__ = ["Advertiser", "listening_hosts", "networks_near"]
