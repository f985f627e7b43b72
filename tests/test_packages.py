"""What people install: wheel and sdist, outside of the checkout; the unit for systemd and the agent for launchd."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import sys
import urllib.request
import wave
import zipfile
from pathlib import Path

import pytest

import kokoro_wyoming
from kokoro_wyoming.assets import Store
from tests.conftest import CHECKOUT, RunningServer
from tests.test_house import run

DOCS = CHECKOUT / "docs"
BUILT_FROM = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "NOTICE", "constraints.txt")
"""What a build reads beside the folders; `conformance` is a package of its own."""
SDIST = "import setuptools.build_meta as backend; backend.build_sdist('dist')"


def files_under(folder: Path) -> set[str]:
    """The names from the folder's own on."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder.parent)) for path in paths}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked; built from a copy, as building leaves its traces among the sources."""
    copy = tmp_path_factory.mktemp("sources")
    for name in ("kokoro_wyoming", "config", "tests"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILT_FROM:
        shutil.copy(CHECKOUT / name, copy / name)
    run(sys.executable, "-c", SDIST, folder=copy)
    (archive,) = (copy / "dist").glob("*.tar.gz")
    (copy / "unpacked").mkdir()
    run("tar", "-xf", archive, "-C", copy / "unpacked", folder=copy)
    return copy / "unpacked" / f"kokoro_wyoming-{kokoro_wyoming.__version__}"


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """The wheel, built from the sdist."""
    building = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "dist", ".")
    run(sys.executable, *building, folder=sdist)
    return next((sdist / "dist").glob("*.whl"))


@pytest.mark.long
def test_the_sdist_holds_what_a_build_needs_and_no_tests(sdist: Path) -> None:
    there = files_under(sdist)
    wanted = {*files_under(CHECKOUT / "kokoro_wyoming"), "config/default.yaml", *BUILT_FROM}
    assert {f"{sdist.name}/{name}" for name in wanted} <= there
    assert not [name for name in there if "/tests/" in name]


@pytest.mark.long
def test_the_wheel_holds_every_file_of_the_package_the_settings_and_the_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {*files_under(CHECKOUT / "kokoro_wyoming"), "kokoro_wyoming/defaults/default.yaml"} <= set(names)
    assert {"LICENSE", "NOTICE"} <= {name.rpartition("/")[2] for name in names}
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"kokoro_wyoming"}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed into it, and its commands in `bin`; the libraries are those of the tests."""
    site = tmp_path_factory.mktemp("installed") / "site"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel, folder=site.parent)
    return site


@pytest.fixture
def alone(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the installed wheel, first on the path of new processes, which have a home folder of their own."""
    for name in [name for name in os.environ if name.startswith(("KOKORO_WYOMING_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(installed))
    return installed


_PLACES = "from kokoro_wyoming.assets import locations; print(locations.default_file(), locations.home(), sep='\\n')"


def places(folder: Path) -> list[Path]:
    """Where the program that is first on the path looks: the file of its defaults, its folder in the home folder."""
    return [Path(line) for line in run(sys.executable, "-c", _PLACES, folder=folder).splitlines()]


@pytest.mark.long
def test_the_installed_wheel_finds_its_files_without_the_checkout(alone: Path, tmp_path: Path) -> None:
    defaults, home = places(tmp_path)
    assert defaults.read_text() == (CHECKOUT / "config" / "default.yaml").read_text()
    assert (alone in defaults.parents, tmp_path in home.parents) == (True, True)


@pytest.mark.long
def test_the_installed_command_tells_its_version(alone: Path, tmp_path: Path) -> None:
    told = run(alone / "bin" / "kokoro-wyoming", "--version", folder=tmp_path)
    assert told == f"kokoro-wyoming {kokoro_wyoming.__version__}\n"


@pytest.mark.weights
def test_the_installed_wheel_checks_serves_and_speaks(alone: Path, tmp_path: Path, model_data: Store) -> None:
    command = alone / "bin" / "kokoro-wyoming"
    _, home = places(tmp_path)
    for folder in (model_data.models, model_data.voices):
        (home / folder.name).mkdir(parents=True)
        (home / folder.name / "v1_0").symlink_to(folder / "v1_0", target_is_directory=True)
    assert "All is well." in run(command, "check", folder=tmp_path)

    flags = ("--uri=tcp://127.0.0.1:0", "--http-uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline")
    running = RunningServer(*flags, checkout=alone)
    try:
        uri = running.wait_until_ready()
        run(command, "say", "The door is open.", "--uri", uri, "--out", "hello.wav", folder=tmp_path)
        page = re.search(r"hear them at (http://\S+)", "".join(running.log))
        assert page, running.log
        with urllib.request.urlopen(page[1]) as reply:
            assert reply.read() == (CHECKOUT / "kokoro_wyoming/protocols/http/page/index.html").read_bytes()
    finally:
        status = running.end()
    assert status == 0, running.log
    with wave.open(str(tmp_path / "hello.wav")) as sound:
        assert sound.getnframes() > sound.getframerate() / 2


# --- at boot ---


def _analysed(unit: Path, *command: str) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd here")
    return run(program, *command, unit, folder=unit.parent)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is there."""
    text = (DOCS / "kokoro-wyoming.service").read_text()
    assert text.count("/usr/local/bin/kokoro-wyoming serve") == 1
    copy = tmp_path / "kokoro-wyoming.service"
    copy.write_text(text.replace("/usr/local/bin/kokoro-wyoming", sys.executable))
    return copy


def test_systemd_understands_every_line_of_the_unit(unit: Path) -> None:
    assert _analysed(unit, "verify") == ""


def test_the_unit_may_do_no_more_than_is_told(unit: Path) -> None:
    version = int(_analysed(unit, "--version").split()[1])
    if version < 250:
        pytest.skip("this systemd scores running units only")
    scored = _analysed(unit, "security", "--offline=true", "--no-pager", "--threshold=15")
    score = re.findall(r"exposure level for \S+: ([\d.]+)", scored)
    told = re.findall(r"exposure of ([\d.]+)\s+of 10 \(systemd (\d+)\)", (DOCS / "running.md").read_text())
    assert len(score) == len(told) == 1
    assert version != int(told[0][1]) or score[0] == told[0][0]


def test_launchd_gets_an_agent_that_is_a_property_list_and_has_the_name_of_its_file() -> None:
    path = DOCS / "local.kokoro-wyoming.plist"
    agent = plistlib.loads(path.read_bytes())
    assert f"{agent['Label']}.plist" == path.name
    assert path.name in (DOCS / "running.md").read_text()
    assert (agent["RunAtLoad"], agent["KeepAlive"]) == (True, {"SuccessfulExit": False})


def test_the_agent_starts_the_command_that_lies_in_the_home_folder_and_logs_there(tmp_path: Path) -> None:
    program, logs = tmp_path / ".local" / "bin" / "kokoro-wyoming", tmp_path / "Library" / "Logs"
    program.parent.mkdir(parents=True)
    logs.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "told: $*" >&2\n')
    program.chmod(0o755)
    agent = plistlib.loads((DOCS / "local.kokoro-wyoming.plist").read_bytes())
    run(*agent["ProgramArguments"], folder=tmp_path, HOME=str(tmp_path))
    assert (logs / "kokoro-wyoming.log").read_text() == "told: serve\n"
