"""The soak, for seconds: good, slow, rude and dying clients at once. `python -m tests.soak` is for longer."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT


@pytest.mark.long
def test_whoever_else_is_in_the_house_no_sound_is_lost_and_nothing_is_left_behind() -> None:
    command = (sys.executable, "-m", "tests.soak", "--minutes", "0.05", "--seed", "1")
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost sound                         0" in done.stdout
    assert "errors, unlucky: internal" in done.stdout
