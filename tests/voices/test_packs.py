"""Voice packs: good ones are offered with readable labels, bad ones are refused by name, and none can run code."""

from __future__ import annotations

import os
import pickle
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from kokoro_wyoming.errors import AssetError, UnknownVoiceError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.releases import described
from kokoro_wyoming.voices.catalogue import Catalogue, voice_label, voice_language
from kokoro_wyoming.voices.descriptions import folded
from kokoro_wyoming.voices.packs import PinnedPacks, VoicePacks, read_pack

BEST_VOICES = {language.tag: str(language.best_voice) for language in described("v1.0").languages}


def _save_pack(folder: Path, name: str, rows: int = 510) -> Path:
    path = folder / f"{name}.pt"
    torch.save(torch.full((rows, 1, 256), 0.5), path)
    return path


def test_labels_say_name_accent_and_sex() -> None:
    assert voice_label("bf_emma") == "* Emma (British English, female)"
    assert voice_label("am_michael") == "Michael (American English, male)"
    assert voice_label("pm_santa") == "Santa (Brazilian Portuguese, male)"


def test_the_best_voice_of_every_language_sorts_first_by_its_label(tmp_path: Path) -> None:
    for name in [*BEST_VOICES.values(), "af_alloy", "bf_alice", "em_alex", "hf_beta", "im_aaron", "jf_a", "zf_a"]:
        _save_pack(tmp_path, name)
    catalogue = Catalogue.scan("v1.0", tmp_path)
    assert set(catalogue.languages()) == set(TAGS)
    for tag in TAGS:
        by_label = sorted((voice.label, voice.name) for voice in catalogue.voices if tag in voice.languages)
        assert by_label[0][1] == BEST_VOICES[tag] == catalogue.best_voice(tag)


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


def test_the_same_name_in_two_releases_is_two_voices(tmp_path: Path) -> None:
    for folder, rows, value in (("v1_0", 510, 0.1), ("v0_19", 511, 0.9)):
        (tmp_path / folder).mkdir()
        torch.save(torch.full((rows, 1, 256), value), tmp_path / folder / "af_bella.pt")
    new, old = VoicePacks(tmp_path / "v1_0", "v1.0"), VoicePacks(tmp_path / "v0_19", "v0.19")
    assert (len(new.get("af_bella")), len(old.get("af_bella"))) == (510, 511)
    assert float(new.get("af_bella").mean()) < float(old.get("af_bella").mean())
    with pytest.raises(AssetError, match=r"\(510, 1, 256\).*\(511, 1, 256\).*voice of Kokoro v1\.0"):
        VoicePacks(tmp_path / "v1_0", "v0.19").get("af_bella")


def test_v0_19_has_a_voice_of_two_letters_and_its_own_best(tmp_path: Path) -> None:
    for name in ("af", "af_bella", "bf_emma", "bm_george"):
        _save_pack(tmp_path, name, rows=511)
    catalogue = Catalogue.scan("v0.19", tmp_path)
    assert catalogue.refused == {}
    assert [voice.label for voice in catalogue.voices] == [
        *("* Emma (British English, female)", "George (British English, male)"),
        *("* Default (American English, female)", "Bella (American English, female)"),
    ]
    assert (catalogue.best_voice("en-US"), catalogue.best_voice("en-GB")) == ("af", "bf_emma")


def _save_as(path: Path, pack: torch.Tensor) -> None:
    if path.suffix == ".npy":
        np.save(path, pack.numpy())
    elif path.suffix == ".bin":
        path.write_bytes(pack.numpy().astype("<f4").tobytes())
    elif path.suffix == ".safetensors":
        save_file({"voice": pack}, path)
    else:
        torch.save(pack, path)


@pytest.mark.parametrize("suffix", [".pt", ".npy", ".bin", ".safetensors"])
def test_a_voice_of_the_owner_may_have_any_of_four_file_types(suffix: str, tmp_path: Path) -> None:
    pack = torch.rand(510, 1, 256)
    _save_as(tmp_path / f"af_mine{suffix}", pack)
    assert [voice.name for voice in Catalogue.scan("v1.0", tmp_path).voices] == ["af_mine"]
    assert torch.equal(VoicePacks(tmp_path, "v1.0").get("af_mine"), pack)


@pytest.mark.parametrize("suffix", [".npy", ".bin", ".safetensors"])
def test_a_bad_voice_of_another_file_type_is_refused_by_name(suffix: str, tmp_path: Path) -> None:
    good = tmp_path / f"good{suffix}"
    _save_as(good, torch.rand(510, 1, 256))
    contents = {"empty": b"", "junk": b"junk" * 999, "cut": good.read_bytes()[:-2000], "huge": bytes(9_000_000)}
    for name, content in contents.items():
        (tmp_path / f"af_{name}{suffix}").write_bytes(content)
    _save_as(tmp_path / f"af_other{suffix}", torch.rand(511, 1, 256))
    _save_as(tmp_path / f"af_nan{suffix}", torch.full((510, 1, 256), torch.nan))
    catalogue = Catalogue.scan("v1.0", tmp_path)
    assert catalogue.voices == ()
    assert set(catalogue.refused) == {"good", "af_other", "af_nan", *(f"af_{name}" for name in contents)}
    assert "(511, 1, 256)" in catalogue.refused["af_other"]
    assert "(510, 1, 256)" in catalogue.refused["af_other"]


def test_an_array_of_objects_is_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "af_harm.npy", np.array([Harmful(tmp_path / "harm")], dtype=object), allow_pickle=True)
    assert "af_harm" in Catalogue.scan("v1.0", tmp_path).refused
    assert not (tmp_path / "harm").exists()


def test_of_two_files_for_one_voice_the_earlier_suffix_counts_and_the_other_is_reported(tmp_path: Path) -> None:
    _save_as(tmp_path / "af_two.npy", torch.zeros(510, 1, 256))
    _save_as(tmp_path / "af_two.pt", torch.ones(510, 1, 256))
    catalogue = Catalogue.scan("v1.0", tmp_path)
    assert [voice.name for voice in catalogue.voices] == ["af_two"]
    assert set(catalogue.refused) == {"af_two.npy"}
    assert float(VoicePacks(tmp_path, "v1.0").get("af_two").mean()) == 1.0


def test_a_changed_file_is_read_again_and_its_blends_change(tmp_path: Path) -> None:
    path = _save_pack(tmp_path, "af_mine")
    _save_pack(tmp_path, "af_other")
    packs = VoicePacks(tmp_path, "v1.0")
    before = packs.get("af_mine+af_other")
    assert packs.get("af_mine+af_other") is before
    torch.save(torch.full((510, 1, 256), 1.5), path)
    os.utime(path, ns=(1, 1))
    assert float(packs.get("af_mine").mean()) == 1.5
    assert float(packs.get("af_mine+af_other").mean()) == 1.0


def _change(path: Path, content: bytes, stamp: int) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(stamp, stamp))


def test_a_damaged_or_half_written_file_leaves_the_earlier_pack(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = _save_pack(tmp_path, "af_mine")
    whole = path.read_bytes()
    packs = VoicePacks(tmp_path, "v1.0")
    before = packs.get("af_mine")
    for stamp in (1, 1, 2):
        _change(path, whole[: len(whole) // 2], stamp)
        assert packs.get("af_mine") is before
    assert caplog.text.count(f"{path} is truncated or corrupt") == 2
    assert "af_mine keeps its earlier pack" in caplog.text
    _change(path, whole, 3)
    assert packs.get("af_mine") is not before
    packs.forget()
    _change(path, b"", 4)
    with pytest.raises(AssetError, match=r"af_mine\.pt"):
        packs.get("af_mine")


def test_an_utterance_keeps_its_pack_when_the_file_changes(tmp_path: Path) -> None:
    path = _save_pack(tmp_path, "af_mine")
    _save_pack(tmp_path, "af_other")
    packs = VoicePacks(tmp_path, "v1.0")
    pinned: PinnedPacks = {}
    before = packs.get("af_mine", pinned)
    torch.save(torch.full((510, 1, 256), 1.5), path)
    os.utime(path, ns=(1, 1))
    packs.forget()
    assert packs.get("af_mine", pinned) is before
    assert float(packs.get("af_mine+af_other", pinned).mean()) == 0.5
    assert float(packs.get("af_mine+af_other").mean()) == 1.0
    assert set(pinned) == {"af_mine", "af_other"}
    path.unlink()
    packs.forget()
    assert packs.get("af_mine", pinned) is before
    with pytest.raises(UnknownVoiceError):
        packs.get("af_mine")


def test_a_file_is_read_once_for_all_utterances_that_hold_its_voice(tmp_path: Path) -> None:
    names = [f"af_{letter}{other}" for letter in "abcdefghi" for other in "abcdefgh"]
    _save_pack(tmp_path, names[0])
    for name in names[1:]:
        (tmp_path / f"{name}.pt").hardlink_to(tmp_path / f"{names[0]}.pt")
    packs = VoicePacks(tmp_path, "v1.0")
    pinned_by_each: list[PinnedPacks] = [{}, {}]
    for pinned in pinned_by_each:
        for name in names:  # more than are kept
            packs.get(name, pinned)
    assert all(pinned_by_each[0][name] is pinned_by_each[1][name] for name in names)


def test_of_two_names_that_differ_only_in_case_the_lower_case_one_counts(tmp_path: Path) -> None:
    for name, value in (("af_Heart", 1.0), ("af_heart", 0.0), ("af_HEART", 2.0)):
        torch.save(torch.full((510, 1, 256), value), tmp_path / f"{name}.pt")
    catalogue = Catalogue.scan("v1.0", tmp_path)
    assert [voice.name for voice in catalogue.voices] == ["af_heart"]
    assert set(catalogue.refused) == {"af_Heart.pt", "af_HEART.pt"}
    assert "as af_heart.pt beside it has the same voice's name" in catalogue.refused["af_Heart.pt"]
    for asked in ("af_heart", "AF_HEART", "Af_Heart"):
        voice = catalogue.named(asked)
        assert voice is not None
        assert voice.name == "af_heart"


def test_a_blend_is_the_weighted_mean(tmp_path: Path) -> None:
    for name, value in (("af_a", 0.0), ("af_b", 1.0)):
        torch.save(torch.full((511, 1, 256), value), tmp_path / f"{name}.pt")
    packs = VoicePacks(tmp_path, "v0.19")
    assert torch.allclose(packs.get("af_a+af_b(3)"), torch.full((511, 1, 256), 0.75))
    with pytest.raises(UnknownVoiceError, match="af_c"):
        packs.get("af_a+af_c")
    for n in range(200):
        packs.get(f"af_a+af_b({n + 1})")
    assert len(packs._blends) <= 64


def test_a_name_is_the_same_with_its_marks_apart() -> None:
    apart = unicodedata.normalize("NFD", "af_Zoë")
    assert apart != "af_Zoë"
    assert folded(apart) == folded("af_zoë")
