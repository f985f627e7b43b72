"""`python -m kokoro_wyoming` is the command `kokoro-wyoming`."""

import sys

from kokoro_wyoming.cli import main

if __name__ == "__main__":
    sys.exit(main())
