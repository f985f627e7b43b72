"""What holds for the whole house: floors, types, lint, and that what is built is what is here."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "kokoro_wyoming"
PROGRAMS = Path(sys.executable).parent


def run(*command: str | Path, folder: Path = CHECKOUT, **environment: str) -> str:
    """Run a program of the virtual environment; its output, when it ends well."""
    program = shutil.which(str(command[0]), path=str(PROGRAMS)) or str(command[0])
    done = subprocess.run(
        [program, *map(str, command[1:])],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def settings() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg")
    return parser


@pytest.mark.slow
def test_a_room_calls_only_downstairs() -> None:
    run("lint-imports", PYTHONPATH=str(CHECKOUT))


@pytest.mark.long
def test_types_fit() -> None:
    run("mypy")


def test_python_is_clean() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")


@pytest.mark.long
def test_shell_scripts_are_clean() -> None:
    run("shellcheck", "run.sh", "test.sh", *(CHECKOUT / ".ci").iterdir(), *(CHECKOUT / "scripts").glob("*.sh"))


def test_the_dockerfile_is_clean() -> None:
    run("hadolint", "Dockerfile")


def test_the_container_is_set_up_by_the_same_scripts_as_run_sh() -> None:
    text = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
    commands = [re.sub(r"^RUN (--\S+ )*", "", line) for line in text.splitlines() if line.startswith("RUN ")]
    programs = [part.split()[0] for line in commands for part in re.split(r"&&|;|\bthen\b", line) if part.strip()]
    assert set(programs) <= {
        "scripts/setup_venv.sh",
        "scripts/slim_venv.sh",
        ".venv/bin/kokoro-wyoming",
        "apt-get",
        "rm",
        "mkdir",
        "if",
        "fi",
    }
    assert {"scripts/setup_venv.sh", "scripts/slim_venv.sh"} <= set(programs)


@pytest.mark.parametrize(
    "name",
    [
        "scripts/setup_venv.sh",
        "scripts/slim_venv.sh",
        "scripts/requirements.py",
        "scripts/import_all.py",
        "setup.cfg",
        "pyproject.toml",
        "constraints.txt",
    ],
)
def test_what_the_set_up_reads_is_in_the_container(name: str) -> None:
    assert f"!{name}" in (CHECKOUT / ".dockerignore").read_text().splitlines()


def steps_of(workflow: Path, action: str) -> list[dict[str, Any]]:
    """What the steps of a workflow that use this action are given."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    steps = (step for job in jobs for step in job.get("steps", ()))
    return [step["with"] for step in steps if step.get("uses", "").startswith(f"{action}@")]


def test_workflows_publish_at_hosts_that_are_variables() -> None:
    workflows = CHECKOUT / ".github" / "workflows"
    places = [step["registry"] for path in workflows.glob("*.yml") for step in steps_of(path, "docker/login-action")]
    places += [step["repository-url"] for step in steps_of(workflows / "release.yml", "pypa/gh-action-pypi-publish")]
    places += [yaml.safe_load((workflows / "publish-image.yml").read_text())["env"]["IMAGE"]]
    assert len(places) == 4
    assert all(place.startswith("${{ vars.") for place in places), places


def test_published_images_are_for_both_architectures_with_what_is_in_them_and_how_they_were_made() -> None:
    workflow = CHECKOUT / ".github" / "workflows" / "publish-image.yml"
    machines = yaml.safe_load(workflow.read_text())["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert {machine["platform"] for machine in machines} == {"linux/amd64", "linux/arm64"}
    (built,) = steps_of(workflow, "docker/build-push-action")
    wanted = {"sbom": True, "provenance": "mode=max", "platforms": "${{ matrix.platform }}"}
    assert wanted.items() <= built.items()


def test_no_module_has_a_name_that_says_nothing_or_grows_past_400_lines() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert path.stem not in {"utils", "helpers", "common", "base", "core"}, path
        assert len(path.read_text().splitlines()) < 400, path


def test_at_most_eight_modules_lie_beside_the_wings() -> None:
    assert len([path for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")]) <= 8


def test_the_architecture_has_a_row_for_every_module_and_names_nothing_else() -> None:
    rows = set(re.findall(r"`([\w./]+)`", (CHECKOUT / "ARCHITECTURE.md").read_text()))
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).with_suffix("")
        folders = {f"{folder}/" for folder in module.parents}
        assert module.stem.startswith("__") or str(module) in rows or folders & rows, module
    for row in rows:
        if "/" in row and row.partition("/")[0] in {path.name for path in PACKAGE.iterdir() if path.is_dir()}:
            # A dot ends a module's name, and stands in a file's: `session.Session`, `moments.npz`.
            path = PACKAGE / row.partition(".")[0]
            there = (path, path.with_suffix(".py"), PACKAGE / row, CHECKOUT / row)
            assert any(place.exists() for place in there), row


def test_every_folder_of_modules_is_a_package_of_the_wheel(settings: configparser.ConfigParser) -> None:
    folders = {path.parent.relative_to(CHECKOUT) for path in PACKAGE.rglob("*.py")}
    packages = {".".join(folder.parts) for folder in folders}
    assert set(settings["options"]["packages"].split()) == packages | {"kokoro_wyoming.defaults"}


def requirements(text: str) -> Iterator[Requirement]:
    return (Requirement(line) for line in text.splitlines() if line and not line.startswith("#"))


@pytest.mark.long
@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 does not know whose module each one is")
def test_every_imported_library_is_required_by_name(settings: configparser.ConfigParser) -> None:
    extras = settings["options.extras_require"]
    asked = [
        settings["options"]["install_requires"],
        *(text for name, text in extras.items() if name not in ("all", "test", "dev", "quality")),
    ]
    required = {canonicalize_name(one.name) for text in asked for one in requirements(text)}
    distributions = metadata.packages_distributions()
    for module in imported_modules() - sys.stdlib_module_names - {"kokoro_wyoming"}:
        owners = {canonicalize_name(name) for name in distributions.get(module, [])}
        assert owners & required, f"{module}, of {owners or 'nobody'}"


def imported_modules() -> set[str]:
    """Names of the top-level modules that the package imports, at the top or within a function."""
    modules: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add(str(node.module).partition(".")[0])
    return modules


@pytest.mark.parametrize("release", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_one_tested_version_of_every_requirement_is_pinned(settings: configparser.ConfigParser, release: str) -> None:
    environment = {"python_version": release, "python_full_version": f"{release}.9", "sys_platform": "linux"}
    pins: dict[str, str] = {}
    for pin in requirements((CHECKOUT / "constraints.txt").read_text()):
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pins.setdefault(canonicalize_name(pin.name), str(pin.specifier)) == str(pin.specifier), pin.name
    for text in (settings["options"]["install_requires"], *settings["options.extras_require"].values()):
        for wanted in requirements(text):
            if wanted.name != "kokoro-wyoming":
                assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)].removeprefix("=="))


def test_every_limit_that_is_promised_has_the_test_that_is_named_and_every_setting_of_one_is_told() -> None:
    told = (CHECKOUT / "docs" / "limits.md").read_text()
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", told):
        assert re.search(rf"^(async )?def {name}\(", (CHECKOUT / path).read_text(), re.MULTILINE), f"{path}::{name}"
    for key in yaml.safe_load((CHECKOUT / "config" / "default.yaml").read_text())["limits"]:
        assert f"`limits.{key}`" in told, key
