"""The port or socket file that a server listens on: taken early, opened later, left clean."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from kokoro_wyoming.config import TcpAddress, UnixAddress
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.supervision import inherited_socket

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ListenError(KokoroWyomingError):
    """The address cannot be listened on."""


async def bind(address: TcpAddress | UnixAddress, accept: Accept) -> asyncio.Server:
    """Take the address, and let nobody in before `start_serving`. Raises ListenError."""
    inherited = inherited_socket()
    try:
        if inherited is not None:
            return await asyncio.start_server(accept, sock=inherited, start_serving=False)
        if isinstance(address, TcpAddress):
            return await asyncio.start_server(accept, address.host, address.port, start_serving=False, backlog=128)
        _remove_dead_socket(Path(address.path))
        return await asyncio.start_unix_server(accept, address.path, start_serving=False)
    except OSError as error:
        raise listen_error(address, error) from error


def _remove_dead_socket(path: Path) -> None:
    """A socket file that a killed server left behind; one that somebody listens on stays, and bind tells."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def remove_socket(address: TcpAddress | UnixAddress) -> None:
    """Leave no socket file behind."""
    if isinstance(address, UnixAddress):
        Path(address.path).unlink(missing_ok=True)


def listen_error(address: TcpAddress | UnixAddress, error: OSError) -> ListenError:
    """Why it cannot be listened on, and what to do."""
    reasons = {
        errno.EADDRINUSE: "another program already listens there; stop it or choose another port with --uri",
        errno.EACCES: "this user may not; choose a port above 1023 or another folder with --uri",
        errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 is all of them",
        errno.EAFNOSUPPORT: "this machine has no IPv6; use tcp://0.0.0.0:10200",
    }
    reason = reasons.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
    return ListenError(f"Cannot listen on {address}: {reason}.")
