#!/usr/bin/env bash
# Runs the tests; arguments go to pytest: ./test.sh -k discovery
# The first time it installs what they need into .venv, fetches Kokoro's real weights and voices, and whisper-base to
# listen to them. ruff, mypy, the import contracts and the linters of scripts and Dockerfile run as tests.
# Several checkouts share the fetched files when KOKORO_WYOMING_TEST_DATA and KOKORO_WYOMING_TEST_WHISPER name folders.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd -P)
data=${KOKORO_WYOMING_TEST_DATA:-$root}
whisper=${KOKORO_WYOMING_TEST_WHISPER:-$root/.cache/whisper-base}
"$root/scripts/setup_venv.sh" dev
KOKORO_WYOMING_HOME=$data "$root/.venv/bin/kokoro-wyoming" fetch
"$root/.venv/bin/python" "$root/scripts/fetch_whisper.py" "$whisper"
cd "$root"
exec .venv/bin/python -m pytest "$@"
