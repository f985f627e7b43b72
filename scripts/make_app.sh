#!/usr/bin/env bash
# Makes a folder that Home Assistant's Supervisor builds the app from on its own machine, where no image is published:
# the files of the app, the sources, and one Dockerfile of both.
#
#   scripts/make_app.sh kokoro_wyoming    then copy that folder into the local apps ("addons") of Home Assistant
set -euo pipefail

checkout=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -ne 1 ] || [ -e "$1" ]; then
    echo "usage: scripts/make_app.sh FOLDER, which is not there yet" >&2
    exit 2
fi

mkdir -p "$1/rootfs"
cp -R "$checkout/app/." "$1"
# What the server's image is built from, as .dockerignore has it. In a folder of this name the Supervisor looks for no other app.
sed -n 's/^!//p' "$checkout/.dockerignore" |
    tar -C "$checkout" --exclude __pycache__ -cf - -T - | tar -C "$1/rootfs" -xf -

# The app's part comes after the server's, on top of its last stage.
{
    sed "s/^COPY \. \.\$/COPY rootfs ./" "$checkout/Dockerfile"
    echo
    sed -n '/^FROM/,$p' "$checkout/app/Dockerfile" | sed 's/^FROM .*/FROM server/'
} > "$1/Dockerfile"
