"""`python -m kokoro_wyoming.bench.leash MODULE ARGUMENT...`: runs a module that ends with whoever started it.

However the starter ends, even killed, its end of our stdin closes: nothing is ever left running.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, name="leash", daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
