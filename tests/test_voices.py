"""Voice packs: the good are offered under names people understand, the bad are refused by name, none is trusted."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from kokoro_wyoming.errors import AssetError, UnknownVoiceError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.voices import BEST_VOICE, Catalogue, VoicePacks, read_pack, voice_label, voice_language


def _save_pack(folder: Path, name: str, rows: int = 510) -> Path:
    path = folder / f"{name}.pt"
    torch.save(torch.full((rows, 1, 256), 0.5), path)
    return path


def test_labels_say_name_accent_and_sex() -> None:
    assert voice_label("bf_emma") == "* Emma (British English, female)"
    assert voice_label("am_michael") == "Michael (American English, male)"
    assert voice_label("pm_santa") == "Santa (Brazilian Portuguese, male)"


def test_the_best_voice_of_every_language_sorts_first_by_its_label(tmp_path: Path) -> None:
    for name in [*BEST_VOICE.values(), "af_alloy", "bf_alice", "em_alex", "hf_beta", "im_aaron", "jf_a", "zf_a"]:
        _save_pack(tmp_path, name)
    catalogue = Catalogue.scan("v1.0", tmp_path)
    assert set(catalogue.languages()) == set(TAGS)
    for tag in TAGS:
        by_label = sorted((voice.label, voice.name) for voice in catalogue.voices if tag in voice.languages)
        assert by_label[0][1] == BEST_VOICE[tag] == catalogue.best_voice(tag)


@pytest.mark.parametrize(
    ("name", "language"),
    [("af_heart", "en-US"), ("zm_yunxi", "zh-CN"), ("heart", None), ("xf_a", None), ("ax_heart", None), ("af_", None)],
)
def test_a_voice_s_name_tells_its_language(name: str, language: str | None) -> None:
    assert voice_language(name) == language


def test_a_language_that_is_not_installed_has_no_voices(tmp_path: Path) -> None:
    _save_pack(tmp_path, "af_heart")
    _save_pack(tmp_path, "jf_alpha")
    assert [voice.name for voice in Catalogue.scan("v1.0", tmp_path, ["en-US"]).voices] == ["af_heart"]


class Harmful:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return Path.write_text, (self.target, "the pickle ran")


def test_every_kind_of_bad_pack_is_refused_by_name_and_the_good_are_kept(tmp_path: Path) -> None:
    good = _save_pack(tmp_path, "af_good")
    (tmp_path / "af_empty.pt").touch()
    (tmp_path / "af_junk.pt").write_bytes(b"junk" * 1000)
    (tmp_path / "af_cut.pt").write_bytes(good.read_bytes()[:-2000])
    (tmp_path / "af_pickle.pt").write_bytes(pickle.dumps(Harmful(tmp_path / "harm")))
    torch.save({"voice": torch.zeros(510, 1, 256)}, tmp_path / "af_dict.pt")
    torch.save(torch.zeros(510, 256), tmp_path / "af_flat.pt")
    torch.save(torch.zeros(510, 1, 256, dtype=torch.int64), tmp_path / "af_whole.pt")
    torch.save(torch.full((510, 1, 256), torch.nan), tmp_path / "af_nan.pt")
    _save_pack(tmp_path, "af_other", rows=511)
    _save_pack(tmp_path, "nameless")
    catalogue = Catalogue.scan("v1.0", tmp_path)
    assert [voice.name for voice in catalogue.voices] == ["af_good"]
    bad = {"empty", "junk", "cut", "pickle", "dict", "flat", "whole", "nan", "other"}
    assert set(catalogue.refused) == {f"af_{kind}" for kind in bad} | {"nameless"}
    assert all(name in reason for name, reason in catalogue.refused.items())
    assert not (tmp_path / "harm").exists()


def test_a_pack_of_the_other_release_is_refused_with_both_shapes(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"\(511, 1, 256\).*\(510, 1, 256\)"):
        read_pack(_save_pack(tmp_path, "af_other", rows=511), "v1.0")


def test_a_pack_is_read_once(tmp_path: Path) -> None:
    path = _save_pack(tmp_path, "af_heart")
    packs = VoicePacks(tmp_path, "v1.0")
    first = packs.get("af_heart")
    path.unlink()
    assert packs.get("af_heart") is first


@pytest.mark.parametrize("name", ["", "..", "../af_heart", "/etc/passwd", "af heart", "a\0b", "x" * 5000, "http://a/b"])
def test_a_name_never_becomes_a_path(name: str, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    _save_pack(tmp_path, "af_heart")
    with pytest.raises(UnknownVoiceError, match="voices"):
        VoicePacks(tmp_path / "voices", "v1.0").get(name)


def test_an_empty_or_missing_folder_has_no_voices(tmp_path: Path) -> None:
    assert Catalogue.scan("v1.0", tmp_path / "nowhere").voices == ()
