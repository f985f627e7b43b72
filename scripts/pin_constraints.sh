#!/usr/bin/env bash
# Writes constraints.txt anew from setup.cfg: the newest releases that fit together on Linux and macOS, for every
# Python that setup.cfg admits. Needs uv. Run the tests on what comes out before committing it.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

requirements() {
    python3 - <<'PYTHON'
import configparser

setup = configparser.ConfigParser()
setup.read("setup.cfg")
for text in (setup["options"]["install_requires"], *setup["options.extras_require"].values()):
    for line in text.splitlines():
        if line and not line.startswith(("#", "kokoro-wyoming")):
            print(line.partition(" ; python_version")[0])
PYTHON
}

header() {
    cat <<'TEXT'
# The releases that the tests passed with, for Python 3.10 to 3.14; written by scripts/pin_constraints.sh.
# PyTorch's own needs for NVIDIA cards (nvidia-*, triton) are not listed: its metadata pins them, and its builds for
# the processor have none.
TEXT
}

# torch is held by hand: its builds differ too much to follow each release unheard.
requirements | sed 's/^torch.*/torch==2.13.0/' |
    uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate - |
    grep -Ev "^(nvidia|cuda|triton)-?|(sys_platform|os_name) == '(win32|emscripten|nt)'" |
    sed -E "s/ ; sys_platform != '(emscripten|win32)'$//; s/ and sys_platform != '(emscripten|win32)'//" |
    { header && cat; } >constraints.txt.new
mv constraints.txt.new constraints.txt
