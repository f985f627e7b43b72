#!/usr/bin/env bash
# Makes .venv beside the checkout's sources, or leaves it alone when it is what the sources ask for.
#
#   scripts/setup_venv.sh          what the server needs
#   scripts/setup_venv.sh dev      also what the tests need
#
# environment:
#   PYTHON           the interpreter to use, 3.10 to 3.14; otherwise that of the last time, at first the first on PATH that
#                    runs
#   TORCH            cpu or cuda: PyTorch's build for the processor only, or its usual build, which brings gigabytes of
#                    libraries for NVIDIA cards; otherwise cuda where there is such a card, else cpu
#   TORCH_INDEX_URL  another package index to take PyTorch from
#   KOKORO_LANGUAGES the languages to install, such as "en fr", or all: en es fr hi it ja pt zh. Otherwise those of the last
#                    time, at first all. Where one that is there is not named any more, .venv is made anew
#
# Whatever goes wrong is one sentence on standard error, and exit status 1.
set -euo pipefail
# For a checkout whose path is not ASCII; Python does not take paths for UTF-8 in every locale.
export PYTHONUTF8=1

root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
venv=$root/.venv
log=$venv/pip.log
extra=${1:-}
needed_gigabytes=4
needed_gigabytes_for_cuda=10
# The index that PyTorch's own page documents: pytorch.org > Get Started > Compute Platform: CPU.
cpu_index=${KOKORO_WYOMING_TORCH_CPU_INDEX:-https://download.pytorch.org/whl/cpu}

die() {
    printf 'kokoro-wyoming: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '%s\n' "$*" >&2
}

# What the venv depends on, as text. An editable install holds the checkout's path, so that belongs to it.
wanted_state() {
    printf '%s\n' "$root"
    "$1" -c 'import sys; print(sys.version)' 2>/dev/null || return 1
    cat "$root/setup.cfg" "$root/pyproject.toml" "$root/constraints.txt"
}

stamp() {
    printf '%s/kokoro-wyoming.%s' "$venv" "${1:-run}"
}

is_ready() {
    local state
    [[ -f $(stamp "$extra") ]] || return 1
    state=$(wanted_state "$venv/bin/python") || return 1
    [[ $state == "$(<"$(stamp "$extra")")" ]] || return 1
    [[ -z ${PYTHON:-} ]] || is_of_same_release "$PYTHON" || return 1
    [[ -z ${KOKORO_LANGUAGES:-} || $KOKORO_LANGUAGES == "$(installed_languages)" ]] || return 1
    [[ -z ${TORCH:-} || $TORCH == "$(installed_torch)" ]]
}

# Which build of PyTorch is in .venv: cpu or cuda.
installed_torch() {
    cat "$(stamp torch)" 2>/dev/null || true
}

# The languages that .venv was made for, in the words of KOKORO_LANGUAGES; no words for all of them.
installed_languages() {
    cat "$(stamp languages)" 2>/dev/null || true
}

# What setup.cfg asks for: requirements INTERPRETER extras|alone|together WORDS [EXTRA]
requirements() {
    (cd "$root" && "$1" -m scripts.requirements "${@:2}")
}

# Whether .venv has a language that is not chosen any more.
has_more_than() {
    local extra
    for extra in $(requirements "$1" extras "$(installed_languages)"); do
        [[ " $2 " == *" $extra "* ]] || return 0
    done
    return 1
}

has_nvidia_card() {
    [[ -e /dev/nvidiactl ]] || nvidia-smi -L >/dev/null 2>&1
}

wanted_torch() {
    if [[ -n ${TORCH:-} ]]; then
        printf '%s' "$TORCH"
    elif [[ -n $(installed_torch) ]]; then
        installed_torch
    elif has_nvidia_card; then
        printf cuda
    else
        printf cpu
    fi
}

release() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

is_of_same_release() {
    [[ $(release "$1") == "$(release "$venv/bin/python")" ]]
}

is_suitable() {
    case $(release "$1") in
        3.10 | 3.11 | 3.12 | 3.13 | 3.14) ;;
        *) return 1 ;;
    esac
}

has_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# The interpreter that .venv was made with; no words where there is none any more.
python_of_venv() {
    "$venv/bin/python" -c 'import sys; print(sys._base_executable)' 2>/dev/null || true
}

# A name on PATH proves nothing: version managers leave names there that only say what is not installed.
find_python() {
    local candidate without_venv=
    if [[ -n ${PYTHON:-} ]]; then
        command -v "$PYTHON" >/dev/null || die "there is no program $PYTHON; set PYTHON to a Python of 3.10 to 3.14."
        is_suitable "$PYTHON" || die "PYTHON=$PYTHON is no working Python of 3.10 to 3.14, which Kokoro needs."
        has_venv "$PYTHON" || die "$(no_venv "$PYTHON")"
        printf '%s' "$PYTHON"
        return
    fi
    for candidate in "$(python_of_venv)" python3 python3.{13,12,11,14,10} python \
        "${HOME:-/root}"/.pyenv/versions/3.1[0-4].*/bin/python3; do
        is_suitable "$candidate" || continue
        has_venv "$candidate" || { without_venv=$candidate && continue; }
        printf '%s' "$candidate"
        return
    done
    [[ -z $without_venv ]] || die "$(no_venv "$without_venv")"
    die "no Python of 3.10 to 3.14 runs here, which Kokoro needs: $(how_to_get_python), or name one by" \
        "PYTHON=/path/to/python3.12."
}

# A command that gets a fit Python on this very system.
how_to_get_python() {
    local release
    if command -v apt-cache >/dev/null; then
        for release in 3.13 3.12 3.11 3.14 3.10; do
            [[ -z $(apt-cache search --names-only "^python$release-venv\$" 2>/dev/null) ]] ||
                { printf 'apt install python%s-venv' "$release" && return; }
        done
    elif command -v dnf >/dev/null; then
        printf 'dnf install python3.12' && return
    elif command -v zypper >/dev/null; then
        printf 'zypper install python312' && return
    elif command -v pacman >/dev/null; then
        printf 'pacman -S python' && return
    elif command -v brew >/dev/null; then
        printf 'brew install python@3.12' && return
    fi
    printf 'install uv (pipx install uv), then run: uv python install 3.12 && PYTHON=%s ./run.sh' "\$(uv python find 3.12)"
}

no_venv() {
    printf '%s cannot make virtual environments: install its venv module (Debian and Ubuntu: apt install python%s-venv).' \
        "$1" "$(release "$1")"
}

check_writable() {
    [[ -w $root ]] || die "$root cannot be written to, and .venv belongs there: copy the checkout to a folder of yours."
}

check_disk() {
    local free_kilobytes
    [[ $(wanted_torch) == cpu ]] || needed_gigabytes=$needed_gigabytes_for_cuda
    free_kilobytes=$(df -Pk "$root" | awk 'NR == 2 { print $4 }')
    [[ $free_kilobytes -ge $((needed_gigabytes * 1024 * 1024)) ]] ||
        die "the disk of $root has $((free_kilobytes / 1024)) MB free, and $needed_gigabytes GB are needed: free some."
}

# What pip's log says of why it failed.
explain_failure() {
    if grep -q 'No space left on device' "$log"; then
        die "the disk is full: free $needed_gigabytes GB and start again."
    elif grep -Eq 'NewConnectionError|NameResolution|name resolution|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable' "$log"; then
        die "the package index cannot be reached: connect to the network (or set HTTPS_PROXY) and start again."
    elif grep -Eq 'SSLError|CERTIFICATE_VERIFY_FAILED' "$log"; then
        die "the package index is not trusted by this machine: see to its clock and its certificates, and start again."
    elif grep -Eq '(Could not find a version|No matching distribution).*torch==' "$log"; then
        die "PyTorch has no build for this machine ($(uname -sm)): it needs 64-bit Linux with glibc 2.28, or macOS on" \
            "Apple silicon."
    fi
    die "the packages could not be installed; pip says why above. Starting again takes it up anew."
}

pip() {
    # --log is in the environment, so that pip still sees a terminal and draws its progress bars. Most modules are never
    # imported, so pip compiles none of them: `compile_imported` compiles the others.
    (cd "$root" && PIP_LOG=$log PIP_COMPILE=0 PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip "$@") ||
        explain_failure
}

# Whether PyTorch's index of builds for the processor answers; at most 8 seconds.
cpu_index_answers() {
    "$venv/bin/python" - "$cpu_index/torch/" >/dev/null 2>&1 <<'PYTHON' &
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=4).read(1)
PYTHON
    local asking=$! tenths=0
    while kill -0 "$asking" 2>/dev/null; do
        ((tenths += 1))
        [[ $tenths -lt 80 ]] || { kill "$asking" 2>/dev/null && break; }
        sleep 0.1
    done
    wait "$asking" 2>/dev/null
}

# First and by itself: asked for together with the rest, pip would look past a build that it could take.
install_torch() {
    local build arguments=(-c constraints.txt torch==2.13.0)
    build=$(wanted_torch)
    say "Installing PyTorch, the largest part ..."
    if [[ -n ${TORCH_INDEX_URL:-} ]]; then
        arguments+=(--extra-index-url "$TORCH_INDEX_URL")
    elif [[ $build == cpu && $(uname -s) == Linux ]]; then
        if cpu_index_answers; then
            # Its own needs come with the rest, from the usual index.
            arguments+=(--index-url "$cpu_index" --no-deps)
        else
            say "PyTorch's builds for the processor ($cpu_index) cannot be reached: taking the usual build, which may" \
                "bring gigabytes for NVIDIA cards."
        fi
    fi
    # Both builds have one version, so pip would keep the other one.
    [[ -z $(installed_torch) || $(installed_torch) == "$build" ]] || arguments+=(--force-reinstall)
    pip install "${arguments[@]}"
    # 190 MB that only serve to build and test programs in C++.
    rm -rf "$venv"/lib/python3*/site-packages/torch/{include,test,bin/test_*,bin/protoc*}
    printf '%s' "$build" >"$(stamp torch)"
}

# Arguments: the words of KOKORO_LANGUAGES.
install_packages() {
    local python=$venv/bin/python
    rm -f "$log"
    install_torch
    say "Installing the rest ..."
    # Their own needs are listed in setup.cfg, those that are used. Two of them say of newer Pythons that they do not work.
    requirements "$python" alone "$1" |
        pip install -c constraints.txt --ignore-requires-python --no-deps -r /dev/stdin
    requirements "$python" together "$1" ${extra:+"$extra"} | pip install -c constraints.txt -r /dev/stdin
    pip install --no-deps -e .
    compile_imported
}

# Once, here: whoever starts the server later may not be allowed to write into .venv.
compile_imported() {
    say "Compiling what the server imports ..."
    (cd "$root" && PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -m scripts.import_all) ||
        say "Not all of it could be imported, as is said above: .venv/bin/kokoro-wyoming check has the languages."
}

make_venv() {
    local python=$1
    say "Making $venv with $("$python" --version) ..."
    "$python" -m venv --clear "$venv" || die "$python could not make $venv: its message is above."
}

# Only what was installed to the end is built upon; what was interrupted is done anew.
install() {
    local python languages extras
    python=$(find_python)
    languages=${KOKORO_LANGUAGES:-$(installed_languages)}
    extras=$(requirements "$python" extras "$languages") || exit 1
    check_disk
    if [[ -f $(stamp) ]] && is_of_same_release "$python" 2>/dev/null && [[ $(head -n 1 "$(stamp)") == "$root" ]] &&
        ! has_more_than "$python" "$extras"; then
        rm -f "$(stamp)" "$(stamp dev)"
    else
        make_venv "$python"
    fi
    printf '%s' "$languages" >"$(stamp languages)"
    install_packages "$languages"
    rm -f "$log"
    wanted_state "$venv/bin/python" >"$(stamp).new"
    [[ -z $extra ]] || cp "$(stamp).new" "$(stamp "$extra")"
    mv "$(stamp).new" "$(stamp)"
}

# Two at once would write the same files.
lock() {
    command -v flock >/dev/null || return 0
    exec 9>"$root/.venv.lock"
    flock -n 9 || { say "Waiting for another start to finish its installation ..." && flock 9; }
}

[[ ${TORCH:-cpu} =~ ^(cpu|cuda)$ ]] || die "TORCH is cpu or cuda, not $TORCH."
if ! is_ready; then
    check_writable
    lock
    is_ready || install
fi
