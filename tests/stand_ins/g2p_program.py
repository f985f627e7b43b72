"""A stand-in for a G2P of the owner's: it answers each line with the line in capitals between two signs of stress.

`g2p_program.py FOLDER` notes each of its starts and ends as files in that folder. Words in a line have it fail.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    """Answer until the end of the input."""
    (folder / f"started-{os.getpid()}").touch()
    print("ready", file=sys.stderr, flush=True)
    for line in sys.stdin:
        words = line.split()
        if "dies" in words and len([*folder.glob("started-*")]) < 2:
            sys.exit(3)
        if "deadly" in words:
            sys.exit(4)
        if "slow" in words:
            (folder / "asked-to-be-slow").touch()
            time.sleep(60)
        if "endless" in words:
            print("x" * 40_000, flush=True)
            continue
        if "twice" in words:
            print("one\ntwo", flush=True)
            continue
        if "again" in words:
            print("one", flush=True)
            time.sleep(0.2)
        if "talks" in words:
            print("m" * 1_000, file=sys.stderr, flush=True)
        if "bytes" in words:
            sys.stdout.buffer.write(b"\xff\xfe ok\n")
            sys.stdout.buffer.flush()
            continue
        print(" ".join(f"ˈ{word.upper()}" for word in words), flush=True)
    (folder / f"ended-{os.getpid()}").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
