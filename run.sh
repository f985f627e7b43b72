#!/usr/bin/env bash
# Starts the server; the first time, installs it into .venv. Arguments go to kokoro-wyoming: ./run.sh --help
# Environment: see scripts/setup_venv.sh (PYTHON, TORCH_INDEX_URL).
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd -P)
"$root/scripts/setup_venv.sh"
# In place of this shell, so that signals arrive.
exec "$root/.venv/bin/kokoro-wyoming" "$@"
