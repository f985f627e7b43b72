"""The port or socket file that a server listens on: taken early, opened later, left clean."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import stat
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kokoro_wyoming.config import TcpAddress, UnixAddress
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.server.systemd import inherited_socket

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_BACKLOG = 128
_EVERYWHERE = ((socket.AF_INET, ("0.0.0.0", 0)), (socket.AF_INET6, ("::", 0)))
_LACKING = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
"""What a machine without IPv6, or without IPv4, answers."""
_PORT_TRIES = 20
"""Any free port has to be free in both families."""
_FORBIDDEN = "this user may not; choose a port above 1023 or another folder with --uri"
_FOLDER_SECONDS = 2.0
"""Others may hold a folder's lock for reasons of their own, and for ever."""


class ListenError(KokoroWyomingError):
    """The address cannot be listened on."""


class Listener:
    """What a server listens on. Made by `bind`; nobody is let in before `open`."""

    def __init__(
        self, address: TcpAddress | UnixAddress, servers: Sequence[asyncio.Server], file: os.stat_result | None = None
    ) -> None:
        """`file` is the socket file that was made for it."""
        self._address = address
        self._servers = servers
        self._file = file

    @property
    def sockets(self) -> list[Any]:
        """asyncio's, which have `family`, `getsockname` and `getsockopt`."""
        return [sock for server in self._servers for sock in server.sockets]

    @property
    def address(self) -> TcpAddress | UnixAddress:
        """As it was asked for, with the real port where any free one was."""
        if isinstance(self._address, UnixAddress):
            return self._address
        return TcpAddress(self._address.host, self.sockets[0].getsockname()[1])

    @property
    def places(self) -> list[str]:
        """The address of each socket, in numbers."""
        if isinstance(self._address, UnixAddress):
            return [str(self._address)]
        return [str(TcpAddress(*sock.getsockname()[:2])) for sock in self.sockets]

    async def open(self) -> None:
        """Let clients in. Raises ListenError."""
        try:
            for server in self._servers:
                await server.start_serving()
        except OSError as error:
            raise listen_error(self._address, error) from error

    def close(self) -> None:
        """Let nobody in any more, and leave no socket file behind. May be called again."""
        if self._file is not None and isinstance(self._address, UnixAddress):
            # Before the socket is closed: until then no other server takes the file for a dead one and puts its own
            # in its place.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.lstat(self._address.path), self._file):
                    os.unlink(self._address.path)
            self._file = None
        for server in self._servers:
            server.close()


async def bind(address: TcpAddress | UnixAddress, accept: Accept) -> Listener:
    """Take the address, and let nobody in before `Listener.open`. Raises ListenError.

    No host is every address of this machine, IPv4 and IPv6. A socket file lets callers wait at once: one that refuses
    them would be taken for a dead one.
    """
    inherited = inherited_socket()
    try:
        if inherited is not None:
            address = TcpAddress(*inherited.getsockname()[:2])
            return Listener(address, [await asyncio.start_server(accept, sock=inherited, start_serving=False)])
        if isinstance(address, TcpAddress):
            bound = _bound(await _wanted(address), address.port)
            # asyncio would give each a port of its own where any is asked for.
            servers = [
                await asyncio.start_server(accept, sock=sock, start_serving=False, backlog=_BACKLOG) for sock in bound
            ]
            return Listener(address, servers)
        # asyncio would remove any socket file, dead or not.
        sock = _bound_file(Path(address.path))
        file = os.lstat(address.path)
        server = await asyncio.start_unix_server(accept, sock=sock, start_serving=False, backlog=_BACKLOG)
        return Listener(address, [server], file)
    except OSError as error:
        raise listen_error(address, error) from error


async def _wanted(address: TcpAddress) -> list[tuple[int, tuple[Any, ...]]]:
    """The families and addresses to listen on."""
    if not address.host:
        return list(_EVERYWHERE)
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(address.host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, where) for family, _, _, _, where in infos))


def _bound(wanted: Sequence[tuple[int, tuple[Any, ...]]], port: int) -> list[socket.socket]:
    """A socket for each address that this machine has, all with one port."""
    for left in reversed(range(_PORT_TRIES)):
        try:
            return _bound_once(wanted, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port or not left:
                raise
    raise AssertionError("the last try returns or raises")


def _bound_once(wanted: Sequence[tuple[int, tuple[Any, ...]]], port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as closing:
        bound: list[socket.socket] = []
        lacking: OSError | None = None
        for family, (host, _, *scope) in wanted:
            try:
                sock = closing.enter_context(socket.socket(family, socket.SOCK_STREAM))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    # Else it would take IPv4's too, and IPv4's own socket would find the port in use.
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind((host, port, *scope))
            except OSError as error:
                if error.errno not in _LACKING:
                    raise
                lacking = error
                continue
            port = sock.getsockname()[1]
            bound.append(sock)
        if lacking is not None and not bound:
            raise lacking
        closing.pop_all()
        return bound


def _bound_file(path: Path) -> socket.socket:
    with _alone_in(path.parent):
        _remove_dead_socket(path)
        with contextlib.ExitStack() as closing:
            sock = closing.enter_context(socket.socket(socket.AF_UNIX))
            sock.bind(str(path))
            sock.listen(_BACKLOG)
            closing.pop_all()
            return sock


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that of two servers that find a dead socket there one makes its own first."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # to bind will tell what is wrong
            file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, file)
            until = time.monotonic() + _FOLDER_SECONDS
            while not _locked(file) and time.monotonic() < until:
                time.sleep(0.01)
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_dead_socket(path: Path) -> None:
    """A socket file that a killed server left behind; one that somebody listens on stays, and bind tells."""
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        what = "what lies there is no socket; move it away or choose another address with --uri"
        raise ListenError(f"Cannot listen on unix://{path}: {what}.")
    with socket.socket(socket.AF_UNIX) as probe:
        # One for whom too many callers wait already says so at once, instead of having this one wait too.
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError:
            pass  # somebody is there, whoever it is


def listen_error(address: TcpAddress | UnixAddress, error: OSError) -> ListenError:
    """Why it cannot be listened on, and what to do."""
    reasons = {
        errno.EADDRINUSE: "another program already listens there; stop it or choose another address with --uri",
        errno.EACCES: _FORBIDDEN,
        errno.EPERM: _FORBIDDEN,
        errno.ENOENT: "there is no such folder; make it or choose another one with --uri",
        errno.EADDRNOTAVAIL: "this machine has no such address; tcp://:10200 is all of them",
        errno.EAFNOSUPPORT: "this machine has no IPv6; use tcp://:10200",
    }
    if isinstance(error, socket.gaierror):
        return ListenError(f"Cannot listen on {address}: its name is not known here ({error.strerror}).")
    reason = reasons.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
    return ListenError(f"Cannot listen on {address}: {reason}.")
