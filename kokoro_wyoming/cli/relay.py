"""`relay`: stand before servers or their balancer, and tell listeners where one dies in mid-speech."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

from kokoro_wyoming.errors import ConfigError

SUMMARY = "stand before servers or their balancer, and tell listeners when one dies"
DESCRIPTION = """\
Hand Wyoming clients on to a server or a balancer, and end their connections with an error event where a server dies in
mid-speech, so that nobody takes half a sentence for a whole one. Each connection begins with a PROXY header, which the
other side must expect: server.proxies here, accept-proxy in HAProxy. It needs no model.
"""
EXAMPLES = """\
examples:
  kokoro-wyoming relay --to tcp://haproxy:10200
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--uri", metavar="URI", default="tcp://:10200", help="where to listen (tcp://:10200)")
    parser.add_argument(
        "--to", metavar="URI", required=True, help="the server or balancer, such as tcp://haproxy:10200"
    )


def run(args: argparse.Namespace) -> int:
    from kokoro_wyoming.cli.serve import set_up_logging
    from kokoro_wyoming.config import TcpAddress, UnixAddress
    from kokoro_wyoming.config.addresses import parse_remote_uri, parse_uri
    from kokoro_wyoming.server.relay import relay

    def address(flag: str, uri: str, parse: Callable[[str], TcpAddress | UnixAddress]) -> TcpAddress | UnixAddress:
        try:
            return parse(uri)
        except ValueError as error:
            raise ConfigError(f"{flag}: `{uri}` {error}") from error

    set_up_logging("info")
    to = address("--to", args.to, parse_remote_uri)
    if not isinstance(to, TcpAddress):
        raise ConfigError(f"--to: `{args.to}` is no tcp:// address")
    asyncio.run(relay(address("--uri", args.uri, parse_uri), to))
    return 0
