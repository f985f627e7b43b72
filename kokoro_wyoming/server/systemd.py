"""What systemd is told, and the socket that it hands over: sd_notify(3) and sd_listen_fds(3)."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify(*states: str) -> None:
    """Tell systemd these states, such as "READY=1". Does nothing without systemd, and never fails."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    # "@" stands for the NUL of an abstract name.
    address = f"\0{path[1:]}" if path[0] == "@" else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        line.sendto("\n".join(states).encode(), address)


def reloading() -> None:
    """Tell systemd that the settings are being read anew. "READY=1" tells the end of it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def inherited_socket() -> socket.socket | None:
    """The first listening socket that systemd opened for this process; None where it opened none for TCP."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS", "0") == "0":
        return None
    inherited = socket.socket(fileno=3)
    # The server makes its socket file itself, and removes it.
    return inherited if inherited.family in (socket.AF_INET, socket.AF_INET6) else None
