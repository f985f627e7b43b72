"""Kokoro v1.1-zh: its phonemes, its voices and its sound, with a stand-in of its weights made of v1.0's."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path

import jiwer
import pytest
import torch

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.described import DescribedRelease, can_rehearse
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.cli import main
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.releases import described
from kokoro_wyoming.voices.catalogue import voice_label
from tests.listening import Ears, words
from tests.stand_ins import chinese_release
from tests.stand_ins.chinese_release import VERSION

PHONEMES = "ㄑ言2ㄇㄣ2/ㄧ3ㄐ应1/ㄙ我2ㄏㄠ3/ㄌㄜ5."
"""Of 前门已经锁好了。, as misaki makes them by itself."""
TEXT = "Good morning. The kitchen window is open, and the coffee is ready."


def test_its_values_are_as_published() -> None:
    release = described(VERSION)
    assert (release.title, release.attribution.name) == ("Kokoro v1.1-zh", "hexgrad")
    assert [release.best_voice(tag) for tag in release.tags] == ["zf_001", "af_maple", "bf_vale"]
    assert [language.g2p for language in release.languages] == ["misaki:zh:1.1", "misaki:en", "misaki:en"]
    assert all(map(can_rehearse, release.languages))
    assert [voice_label(name, VERSION) for name in ("zf_001", "zm_010", "bf_vale")] == [
        "* 001 (Mandarin Chinese, female)",
        "010 (Mandarin Chinese, male)",
        "* Vale (British English, female)",
    ]


def test_a_missing_dictionary_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pypinyin_dict" else find(name))
    told = installed_languages(VERSION)
    assert told["zh-CN"] == "the Python package pypinyin-dict is not installed; run `pip install pypinyin-dict`"
    assert (told["en-US"], told["en-GB"]) == (None, None)


def test_files_that_are_missing_are_to_be_fetched(tmp_path: Path) -> None:
    release = DescribedRelease(VERSION, Store(tmp_path / "models", tmp_path / "voices"))
    with pytest.raises(
        ModelError, match=r"config\.json is missing; run `kokoro-wyoming fetch --model-version v1\.1-zh`"
    ):
        release.initialize()


@pytest.fixture(scope="module")
def beside(model_data: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """v1.0, and v1.1-zh beside it."""
    home = tmp_path_factory.mktemp("chinese")
    store = Store(models=home / "models", voices=home / "voices")
    for ours, theirs in ((store.models, model_data.models), (store.voices, model_data.voices)):
        ours.mkdir()
        (ours / "v1_0").symlink_to(theirs / "v1_0")
    return chinese_release.lay_out(model_data, store)


@pytest.fixture
async def manager(beside: Store) -> AsyncIterator[ModelManager]:
    made = ModelManager(beside.models, beside.voices)
    yield made
    made.thread.close(5)


@pytest.mark.weights
@pytest.mark.long
async def test_it_speaks_english_and_chinese_beside_v1_0(manager: ModelManager, ears: Ears) -> None:
    model = await manager.get_model("1.1")
    assert isinstance(model, DescribedRelease)
    for voice in ("af_maple", "bf_vale"):
        sound = [part async for part in model.forward(TEXT, voice, "en-GB" if voice == "bf_vale" else "en-US")]
        heard = words(ears.write_down(torch.cat(sound).numpy(), "en"))
        print(voice, "heard:", heard)
        assert jiwer.wer(words(TEXT), heard) < 0.2
    sound = [part async for part in model.forward("前门已经锁好了。", "zf_001", "zh")]
    assert 0.8 < torch.cat(sound).numel() / 24_000 < 8
    assert "v1.1-zh" in [one.version for one in manager.folders.catalogues()]


@pytest.mark.weights
@pytest.mark.long
async def test_its_phonemes_are_those_of_misaki_and_its_vocabulary_has_them_all(manager: ModelManager) -> None:
    model = await manager.get_model(VERSION)
    assert isinstance(model, DescribedRelease)
    for language in model.description.languages:
        assert model.unknown_symbols(language) == {}
    (piece,) = model.read("前门已经锁好了。", "zh")
    assert piece.phonemes == PHONEMES
    mixed = "".join(piece.phonemes for piece in model.read("请打开 kitchen 的灯。", "zh"))
    assert "kˈɪʧᵊn" in mixed
    long = "今天我们去公园散步，" * 12 + "然后回家。"
    pieces = [*model.read(long, "zh")]
    assert all(len(piece.phonemes) <= 183 for piece in pieces)
    assert "".join(piece.graphemes for piece in pieces).replace(" ", "") == long


@pytest.mark.weights
@pytest.mark.long
def test_check_tells_what_nobody_pins(beside: Store, capsys: pytest.CaptureFixture[str]) -> None:
    folders = (f"--models={beside.models}", f"--voices-folder={beside.voices}")
    main(["check", *folders, "--no-hashes"])
    told = " ".join(capsys.readouterr().out.split())
    assert "v1.1-zh zh-CN ok Mandarin Chinese" in told
    assert "v1.1-zh sound ok in whole sentences, until it has learned from" in told
    main(["check", *folders, "--no-hashes", "--model-version", VERSION])
    assert "not pinned, checked by its shape" in " ".join(capsys.readouterr().out.split())
