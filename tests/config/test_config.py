"""The settings: what a good file means, and what a bad one is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pydantic_core import PydanticUndefined

from kokoro_wyoming import config
from kokoro_wyoming.config.options import chime, speaker_book
from kokoro_wyoming.config.schema import keys
from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.strict_yaml.documents import MAX_FILE_BYTES, read_document
from tests.examples import examples

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write my.yaml and return its path."""

    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "my.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def complaint(path: Path | None, overrides: dict[str, object] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(path, overrides)
    return str(caught.value)


# --- the defaults ---


def test_the_defaults_are_those_that_are_promised() -> None:
    loaded = config.load()
    assert loaded.server.uri == "tcp://:10200"
    assert (loaded.model.version, loaded.speech.language, loaded.speech.voice) == ("v1.0", "en-US", None)
    assert (loaded.speech.speed, loaded.speech.volume) == (1.0, 1.0)
    assert (loaded.limits.connections, loaded.limits.text_chars) == (256, 100_000)
    assert (loaded.cache.megabytes, loaded.prerender) == (0, ())
    assert loaded.server.allow == ("home",)


DEFAULTS = read_document(config.default_file())


def test_default_file_has_every_key_of_the_classes_and_no_other() -> None:
    in_file = {path for path in DEFAULTS.lines if not isinstance(path[-1], int)}
    assert in_file == set(keys())


TABLE = ("http", "voices")
"""Its keys are explained together, above it."""


@pytest.mark.parametrize("path", [path for path in keys() if len(path) > 1 and path[:-1] != TABLE], ids=".".join)
def test_default_file_explains_every_key_in_a_comment_above_it(path: tuple[str, ...]) -> None:
    line = DEFAULTS.lines[path]
    assert line is not None
    above = config.default_file().read_text().splitlines()[line - 2]
    assert above.strip().startswith("# "), f"nothing is said about {'.'.join(path)}"


def test_no_default_is_hidden_in_the_classes() -> None:
    assert [path for path, info in keys().items() if info.default is not PydanticUndefined] == []


def test_default_file_is_found_in_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kokoro_wyoming" / "defaults"
    package.mkdir(parents=True)
    (package / "default.yaml").write_text("")
    monkeypatch.setattr("kokoro_wyoming.__file__", str(tmp_path / "site-packages/kokoro_wyoming/__init__.py"))
    monkeypatch.setattr("kokoro_wyoming.__path__", [str(tmp_path / "kokoro_wyoming")])
    (package / "__init__.py").touch()
    assert config.default_file() == package / "default.yaml"


# --- what is laid over what ---


def test_a_file_changes_only_what_it_names(write: Write) -> None:
    loaded = config.load(write("speech:\n  speed: 1.25\n"))
    assert loaded.speech.speed == 1.25
    assert loaded.model_copy(update={"speech": config.load().speech}) == config.load()


def test_flags_win_over_the_file(write: Write) -> None:
    path = write("speech: {speed: 1.25, voice: af_bella}")
    assert config.load(path, {"speech.speed": 0.75}).speech.speed == 0.75
    assert config.load(path, {"speech.speed": 0.75}).speech.voice == "af_bella"


@pytest.mark.parametrize(
    "content", ["", "\n\n", "# nothing yet\n", "---\n", "speech:\n  # speed: 2\nserver:\n", "\ufeffspeech: {}"]
)
def test_a_file_that_says_nothing_changes_nothing(write: Write, content: str) -> None:
    assert config.load(write(content)) == config.load()


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config.load().speech.speed = 2.0


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    speed=st.floats(0.5, 2.0),
    threads=st.integers(0, 1024),
    name=st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=15),
    tag=st.sampled_from(TAGS),
    offline=st.booleans(),
)
def test_whatever_a_yaml_writer_writes_is_read_back(
    write: Write, speed: float, threads: int, name: str, tag: str, offline: bool
) -> None:
    wanted: dict[str, Any] = {
        "speech": {"speed": speed, "voices": {tag: "some_voice"}},
        "model": {"threads": threads},
        "discovery": {"name": name},
        "assets": {"offline": offline},
    }
    loaded = config.load(write(yaml.safe_dump(wanted, allow_unicode=True))).model_dump()
    assert {section: {key: loaded[section][key] for key in values} for section, values in wanted.items()} == wanted


# --- speakers ---


def test_speakers_have_what_is_said_of_them_and_else_what_is_said_of_all(write: Write) -> None:
    loaded = config.load(
        write(
            "speakers:\n"
            "  Kitchen: mpd://10.0.0.7?password=geheim\n"
            "  Hall: {address: 'sonos://10.0.0.8', volume: 0.4, quiet_hours: '22:30-7:00'}\n"
            "  down: [kitchen, HALL]\n"
            "  all: [down, Hall]\n"
            "announcements: {chime: bell.wav, volume: 0.2, quiet_hours: '21:00-6:00', base_url: 'http://10.0.0.1:80/'}"
        )
    )
    assert "geheim" not in repr(loaded)
    book = speaker_book(loaded)
    told = [(each.name, each.address.kind, each.volume, str(each.quiet_hours)) for each in book.find("ALL")]
    assert told == [("Kitchen", "mpd", 0.2, "21:00-06:00"), ("Hall", "sonos", 0.4, "22:30-07:00")]
    assert book.names() == ["Kitchen", "Hall", "down", "all"]
    assert loaded.announcements.chime == config.home() / "bell.wav"
    assert loaded.announcements.base_url == "http://10.0.0.1:80"
    with pytest.raises(ConfigError, match=r"announcements\.chime: .*bell\.wav cannot be read: no such file"):
        chime(loaded)


@pytest.mark.parametrize(("written", "has_one"), [("none", False), ("null", False), ("Gentle", True)])
def test_a_chime_may_be_a_word(write: Write, written: str, has_one: bool) -> None:
    assert (chime(config.load(write(f"announcements: {{chime: {written}}}"))) is not None) == has_one


# --- folders ---


def test_relative_folders_start_at_the_home_and_absolute_ones_stay(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOKORO_WYOMING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", "/home/of/user")
    folders = config.load(write("folders: {models: /srv/models, voices: my/voices}")).folders
    assert (folders.models, folders.voices) == (Path("/srv/models"), tmp_path / "home/my/voices")
    assert config.load(write("folders: {models: ~/models}")).folders.models == Path("/home/of/user/models")


def test_home_is_the_checkout_when_run_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOKORO_WYOMING_HOME", raising=False)
    assert config.home() == Path(__file__).parents[2]


def test_home_of_an_installed_package_is_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOKORO_WYOMING_HOME", raising=False)
    monkeypatch.setattr("kokoro_wyoming.__file__", str(tmp_path / "site-packages/kokoro_wyoming/__init__.py"))
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, **_: tmp_path / "data" / name)
    assert config.home() == tmp_path / "data" / "kokoro-wyoming"


# --- generous spellings ---


@pytest.mark.parametrize("spelling", ["v1.0", "1.0", "1", "V1", "v1", "v1_0", "kokoro-v1.0"])
def test_every_spelling_of_a_release_is_understood_as_text(spelling: str) -> None:
    assert config.load(None, {"model.version": spelling}).model.version == "v1.0"


@pytest.mark.parametrize("spelling", ["v0.19", "0.19", "'0.19'", "V0_19", "kokoro-v0.19"])
def test_the_older_release_is_chosen_in_any_spelling(spelling: str, write: Write) -> None:
    assert config.load(write(f"model: {{version: {spelling}}}")).model.version == "v0.19"


def test_voices_of_one_s_own_are_blends_in_their_shortest_spelling(write: Write) -> None:
    loaded = config.load(write('voices: {Living room: "af_heart( 2.0 ) + af_sky @0.950", Opa: 0.19/bm_lewis}'))
    assert loaded.voices == {"Living room": "af_heart(2)+af_sky@0.95", "Opa": "v0.19/bm_lewis"}
    assert config.load(write('speech: {voice: "af_heart+af_sky"}')).speech.voice == "af_heart+af_sky"


@pytest.mark.parametrize("spelling", ["v1.0", "1.0", "1", "'1.0'", '"v1"'])
def test_every_spelling_of_a_release_is_understood_in_a_file(write: Write, spelling: str) -> None:
    assert config.load(write(f"model: {{version: {spelling}}}")).model.version == "v1.0"


@pytest.mark.parametrize(
    ("spelling", "tag"),
    [("en", "en-US"), ("en_GB", "en-GB"), ("zh-Hans", "zh-CN"), ("J", "ja-JP"), ("es-MX", "es-ES")],
)
def test_languages_are_normalised_to_the_advertised_tags(spelling: str, tag: str) -> None:
    loaded = config.load(None, {"speech.language": spelling, "speech.voices": {spelling: "x_voice"}}).speech
    assert (loaded.language, loaded.voices) == (tag, {tag: "x_voice"})


@pytest.mark.parametrize("written", ["Hi.", "[Hi.]", "{text: Hi.}", "[{text: Hi.}]"])
def test_a_text_to_prerender_may_be_written_in_several_ways(write: Write, written: str) -> None:
    (one,) = config.load(write(f"cache: {{megabytes: 1}}\nprerender: {written}")).prerender
    assert (one.text, one.voice, one.language) == ("Hi.", None, None)


def test_a_text_to_prerender_may_have_its_own_voice_and_language(write: Write) -> None:
    written = "cache: {megabytes: 0.5}\nprerender:\n- {text: Hola., voice: ef_dora, language: es}"
    (one,) = config.load(write(written)).prerender
    assert (one.text, one.voice, one.language) == ("Hola.", "ef_dora", "es-ES")


@pytest.mark.parametrize(
    ("written", "allow"),
    [("any", ("any",)), ("[Home, 100.64.0.0/10]", ("home", "100.64.0.0/10")), ("fd00::7", ("fd00::7",)), ("[]", ())],
)
def test_who_may_speak_is_a_list_of_words_and_networks(write: Write, written: str, allow: tuple[str, ...]) -> None:
    assert config.load(write(f"server: {{allow: {written}}}")).server.allow == allow


@pytest.mark.parametrize(("written", "told"), [("all", "`any`"), ("[home, 10.0.0.7/8]", "write 10.0.0.0/8")])
def test_who_may_speak_is_checked(write: Write, written: str, told: str) -> None:
    assert told in complaint(write(f"server: {{allow: {written}}}"))


@pytest.mark.parametrize(
    "word", ["no", "On", "y", "010", "007", "0x10", "0o17", "10:20", "2024-01-01", "2024-13-45", "1e5", "=", "<<"]
)
def test_a_word_is_the_word_that_is_written(write: Write, word: str) -> None:
    assert config.load(write(f"discovery: {{name: {word}}}")).discovery.name == word


@pytest.mark.parametrize(
    ("written", "meant"),
    [(word, True) for word in ("true", "True", "yes", "ON")]
    + [(word, False) for word in ("FALSE", "No", "off", "'no'")],
)
def test_true_and_false_have_their_other_names(write: Write, written: str, meant: bool) -> None:
    assert config.load(write(f"assets: {{offline: {written}}}")).assets.offline is meant


@pytest.mark.parametrize(("written", "meant"), [("1_000", 1000), ("+7", 7), ("1.5", 1.5), (".5e+1", 5), ("09.", 9)])
def test_a_number_is_read_as_it_looks(write: Write, written: str, meant: float) -> None:
    assert config.load(write(f"limits: {{idle_seconds: {written}}}")).limits.idle_seconds == meant


def test_one_value_stands_for_a_list_of_one(write: Write) -> None:
    discovery = config.load(write("discovery: {advertise_host: 192.168.1.10, interfaces: [eth0, wlan0]}")).discovery
    assert discovery.advertise_host == ("192.168.1.10",)
    assert discovery.interfaces == ("eth0", "wlan0")


# --- mistakes in values: one row each ---

SPEECH_KEYS = (
    "speech: should have keys of its own (language, voice, voices, region, speed, offer_other_release, volume, "
)
MISTAKES = [
    # unknown keys: the nearest right one
    ("speech: {sped: 1}", 1, "speech.sped: is not a setting; did you mean `speech.speed`?"),
    (
        "speech:\n  voice: af_heart\n  langauge: en",
        3,
        "speech.langauge: is not a setting; did you mean `speech.language`?",
    ),
    ("speed: 1.2", 1, "speed: is not a setting; did you mean `speech.speed`?"),
    ("server: {threads: 2}", 1, "server.threads: is not a setting; did you mean `model.threads`?"),
    ("SPEECH: {speed: 1}", 1, "SPEECH: is not a setting; did you mean `speech`?"),
    ("qqqq: 1", 1, "qqqq: is not a setting (server, http, model, speech, voices, lexicon, folders, assets, discovery"),
    ("folders: {zzzz: 1}", 1, "folders.zzzz: is not a setting (models, voices)"),
    # numbers and text
    ("speech: {language: no}", 1, "speech.language: `no` is not a language that Kokoro speaks"),
    ("speech: {voices: {no: nb_kari}}", 1, "speech.voices.no: `no` is not a language that Kokoro speaks"),
    ("discovery: {name: 12}", 1, "discovery.name: `12` should be text; put it in quotes"),
    ("model: {threads: 010}", 1, "model.threads: `010` should be a whole number, written as 10 and not as '10', 010"),
    ("model: {threads: 0x10}", 1, "model.threads: `0x10` should be a whole number"),
    ("model: {threads: 0b1}", 1, "model.threads: `0b1` should be a whole number"),
    ("server: {drain_seconds: 10:20}", 1, "server.drain_seconds: `10:20` should be a number"),
    ("server: {drain_seconds: 10:20.5}", 1, "server.drain_seconds: `10:20.5` should be a number"),
    ("limits: {text_chars: 1e5}", 1, "limits.text_chars: `1e5` should be a whole number, written as 10 and not as"),
    ("limits: {idle_seconds: 1e2}", 1, "limits.idle_seconds: `1e2` should be a number, written as 1.5 and not as"),
    ("speech: {speed: 1,5}", 1, "speech.5: is not a setting"),
    ("speech: {speed: '1,5'}", 1, "speech.speed: `1,5` should be a number, written as 1.5 and not as '1.5', 1,5"),
    ("speech: {speed: '1.5'}", 1, "speech.speed: `1.5` should be a number, written as 1.5 and not as '1.5'"),
    ("speech: {speed: fast}", 1, "speech.speed: `fast` should be a number"),
    ("speech: {speed: true}", 1, "speech.speed: `true` should be a number"),
    ("speech: {voice: true}", 1, "speech.voice: `true` should be text; put it in quotes"),
    ("speech:\n  speed:\n", 2, "speech.speed: has no value; give it one, or delete the line for the default"),
    ("assets: {offline: maybe}", 1, "assets.offline: `maybe` should be true or false"),
    ("assets: {offline: 1}", 1, "assets.offline: `1` should be true or false"),
    ("model: {threads: 2.0}", 1, "model.threads: `2.0` should be a whole number"),
    ("model: {threads: 2.5}", 1, "model.threads: `2.5` should be a whole number"),
    # kinds
    ("speech: {speed: [1]}", 1, "speech.speed: should be a number"),
    ("speech: {speed: {a: 1}}", 1, "speech.speed: should be a number"),
    ("speech: 5", 1, SPEECH_KEYS),
    ("speech: [voice]", 1, SPEECH_KEYS),
    ("speech: {voices: af_heart}", 1, "speech.voices: should have keys of its own, not a value"),
    ("folders: {models: 5}", 1, "folders.models: `5` should be a folder"),
    ("discovery: {interfaces: {a: b}}", 1, "discovery.interfaces: should be one value or a list"),
    # ranges
    ("speech: {speed: 3}", 1, "speech.speed: `3` should be less than or equal to 2"),
    ("speech: {speed: 0.49}", 1, "speech.speed: `0.49` should be greater than or equal to 0.5"),
    ("speech: {volume: -1}", 1, "speech.volume: `-1` should be greater than or equal to 0"),
    ("speech: {speed: .nan}", 1, "speech.speed: `nan` should be a finite number"),
    ("limits: {idle_seconds: .inf}", 1, "limits.idle_seconds: `inf` should be a finite number"),
    ("limits: {connections: 0}", 1, "limits.connections: `0` should be greater than or equal to 1"),
    (f"limits: {{connections: {'9' * 5000}}}", 1, "limits.connections: `99999"),
    # choices
    (
        "server: {log_level: debgu}",
        1,
        "server.log_level: `debgu` should be 'debug', 'info', 'warning' or 'error'",
    ),
    ("assets: {source: pypi}", 1, "assets.source: `pypi` should be 'auto', 'hub' or 'registry'"),
    (
        "model: {version: v0.20}",
        1,
        "model.version: `v0.20` is no Kokoro release that this version of kokoro-wyoming runs",
    ),
    ("model: {version: 0.2}", 1, "model.version: `0.2` is no Kokoro release that"),
    ("model: {version: v2}", 1, "model.version: `v2` is no Kokoro release that"),
    ("model: {version: yes}", 1, "model.version: `yes` is no Kokoro release"),
    ("model: {device: gpu}", 1, "model.device: `gpu` is not a device; use auto, cpu, cuda, cuda:N or mps"),
    ("model: {device: 'cuda:x'}", 1, "model.device: `cuda:x` is not a device"),
    (
        "speech: {language: klingon}",
        1,
        "speech.language: `klingon` is not a language that Kokoro speaks; they are en-US, ",
    ),
    ("speech: {voices: {en: a_b, en-US: c_d}}", 1, "speech.voices: has en-US twice, in two spellings; keep one"),
    ("speech: {voice: ../../etc/passwd}", 1, "speech.voice: `../../etc/passwd` is a path, not a voice name"),
    ("speech: {voice: ''}", 1, "speech.voice: `` is not a voice name"),
    (f"speech: {{voice: {'a' * 257}}}", 1, "should have at most 256 characters"),
    ("speech: {voice: af_heart(2}", 1, "speech.voice: `af_heart(2` is not a voice: "),
    ('speech: {voice: "af_heart+@2"}', 1, "the name of a voice was expected at character 10"),
    ("voices: {Kitchen: af_heart@3}", 1, "voices.Kitchen: `af_heart@3` is not a voice: "),
    ("voices: {Kitchen: 5}", 1, "voices.Kitchen: `5` should be text"),
    ("voices: {Kitchen: }", 1, "voices.Kitchen: has no value"),
    ("voices: {en-GB: bf_emma}", 1, "voices.en-GB: `en-GB` is a language; the voices of languages are chosen in"),
    ("voices: {a+b: bf_emma}", 1, "is not a name for a voice"),
    ("voices: {Kitchen: af_sky, kitchen: af_bella}", 1, "voices: has Kitchen twice, in two spellings"),
    ("voices: Kitchen", 1, "voices: should have keys of its own"),
    ("model: {release_idle_seconds: -1}", 1, "`-1` should be greater than or equal to 0"),
    ("folders: {models: ''}", 1, "folders.models: `` is not a folder"),
    ('folders: {models: "a\\0b"}', 1, "folders.models: `a?b` is not a folder"),
    (
        "discovery: {advertise_host: [192.168.1.1, house]}",
        1,
        "discovery.advertise_host[1]: `house` is not an IP address",
    ),
    (
        "discovery: {advertise_host: 0.0.0.0}",
        1,
        "discovery.advertise_host[0]: `0.0.0.0` is not an address of one machine",
    ),
    ("discovery: {interfaces: []}", 1, "discovery.interfaces: is an empty list; use null"),
    (f"discovery: {{name: {'é' * 32}}}", 1, "is too long; a name on the network has at most 63 bytes"),
    # texts to prerender
    ("prerender: [Hello.]", 1, "prerender: has texts, but there is no cache to keep them in; set cache.megabytes"),
    ("prerender: Hello.", 1, "prerender: `Hello.` has texts, but there is no cache"),
    ("cache: {megabytes: -1}", 1, "cache.megabytes: `-1` should be greater than or equal to 0"),
    ("prerender:\n- {text: a, voise: b}", 2, "prerender[0]: has the unknown key `voise`; a text has text, voice, lang"),
    ("prerender:\n- a\n- {voice: af_heart}", 3, "prerender[1].text: is missing"),
    ("prerender:\n- {text: a, language: tlh}", 2, "prerender[0].language: `tlh` is not a language that Kokoro speaks"),
    ("prerender:\n- {text: 5}", 2, "prerender[0].text: `5` should be text"),
    ("prerender: [12]", 1, "prerender[0]: `12` is not a text; put it in quotes"),
    ("prerender: ['  ']", 1, "prerender[0].text: `  ` is empty"),
    # speakers
    ("speakers: {Hall: 'mpf://a/?token=x'}", 1, "speakers.Hall.address: `mpf://a/?...` does not begin with tcp://"),
    ("speakers:\n  Hall: {address: 'mpd://'}", 2, "speakers.Hall.address: `mpd://` has no host; write mpd://192.168.1.20"),
    ("speakers: {Hall: 5}", 1, "speakers.Hall: `5` is neither an address, such as snapcast://192.168.1.20/"),
    ("speakers: {Hall: {adress: a}}", 1, "speakers.Hall: has the unknown key `adress`; a speaker has address"),
    ("speakers: {Hall: {volume: 1}}", 1, "speakers.Hall: needs an address, or the speakers of a group, and not both"),
    ("speakers: {all: {speakers: [], volume: 1}}", 1, "speakers.all: is a group, which has speakers alone"),
    ("speakers: {Hall: {address: 'mpd://a', volume: 40}}", 1, "Hall.volume: `40` should be less than or equal to 1"),
    ("speakers: {Hall: {address: 'mpd://a', quiet_hours: 22-7}}", 1, "quiet_hours: `22-7` is no time of the day"),
    ("speakers: {a: 'mpd://a', all: [A, bb]}", 1, "speakers: has `all` with `bb` in it, which is no speaker; a group"),
    ("speakers: {Hall: 'mpd://a', all: [Hal]}", 1, "`Hal` in it, which is no speaker; did you mean `Hall`?"),
    ("speakers: {all: ['mpd://a?token=x']}", 1, "speakers: has `all` with `mpd://a` in it, which is no speaker"),
    ("speakers: {a: [b], b: [c], c: [A]}", 1, "speakers: has `a`, which has itself in it"),
    ("speakers: {a: [b], b: [c]}", 1, "speakers: has `b` with `c` in it, which is no speaker"),
    ("speakers: {a: 'mpd://a', A: 'mpd://b'}", 1, "speakers: has a twice, in two spellings; keep one"),
    ("speakers: {'a/b': 'mpd://a'}", 1, "speakers.a/b: `a/b` is not a name for a speaker"),
    ("announcements: {chime: bell.mp3}", 1, "announcements.chime: `bell.mp3` is no chime; use none, gentle"),
    ("announcements: {chime: 5}", 1, "announcements.chime: `5` is no chime"),
    ("announcements: {base_url: '10.0.0.1:80'}", 1, "announcements.base_url: `10.0.0.1:80` is no address"),
    # structure
    ("speech: {speed: 1}\nspeech: {volume: 1}", 2, "speech: stands here a second time; it is in line 1 already"),
    ("speech: {speed: 1, speed: 1}", 1, "speech.speed: stands here a second time; it is in line 1 already"),
    ("speech:\n  ? [a, b]\n  : 1", 2, "a key is a list or mapping; keys are words"),
    ("server: {uri: !!python/object/apply:os.system [ls]}", 1, "tags (!) are refused"),
    ("!!python/object/apply:os.system [ls]", 1, "tags (!) are refused"),
    ("server: {uri: !mine x}", 1, "tags (!) are refused"),
    ("server: !!set {a, b}", 1, "tags (!) are refused"),
    ("assets: {offline: !!bool perhaps}", 1, "tags (!) are refused"),
    ("speech: {speed: !!str 1}", 1, "tags (!) are refused; put text in quotes"),
    ("<<: {speech: {speed: 1}}", 1, "<<: is not a setting"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "expected"), MISTAKES, ids=[row[0][:40] for row in MISTAKES])
def test_a_mistake_names_file_line_path_value_and_remedy(write: Write, content: str, line: int, expected: str) -> None:
    path = write(content)
    message = complaint(path)
    assert message.startswith(f"{path}:{line}: ")
    assert expected in message
    assert "\n" not in message


def test_all_mistakes_of_a_file_are_told_at_once_in_their_order(write: Write) -> None:
    path = write("speech:\n  sped: 1\n  speed: 9\nmodel:\n  threads: 010\nmodle: {}\n")
    first, *lines = complaint(path).splitlines()
    assert first == "4 mistakes in the settings:"
    assert [line.split(": ")[0].strip() for line in lines] == [f"{path}:{number}" for number in (2, 3, 5, 6)]


def test_a_mistake_on_the_command_line_names_the_flag() -> None:
    with pytest.raises(ConfigError, match=r"^--speed: `9.0` should be less than or equal to 2$"):
        config.load(None, {"speech.speed": 9.0}, flags={"speech.speed": "--speed"})
    assert complaint(None, {"speech.speed": 9.0}).startswith("command line: speech.speed: `9.0` should be less than")


def test_a_right_flag_mends_a_wrong_value_in_the_file(write: Write) -> None:
    assert config.load(write("speech: {speed: 9}"), {"speech.speed": 1.0}).speech.speed == 1.0


# --- mistakes in files as wholes ---

UNREADABLE = [
    ("speech:\n\tspeed: 1", 2, "a tab stands where YAML wants blanks"),
    ("speech: {speed: 1", 1, "is not valid YAML"),
    ("speech:\n  speed: 1\n voice: x", 3, "is not valid YAML"),
    ("- speech", 1, "must be keys with values"),
    ("just words", 1, "must be keys with values"),
    ("speech: {speed: 1}\n---\nspeech: {speed: 2}", 2, "a second document begins"),
    ("speech: &a {speed: 1}", 1, "anchors (&) and aliases (*) are refused"),
    ("a: [1]\nb: *a", 2, "anchors (&) and aliases (*) are refused"),
    ("a: &a [*a]", 1, "anchors (&) and aliases (*) are refused"),
    ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]", 1, "anchors (&) and aliases (*) are refused"),
    ("speech: " + "[" * 5000, 1, "nested more than 16 levels deep"),
    ("- " * 5000, 1, "nested more than 16 levels deep"),
    ("a: " + "{a: " * 5000, 1, "nested more than 16 levels deep"),
    ("speech:\n  voice: a\x00b", 2, "holds an unprintable character (code 0)"),
    (b"speech:\n  voice: \xff\xfe", 2, "is not UTF-8 text"),
]


@pytest.mark.parametrize(("content", "line", "expected"), UNREADABLE, ids=[repr(row[0])[:40] for row in UNREADABLE])
def test_a_file_that_is_no_settings_file_is_refused_at_its_line(
    write: Write, content: str | bytes, line: int, expected: str
) -> None:
    path = write(content)
    message = complaint(path)
    assert message.startswith(f"{path}:{line}: ")
    assert expected in message


def test_a_file_over_one_mebibyte_is_refused_unread(write: Write) -> None:
    assert "is larger than 1 MiB" in complaint(write(b"#" * (MAX_FILE_BYTES + 1)))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.yaml") == f"{tmp_path}/none.yaml: cannot be read: no such file or directory"
    assert complaint(tmp_path) == f"{tmp_path}: cannot be read: is a directory"


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.text(st.sampled_from("speech: \n-{}[]voice&*!#'\"|>1.0,?%@`\\"), max_size=60) | st.binary(max_size=40)
)
def test_any_noise_is_read_or_refused_and_nothing_else_is_raised(write: Write, content: str | bytes) -> None:
    with contextlib.suppress(ConfigError):
        config.load(write(content))


# --- addresses ---


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("tcp://:10200", config.TcpAddress("", 10200)),
        ("tcp://0.0.0.0:10200", config.TcpAddress("0.0.0.0", 10200)),
        ("tcp://[::]:10200", config.TcpAddress("::", 10200)),
        ("tcp://house.local:0/", config.TcpAddress("house.local", 0)),
        ("unix:///run/kokoro.sock", config.UnixAddress("/run/kokoro.sock")),
    ],
)
def test_an_address_is_taken_apart(uri: str, address: object) -> None:
    assert config.parse_uri(config.load(None, {"server.uri": uri}).server.uri) == address
    assert str(config.parse_uri(str(address))) == str(address)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("", "does not begin with tcp:// or unix://"),
        ("10200", "does not begin with tcp:// or unix://"),
        ("0.0.0.0:10200", "does not begin with tcp:// or unix://"),
        ("http://0.0.0.0:10200", "does not begin with tcp:// or unix://"),
        ("tcp:0.0.0.0:10200", "does not begin with tcp:// or unix://"),
        ("stdio://", "does not begin with tcp:// or unix://"),
        ("tcp://0.0.0.0", "has no port; write tcp://0.0.0.0:10200"),
        ("tcp://0.0.0.0:", "has no port; write tcp://0.0.0.0:10200"),
        ("tcp://", "has no port; write tcp://:10200"),
        ("tcp://:", "has no port; write tcp://:10200"),
        ("tcp://0.0.0.0:65536", "has a port that is not a number from 0 to 65535"),
        ("tcp://0.0.0.0:x", "has a port that is not a number from 0 to 65535"),
        ("tcp://::1:10200", "is an IPv6 address without brackets"),
        ("tcp://[::1:10200", "has brackets in the wrong place"),
        ("tcp://a:1/path", "has more in it than host and port"),
        ("tcp://me@a:1", "has more in it than host and port"),
        ("tcp://a:1?x=1", "has more in it than an address"),
        ("tcp://a :1", "has blanks or unprintable characters"),
        ("tcp://a\n:1", "has blanks or unprintable characters"),
        ("unix://run/kokoro.sock", "is not an absolute path; write unix:///run/kokoro.sock"),
        ("unix:///", "is not an absolute path"),
        ("unix:///" + "a" * 107, "is too long for a socket"),
    ],
)
def test_a_wrong_address_is_told_what_is_wrong(uri: str, expected: str) -> None:
    message = complaint(None, {"server.uri": uri})
    assert message.startswith("command line: server.uri: `")
    assert expected in message
