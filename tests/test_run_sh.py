"""run.sh and scripts/setup_venv.sh, with an interpreter and a pip that only pretend."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.namespaces import needs_namespaces
from tests.odd_places import ASCII_ONLY, MOUNTS, NAMELESS, ODD_NAME, READ_ONLY

pytestmark = pytest.mark.long

CHECKOUT = Path(__file__).parent.parent
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

FAKE_PYTHON = r"""#!/usr/bin/env bash
# Says its release, makes "virtual environments" that hold itself, and "installs" by writing down what is asked for.
here=$(dirname "$0")
case "$*" in
    *'%d.%d'*) echo "${FAKE_RELEASE:-3.11}" ;;
    *sys.version*) echo "${FAKE_RELEASE:-3.11}.7 (fake)" ;;
    --version) echo "Python ${FAKE_RELEASE:-3.11}.7" ;;
    *_base_executable*) cat "$here/base" ;;
    -c*ensurepip*) [[ -z $FAKE_NO_VENV ]] ;;
    '- http'*) exec "${FAKE_ASKS_WITH:-false}" "$@" ;; # whether an index answers
    '-m scripts.requirements '*) exec "$FAKE_REAL_PYTHON" "$@" ;;
    '-m venv --clear '*)
        echo "venv" >>"$FAKE_DIARY"
        rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && echo "$0" >"$4/bin/base"
        ;;
    '-m pip '*)
        echo "${*:3}" >>"$FAKE_DIARY"
        if [[ $* == *' -r /dev/stdin' ]]; then cat >>"$FAKE_DIARY.requirements"; fi
        if [[ -n $FAKE_PIP_LOG ]]; then echo "$FAKE_PIP_LOG" >"$PIP_LOG" && exit 1; fi
        if [[ -n $FAKE_PIP_HANGS ]]; then exec sleep 30; fi
        cp "$FAKE_SERVER" "$here/kokoro-wyoming"
        ;;
esac
"""

FAKE_SERVER = r"""#!/usr/bin/env bash
trap 'echo terminated; exit 0' TERM
printf 'pid %s\n' "$$"
printf 'argument <%s>\n' "$@"
printf 'folder %s\n' "$PWD"
if [[ $1 == wait ]]; then while :; do sleep 0.05; done; fi
"""

TORCH = "install -c constraints.txt torch==2.13.0"
REST = [
    "install -c constraints.txt --ignore-requires-python --no-deps -r /dev/stdin",
    "install -c constraints.txt -r /dev/stdin",
    "install --no-deps -e .",
]


COPIED = (
    "run.sh",
    "scripts/setup_venv.sh",
    "scripts/requirements.py",
    "kokoro_wyoming/__init__.py",
    "kokoro_wyoming/languages.py",
    "setup.cfg",
    "pyproject.toml",
    "constraints.txt",
)


class Checkout:
    """A folder that has what run.sh looks at; its name, and that of the home folder, are not ASCII."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / ODD_NAME
        for name in COPIED:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, self.root / name)
        self.python = self.program(folder / "python3.11", FAKE_PYTHON)
        self.environment = {
            "PATH": SYSTEM_PATH,
            "HOME": str(folder / "Höme of Zoë"),
            "PYTHON": str(self.python),
            "FAKE_DIARY": str(folder / "diary"),
            "FAKE_REAL_PYTHON": sys.executable,
            "FAKE_SERVER": str(self.program(folder / "server", FAKE_SERVER)),
        }

    @staticmethod
    def program(path: Path, text: str) -> Path:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    @property
    def diary(self) -> list[str]:
        """What the pretended interpreter was asked to do."""
        path = Path(self.environment["FAKE_DIARY"])
        return path.read_text().splitlines() if path.exists() else []

    def requirements(self) -> set[str]:
        """The names of what the pretended pip was asked for since this was called last, PyTorch's first step aside."""
        path = Path(f"{self.environment['FAKE_DIARY']}.requirements")
        lines = path.read_text().splitlines()
        path.unlink()
        return {canonicalize_name(Requirement(line).name) for line in lines}

    def start(self, *arguments: str, script: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(script or self.root / "run.sh"), *arguments],
            env={**self.environment, **environment},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, script: Path | None = None, **environment: str) -> tuple[int, str, str]:
        """Exit status, output, complaints."""
        process = self.start(*arguments, script=script, **environment)
        output, complaints = process.communicate(timeout=120)
        return process.returncode, output, complaints


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_start_installs_pytorch_and_then_the_rest(checkout: Checkout) -> None:
    status, _, _ = checkout.run()
    assert status == 0
    assert checkout.diary == ["venv", TORCH, *REST]


def test_arguments_pass_through_and_the_folder_stays(checkout: Checkout) -> None:
    _, output, _ = checkout.run("say", "two words", "*", "")
    assert output.splitlines()[1:] == [
        "argument <say>",
        "argument <two words>",
        "argument <*>",
        "argument <>",
        "folder /",
    ]


def test_the_second_start_installs_nothing(checkout: Checkout) -> None:
    checkout.run()
    before = checkout.diary
    assert checkout.run()[0] == 0
    assert checkout.diary == before


def test_at_an_odd_path_it_is_set_up_and_started_in_every_locale(checkout: Checkout, tmp_path: Path) -> None:
    """With the real pip, in a locale without the letters of the path. The packages are those of this interpreter."""
    for name in ("kokoro_wyoming", "config"):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, checkout.root / name, ignore=without, dirs_exist_ok=True)
    for name in ("README.md", "LICENSE", "NOTICE"):
        shutil.copy(CHECKOUT / name, checkout.root / name)
    packages = tmp_path / "packages"
    packages.mkdir()
    for path in Path(site.getsitepackages()[0]).iterdir():
        if "kokoro_wyoming" not in path.name:
            (packages / path.name).symlink_to(path)
    here = {"PYTHON": sys.executable, "PYTHONPATH": str(packages), "TORCH": "cuda"}
    without_an_index = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    checkout.environment |= {**here, **without_an_index, **ASCII_ONLY}
    status, _, told = checkout.run("fetch", "--offline")
    assert status == 1
    assert "kokoro-wyoming: missing or broken for Kokoro v1.0: " in told
    assert f"{checkout.root}/models/v1_0/kokoro-v1_0.pth" in told


@needs_namespaces
def test_a_read_only_checkout_and_home_are_enough_for_a_nameless_user(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run()
    before = checkout.diary
    check = f'{READ_ONLY} ! touch "$0" && exec "$@"'
    done = subprocess.run(
        [*MOUNTS, check, str(tmp_path / "x"), *NAMELESS, str(checkout.root / "run.sh"), "say"],
        env=checkout.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "argument <say>" in done.stdout
    assert "Read-only file system" in done.stderr
    assert checkout.diary == before


def test_a_start_by_a_link_finds_the_checkout(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(checkout.root / "run.sh")
    assert checkout.run(script=link)[0] == 0
    assert (checkout.root / ".venv").is_dir()


@pytest.mark.parametrize(
    "name",
    ["setup.cfg", "pyproject.toml", "constraints.txt"],
)
def test_what_the_sources_ask_for_anew_is_installed_into_the_same_venv(checkout: Checkout, name: str) -> None:
    checkout.run()
    with (checkout.root / name).open("a") as file:
        file.write("# changed\n")
    checkout.run()
    checkout.run()
    assert checkout.diary == ["venv", TORCH, *REST, TORCH, *REST]


def test_another_release_of_python_gets_a_venv_of_its_own(checkout: Checkout) -> None:
    checkout.run()
    newer = checkout.program(
        checkout.python.with_name("python3.12"), FAKE_PYTHON.replace("FAKE_RELEASE:-3.11", "FAKE_RELEASE:-3.12")
    )
    checkout.run(PYTHON=str(newer))
    checkout.run(PYTHON=str(newer))
    assert checkout.diary == ["venv", TORCH, *REST] * 2


def test_a_moved_checkout_is_installed_anew(checkout: Checkout) -> None:
    checkout.run()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert checkout.run()[0] == 0
    assert checkout.diary == ["venv", TORCH, *REST] * 2


def test_an_interrupted_installation_is_done_anew(checkout: Checkout) -> None:
    process = checkout.start(FAKE_PIP_HANGS="1")
    while TORCH not in checkout.diary:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    process.communicate()
    assert process.returncode != 0
    assert checkout.run()[0] == 0
    assert checkout.diary == ["venv", TORCH, "venv", TORCH, *REST]


def test_the_tests_need_more_and_leave_the_server_ready(checkout: Checkout) -> None:
    script = checkout.root / "scripts" / "setup_venv.sh"
    checkout.run()
    assert "pytest" not in checkout.requirements()
    before = checkout.diary
    checkout.run("dev", script=script)
    assert checkout.diary == [*before, TORCH, *REST]
    assert {"pytest", "ruff", "spacy"} <= checkout.requirements()
    checkout.run()
    checkout.run("dev", script=script)
    assert checkout.diary == [*before, TORCH, *REST]


OF_ENGLISH, OF_JAPANESE, OF_CHINESE = {"spacy"}, {"fugashi", "unidic-lite", "pyopenjtalk-plus"}, {"jieba", "pypinyin"}


@pytest.mark.parametrize(
    ("words", "there", "missing"),
    [
        ("", OF_ENGLISH | OF_JAPANESE | OF_CHINESE, set()),
        ("all", OF_ENGLISH | OF_JAPANESE | OF_CHINESE, set()),
        ("en fr", OF_ENGLISH, OF_JAPANESE | OF_CHINESE),
        ("fr, it", set(), OF_ENGLISH | OF_JAPANESE | OF_CHINESE),
        ("en-GB Mandarin", OF_ENGLISH | OF_CHINESE, OF_JAPANESE),
    ],
)
def test_the_chosen_languages_are_installed_and_no_others(
    checkout: Checkout, words: str, there: set[str], missing: set[str]
) -> None:
    assert checkout.run(KOKORO_LANGUAGES=words)[0] == 0
    asked = checkout.requirements()
    assert {"kokoro", "misaki", "torch", "espeakng-loader"} | there <= asked
    assert not missing & asked


def test_a_word_that_is_no_language_is_told_with_the_choices_and_changes_nothing(checkout: Checkout) -> None:
    checkout.run(KOKORO_LANGUAGES="en")
    before = checkout.diary
    status, _, complaints = checkout.run(KOKORO_LANGUAGES="en klingon")
    assert (status, checkout.diary) == (1, before)
    assert len(complaints.splitlines()) == 1
    assert "KOKORO_LANGUAGES has 'klingon'" in complaints
    assert "en es fr hi it ja pt zh" in complaints
    assert checkout.run()[0] == 0
    assert checkout.diary == before


def test_the_languages_stay_until_others_are_asked_for(checkout: Checkout) -> None:
    checkout.run(KOKORO_LANGUAGES="en")
    checkout.run()
    checkout.run(KOKORO_LANGUAGES="en")
    assert checkout.diary == ["venv", TORCH, *REST]
    checkout.run(KOKORO_LANGUAGES="en ja")
    assert checkout.diary == ["venv", *([TORCH, *REST] * 2)]
    (checkout.root / "setup.cfg").open("a").write("# changed\n")
    checkout.requirements()
    checkout.run()
    asked = checkout.requirements()
    assert asked >= OF_JAPANESE
    assert not OF_CHINESE & asked


def test_a_language_that_is_not_asked_for_any_more_goes_with_the_old_venv(checkout: Checkout) -> None:
    checkout.run()
    checkout.run(KOKORO_LANGUAGES="en")
    assert checkout.diary == ["venv", TORCH, *REST] * 2


def test_what_only_builds_programs_in_cpp_goes_from_pytorch(checkout: Checkout) -> None:
    checkout.run()
    torch = checkout.root / ".venv" / "lib" / "python3.11" / "site-packages" / "torch"
    for name in ("include/a.h", "test/test_a", "bin/test_a", "bin/torch_shm_manager", "lib/libtorch.so"):
        (torch / name).parent.mkdir(parents=True, exist_ok=True)
        (torch / name).touch()
    checkout.run(TORCH="cuda")
    left = {str(path.relative_to(torch)) for path in torch.rglob("*") if path.is_file()}
    assert left == {"bin/torch_shm_manager", "lib/libtorch.so"}


def test_another_index_for_pytorch_is_asked_for_pytorch_alone(checkout: Checkout) -> None:
    checkout.run(TORCH_INDEX_URL="https://index.invalid/cpu")
    assert checkout.diary[1:] == [f"{TORCH} --extra-index-url https://index.invalid/cpu", *REST]


CPU_INDEX = "--index-url https://download.pytorch.org/whl/cpu --no-deps"


def test_without_a_card_the_build_for_the_processor_is_taken(checkout: Checkout) -> None:
    checkout.run(FAKE_ASKS_WITH="true")
    assert checkout.diary == ["venv", f"{TORCH} {CPU_INDEX}", *REST]


def test_where_its_index_cannot_be_reached_the_usual_build_is_taken_and_this_is_told(checkout: Checkout) -> None:
    status, _, told = checkout.run()
    assert (status, checkout.diary) == (0, ["venv", TORCH, *REST])
    assert "(https://download.pytorch.org/whl/cpu) cannot be reached: taking the usual build" in told


def test_an_index_that_never_answers_is_given_up(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}"
        status, _, told = checkout.run(FAKE_ASKS_WITH=sys.executable, KOKORO_WYOMING_TORCH_CPU_INDEX=index)
    assert (status, checkout.diary) == (0, ["venv", TORCH, *REST])
    assert "cannot be reached" in told


def test_an_index_that_answers_is_asked(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as stand_in:
        threading.Thread(target=stand_in.serve_forever, daemon=True).start()
        index = f"http://127.0.0.1:{stand_in.server_port}"
        checkout.run(FAKE_ASKS_WITH=sys.executable, KOKORO_WYOMING_TORCH_CPU_INDEX=index)
        stand_in.shutdown()
    assert checkout.diary == ["venv", f"{TORCH} --index-url {index} --no-deps", *REST]


@pytest.mark.parametrize("arguments", [("--gpu", "say"), ("say",)])
def test_the_build_for_cards_is_taken_where_it_is_asked_for(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    if "--gpu" not in arguments:
        checkout.environment["TORCH"] = "cuda"
    _, output, _ = checkout.run(*arguments, FAKE_ASKS_WITH="true")
    assert checkout.diary == ["venv", TORCH, *REST]
    assert output.splitlines()[1:-1] == ["argument <say>"]


def test_a_card_is_found_by_its_program(checkout: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    path = path_with(folder, nvidia_smi="#!/usr/bin/env bash\necho 'GPU 0: a card'\n")
    (folder / "nvidia.smi").rename(folder / "nvidia-smi")
    checkout.run(PATH=path, FAKE_ASKS_WITH=str(shutil.which("true")))
    assert checkout.diary == ["venv", TORCH, *REST]


def test_the_other_build_takes_the_place_of_the_first_and_stays(checkout: Checkout) -> None:
    checkout.run(FAKE_ASKS_WITH="true")
    checkout.run("--gpu", FAKE_ASKS_WITH="true")
    checkout.run(FAKE_ASKS_WITH="true")
    assert checkout.diary == ["venv", f"{TORCH} {CPU_INDEX}", *REST, f"{TORCH} --force-reinstall", *REST]


def test_two_starts_at_once_install_once(checkout: Checkout) -> None:
    if not shutil.which("flock", path=SYSTEM_PATH):
        pytest.skip("without flock the second start is not held back")
    starts = [checkout.start() for _ in range(3)]
    assert [start.wait(timeout=30) for start in starts] == [0, 0, 0]
    assert checkout.diary == ["venv", TORCH, *REST]


def test_the_server_takes_the_place_of_the_script_so_that_signals_arrive(checkout: Checkout) -> None:
    process = checkout.start("wait")
    assert process.stdout is not None
    assert process.stdout.readline() == f"pid {process.pid}\n"
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert output.endswith("terminated\n")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("pip_says", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full: free"),
        ("ERROR: something new", "pip says why above"),
        ("NewConnectionError: Failed to establish a new connection", "connect to the network"),
        ("SSLError(SSLCertVerificationError(1, 'certificate verify failed'", "its clock and its certificates"),
        ("ERROR: No matching distribution found for torch==2.13.0", "PyTorch has no build for this machine"),
    ],
)
def test_a_failed_installation_is_one_sentence_with_the_remedy(checkout: Checkout, pip_says: str, remedy: str) -> None:
    status, output, complaints = checkout.run(FAKE_PIP_LOG=pip_says)
    assert status == 1
    assert output == ""
    assert complaints.splitlines()[-1].startswith("kokoro-wyoming: ")
    assert remedy in complaints.splitlines()[-1]
    assert checkout.run()[0] == 0


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PYTHON", "/nowhere/python3", "there is no program /nowhere/python3"),
        ("FAKE_RELEASE", "3.9", "no working Python of 3.10 to 3.14"),
        ("FAKE_RELEASE", "3.15", "no working Python of 3.10 to 3.14"),
        ("TORCH", "rocm", "TORCH is cpu or cuda, not rocm"),
        ("FAKE_NO_VENV", "1", "apt install python3.11-venv"),
    ],
)
def test_an_unsuitable_python_is_one_sentence(checkout: Checkout, variable: str, value: str, sentence: str) -> None:
    checkout.environment[variable] = value
    status, _, complaints = checkout.run()
    assert status == 1
    assert len(complaints.splitlines()) == 1
    assert sentence in complaints


def path_with(folder: Path, **programs: str) -> str:
    """A PATH with the system's small tools, these programs, and no other Python."""
    for name in (
        "bash",
        "env",
        "awk",
        "cat",
        "cp",
        "df",
        "dirname",
        "flock",
        "grep",
        "head",
        "mkdir",
        "mv",
        "readlink",
    ):
        if found := shutil.which(name, path=SYSTEM_PATH):
            (folder / name).symlink_to(found)
    for name in ("rm", "uname", "sleep"):
        (folder / name).symlink_to(str(shutil.which(name, path=SYSTEM_PATH)))
    for name, text in programs.items():
        Checkout.program(folder / name.replace("_", "."), text)
    return str(folder)


def test_the_python_that_was_chosen_stays_where_another_comes_first_on_path(checkout: Checkout, tmp_path: Path) -> None:
    chosen = checkout.program(tmp_path / "python3.12", FAKE_PYTHON.replace("FAKE_RELEASE:-3.11", "FAKE_RELEASE:-3.12"))
    checkout.run(PYTHON=str(chosen))
    with (checkout.root / "setup.cfg").open("a") as file:
        file.write("# changed\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    path = path_with(folder, python3=FAKE_PYTHON)
    checkout.run(PYTHON="", PATH=path)
    assert checkout.diary == ["venv", TORCH, *REST, TORCH, *REST]
    chosen.unlink()
    (checkout.root / ".venv" / "bin" / "python").unlink()  # a link to what is there no more
    assert checkout.run(PYTHON="", PATH=path)[0] == 0
    assert checkout.diary == ["venv", TORCH, *REST, TORCH, *REST, "venv", TORCH, *REST]


SHIM = "#!/usr/bin/env bash\necho 'python3: command not found, but exists in these versions: 3.12.1' >&2; exit 127\n"


def test_a_name_on_path_that_does_not_run_is_passed_over(checkout: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    path = path_with(folder, python3=SHIM, python3_12=SHIM, python3_11=FAKE_PYTHON)
    status, _, complaints = checkout.run(PYTHON="", PATH=path)
    assert (status, checkout.diary) == (0, ["venv", TORCH, *REST]), complaints


def test_without_any_python_the_sentence_says_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    status, _, complaints = checkout.run(PYTHON="", PATH=path_with(folder, python3=SHIM))
    assert status == 1
    assert complaints.startswith("kokoro-wyoming: no Python of 3.10 to 3.14 runs here")
    assert len(complaints.splitlines()) == 1


@pytest.mark.parametrize(("torch", "needed"), [("cpu", "4 GB"), ("cuda", "10 GB")])
def test_a_full_disk_is_told_before_anything_is_installed(
    torch: str, needed: str, checkout: Checkout, tmp_path: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    full = "#!/usr/bin/env bash\necho head\necho '/dev/vda 100 99 2048 99% /'\n"
    path = path_with(folder)
    (folder / "df").unlink()
    Checkout.program(folder / "df", full)
    status, _, complaints = checkout.run(PATH=path, TORCH=torch)
    assert (status, checkout.diary) == (1, [])
    assert f"has 2 MB free, and {needed} are needed" in complaints
