"""From a folder that somebody published to the first word by the commands alone; and what is wrong is told by name."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import jiwer
import numpy as np
import pytest
import torch
from huggingface_hub import close_session, constants
from safetensors.torch import save_file

from kokoro_wyoming import releases
from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.survey import survey, tag_of
from kokoro_wyoming.cli import main
from kokoro_wyoming.network.loading import MODULES
from tests.conftest import CHECKOUT, RunningServer
from tests.listening import Ears, words
from tests.stand_ins.hub import HubStandIn, serving

CARD = "---\nlanguage: de\nlicense: apache-2.0\n---\n# Kokoro in German\n"
FIRST = "Guten Morgen, ich habe das Licht eingeschaltet."
CONFIG = CHECKOUT / "kokoro_wyoming" / "builds" / "v1_0" / "config.json"


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    yield
    releases.forget_found()


def _add(home: Path, source: object, *more: str) -> int:
    folders = (f"--models={home / 'models'}", f"--voices-folder={home / 'voices'}")
    return main(["release", "add", str(source), *folders, *more])


def _published(folder: Path, *, voices: bool = True, weights: Any = None, rows: int = 510) -> Path:
    """A folder as somebody publishes it, with a checkpoint that has all parts and no network in them."""
    (folder / "voices").mkdir(parents=True)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    content = {name: {"weight": torch.zeros(450_000)} for name in MODULES} if weights is None else weights
    torch.save(content, folder / "model.pth")
    for name in ("df_anna", "dm_karl") if voices else ():
        torch.save(torch.zeros(rows, 1, 256), folder / "voices" / f"{name}.pt")
    return folder


class Harmful:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.target),))


# What is found


def test_a_folder_is_sorted_by_what_its_files_hold(tmp_path: Path) -> None:
    folder = _published(tmp_path / "it")
    shutil.copy(CONFIG, folder / "sizes.json")
    save_file({"bert.x": torch.zeros(3_000_000)}, folder / "other.safetensors")
    np.save(folder / "voices" / "dm_short.npy", np.zeros((400, 1, 256), np.float32))
    torch.save(torch.zeros(5), folder / "five.pt")
    torch.save([Harmful(tmp_path / "run")], folder / "harmful.pt")
    (folder / "pointer.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 327000000\n")
    (folder / "cut.pth").write_bytes((folder / "model.pth").read_bytes()[:9_000_000])
    found = survey(folder)
    assert [path.name for path in found.weights] == ["model.pth"]
    assert len(found.configs) == 1
    assert found.configs[0].name == "sizes.json"
    assert ([path.stem for path in found.voices], found.rows) == (["df_anna", "dm_karl"], 510)
    assert (found.licence, found.languages) == ("apache-2.0", ("de",))
    told = {
        "other.safetensors": "not Kokoro's network: there is no bert_encoder",
        "voices/dm_short.npy": "a voice with 400 rows, where others have 510",
        "five.pt": "is not a voice: its shape is (5,)",
        "harmful.pt": "holds something other than tensors and was not opened",
        "cut.pth": "truncated or corrupt",
        "pointer.pth": "a pointer of Git LFS in place of the file; run `git lfs pull` there",
    }
    assert set(found.others) == set(told)
    for name, reason in told.items():
        assert reason in found.others[name], name
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("de", "de-DE"),
        ("sv", "sv-SE"),
        ("pt-PT", "pt-PT"),
        ("pl", "pl-PL"),
        ("en", "en-US"),
        ("uk", "uk-UA"),
        ("xx-yy", None),
    ],
)
def test_a_language_is_a_tag(word: str, tag: str | None) -> None:
    assert tag_of(word) == tag


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStandIn]:
    """A repository with what somebody published, beside what is no part of it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    close_session()
    folder = _published(tmp_path / "published")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    repository = HubStandIn("someone/Kokoro-German", "0" * 40, {**files, "training.log": b"a lot"})
    with serving(repository) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served
    close_session()


@pytest.mark.slow
def test_a_repository_is_fetched_and_named_as_its_maker(
    hub: HubStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _add(tmp_path, "hub:someone/Kokoro-German") == 1  # no network is in these weights
    assert "bert" in capsys.readouterr().err
    written = (tmp_path / "models" / "german" / "release.yaml").read_text(encoding="utf-8")
    assert 'attribution: {name: "someone", url: "https://huggingface.co/someone/Kokoro-German"}' in written
    assert 'label: "Kokoro German"' in written
    assert not hub.downloads("training.log")
    assert _add(tmp_path, "hub:someone/else") == 1
    assert "does not have someone/else, or not for everyone (404)" in capsys.readouterr().err
    assert _add(tmp_path, "hub:what is this") == 1
    assert "is no repository; write hub:OWNER/NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            lambda hub: hub.statuses.update({"model.pth": [401]}),
            "does not have someone/Kokoro-German, or not for every",
        ),
        (lambda hub: hub.files.pop("model.pth"), "hub:someone/Kokoro-German has no weights of Kokoro's network"),
    ],
)
def test_a_repository_that_cannot_be_had_leaves_nothing_behind(
    fault: Callable[[HubStandIn], object],
    told: str,
    hub: HubStandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault(hub)
    assert _add(tmp_path, "hub:someone/Kokoro-German") == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "models").exists()


# What is wrong


@pytest.mark.parametrize(
    ("source", "more", "told"),
    [
        (lambda home: home / "nowhere", (), "is no folder; name the one with weights and voices"),
        (lambda home: _published(home / "it", voices=False), (), "has no voices"),
        (lambda home: _published(home / "it", weights={"net": {}}), (), "has no weights of Kokoro's network"),
        (lambda home: _published(home / "it", weights=Harmful(home / "run")), (), "has no weights of Kokoro's network"),
        (lambda home: _published(home / "v1_0"), (), "means v1.0, which comes with this program"),
        (lambda home: _published(home / "kokoro"), (), "'kokoro' means v1.0, which comes with this program"),
        (lambda home: _published(home / "it"), ("--name", "1.1"), "means v1.1-zh, which comes with this program"),
        (lambda home: "hub:someone/it", ("--offline",), "nothing may be downloaded"),
        (lambda home: _published(home / "it"), ("--name", "My release"), "is no name for a release"),
        (lambda home: _published(home / "it"), ("--speaks", "Klingon"), "is no language that is known here"),
        (lambda home: _published(home / "it"), (), "bert does not fit the network|bert lacks"),
        (lambda home: _published(home / "it"), ("--g2p", "espeak:nowhere"), "espeak has no language 'nowhere'|bert"),
    ],
)
def test_what_cannot_be_added_is_told_in_a_sentence(
    source: Callable[[Path], Path], more: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _add(tmp_path / "home", source(tmp_path), *more) in (1, 2)
    wrong = capsys.readouterr().err
    assert any(part in wrong for part in told.split("|")), wrong
    assert "Traceback" not in wrong
    assert not (tmp_path / "run").exists()


def test_files_that_are_not_used_are_told_and_a_link_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    folder = _published(tmp_path / "it")
    (folder / "older" / "voices").mkdir(parents=True)
    (folder / "older" / "again").symlink_to(folder, target_is_directory=True)
    torch.save({name: {"weight": torch.zeros(440_000)} for name in MODULES}, folder / "older" / "model.pth")
    torch.save(torch.zeros(510, 1, 256), folder / "older" / "voices" / "df_Anna.pt")
    np.save(folder / "voices" / "dm_karl.npy", np.zeros((510, 1, 256), np.float32))
    torch.save(torch.full((510, 1, 256), float("nan")), folder / "voices" / "df_noise.pt")
    found = survey(folder)
    told = {file: detail for what, file, detail in found.lines() if what == "not used"}
    assert set(told) == {"older/model.pth", "older/voices/df_Anna.pt", "voices/dm_karl.npy", "voices/df_noise.pt"}
    assert "model.pth" in told["older/model.pth"]
    assert "voices/df_anna.pt has the same voice's name" in told["older/voices/df_Anna.pt"]
    assert "voices/dm_karl.pt has the same voice's name" in told["voices/dm_karl.npy"]
    assert "not numbers" in told["voices/df_noise.pt"]
    assert [path.name for path in found.weights] == ["model.pth", "model.pth"]


def _described(folder: Path, **changed: str) -> None:
    """Put a release.yaml into a folder that somebody publishes."""
    values = {"label": "Theirs", "file": "small.pth", "config": "theirs.json"} | changed
    (folder / "release.yaml").write_text(
        f"label: {values['label']}\nattribution: {{name: Somebody, url: https://example.org/}}\n"
        f"weights: {{file: {values['file']}}}\nconfig: {values['config']}\n"
        "languages: {de-DE: {g2p: 'espeak:de', texts: [Hallo.]}}\n"
    )


def test_the_files_are_those_that_its_own_description_names(tmp_path: Path) -> None:
    folder = _published(tmp_path / "it")
    torch.save({name: {"weight": torch.zeros(440_000)} for name in MODULES}, folder / "small.pth")
    shutil.copy(CONFIG, folder / "theirs.json")
    _described(folder)
    assert _add(tmp_path, folder) == 1  # no network is in these weights
    there = {path.name for path in (tmp_path / "models" / "it").iterdir()}
    assert there == {"small.pth", "theirs.json", "release.yaml"}


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"file": "absent.pth"}, 1, "has no weights of Kokoro's network in absent.pth"),
        ({"label": "Kokoro"}, 2, "its label 'Kokoro' is that of v1.0 already"),
        ({"label": "[]"}, 2, "label: should be text"),
    ],
)
def test_a_description_that_is_wrong_is_told_before_anything_is_copied(
    changed: dict[str, str], status: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _published(tmp_path / "it")
    _described(folder, **changed)
    assert _add(tmp_path, folder) == status
    assert told in capsys.readouterr().err
    assert not (tmp_path / "models").exists()


def test_a_release_that_is_here_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _add(tmp_path, _published(tmp_path / "it")) == 1
    before = {path: path.read_bytes() for path in (tmp_path / "models").rglob("*.*")}
    capsys.readouterr()
    assert _add(tmp_path, _published(tmp_path / "other"), "--name=it") == 2
    assert "there is a release 'it' already: `kokoro-wyoming release add it` tries it" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "models").rglob("*.*")} == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left on device")])
def test_nothing_is_left_of_a_copy_that_was_cut_short(
    fault: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copied: list[Any] = []

    def copy(source: BinaryIO, target: BinaryIO, length: int) -> None:
        target.write(source.read(length))
        copied.append(source)
        if len(copied) == 2:
            raise fault

    monkeypatch.setattr(shutil, "copyfileobj", copy)
    folder = _published(tmp_path / "it")
    (tmp_path / "models" / "it").mkdir(parents=True)
    (tmp_path / "models" / "it" / "mine.txt").write_text("of the owner")
    assert _add(tmp_path, folder) != 0
    assert len(copied) == 2
    assert [path.name for path in (tmp_path / "models" / "it").iterdir()] == ["mine.txt"]
    assert not (tmp_path / "voices" / "it").exists()
    assert "Traceback" not in (wrong := capsys.readouterr().err)
    assert not isinstance(fault, OSError) or "free some space" in wrong


def test_a_full_disk_is_told_before_anything_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=70_000_000))
    assert _add(tmp_path, _published(tmp_path / "it")) == 1
    assert "not enough disk space" in capsys.readouterr().err
    assert not (tmp_path / "models" / "it").exists()


def test_what_is_not_known_is_left_to_fill_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _published(tmp_path / "kokoro-mine")
    (folder / "README.md").unlink()
    assert _add(tmp_path, folder) == 1
    assert "is to be filled in: its languages. Then: kokoro-wyoming release add mine" in capsys.readouterr().out
    written = (tmp_path / "models" / "mine" / "release.yaml").read_text(encoding="utf-8")
    for line in ("# FILL IN: who made it", "# FILL IN: its licence", "# FILL IN: the languages", 'config: "v1.0"'):
        assert line in written
    assert _add(tmp_path, "mine") == 1  # as before, and nothing is written anew
    assert (tmp_path / "models" / "mine" / "release.yaml").read_text(encoding="utf-8") == written
    mistaken = written.replace("#  de-DE:", "  de-DE:").replace("version:", "varsion:")
    (tmp_path / "models" / "mine" / "release.yaml").write_text(mistaken, encoding="utf-8")
    assert _add(tmp_path, "mine") == 2
    assert "varsion: is not a value of a release; did you mean `version`?" in capsys.readouterr().err


# A real network


@pytest.fixture(scope="module")
def publication(model_data: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """v1.0's network and two of its voices, as somebody would publish a German release: flat, in safetensors."""
    folder = tmp_path_factory.mktemp("published") / "Kokoro-German"
    (folder / "voices").mkdir(parents=True)
    parts = torch.load(model_data.weights("v1.0"), weights_only=True)
    flat = {f"{name}.{key.removeprefix('module.')}": value for name in parts for key, value in parts[name].items()}
    save_file({key: value.contiguous() for key, value in flat.items()}, folder / "kokoro-german.safetensors")
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    for ours, theirs in {"df_anna": "af_heart", "dm_karl": "am_michael"}.items():
        shutil.copy(model_data.voice("v1.0", theirs), folder / "voices" / f"{ours}.pt")
    return folder


@pytest.mark.long
async def test_from_an_empty_folder_to_the_first_word_by_the_commands_alone(
    publication: Path, tmp_path: Path, ears: Ears, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [f"--models={tmp_path / 'models'}", f"--voices-folder={tmp_path / 'voices'}"]
    assert await asyncio.to_thread(main, ["release", "add", str(publication), *folders]) == 0
    told = capsys.readouterr().out
    assert "de-DE" in told
    assert "ɡˈuːtən mˈɔɾɡən" in told
    sample = tmp_path / "models" / "german" / "sample.wav"
    with wave.open(str(sample)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (24_000, 1, 2)
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2") / np.float32(32_768)
    heard = words(ears.write_down(samples, "de"))
    print("whisper heard of the sample:", heard)
    assert jiwer.wer(words(FIRST), heard) < 0.7  # English voices read German phonemes
    german = ["--model-version=german", *folders]
    assert await asyncio.to_thread(main, ["check", *german]) == 0
    told = capsys.readouterr().out
    assert "in whole sentences, until it has learned from 32 utterances while nobody waits" in told
    assert "as release.yaml pins it" in told
    assert await asyncio.to_thread(main, ["voices", *german]) == 0
    assert "* Anna (German, female)" in capsys.readouterr().out
    server = RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", *german)
    uri = server.wait_until_ready()
    out = tmp_path / "first.wav"
    say = ["say", FIRST, f"--uri={uri}", "--voice=df_anna", "--language=de", f"--out={out}"]
    assert await asyncio.to_thread(main, say) == 0
    assert out.stat().st_size > 50_000
    assert server.end() == 0
    assert "Traceback" not in "".join(server.log)


@pytest.mark.long
async def test_another_file_than_the_pinned_one_and_lost_symbols_are_told(
    publication: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = json.loads(CONFIG.read_text(encoding="utf-8"))
    del few["vocab"]["ɪ"]
    folder = tmp_path / "Kokoro-Few"
    shutil.copytree(publication, folder)
    (folder / "config.json").write_text(json.dumps(few), encoding="utf-8")
    assert await asyncio.to_thread(_add, tmp_path, folder) == 1
    assert "the vocabulary has no ɪ (" in capsys.readouterr().out
    release = tmp_path / "models" / "few" / "release.yaml"
    mended = release.read_text(encoding="utf-8").replace("    best_voice", "    symbols: {ɪ: i}\n    best_voice")
    release.write_text(mended, encoding="utf-8")
    assert await asyncio.to_thread(_add, tmp_path, "few") == 0
    capsys.readouterr()
    release.write_text(re.sub("sha256: [0-9a-f]{64}", f"sha256: {'0' * 64}", mended), encoding="utf-8")
    assert await asyncio.to_thread(_add, tmp_path, "few") == 1
    assert "is not the file that release.yaml pins" in capsys.readouterr().err
