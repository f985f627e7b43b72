"""Networks of a test's own, in namespaces of Linux."""

from __future__ import annotations

import shutil
import subprocess

import pytest

NAMESPACES = ("unshare", "--net", "--mount", "--user", "--map-root-user")
"""What a command that runs in a network of its own begins with."""


def can_make_namespaces() -> bool:
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode == 0


CAN_MAKE_NAMESPACES = can_make_namespaces()
needs_namespaces = pytest.mark.skipif(not CAN_MAKE_NAMESPACES, reason="needs Linux, iproute2 and leave for namespaces")
