"""How a child of the benchmark speaks: one line of JSON for each answer, on a stdout of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable


def answers() -> Callable[[object], None]:
    """Take stdout away from everybody else, whose prints go to stderr from now on; returns the one way to write."""
    ours = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def answer(value: object) -> None:
        ours.write(json.dumps(value) + "\n")

    return answer
