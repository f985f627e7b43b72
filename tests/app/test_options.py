"""What the owner chose on the app's page, as settings: the same values as in YAML, and the same mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kokoro_wyoming import config
from kokoro_wyoming.cli import app, app_options
from kokoro_wyoming.cli import main as kokoro_wyoming
from kokoro_wyoming.errors import ConfigError
from tests.conftest import CHECKOUT

FULL: dict[str, Any] = json.loads((CHECKOUT / "tests/app/options.json").read_text(encoding="utf-8"))
SAME_IN_YAML = """
server: {uri: "tcp://:10200", log_level: warning}
http: {uri: "tcp://:8880", behind_ingress: yes, api_key: correct-horse.battery_staple~1}
discovery: {enabled: no}
model: {version: v1.0}
speech:
  voice: bf_emma
  language: en-GB
  languages: [en-GB, fr-FR]
  region: GB
  speed: 1.1
  volume: 0.8
  loudness_lufs: -18.0
  voices: {fr-FR: ff_siwis}
voices: {Kitchen: af_heart(2)+bf_emma@0.95}
lexicon:
  en-GB: {HVAC: H vac}
  all: {kokoro: /kˈoʊkəɹoʊ/}
cache: {megabytes: 32}
prerender: [Dinner is ready.]
"""


class Written:
    """The files that the app reads, in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.options = folder / "options.json"
        self.settings = folder / "settings.yaml"

    def load(self, options: object, settings: str | None = None) -> config.Config:
        """The settings that follow."""
        self.options.write_text(options if isinstance(options, str) else json.dumps(options), encoding="utf-8")
        if settings is not None:
            self.settings.write_text(settings, encoding="utf-8")
        parsed = _parsed(f"--options={self.options}", f"--config={self.settings}")
        return app._load(parsed)

    def complaint(self, options: object, settings: str | None = None) -> str:
        with pytest.raises(ConfigError) as caught:
            self.load(options, settings)
        return str(caught.value)


def _parsed(*words: str) -> Any:
    from argparse import ArgumentParser

    parser = ArgumentParser()
    app.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


def test_options_are_what_yaml_would_say(written: Written, tmp_path: Path) -> None:
    path = tmp_path / "same.yaml"
    path.write_text(SAME_IN_YAML, encoding="utf-8")
    assert written.load(FULL) == config.load(path)


def test_without_options_the_defaults_hold_but_for_what_the_app_is(written: Written) -> None:
    loaded = written.load({})
    assert loaded == config.load(None, app_options.OF_THE_APP)
    assert (loaded.http.behind_ingress, loaded.discovery.enabled) == ("only", False)


@pytest.mark.parametrize("empty", ["", None, []])
def test_an_option_without_a_value_changes_nothing(written: Written, empty: object) -> None:
    assert written.load(dict.fromkeys(FULL, empty)) == written.load({})


@pytest.mark.parametrize(("api", "door"), [(False, "only"), (True, "yes")])
def test_the_api_is_open_only_if_its_owner_says_so(written: Written, api: bool, door: str) -> None:
    assert written.load({"api": api}).http.behind_ingress == door


@pytest.mark.parametrize(
    ("written_as", "door"),
    [("true", "yes"), ("on", "yes"), ("Yes", "yes"), ("false", "no"), ("off", "no"), ("no", "no"), ("Only", "only")],
)
def test_the_door_has_its_names_in_yaml(tmp_path: Path, written_as: str, door: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(f"http: {{behind_ingress: {written_as}}}\n")
    assert config.load(path).http.behind_ingress == door


def test_a_settings_file_has_the_rest_and_options_win(written: Written) -> None:
    loaded = written.load(
        {"speed": 1.5, "lexicon": [{"word": "HVAC", "said": "H vac"}]},
        "speech: {speed: 0.7, emoji: name}\nserver: {uri: 'tcp://:1'}\nlexicon: {all: {GIF: jif}}\n",
    )
    assert (loaded.speech.speed, loaded.speech.emoji) == (1.5, "name")
    assert loaded.lexicon == {"all": {"GIF": "jif", "HVAC": "H vac"}}
    assert loaded.server.uri == app_options.OF_THE_APP["server.uri"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"speed": 3}, "option speed: `3` should be less than or equal to 2"),
        ({"speed": "fast"}, "option speed: `fast` should be a number"),
        ({"voice": "../x"}, "option voice: `../x` is a path, not a voice name"),
        ({"language": "xx"}, "option language: `xx` is not a language that Kokoro speaks; they are en-US"),
        ({"languages": ["en-GB", "xx"]}, "option languages: [1]: `xx` is not a language"),
        ({"model_version": "v9"}, "option model_version: `v9` is no Kokoro release"),
        ({"voices": [{"language": "xx", "voice": "af_heart"}]}, "option voices: xx: `xx` is not a language"),
        (
            {"voices": [{"language": "en-GB", "voice": ""}]},
            "option voices: {'language': 'en-GB', 'voice': ''} has no voice",
        ),
        ({"voices": "af_heart"}, "option voices: is no list"),
        ({"own_voices": [{"name": "Kitchen", "voice": "af_heart("}]}, "option own_voices: Kitchen: "),
        (
            {"own_voices": [{"name": "A", "voice": "a"}, {"name": "A", "voice": "b"}]},
            "option own_voices: has 'A' twice",
        ),
        ({"lexicon": [{"word": "GIF", "said": "/jif"}]}, "option lexicon: all: has 'GIF': '/jif', which is neither"),
        ({"lexicon": [{"word": "GIF"}]}, "option lexicon: {'word': 'GIF'} has no said"),
        ({"lexicon": [{"word": "a", "said": "b", "language": "xx"}]}, "option lexicon: xx: `xx` is not a language"),
        ({"prerender": ["Hello."]}, "there is no cache to keep them in; set the option cache_megabytes, to 32"),
        ({"api_key": "short"}, "option api_key: `short` is no key: 8 to 256"),
        ({"api": "perhaps"}, "option api: `perhaps` should be"),
        ({"log_level": "loud"}, "option log_level: `loud` should be 'debug', 'info', 'warning' or 'error'"),
        ({"speach": 1}, "option speach: is not known; the options are voice, language"),
    ],
    ids=str,
)
def test_a_mistake_names_the_option_the_value_and_the_remedy(written: Written, options: object, told: str) -> None:
    assert told in written.complaint(options)


def test_all_mistakes_are_told_at_once_each_where_it_was_made(written: Written) -> None:
    told = written.complaint({"speed": 3, "volume": 4}, "cache:\n  megabytes: -1\n")
    assert "option speed: `3`" in told
    assert "option volume: `4`" in told
    assert f"{written.settings}:2: cache.megabytes: `-1`" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [("{", "is no JSON"), ("", "is no JSON"), ("[]", "has no options")],
)
def test_options_that_are_none_are_told(written: Written, content: str, told: str) -> None:
    assert told in written.complaint(content)


def test_a_wrong_option_ends_the_app_with_its_name_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = f"--options={tmp_path / 'none.json'}"
    assert kokoro_wyoming(["app", missing]) == 2
    assert capsys.readouterr().err.endswith("none.json: cannot be read: no such file or directory\n")
    (tmp_path / "options.json").write_text('{"speed": 3}')
    assert kokoro_wyoming(["app", f"--options={tmp_path / 'options.json'}", "--config=/nowhere.yaml"]) == 2
    assert capsys.readouterr().err.startswith("kokoro-wyoming: option speed: `3` should be less than")


def test_the_documents_explain_every_option() -> None:
    documents = (CHECKOUT / "app" / "DOCS.md").read_text(encoding="utf-8")
    schema = yaml.safe_load((CHECKOUT / "app" / "config.yaml").read_text(encoding="utf-8"))["schema"]
    assert [name for name in schema if f"`{name}`" not in documents] == []
