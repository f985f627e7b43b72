"""A real AirPlay receiver, shairport-sync, with its sound in a file.

It does not start without Avahi. So it gets a D-Bus and an Avahi of its own: Avahi in namespaces, where it takes itself
for the only one of the machine, and where its user is the one that runs the tests.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.namespaces import CAN_MAKE_NAMESPACES, NAMESPACES
from tests.speakers.announcing import samples_of

PROGRAMS = ("shairport-sync", "avahi-daemon", "dbus-daemon")
_MISSING = [program for program in PROGRAMS if not shutil.which(program)]
WHY_NOT = (
    f"speech on AirPlay is not tested: {' and '.join(_MISSING)} not here; Debian has them"
    if _MISSING
    else "speech on AirPlay is not tested: pyatv is not here"
    if find_spec("pyatv") is None
    else None
    if CAN_MAKE_NAMESPACES
    else "speech on AirPlay is not tested: Avahi needs leave for namespaces"
)
RATE_HZ = 44_100
_PATIENCE_SECONDS = 60
_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow own="*"/>
<allow send_type="method_call"/><allow send_type="method_return"/><allow send_type="error"/><allow send_type="signal"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/></policy></busconfig>
"""
_AVAHI = """\
mount -t tmpfs none /run && mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group &&
{ ip link set lo up; true; } && exec avahi-daemon -f "$0/avahi.conf" --no-drop-root --no-chroot --no-rlimits
"""


@dataclass
class Shairport:
    """One receiver."""

    process: subprocess.Popen[bytes]
    port: int
    pcm: Path

    @property
    def samples(self) -> NDArray[np.float32]:
        """What it has played so far, at 24 kHz."""
        return samples_of(self.pcm.read_bytes(), RATE_HZ)

    def is_sounding(self) -> bool:
        """Whether it has played anything but silence."""
        return bool(self.pcm.read_bytes().strip(b"\0"))


@contextlib.contextmanager
def avahi(folder: Path, *, in_this_network: bool = False) -> Iterator[dict[str, str]]:
    """A D-Bus with Avahi on it; gives the environment for programs that use it. Nobody else hears of it, as it is in a
    network of its own, unless it is to be in this one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bus = folder / "bus"
    (folder / "bus.conf").write_text(_BUS.format(path=bus))
    (folder / "avahi.conf").write_text("[server]\nhost-name=trial\nuse-ipv6=no\nenable-dbus=yes\n")
    (folder / "passwd").write_text("root:x:0:0::/:/bin/sh\navahi:x:0:0::/:/bin/false\n")
    (folder / "group").write_text("root:x:0:\navahi:x:0:\nnetdev:x:0:\n")
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}"}
    log = folder / "avahi.log"
    dbus = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--nopidfile"]
    with _running(dbus, environment, folder / "dbus.log"):
        _wait_until(bus.exists)
        namespaces = [name for name in NAMESPACES if not (in_this_network and name == "--net")]
        with _running([*namespaces, "sh", "-c", _AVAHI, str(folder)], environment, log):
            _wait_until(lambda: b"startup complete" in log.read_bytes())
            yield environment


@contextlib.contextmanager
def shairport(folder: Path, environment: dict[str, str], *options: str) -> Iterator[Shairport]:
    """A receiver that nothing plays on."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["shairport-sync", "-c", "/dev/null", "-p", str(port), "-a", f"Trial {port}", "-o", "stdout", *options]
    pcm = folder / "played.pcm"
    with _running(command, environment, folder / "log", pcm) as process:
        _wait_until(lambda: _answers(port))
        yield Shairport(process, port, pcm)


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], log: Path, out: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as told, (out or log).open("ab" if out is None else "wb") as played:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=played, stderr=told)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
