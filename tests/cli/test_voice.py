"""Voice packs by hand: blends, other formats, packs of another release, and what a pack is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kokoro_wyoming import releases
from kokoro_wyoming.assets import Store
from kokoro_wyoming.cli import main
from kokoro_wyoming.voices.conversion import FORMATS
from kokoro_wyoming.voices.packs import read_any, read_pack
from tests.stand_ins.german_release import RELEASE

Captured = pytest.CaptureFixture[str]


def _pack(seed: int, rows: int = 510) -> Tensor:
    return torch.randn(rows, 1, 256, generator=torch.Generator().manual_seed(seed))


def _save(path: Path, pack: Tensor) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(pack, path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Voices of v1.0, v0.19 and a German release whose makers say that v1.0's and v0.19's packs speak there."""
    made = Store(tmp_path / "models", tmp_path / "voices")
    for seed, name in enumerate(("af_heart", "af_sky", "bm_lewis")):
        _save(made.voice("v1.0", name), _pack(seed))
    _save(made.voice("v0.19", "af_bella"), _pack(7, 511))
    (made.models / "german").mkdir(parents=True)
    said = f"{RELEASE}voices: {{packs_of: [v1.0, v0.19]}}\n"
    (made.models / "german" / "release.yaml").write_text(said, encoding="utf-8")
    yield made
    releases.forget_found()


def _voice(store: Store, *words: object) -> int:
    folders = (f"--models={store.models}", f"--voices-folder={store.voices}")
    return main(["voice", *map(str, words), *folders])


def test_a_blend_becomes_a_voice(store: Store, capsys: Captured) -> None:
    assert _voice(store, "blend", "af_heart(3)+af_sky", "--name", "af_mine") == 0
    assert capsys.readouterr().out == f"{store.voice('v1.0', 'af_mine')}: 510 rows\n"
    made = read_pack(store.voice("v1.0", "af_mine"), "v1.0")
    assert torch.allclose(made, 0.75 * _pack(0) + 0.25 * _pack(1), atol=1e-6)
    assert _voice(store, "blend", "v0.19/af_bella", "--out", store.voices / "bella.npy") == 0
    assert torch.equal(read_any(store.voices / "bella.npy"), _pack(7, 511))


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("blend", "af_heart+af_sky@1.2", "--name", "af_mine"), 2, "a pack has no pace: leave @1.2 out"),
        (("blend", "af_heart+af_none", "--name", "af_mine"), 1, "There is no voice 'af_none' in Kokoro v1.0"),
        (("blend", "af_heart+af_sky", "--name", "af_SKY"), 2, "there is a voice af_SKY in"),
        (
            ("blend", "af_heart+af_sky", "--name", "../mine"),
            2,
            "is no name for a voice of Kokoro v1.0, such as af_mine",
        ),
        (("blend", "af_heart+af_sky", "--name", "mine"), 2, "is no name for a voice of Kokoro v1.0, such as af_mine"),
        (("convert", "af_heart", "--out", "mine.wav"), 2, "is in no format of voices; there are .pt, .npy"),
        (("convert", "af_none", "--out", "mine.pt"), 1, "there is neither a file 'af_none' nor such a voice in"),
        (("convert", "none.pt", "--out", "mine.pt"), 1, "there is no file 'none.pt'"),
        (("convert", __file__, "--out", "mine.pt"), 1, "is not a voice: those are files of .pt, .npy, .safetensors"),
        (("convert", "af_heart", "--to", "v2", "--out", "mine.pt"), 1, "There is no Kokoro release 'v2' here"),
    ],
)
def test_what_cannot_be_is_told(
    store: Store, words: tuple[str, ...], status: int, told: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(store.voices)
    before = {*store.voices.rglob("*")}
    assert _voice(store, *words) == status
    assert told in capsys.readouterr().err
    assert {*store.voices.rglob("*")} == before


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_pack_is_the_same_in_every_format(store: Store, suffix: str, tmp_path: Path) -> None:
    there, back = tmp_path / f"mine{suffix}", tmp_path / "back.pt"
    assert _voice(store, "convert", "af_heart", "--out", there) == 0
    assert _voice(store, "convert", there, "--out", back) == 0
    assert torch.equal(torch.load(back, weights_only=True), _pack(0))
    assert torch.equal(read_pack(there, "v1.0"), _pack(0))


def test_a_voice_of_another_release_is_taken_where_its_makers_say_so(store: Store) -> None:
    assert _voice(store, "convert", "af_heart", "--to", "german", "--name", "df_anna") == 0
    assert torch.equal(read_pack(store.voice("german", "df_anna"), "german"), _pack(0))
    for name in ("af_theirs", "am_theirs"):  # what is put among a release's voices is taken for one of its own
        theirs = _save(store.voices / f"{name}.pt", _pack(4))
        assert _voice(store, "convert", theirs, "--name", name) == 0
        assert torch.equal(read_pack(store.voice("v1.0", name), "v1.0"), _pack(4))
    # Row n of v0.19 is for n phonemes, and of the German release for n + 1.
    assert _voice(store, "convert", "v0.19/af_bella", "--to", "german", "--name", "df_bella") == 0
    assert torch.equal(read_pack(store.voice("german", "df_bella"), "german"), _pack(7, 511)[1:])


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (
            ("v0.19/af_bella", "--to", "v1.0"),
            1,
            "A voice of Kokoro v0.19 does not speak with Kokoro v1.0: each network",
        ),
        (
            ("af_heart", "--to", "v1.1-zh"),
            1,
            "the makers of Kokoro v1.1-zh do not say that it knows those of Kokoro v1.0",
        ),
        (("{elsewhere}", "--to", "german"), 2, "cannot be seen: it could be one of v1.0 or v1.1-zh or german; name it"),
        (("{elsewhere}", "--from", "v0.19", "--to", "german"), 1, "It is no voice of Kokoro v0.19: it has 510 rows"),
        (("{old}", "--name", "af_old"), 1, "A voice of Kokoro v0.19 does not speak with Kokoro v1.0"),
        (("{short}", "--to", "german"), 2, "no release has packs of 400 rows"),
        (("{flat}", "--to", "german"), 1, "is not a voice: its shape is (256,) of torch.float32, where (rows, 1, 256)"),
    ],
)
def test_else_it_is_refused_with_the_reason(
    store: Store, words: tuple[str, ...], status: int, told: str, tmp_path: Path, capsys: Captured
) -> None:
    places = {
        "elsewhere": _save(tmp_path / "anna.pt", _pack(3)),
        "old": _save(tmp_path / "old.pt", _pack(3, 511)),
        "short": _save(tmp_path / "short.pt", _pack(3, 400)),
        "flat": _save(tmp_path / "flat.pt", torch.zeros(256)),
    }
    out = tmp_path / "made.pt"
    to_out = () if "--name" in words else ("--out", out)
    assert _voice(store, "convert", *(word.format(**places) for word in words), *to_out) == status
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_a_pack_tells_what_it_is(store: Store, tmp_path: Path, capsys: Captured) -> None:
    mine = _save(tmp_path / "mine.pt", 0.9 * _pack(1) + 0.1 * _pack(2))
    damaged = _save(tmp_path / "damaged.pt", torch.full((510, 1, 256), torch.nan))
    assert _voice(store, "inspect", mine, "af_heart", "v0.19/af_bella", damaged, "--no-sound") == 1
    told = re.sub(r" +", " ", capsys.readouterr().out)
    assert f"file {mine}, torch.save, " in told
    assert "rows 510, as voices of Kokoro v1.0 and Kokoro v1.1-zh and Kokoro German 0.3" in told
    assert "nearest v1.0/af_sky, 14% away" in told
    assert "rows 511, as voices of Kokoro v0.19" in told
    assert f"{damaged} unusable: {damaged} is damaged: it holds values that are not numbers" in told


def test_its_loudness_is_the_table_s_or_that_of_what_it_says(store: Store, tmp_path: Path, capsys: Captured) -> None:
    mine = _save(tmp_path / "af_new.pt", _pack(5))
    assert _voice(store, "inspect", "af_heart", mine) == 0
    told = re.sub(r" +", " ", capsys.readouterr().out)
    assert re.search(r"loudness -\d\d\.\d LUFS, as measured of the published af_heart", told)
    assert "loudness not known: " in told  # no weights are here


@pytest.mark.weights
@pytest.mark.long
def test_a_pack_of_one_s_own_speaks_to_be_measured(model_data: Store, tmp_path: Path, capsys: Captured) -> None:
    mine = tmp_path / "af_mine.npy"
    assert _voice(model_data, "blend", "af_heart+af_sky", "--out", mine) == 0
    assert _voice(model_data, "inspect", mine) == 0
    told = capsys.readouterr().out
    found = re.search(r"loudness +about (-\d+\.\d) LUFS by itself", told)
    assert found, told
    assert -40 < float(found[1]) < -12
    assert "nearest" in told
