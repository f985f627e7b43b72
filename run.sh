#!/usr/bin/env bash
# Starts the server; the first time, installs it into .venv. Arguments go to kokoro-wyoming: ./run.sh --help
# As the first argument, --gpu has PyTorch's build for NVIDIA cards installed, even where no card is found.
# Environment: see scripts/setup_venv.sh (PYTHON, TORCH, TORCH_INDEX_URL).
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd -P)
[[ ${1:-} != --gpu ]] || { export TORCH=cuda && shift; }
"$root/scripts/setup_venv.sh"
# Python finds a package at such a path only where it takes paths for UTF-8, which it does not in every locale.
[[ $root != *[![:ascii:]]* ]] || export PYTHONUTF8=1
# In place of this shell, so that signals arrive.
exec "$root/.venv/bin/kokoro-wyoming" "$@"
