"""`kokoro-wyoming` without a model, which is told to stop as soon as it is ready."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from kokoro_wyoming.cli import main, standard


def _stop(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    standard.mend()  # as `main` does, before anything heavy is imported
    from tests.stand_ins import beep_program

    beep_program.stand_in()
    from kokoro_wyoming.server.lifecycle import Server

    server: Any = Server
    server._log_ready = _stop
    sys.exit(main())
