"""The files of the app: what Home Assistant requires of them, and that they fit the program."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import kokoro_wyoming
from kokoro_wyoming import config
from kokoro_wyoming.cli import app_options
from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.releases import VERSIONS, is_described
from tests.app.theirs import importable, sources
from tests.conftest import CHECKOUT
from tests.test_house import run

APP = CHECKOUT / "app"
CONFIG: dict[str, Any] = yaml.safe_load((APP / "config.yaml").read_text(encoding="utf-8"))
TRANSLATIONS = sorted((APP / "translations").glob("*.yaml"))
DEFAULTS = config.load()
KINDS = {
    **dict.fromkeys(("name", "version", "slug", "description", "panel_icon"), str),
    **dict.fromkeys(("arch", "discovery", "map", "backup_exclude"), list),
    **dict.fromkeys(("homeassistant_api", "ingress", "ingress_stream"), bool),
    **dict.fromkeys(("options", "schema", "ports"), dict),
    "ingress_port": int,
}
"""Every key that the app uses, and what its value is."""
_THEIRS = ("apps.options", "apps.validate", "store.validate")
ELEMENT = re.compile(
    r"(bool|str(\(\d*,\d*\))?|password\(\d+,\d+\)|int\(-?\d+,-?\d+\)|float\(-?[\d.]+,-?[\d.]+\)|match\(.+\)"
    r"|list\([^()]+\))\??"
)


def elements(schema: Any) -> Iterator[str]:
    """The types in a schema of options."""
    if isinstance(schema, str):
        yield schema
    else:
        for below in schema.values() if isinstance(schema, dict) else schema:
            yield from elements(below)


def test_every_key_is_known_and_of_its_kind() -> None:
    assert {key: type(value) for key, value in CONFIG.items()} == KINDS
    assert re.fullmatch(r"[a-z0-9_]+", CONFIG["slug"])
    assert CONFIG["arch"] == ["aarch64", "amd64"]


def test_nothing_is_said_that_holds_without_saying_it() -> None:
    defaults = {"ingress_port": 8099, "panel_icon": "mdi:puzzle", "options": {}, "schema": {}}
    assert not [key for key, value in defaults.items() if CONFIG[key] == value]
    assert not {"watchdog", "webui", "init", "boot", "startup", "backup", "build_from"} & set(CONFIG)


@pytest.mark.parametrize("kind", [*elements(CONFIG["schema"])])
def test_every_option_has_a_type_that_the_supervisor_knows(kind: str) -> None:
    assert ELEMENT.fullmatch(kind)


def test_every_option_is_one_of_the_program_and_the_other_way_round() -> None:
    assert set(CONFIG["schema"]) == set(app_options._SETTINGS)


def test_an_option_that_is_wanted_has_a_value() -> None:
    """The Supervisor takes an option without a question mark for a mistake until it has one; of a list, its items'."""
    first = {name: kind[0] if isinstance(kind, list) else kind for name, kind in CONFIG["schema"].items()}
    wanted = {name for name, kind in first.items() if not (isinstance(kind, str) and kind.endswith("?"))}
    assert wanted <= set(CONFIG["options"])
    assert set(CONFIG["options"]) <= set(CONFIG["schema"])


def test_the_values_at_first_are_the_program_s_own_defaults() -> None:
    chosen = app_options.settings_of(CONFIG["options"])
    assert config.load(None, {**app_options.OF_THE_APP, **chosen}) == config.load(None, app_options.OF_THE_APP)


def test_the_languages_and_releases_to_choose_from_are_kokoro_s() -> None:
    lists = {kind.partition("(")[2].rstrip(")?") for kind in elements(CONFIG["schema"]) if kind.startswith("list(")}
    # v1.1-zh needs a package that the image does not have.
    releases = [version for version in VERSIONS if not is_described(version)]
    assert lists == {"|".join(TAGS), f"all|{'|'.join(TAGS)}", "|".join(releases), "debug|info|warning|error"}


@pytest.mark.parametrize(
    ("option", "setting"),
    [
        ("speed", "speech.speed"),
        ("volume", "speech.volume"),
        ("loudness", "speech.loudness_lufs"),
        ("cache_megabytes", "cache.megabytes"),
    ],
)
def test_a_range_is_that_of_the_setting(option: str, setting: str) -> None:
    low, high = map(float, re.findall(r"-?[\d.]+", CONFIG["schema"][option]))
    for value in (low, high):
        config.load(None, {setting: value})
    for value in (low - 0.01, high + 0.01):
        with pytest.raises(ConfigError, match=setting):
            config.load(None, {setting: value})


def test_the_ports_are_those_that_the_program_listens_at_and_closed_on_the_host() -> None:
    ports = [config.parse_uri(str(app_options.OF_THE_APP[key])) for key in ("server.uri", "http.uri")]
    assert CONFIG["ports"] == {f"{address.port}/tcp": None for address in ports if hasattr(address, "port")}
    assert f"{CONFIG['ingress_port']}/tcp" in CONFIG["ports"]
    assert f"EXPOSE {' '.join(port.partition('/')[0] for port in CONFIG['ports'])}" in _text("Dockerfile")


def test_the_version_is_that_of_the_program() -> None:
    version = kokoro_wyoming.__version__
    assert CONFIG["version"] == version
    assert f"ARG BUILD_FROM=kokoro-wyoming:{version}\n" in _text("app/Dockerfile")
    assert f"ARG BUILD_VERSION={version}\n" in _text("app/Dockerfile")
    assert f"\n## {version}\n" in _text("app/CHANGELOG.md")


def test_weights_live_where_updates_leave_them_and_backups_do_not_look() -> None:
    """The image's volumes go with the container. The Supervisor matches excluded names from the right."""
    volumes = re.findall(r'"(/[^"]+)"', re.findall(r"(?m)^VOLUME .*$", _text("Dockerfile"))[0])
    home = Path(re.findall(r"KOKORO_WYOMING_HOME=(\S+)", _text("app/Dockerfile"))[0])
    assert home.is_relative_to("/data")
    for folder in (DEFAULTS.folders.models.name, DEFAULTS.folders.voices.name):
        assert str(home / folder) not in volumes
        assert any((home / folder / "v1_0").match(pattern) for pattern in CONFIG["backup_exclude"])
    assert not any(Path("/data/options.json").match(pattern) for pattern in CONFIG["backup_exclude"])


def test_the_image_says_how_it_is() -> None:
    text = _text("app/Dockerfile")
    assert re.search(r'(?m)^HEALTHCHECK .*CMD \["kokoro-wyoming", "health"\]$', text)
    for label in ("type", "version", "arch", "name", "description"):
        assert f"io.hass.{label}=" in text
    assert CONFIG["name"] in text


def test_a_folder_for_home_assistant_s_own_building_has_all_that_the_image_needs(tmp_path: Path) -> None:
    """The Supervisor gives Docker this folder alone, and takes every other config.* for an app, but not in rootfs."""
    made = tmp_path / "kokoro_wyoming"
    run("scripts/make_app.sh", made)
    assert {path.name for path in APP.iterdir()} | {"rootfs"} == {path.name for path in made.iterdir()}
    ignored = {line[1:] for line in _text(".dockerignore").splitlines() if line.startswith("!")}
    assert {str(path.relative_to(made / "rootfs")) for path in _leaves(made / "rootfs", ignored)} == ignored
    assert [path for path in made.rglob("config.*") if "rootfs" not in path.parts and path.suffix] == [
        made / "config.yaml"
    ]
    text = (made / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^(?:FROM|COPY) .*$", text)[-1] == "FROM server"
    assert "\nCOPY rootfs .\n" in text
    run("hadolint", made / "Dockerfile")


def test_the_dockerfile_is_clean() -> None:
    run("hadolint", "app/Dockerfile")


def test_nothing_advises_what_home_assistant_no_longer_takes() -> None:
    texts = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").iterdir(), *APP.rglob("*.md"), *APP.glob("*.yaml")]
    assert [path for path in texts if path.is_file() and "watchdog:" in path.read_text(errors="replace")] == []


def test_every_language_has_the_same_words() -> None:
    assert {path.stem for path in TRANSLATIONS} == {"en", "de", "es", "fr", "hi", "it", "ja", "pt-BR", "zh-Hans"}
    english = yaml.safe_load((APP / "translations" / "en.yaml").read_text(encoding="utf-8"))
    for path in TRANSLATIONS:
        assert _keys(yaml.safe_load(path.read_text(encoding="utf-8"))) == _keys(english), path.name


def test_every_option_and_port_has_its_words() -> None:
    words = yaml.safe_load((APP / "translations" / "en.yaml").read_text(encoding="utf-8"))
    assert set(words) == {"configuration", "network"}
    assert list(words["configuration"]) == list(CONFIG["schema"])
    assert set(words["network"]) == set(CONFIG["ports"])
    for name, kind in CONFIG["schema"].items():
        fields = kind[0] if isinstance(kind, list) and isinstance(kind[0], dict) else {}
        assert set(words["configuration"][name].get("fields", {})) == set(fields)


@pytest.mark.parametrize(("name", "size"), [("icon.png", (128, 128)), ("logo.png", (250, 100))])
def test_pictures_are_small_and_of_the_size_that_is_wanted(name: str, size: tuple[int, int]) -> None:
    content = (APP / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == size
    assert len(content) < 20_000


def test_every_picture_of_the_documents_is_there() -> None:
    for document in APP.glob("*.md"):
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            assert (APP / picture).is_file(), picture


def test_the_apparmor_profile_is_one_and_named_like_the_app() -> None:
    """The Supervisor looks for lines that begin with `profile`, and puts the app's full name in."""
    assert re.findall(r"(?m)^profile ([^ ]+).*$", _text("app/apparmor.txt")) == [CONFIG["slug"]]


def test_the_apparmor_profile_compiles() -> None:
    parser = shutil.which("apparmor_parser", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if parser is None:
        pytest.skip("the profile is not compiled: there is no apparmor_parser (Debian's package apparmor)")
    base = Path(parser).parent.parent / "etc" / "apparmor.d"
    base = base if base.is_dir() else Path("/etc/apparmor.d")
    command = [parser, "-Q", "-K", "-I", str(base), str(APP / "apparmor.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_linter_of_apps_finds_nothing() -> None:
    schema = json.loads((sources("linter") / "src" / "config.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(CONFIG)] == []
    assert [key for key, rule in schema["properties"].items() if CONFIG.get(key, ...) == rule.get("default", ())] == []


def test_the_supervisor_takes_the_app_and_its_options(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("voluptuous", reason="the Supervisor's schema is not tried: no voluptuous")
    pytest.importorskip("awesomeversion", reason="the Supervisor's schema is not tried: no awesomeversion")
    core = {"CoreSys": object, "CoreSysAttributes": type("CoreSysAttributes", (), {})}
    stand_ins: dict[str, dict[str, Any]] = {
        "supervisor.coresys": core,
        "supervisor.hardware.data": {"Device": object},
        "supervisor.utils.validate": {"validate_timezone": str},
    }
    with importable(sources("supervisor"), "supervisor", stand_ins):
        options, apps, store = (import_module(f"supervisor.{name}") for name in _THEIRS)
        taken = apps.SCHEMA_APP_CONFIG(yaml.safe_load(_text("app/config.yaml")))
        assert taken["schema"] == CONFIG["schema"]
        assert [record.getMessage() for record in caplog.records if "legacy map type" not in record.getMessage()] == []
        assert store.SCHEMA_REPOSITORY_CONFIG(yaml.safe_load(_text("repository.yaml")))["name"]
        for path in TRANSLATIONS:
            words = yaml.safe_load(path.read_text(encoding="utf-8"))
            assert apps.SCHEMA_APP_TRANSLATIONS(words) == words
        checked = options.AppOptions(None, CONFIG["schema"], "Kokoro", "kokoro_wyoming")
        assert checked(CONFIG["options"]) == CONFIG["options"]
        full = json.loads(_text("tests/app/options.json"))
        assert checked(full) == full
        assert set(full) == set(CONFIG["schema"])


def _leaves(folder: Path, names: set[str]) -> Iterator[Path]:
    """What is in a folder: those of these names as a whole, of the others what is in them."""
    for path in folder.iterdir():
        if path.is_dir() and str(path.name) not in names:
            yield from (path / below.relative_to(path) for below in path.iterdir())
        else:
            yield path


def _keys(tree: Any) -> Any:
    return {key: _keys(value) for key, value in tree.items()} if isinstance(tree, dict) else None


def _text(path: str) -> str:
    return (CHECKOUT / path).read_text(encoding="utf-8")
