"""The port or socket file of a server: bound early, opened later, removed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import select
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
"""Errors of a machine without IPv6, or without IPv4."""
_PORT_TRIES = 20
"""Tries to find a port that is free in IPv4 and IPv6."""
_FORBIDDEN = "this user may not; choose a port above 1023 or another folder with {flag}"
_LAST_ROUNDS = 100
"""Most rounds of the event loop to accept the clients that wait at a port before it is closed; in a crowd more come all
the time."""
_QUIET_ROUNDS = 10
"""Rounds without a new client before that: more than asyncio takes from accepting one to its transport. It drops a
client whose port is closed in between."""
_SETTLE_SECONDS = 0.05
"""More than asyncio takes from a transport to the protocol's first step."""
_FOLDER_SECONDS = 2.0
"""Longest wait for a folder's lock, which another program may hold for ever."""


class ListenError(KokoroWyomingError):
    """The address cannot be listened on."""


class Listener:
    """The sockets that a server listens on. Made by `bind`; accepts no client before `open`."""

    def __init__(
        self,
        address: TcpAddress | UnixAddress,
        servers: Sequence[asyncio.Server],
        file: os.stat_result | None = None,
        flag: str = "--uri",
    ) -> None:
        """`file` is the socket file that `bind` made, if any; `flag` the flag that chooses the address."""
        self._flag = flag
        self._servers = servers
        self.address = address
        """The address that was asked for, with the real port in place of port 0."""
        if isinstance(address, TcpAddress):
            self.address = TcpAddress(address.host, self.sockets[0].getsockname()[1])
        self._file = file

    @property
    def sockets(self) -> list[Any]:
        """asyncio's sockets, which have `family`, `getsockname` and `getsockopt`."""
        return [sock for server in self._servers for sock in server.sockets]

    @property
    def places(self) -> list[str]:
        """The numeric address of each socket."""
        if isinstance(self.address, UnixAddress):
            return [str(self.address)]
        return [str(TcpAddress(*sock.getsockname()[:2])) for sock in self.sockets]

    async def open(self) -> None:
        """Accept clients. Raises ListenError."""
        try:
            for server in self._servers:
                await server.start_serving()
        except OSError as error:
            raise listen_error(self.address, error, self._flag) from error

    async def finish(self) -> None:
        """Accept the clients that wait at the port, and then no more. After it all of them have their protocol."""
        waiting = select.poll()
        for sock in self.sockets:
            waiting.register(sock.fileno(), select.POLLIN)
        quiet_rounds = 0
        for _ in range(_LAST_ROUNDS):
            quiet_rounds = 0 if any(what & select.POLLIN for _, what in waiting.poll(0)) else quiet_rounds + 1
            if quiet_rounds > _QUIET_ROUNDS:
                break
            await asyncio.sleep(0)
        self.close()
        await asyncio.sleep(_SETTLE_SECONDS)

    def close(self) -> None:
        """Accept no more clients, and remove the socket file. May be called again."""
        if self._file is not None and isinstance(self.address, UnixAddress):
            # The file is removed first. Once the socket is closed, another server may take the file for a dead one and
            # put its own in its place.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.lstat(self.address.path), self._file):
                    os.unlink(self.address.path)
            self._file = None
        for server in self._servers:
            server.close()


async def bind(address: TcpAddress | UnixAddress, accept: Accept) -> Listener:
    """As `bind_protocol`, for a protocol over streams; the socket that systemd hands over comes before the address."""

    def streams() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), accept)

    inherited = inherited_socket()
    if inherited is None:
        return await bind_protocol(address, streams)
    server = await asyncio.get_running_loop().create_server(streams, sock=inherited, start_serving=False)
    return Listener(TcpAddress(*inherited.getsockname()[:2]), [server])


async def bind_protocol(
    address: TcpAddress | UnixAddress, protocol: Callable[[], asyncio.BaseProtocol], flag: str = "--uri"
) -> Listener:
    """Bind the address; `Listener.open` accepts clients later. Raises ListenError.

    Without a host it is every address of this machine, IPv4 and IPv6. At a socket file, clients wait from now on:
    another server would take a file that refuses them for a dead one. `protocol` makes asyncio's protocol of each
    client; `flag` is the flag that chooses the address, for messages.
    """
    loop = asyncio.get_running_loop()
    try:
        if isinstance(address, TcpAddress):
            bound = _bind_all(await _addresses_of(address), address.port)
            # Where any free port is asked for, asyncio would give each socket another port.
            servers = [
                await loop.create_server(protocol, sock=sock, start_serving=False, backlog=_BACKLOG) for sock in bound
            ]
            return Listener(address, servers, flag=flag)
        # asyncio would remove any socket file, dead or not.
        sock = _bind_file(Path(address.path), flag)
        file = os.lstat(address.path)
        server = await loop.create_unix_server(protocol, sock=sock, start_serving=False, backlog=_BACKLOG)
        return Listener(address, [server], file, flag)
    except OSError as error:
        raise listen_error(address, error, flag) from error


async def _addresses_of(address: TcpAddress) -> list[tuple[int, tuple[Any, ...]]]:
    """The address families and socket addresses to listen on."""
    if not address.host:
        return list(_EVERYWHERE)
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(address.host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, where) for family, _, _, _, where in infos))


def _bind_all(wanted: Sequence[tuple[int, tuple[Any, ...]]], port: int) -> list[socket.socket]:
    """A socket for each address whose family this machine has, all with one port."""
    for left in reversed(range(_PORT_TRIES)):
        try:
            return _try_to_bind(wanted, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port or not left:
                raise
    raise AssertionError("the last try returns or raises")


def _try_to_bind(wanted: Sequence[tuple[int, tuple[Any, ...]]], port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as closing:
        bound: list[socket.socket] = []
        lacking: OSError | None = None
        for family, (host, _, *scope) in wanted:
            try:
                sock = closing.enter_context(socket.socket(family, socket.SOCK_STREAM))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    # Else this socket would take IPv4 too, and the IPv4 socket would find the port in use.
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


def _bind_file(path: Path, flag: str) -> socket.socket:
    with _folder_lock(path.parent):
        _remove_dead_socket(path, flag)
        with contextlib.ExitStack() as closing:
            sock = closing.enter_context(socket.socket(socket.AF_UNIX))
            sock.bind(str(path))
            sock.listen(_BACKLOG)
            closing.pop_all()
            return sock


@contextlib.contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: of two servers that find a dead socket file in it, only one replaces it."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # bind will report what is wrong
            file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, file)
            until = time.monotonic() + _FOLDER_SECONDS
            while not _try_lock(file) and time.monotonic() < until:
                time.sleep(0.01)
        yield


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_dead_socket(path: Path, flag: str) -> None:
    """Remove the socket file that a killed server left behind. If a server still listens on it, bind fails later."""
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        what = f"the file there is not a socket; move it away or choose another address with {flag}"
        raise ListenError(f"Cannot listen on unix://{path}: {what}.")
    with socket.socket(socket.AF_UNIX) as probe:
        # A server with a full queue of clients answers at once with an error, instead of making this one wait.
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError:
            pass  # some program listens there


def listen_error(address: TcpAddress | UnixAddress, error: OSError, flag: str = "--uri") -> ListenError:
    """The error with its reason, and with what the user can do."""
    everywhere = TcpAddress("", address.port) if isinstance(address, TcpAddress) else address
    forbidden = _FORBIDDEN.format(flag=flag)
    reasons = {
        errno.EADDRINUSE: f"another program already listens there; stop it or choose another address with {flag}",
        errno.EACCES: forbidden,
        errno.EPERM: forbidden,
        errno.ENOENT: f"there is no such folder; make it or choose another one with {flag}",
        errno.EADDRNOTAVAIL: f"this machine has no such address; {everywhere} is all of them",
        errno.EAFNOSUPPORT: f"this machine has no IPv6; use {everywhere}",
    }
    if isinstance(error, socket.gaierror):
        return ListenError(f"Cannot listen on {address}: its name is not known here ({error.strerror}).")
    reason = reasons.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
    return ListenError(f"Cannot listen on {address}: {reason}.")
