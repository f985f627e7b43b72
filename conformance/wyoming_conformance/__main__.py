"""wyoming-conformance tcp://HOST:PORT [--patience SECONDS]"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from wyoming_conformance import Server, __version__, try_all
from wyoming_conformance.line import address_of

_DESCRIPTION = "Plays Home Assistant's exchanges to a Wyoming text-to-speech server and says what a house would suffer."
_EPILOG = "exit status: 0 all is as Home Assistant needs it; 1 there are faults; 2 wrong usage; 130 interrupted"


async def _run(server: Server) -> int:
    faults = count = 0
    async for finding in try_all(server):
        print(finding, flush=True)
        count += 1
        faults += finding.fault is not None
    print(f"{count - faults} of {count} exchanges are as Home Assistant needs them")
    return 1 if faults else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Try the server that the command line names, and return the exit status."""
    parser = argparse.ArgumentParser(prog="wyoming-conformance", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("uri", help="of the server, such as tcp://192.168.1.10:10200")
    parser.add_argument("--patience", type=float, default=30.0, metavar="SECONDS", help="without any event (30)")
    parser.add_argument("--version", action="version", version=f"wyoming-conformance {__version__}")
    args = parser.parse_args(argv)
    try:
        host, port = address_of(args.uri)
    except ValueError as error:
        parser.error(str(error))
    if not args.patience > 0:
        parser.error("--patience must be more than 0 seconds")
    try:
        return asyncio.run(_run(Server(host, port, args.patience)))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
