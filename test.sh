#!/usr/bin/env bash
# Runs the tests; arguments go to pytest: ./test.sh -k discovery
# The first time it installs what they need into .venv, fetches Kokoro's real weights and voices, and whisper-base to
# listen to them. ruff, mypy, the import contracts and the linters of scripts and Dockerfile run as tests.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd -P)
"$root/scripts/setup_venv.sh" dev
"$root/.venv/bin/kokoro-wyoming" fetch
"$root/.venv/bin/python" "$root/scripts/fetch_whisper.py" "$root/.cache/whisper-base"
cd "$root"
exec .venv/bin/python -m pytest "$@"
