"""python -m tests.conformance tcp://HOST:PORT [--patience SECONDS]"""

from __future__ import annotations

import argparse
import asyncio
import sys
from urllib.parse import urlsplit

from tests.conformance.kit import try_all
from tests.conformance.line import Server


async def _run(server: Server) -> int:
    faults = count = 0
    async for finding in try_all(server):
        print(finding, flush=True)
        count += 1
        faults += finding.fault is not None
    print(f"{count - faults} of {count} exchanges are as Home Assistant needs them")
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("uri", help="of the server, such as tcp://192.168.1.10:10200")
    parser.add_argument("--patience", type=float, default=30.0, metavar="SECONDS", help="without any event (30)")
    args = parser.parse_args()
    address = urlsplit(args.uri)
    if address.scheme != "tcp" or not address.hostname or not address.port:
        parser.error("the address must be tcp://HOST:PORT")
    return asyncio.run(_run(Server(address.hostname, address.port, args.patience)))


if __name__ == "__main__":
    sys.exit(main())
