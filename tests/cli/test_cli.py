"""The commands: which one is meant, what it is given, how it ends. What they call is stood in for."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from kokoro_wyoming import __version__, assets
from kokoro_wyoming.assets import FileState
from kokoro_wyoming.assets.store import weights_path
from kokoro_wyoming.cli import COMMANDS, main
from kokoro_wyoming.cli.voices import voice_selector
from kokoro_wyoming.config import Config, load
from kokoro_wyoming.errors import AssetError

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KOKORO_WYOMING_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def same_logging_afterwards() -> Iterator[None]:
    """`serve` sets logging up for the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("kokoro_wyoming")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])
    logging.captureWarnings(False)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `assets.fetch` was asked for; nothing is fetched."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(assets, "fetch", lambda store, **asked: calls.append({"store": store, **asked}))
    return calls


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings that the server was started with; it ends at once, with status 0."""
    calls: list[Config] = []

    def serve(config: Config, reread: object, tell: object) -> int:
        calls.append(config)
        return 0

    server = ModuleType("kokoro_wyoming.server.process")
    vars(server)["serve"] = serve
    monkeypatch.setitem(sys.modules, "kokoro_wyoming.server.process", server)
    return calls


@pytest.fixture
def languages(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """What `installed_languages` says."""
    installed: dict[str, str | None] = {"en-US": None, "ja-JP": None}
    manager = ModuleType("kokoro_wyoming.builds.installed")
    vars(manager)["installed_languages"] = lambda *_: installed
    monkeypatch.setitem(sys.modules, "kokoro_wyoming.builds.installed", manager)
    return installed


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[FileState]:
    """What `assets.verify` says."""
    states = [FileState(Path("/m/kokoro.pth"), "ok", "official weights", "from the hub")]
    states += [FileState(Path(f"/v/{name}.pt"), "ok", "voice", "from the hub") for name in "abcdefgh"]
    monkeypatch.setattr(assets, "verify", lambda store, version, *, hashes: states)
    return states


@pytest.fixture
def put_voice(home: Path) -> Callable[[str], Path]:
    """Put a voice pack without a voice into the voices folder."""

    def put(name: str) -> Path:
        path = home / "voices" / "v1_0" / f"{name}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(torch.zeros(510, 1, 256), path)
        return path

    return put


# --- which command ---


@pytest.mark.parametrize("argv", [[], ["serve"], ["--voice", "bf_emma"], ["serve", "--voice", "bf_emma"]])
def test_to_serve_is_the_default(argv: list[str], fetched: list[dict[str, Any]], served: list[Config]) -> None:
    assert main(argv) == 0
    assert [config.speech.voice for config in served] == [argv[-1] if "--voice" in argv else None]


@pytest.mark.parametrize("argv", [["--help"], ["-h"], *([command, "--help"] for command in COMMANDS)])
def test_help_shows_examples_and_succeeds(argv: list[str], capsys: Captured) -> None:
    assert main(argv) == 0
    assert "examples:\n  kokoro-wyoming" in capsys.readouterr().out


def test_version_is_told(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kokoro-wyoming {__version__}\n"


@pytest.mark.slow
def test_help_comes_without_loading_anything_heavy() -> None:
    program = (
        "import sys; from kokoro_wyoming.cli import main; status = main(['serve', '--help']);"
        "heavy = {'torch', 'numpy', 'kokoro', 'pydantic', 'huggingface_hub'} & set(sys.modules);"
        "sys.exit(status or ' '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["chek"], "there is no command 'chek'; did you mean check?"),
        (["xyzzy"], "there is no command 'xyzzy'"),
        (["--sped", "1"], "serve knows no '--sped'; did you mean --speed?"),
        (["check", "--ofline"], "check knows no '--ofline'; did you mean --offline?"),
        (["--config", "my.yaml", "check"], "a command comes first: kokoro-wyoming check ..."),
        (["--speed", "fast"], "argument --speed: invalid float value: 'fast'"),
        (["--speed", "9"], "--speed: `9.0` should be less than or equal to 2"),
        (["--uri", "x"], "--uri: `x` does not begin with tcp:// or unix://"),
        (["--config", "/no/such.yaml"], "/no/such.yaml: cannot be read: no such file or directory"),
        (["--models", "~nobody_here/m"], "--models: `~nobody_here/m` names a home folder that does not exist"),
        (["voices", "--language", "klingon"], "--language: `klingon` is not a language that Kokoro speaks"),
    ],
)
def test_wrong_usage_is_status_2_and_told(argv: list[str], expected: str, capsys: Captured) -> None:
    assert main(argv) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.slow
def test_it_runs_as_a_module_and_a_closed_pipe_is_no_traceback() -> None:
    command = [sys.executable, "-m", "kokoro_wyoming", "--help"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered)
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (1, "")


_WITHOUT = """
import importlib.util, sys
sys.modules["kokoro"] = None
if sys.argv[1:] == ["uv"]:  # which makes environments without pip
    importlib.util.find_spec = lambda name: None
from kokoro_wyoming.cli import main
sys.exit(main(["check"]))
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("maker", "installer"),
    [
        ("venv", f"{sys.executable} -m pip install --ignore-requires-python"),
        ("uv", f"uv pip install --python {sys.executable}"),
    ],
)
def test_where_kokoro_was_left_out_the_command_that_brings_it_is_told(maker: str, installer: str) -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT, maker], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("kokoro-wyoming: Kokoro's own packages do not come by themselves on this Python;")
    assert done.stderr.endswith(f"run: {installer} --no-deps kokoro==0.9.4 misaki==0.9.4\n")


def test_an_interrupt_is_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(assets, "fetch", interrupt)
    assert main(["fetch"]) == 130


# --- flags ---


def test_every_flag_reaches_its_setting(
    fetched: list[dict[str, Any]], served: list[Config], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    flags = "--uri tcp://[::1]:1 --http-uri tcp://[::1]:2"
    flags += " --model-version 1.0 --language fr --voice ff_siwis --speed 1.5 --volume 0.5"
    flags += " --models here/m --voices-folder /v --source hub --device cuda:1 --threads 3 --log-level ERROR"
    flags += " --stream exact"
    assert main([*flags.split(), "--offline", "--no-zeroconf"]) == 0
    config = served[0]
    assert (config.server.uri, config.http.uri, config.server.log_level) == ("tcp://[::1]:1", "tcp://[::1]:2", "error")
    assert (config.model.version, config.model.device) == ("v1.0", "cuda:1")
    assert (config.model.threads, config.model.stream) == (3, "exact")
    speech = config.speech
    assert (speech.language, speech.voice, speech.speed, speech.volume) == ("fr-FR", "ff_siwis", 1.5, 0.5)
    # A path in a shell starts where the shell is, and not at the home.
    assert (config.folders.models, config.folders.voices) == (elsewhere / "here/m", Path("/v"))
    assert config.assets.model_dump() == {"source": "hub", "offline": True}
    assert not config.discovery.enabled


def test_without_flags_the_settings_are_the_defaults(fetched: list[dict[str, Any]], served: list[Config]) -> None:
    from kokoro_wyoming import config

    assert main([]) == 0
    assert served == [config.load()]


# --- serve and fetch ---


def test_serve_fetches_first_and_as_configured(fetched: list[dict[str, Any]], served: list[Config], home: Path) -> None:
    assert main(["--source", "registry", "--offline"]) == 0
    asked = fetched[0]
    assert asked["store"] == assets.Store(models=home / "models", voices=home / "voices")
    assert (asked["version"], asked["source"], asked["offline"]) == ("v1.0", "registry", True)
    assert len(served) == 1


def test_a_fetch_that_fails_is_one_sentence_and_no_server(
    served: list[Config], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssetError("the disk is full; make room")

    monkeypatch.setattr(assets, "fetch", fail)
    assert main([]) == 1
    assert main(["fetch"]) == 1
    assert capsys.readouterr().err == "kokoro-wyoming: the disk is full; make room\n" * 2
    assert served == []


def test_at_info_only_our_own_news_is_logged(
    fetched: list[dict[str, Any]], served: list[Config], capsys: Captured
) -> None:
    assert main([]) == 0
    logging.getLogger("kokoro_wyoming.anything").info("ready")
    logging.getLogger("kokoro_wyoming.anything").debug("the text")
    logging.getLogger("somebody.else").info("chatter")
    logging.getLogger("somebody.else").warning("trouble")
    logged = capsys.readouterr().err
    assert "INFO    ready\n" in logged
    assert "WARNING trouble\n" in logged
    assert "the text" not in logged
    assert "chatter" not in logged


def test_fetch_reads_every_file_and_names_the_weights(
    fetched: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(assets, "weights_source", lambda store, version: "official weights")
    assert main(["fetch", "--source", "hub"]) == 0
    assert (fetched[0]["source"], fetched[0]["hashes"]) == ("hub", True)
    assert capsys.readouterr().out == "Kokoro v1.0 is complete: official weights.\n"


# --- voices ---


def test_voices_are_listed_with_label_and_language(put_voice: Callable[[str], Path], capsys: Captured) -> None:
    put_voice("bm_george")
    assert main(["voices"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["voice", "label", "language"]
    assert row.split("  ")[0] == "bm_george"
    assert row.endswith("  en-GB")


def test_voices_are_listed_as_json(put_voice: Callable[[str], Path], capsys: Captured) -> None:
    put_voice("af_heart")
    assert main(["voices", "--json"]) == 0
    (voice,) = json.loads(capsys.readouterr().out)
    assert (voice["name"], voice["languages"], voice["version"]) == ("af_heart", ["en-US"], "v1.0")


def test_without_voices_there_is_a_remedy(home: Path, capsys: Captured) -> None:
    assert main(["voices"]) == 1
    assert capsys.readouterr().err == (
        f"kokoro-wyoming: no voices in {home}/voices; get them with: kokoro-wyoming fetch\n"
    )


# --- check ---


def test_check_is_well_when_everything_is(
    files: list[FileState], languages: dict[str, str | None], put_voice: Callable[[str], Path], capsys: Captured
) -> None:
    put_voice("af_heart")
    assert main(["check", "--voice", "af_heart"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in printed] == [
        *("what", "settings", "official weights", "voice (8)", "speech.voice", "en-US", "ja-JP", "", "All is well."),
    ]


def test_check_names_each_damaged_file_and_the_remedy(
    files: list[FileState], languages: dict[str, str | None], capsys: Captured
) -> None:
    files[0] = FileState(Path("/m/kokoro.pth"), "truncated", "weights", "5 MB of 327 MB")
    assert main(["check"]) == 1
    printed = capsys.readouterr().out
    assert "weights    truncated  /m/kokoro.pth: 5 MB of 327 MB\n" in printed
    assert printed.endswith("Not all is well. `kokoro-wyoming fetch` gets files anew.\n")


def test_check_tells_why_a_language_is_not_offered(
    files: list[FileState], languages: dict[str, str | None], capsys: Captured
) -> None:
    languages["ja-JP"] = "unidic-lite is missing: pip install unidic-lite"
    assert main(["check"]) == 1
    printed = capsys.readouterr().out
    assert "ja-JP             not installed  unidic-lite is missing: pip install unidic-lite\n" in printed
    assert "fetch" not in printed


def test_check_knows_whether_the_configured_voices_are_there(
    files: list[FileState],
    languages: dict[str, str | None],
    put_voice: Callable[[str], Path],
    home: Path,
    capsys: Captured,
) -> None:
    put_voice("af_heart")
    put_voice("am_adam").write_bytes(b"cut off")
    settings = home / "my.yaml"
    settings.write_text("speech: {voice: af_hart, voices: {en: af_heart}}")
    assert main(["check", "--config", str(settings)]) == 1
    printed = capsys.readouterr().out
    assert "unknown   There is no voice 'af_hart' in Kokoro v1.0; did you mean af_heart?\n" in printed
    assert "speech.voices.en-US  ok" in printed
    assert "voice am_adam        unusable  " in printed


def test_check_knows_blends_and_names_of_one_s_own(
    files: list[FileState],
    languages: dict[str, str | None],
    put_voice: Callable[[str], Path],
    home: Path,
    capsys: Captured,
) -> None:
    put_voice("af_heart")
    put_voice("af_sky")
    settings = home / "my.yaml"
    settings.write_text('speech: {voice: "af_heart+af_sky@0.9"}\nvoices: {Kitchen: af_sky(2)+af_heart}')
    assert main(["check", "--config", str(settings)]) == 0
    printed = capsys.readouterr().out
    assert "speech.voice      ok     af_heart+af_sky@0.9\n" in printed
    assert "voices.Kitchen    ok     af_sky(2)+af_heart\n" in printed
    settings.write_text("voices: {Kitchen: v0.19/af_sky}")
    assert main(["check", "--config", str(settings)]) == 1
    assert "`kokoro-wyoming fetch --model-version v0.19` gets it." in capsys.readouterr().out


def test_voices_of_the_older_release_and_names_of_one_s_own_are_listed(
    put_voice: Callable[[str], Path], home: Path, capsys: Captured
) -> None:
    put_voice("af_heart")
    (home / "voices" / "v0_19").mkdir()
    torch.save(torch.zeros(511, 1, 256), home / "voices" / "v0_19" / "af.pt")
    assert main(["voices", "--model-version", "0.19"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split("  ")[0] == "af"
    settings = home / "my.yaml"
    settings.write_text("voices: {Kitchen: af_heart@0.9}")
    assert main(["voices", "--config", str(settings), "--json"]) == 0
    assert [voice["name"] for voice in json.loads(capsys.readouterr().out)] == ["af_heart", "Kitchen"]


@pytest.mark.parametrize("offered", [True, False])
def test_the_commands_have_the_voices_that_the_server_offers(
    offered: bool, put_voice: Callable[[str], Path], home: Path
) -> None:
    put_voice("af_heart")
    (home / "voices" / "v0_19").mkdir()
    torch.save(torch.zeros(511, 1, 256), home / "voices" / "v0_19" / "af.pt")
    weights = weights_path(home / "models" / "v0_19", "v0.19")
    weights.parent.mkdir(parents=True)
    weights.touch()
    first, second = voice_selector(load(None, {"speech.offer_other_release": offered})).programs
    assert [voice.name for voice in first.voices] == ["af_heart", "v0.19/af"][: 1 + offered]
    assert [voice.name for voice in second.voices] == ["af"]


def test_check_hints_at_the_newer_release_unless_told_not_to(
    files: list[FileState], languages: dict[str, str | None], home: Path, capsys: Captured
) -> None:
    assert main(["check", "--model-version", "v0.19"]) == 0
    assert "docs/migration.md" in capsys.readouterr().out
    settings = home / "my.yaml"
    settings.write_text("model: {version: v0.19, deprecation_notice: false}")
    assert main(["check", "--config", str(settings)]) == 0
    assert "Hint" not in capsys.readouterr().out


def test_check_tells_of_a_release_that_is_installed_beside(
    files: list[FileState], languages: dict[str, str | None], home: Path, capsys: Captured
) -> None:
    weights = home / "models" / "v0_19" / "kokoro-v0_19-half.pth"
    weights.parent.mkdir(parents=True)
    weights.touch()
    assert main(["check"]) == 0
    printed = capsys.readouterr().out
    assert "Kokoro v0.19 is installed beside v1.0" in printed
    assert "v0.19 official weights" in printed


def test_check_of_an_empty_home_names_what_is_missing(
    languages: dict[str, str | None], home: Path, capsys: Captured
) -> None:
    assert main(["check"]) == 1
    printed = capsys.readouterr().out
    assert f"{home}/models/v1_0/kokoro-v1_0.pth" in printed
    assert f"voice (54)  missing  {home}/voices/v1_0" in printed


def test_a_wrong_settings_file_is_status_2_and_named(home: Path, capsys: Captured) -> None:
    settings = home / "my.yaml"
    settings.write_text("speech:\n  sped: 1\n")
    assert main(["check", "--config", str(settings)]) == 2
    assert capsys.readouterr().err == (
        f"kokoro-wyoming: {settings}:2: speech.sped: is not a setting; did you mean `speech.speed`?\n"
    )
