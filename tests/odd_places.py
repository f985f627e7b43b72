"""Odd places for programs that tests start: disks, users and locales that few machines have."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

MOUNTS = ("unshare", "--mount", "--user", "--map-root-user", "sh", "-c")
"""What a command that mounts disks of its own begins with; a script for `sh` and its arguments follow."""
NAMELESS = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
"""What a command begins with that runs as a user whom no list of users has."""
READ_ONLY = "mount -o remount,bind,ro / && for disk in /tmp /dev/shm; do \
! mountpoint -q $disk || mount -o remount,bind,ro,nosuid,nodev $disk; done;"
"""What a script for `sh` begins with that makes the disk read-only, also where /tmp is a disk of its own."""
ASCII_ONLY = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale without letters beyond ASCII, which Python is kept from replacing."""
ODD_NAME = "Zoë's Häuser 猫"


@contextlib.contextmanager
def files_limited(max_bytes: int) -> Iterator[None]:
    """The system lets no file of this process grow beyond so many bytes, as a quota or a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
