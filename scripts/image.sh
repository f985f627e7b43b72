#!/usr/bin/env bash
# Builds the container's image on Debian or Ubuntu without a container registry, and tries what it promises. As root.
#
#   scripts/image.sh base                      the name of the base
#   scripts/image.sh probe                     can images be built and run here at all?
#   scripts/image.sh [build] [try] [sizes]     all three unless some are named; scripts/try_image.sh says what is tried
#
# The base that the Dockerfile asks for is made of Debian's own packages, as a stand-in for the official Python image. An
# image of that name that is there already, such as one that was pulled, is taken instead.
#
# needs: buildah, podman, runc and mmdebstrap of the distribution's packages
# environment:
#   KOKORO_LANGUAGES            as in the Dockerfile
#   KOKORO_WYOMING_TEST_DATA    the folder in which models/ and voices/ lie; otherwise this checkout
#   IMAGE                       the image's name; kokoro-wyoming unless set. The one that had it before becomes
#                               IMAGE:previous, and its volumes are upgraded
#   IMAGE_WORK                  a folder for what is written on the way; otherwise a temporary one
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
image=${IMAGE:-kokoro-wyoming}
work=${IMAGE_WORK:-$(mktemp -d)}
# The best known image of the kind has 1.56 GB.
most_bytes=1600000000
most_bytes_english=1300000000
mkdir -p "$work"
[[ -n ${IMAGE_WORK:-} ]] || trap 'rm -rf "$work"' EXIT

die() {
    printf 'image.sh: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '%s\n' "$@"
}

needs() {
    local program
    [[ $(id -u) == 0 ]] || die "it must be run as root, as it makes file systems."
    for program in "$@"; do
        command -v "$program" >/dev/null || die "$program is needed: apt install buildah podman runc mmdebstrap"
    done
}

# The name after the Dockerfile's FROM, such as python:3.11-slim-bookworm.
base_name() {
    local version
    version=$(sed -n 's/^ARG PYTHON_VERSION=//p' "$root/Dockerfile")
    sed -n "s/^FROM \(\S*\) AS build$/\1/p" "$root/Dockerfile" | sed "s/\${PYTHON_VERSION}/$version/"
}

# The release of Debian is the last word of the base's name; its own Python must be the one that is asked for.
make_base() {
    local name=$1 release=${1##*-}
    ! buildah inspect --type image "$name" >/dev/null 2>&1 || return 0
    needs mmdebstrap
    local mirrors
    # Where this machine's own sources have that release, they say which mirror it can reach.
    mapfile -t mirrors < <(grep -lsw "$release" /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources | head -n 1)
    say "Making a stand-in for $name of Debian's packages ..."
    # As in the official one, without manuals and translations.
    mmdebstrap --variant=minbase --include=ca-certificates,netbase,python3-venv,tzdata \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$release" "$work/base.tar" "${mirrors[@]}" 2>"$work/base.log" ||
        die "the base could not be made: $(tail -n 3 "$work/base.log")"
    local container
    container=$(buildah from --format docker scratch)
    buildah add --quiet "$container" "$work/base.tar" / >/dev/null
    buildah config --cmd python3 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        --comment "a stand-in for $name, made by scripts/image.sh of Debian's packages" "$container"
    buildah commit --quiet --format docker "$container" "localhost/$name" >/dev/null
    buildah rm "$container" >/dev/null
    rm "$work/base.tar"
}

# pip's settings of this machine as one file, and the folders and files on it that they name.
pip_settings() {
    local key value path
    : >"$work/pip_paths"
    say "[global]" >"$work/pip.conf"
    while IFS="=" read -r key value; do
        value=${value#\'} && value=${value%\'}
        say "${key##*.} = $value" >>"$work/pip.conf"
        for path in $value; do
            path=${path#file://} && path=${path%/simple}
            [[ $path != /* || ! -e $path ]] || say "$path" >>"$work/pip_paths"
        done
    done < <(python3 -m pip config list | awk -F= '/^(:env:|global)\./ { key = $1; sub(/.*\./, "", key); if (!seen[key]++) print }')
}

probe() {
    needs buildah podman runc
    local name
    name=$(base_name)
    make_base "$name"
    podman --runtime runc --log-level fatal run --rm --network none --memory 1g --ulimit nofile=1024:1024 \
        --ulimit nproc=1024:1024 "$name" python3 -m venv /tmp/tried
}

build() {
    needs buildah
    local name version started=$SECONDS flags
    name=$(base_name)
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$root/kokoro_wyoming/__init__.py")
    make_base "$name"
    pip_settings
    mapfile -t flags < <(sed 's/.*/--volume=&:&:ro/' "$work/pip_paths")
    ! buildah inspect --type image "localhost/$image" >/dev/null 2>&1 ||
        buildah tag "localhost/$image" "localhost/$image:previous"
    say "Building $image $version ..."
    buildah bud --isolation chroot --format docker --pull-never "${flags[@]}" \
        --volume="$work/pip.conf:/etc/pip.conf:ro" --build-arg KOKORO_LANGUAGES="${KOKORO_LANGUAGES:-}" --label org.opencontainers.image.version="$version" \
        --tag "localhost/$image" "$root" >"$work/build.log" 2>&1 || die "the build failed: $(tail -n 20 "$work/build.log")"
    say "Built in $((SECONDS - started)) s."
}

# Where the megabytes are, and whether they are no more than is promised.
sizes() {
    needs buildah podman
    local container mounted packages bytes most=$most_bytes
    [[ ${KOKORO_LANGUAGES:-} != en ]] || most=$most_bytes_english
    container=$(buildah from --pull-never "localhost/$image")
    mounted=$(buildah mount "$container")
    packages=$(echo "$mounted"/opt/kokoro-wyoming/.venv/lib/python3*/site-packages)
    bytes=$(podman image inspect --format '{{.Size}}' "localhost/$image")
    say "| MB | what |" "|---|---|"
    say "| $((bytes / 1000000)) | the image |"
    say "| $((($(bytes_in "$mounted") - $(bytes_in "$mounted/opt/kokoro-wyoming")) / 1000000)) | its base: Debian and Python |"
    say "| $(($(bytes_in "$packages") / 1000000)) | all packages, of them: |"
    du --apparent-size --block-size=1 --max-depth=1 "$packages" | sort -rn |
        awk 'NR > 1 && NR <= 21 { sub(".*/", "", $2); printf "| %.0f | %s |\n", $1 / 1e6, $2 }'
    buildah rm "$container" >/dev/null
    [[ $bytes -le $most ]] || die "the image has $((bytes / 1000000)) MB, more than $((most / 1000000))."
}

try_it() {
    needs podman runc
    pip_settings
    "$root/scripts/try_image.sh" "$image" "$work"
}

bytes_in() {
    du --apparent-size --block-size=1 --summarize "$1" | cut -f1
}

[[ $# -gt 0 ]] || set -- build try sizes
for step in "$@"; do
    case $step in
        base) base_name ;;
        build | probe | sizes) "$step" ;;
        try) try_it ;;
        *) die "the steps are base, probe, build, try and sizes, not $step." ;;
    esac
done
