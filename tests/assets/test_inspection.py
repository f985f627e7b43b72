"""Good files are told from bad ones, and published files from the user's own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming import assets
from kokoro_wyoming.assets import CUSTOM, OFFICIAL, ROUNDED, Store, ledger, manifest, placing, registry
from kokoro_wyoming.assets.inspection import FileState, as_stored, inspect
from kokoro_wyoming.assets.manifest import ReleaseFile
from kokoro_wyoming.assets.store import weights_path
from kokoro_wyoming.errors import AssetError
from tests.examples import examples
from tests.stand_ins.tiny_release import OFFICIAL as CONTENTS
from tests.stand_ins.tiny_release import TINY

WEIGHTS = "kokoro-v1_0.pth"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with all files of the tiny release as published, and without a ledger."""
    return filled(Store(tmp_path / "models", tmp_path / "voices"))


def filled(store: Store) -> Store:
    for name, content in CONTENTS.items():
        path = store.place("v1.0", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return store


def record(path: Path, kind: str) -> None:
    ledger.record(path, ledger.Entry(kind, "a test", path.stat().st_size, placing.sha256_of(path), ""))


def state(store: Store, name: str, *, hashes: bool) -> FileState:
    path = store.place("v1.0", name)
    return next(each for each in inspect(store, TINY, hashes=hashes) if each.path == path)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("hashes", [False, True])
def test_official_files_need_no_ledger(store: Store, hashes: bool) -> None:
    states = inspect(store, TINY, hashes=hashes)
    assert [(each.status, each.kind) for each in states] == [
        ("ok", OFFICIAL),
        ("ok", "config"),
        ("ok", "voice"),
        ("ok", "voice"),
    ]


def test_files_come_in_the_order_weights_config_voices(store: Store) -> None:
    paths = [each.path for each in inspect(store, TINY, hashes=False)]
    assert paths[:2] == [store.weights("v1.0"), store.config("v1.0")]
    assert paths[2:] == [store.voice("v1.0", "af_one"), store.voice("v1.0", "bm_two")]


@pytest.mark.parametrize("hashes", [False, True])
@pytest.mark.parametrize("name", list(CONTENTS))
def test_a_missing_file_is_missing(store: Store, name: str, hashes: bool) -> None:
    store.place("v1.0", name).unlink()
    assert state(store, name, hashes=hashes).status == "missing"


@pytest.mark.parametrize("hashes", [False, True])
@pytest.mark.parametrize("name", list(CONTENTS))
@examples(25)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_anywhere_is_truncated(
    tmp_path_factory: pytest.TempPathFactory, name: str, hashes: bool, share: float
) -> None:
    home = tmp_path_factory.mktemp("store")
    store = filled(Store(home / "models", home / "voices"))
    store.place("v1.0", name).write_bytes(CONTENTS[name][: int(share * len(CONTENTS[name]))])
    assert state(store, name, hashes=hashes).status == "truncated"


@examples(40)
@given(share=st.floats(0, 1), kind=st.sampled_from([OFFICIAL, ROUNDED]))
def test_a_changed_tensor_is_corrupt_when_hashes_are_checked(
    tmp_path_factory: pytest.TempPathFactory, share: float, kind: str
) -> None:
    home = tmp_path_factory.mktemp("store")
    store = filled(Store(home / "models", home / "voices"))
    path = store.weights("v1.0")
    record(path, kind)
    path.write_bytes(flipped(CONTENTS[WEIGHTS], 100 + int(share * 299_000)))
    assert state(store, WEIGHTS, hashes=False).status == "ok"
    found = state(store, WEIGHTS, hashes=True)
    assert found.status == "corrupt"
    assert "SHA-256" in found.detail


def test_an_html_page_in_place_of_a_file_is_corrupt(store: Store) -> None:
    page = b"<html>Please log in</html>" * 50_000
    for name in CONTENTS:
        store.place("v1.0", name).write_bytes(page)
    assert {each.status for each in inspect(store, TINY, hashes=False)} == {"corrupt"}


@pytest.mark.parametrize("hashes", [False, True])
def test_weights_of_the_users_own_are_custom(store: Store, hashes: bool) -> None:
    torch.save({"bert": {"module.x": torch.zeros(7)}}, store.weights("v1.0"))
    found = state(store, WEIGHTS, hashes=hashes)
    assert (found.status, found.kind) == ("ok", CUSTOM)


def test_own_weights_of_the_official_size_are_known_by_their_hash(store: Store) -> None:
    """A fine-tuned model saved by the same torch often has the official size to the byte."""
    own = CONTENTS[WEIGHTS].replace(b"archive/data/0", b"archive/data/1")
    assert len(own) == len(CONTENTS[WEIGHTS])
    store.weights("v1.0").write_bytes(own)
    found = state(store, WEIGHTS, hashes=True)
    assert (found.status, found.kind) == ("ok", CUSTOM)


def test_an_own_config_is_accepted_and_an_unreadable_one_is_not(store: Store) -> None:
    config = store.config("v1.0")
    config.write_text(json.dumps({"vocab": {}, "own": "x" * 5000}))
    assert (state(store, "config.json", hashes=True).status, state(store, "config.json", hashes=True).kind) == (
        "ok",
        "custom config",
    )
    config.write_bytes(b"\xff" * 5000)
    assert state(store, "config.json", hashes=True).status == "corrupt"


def test_more_voices_than_the_release_has_are_no_error(store: Store) -> None:
    store.voice("v1.0", "xx_mine").write_bytes(b"anything")
    assert {each.status for each in inspect(store, TINY, hashes=True)} == {"ok"}


def test_a_ledger_written_for_a_file_that_never_came_means_fetch_again(store: Store) -> None:
    """The order of `placing.settle`: killed between the ledger and the rename."""
    path = store.weights("v1.0")
    path.write_bytes(CONTENTS[WEIGHTS][:100])
    ledger.record(path, ledger.Entry(ROUNDED, "a test", 200_000, "0" * 64, ""))
    assert state(store, WEIGHTS, hashes=False).status == "truncated"


@pytest.mark.parametrize("ledger_text", ["", "[]", "{", '{"kokoro-v1_0.pth": {"kind": 1}}', '{"kokoro-v1_0.pth": 3}'])
def test_a_damaged_ledger_counts_as_empty(store: Store, ledger_text: str) -> None:
    (store.models_folder("v1.0") / ledger.FILE_NAME).write_text(ledger_text)
    assert {each.status for each in inspect(store, TINY, hashes=True)} == {"ok"}


def test_the_ledger_keeps_its_other_entries(tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        (tmp_path / name).write_text(name)
        record(tmp_path / name, "voice")
    assert set(ledger.read(tmp_path)) == {"one", "two"}


def test_two_ledgers_at_once_are_written_into_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    replace = os.replace

    def replace_in_the_middle(*names: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        record(tmp_path / "two", "voice")
        replace(*names)

    monkeypatch.setattr(os, "replace", replace_in_the_middle)
    record(tmp_path / "one", "voice")
    assert set(ledger.read(tmp_path)) == {"one"}
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", ledger.FILE_NAME}


@pytest.fixture
def tiny_as_v1_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(manifest.RELEASES, "v1.0", lambda: TINY)


@pytest.mark.usefixtures("tiny_as_v1_0")
class TestWeightsSource:
    def test_official_weights_are_known_by_their_hash(self, store: Store) -> None:
        assert assets.weights_source(store) == OFFICIAL

    def test_fetched_weights_are_known_by_the_ledger(self, store: Store) -> None:
        store.weights("v1.0").write_bytes(CONTENTS[WEIGHTS] + b"rounded")
        record(store.weights("v1.0"), ROUNDED)
        assert assets.weights_source(store) == ROUNDED

    def test_unknown_weights_of_the_official_size_are_not_called_official(self, store: Store) -> None:
        store.weights("v1.0").write_bytes(CONTENTS[WEIGHTS].replace(b"archive/data/0", b"archive/data/1"))
        assert assets.weights_source(store) == CUSTOM

    def test_no_weights_have_no_source(self, store: Store) -> None:
        store.weights("v1.0").unlink()
        assert assets.weights_source(store) is None

    def test_broken_weights_have_no_source(self, store: Store) -> None:
        store.weights("v1.0").write_bytes(CONTENTS[WEIGHTS][:1000])
        assert assets.weights_source(store) is None


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(AssetError, match=r"v2\.0.*choose one of: v1\.0"):
        assets.verify(Store(Path("models"), Path("voices")), "v2.0", hashes=False)


def test_releases_never_share_a_folder(tmp_path: Path) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    assert store.weights("v1.0") == tmp_path / "models" / "v1_0" / "kokoro-v1_0.pth"
    assert store.config("v1.0") == tmp_path / "models" / "v1_0" / "config.json"
    assert store.voice("v0.19", "af_bella") == tmp_path / "voices" / "v0_19" / "af_bella.pt"


def test_every_file_of_v1_0_is_pinned_and_has_both_sources() -> None:
    known = manifest.release("v1.0")
    assert known.kit is not None
    assert len(known.voices()) == 54
    assert {Path(file.name).stem for file in known.kit.voices} == {file.stem for file in known.voices()}
    assert known.kit.onnx.bytes == sum(part.bytes for part in known.kit.weights)
    assert {file.bytes for file in known.kit.voices} == {known.kit.voice_rows * 256 * 4}
    pinned = [*known.files, *known.kit.weights, *known.kit.voices, known.kit.onnx]
    assert all(len(file.sha256) == 64 and file.bytes > 0 for file in pinned)
    assert len({file.sha256 for file in pinned}) == len(pinned)
    assert len(known.hub.revision) == 40


def test_the_store_has_the_official_names_in_the_official_places(tmp_path: Path) -> None:
    store, known = Store(tmp_path / "models", tmp_path / "voices"), manifest.release("v1.0")
    assert store.place("v1.0", known.file("weights").name) == store.weights("v1.0")
    assert store.place("v1.0", known.file("config").name) == store.config("v1.0")
    assert {store.place("v1.0", file.name) for file in known.voices()} == {
        store.voice("v1.0", file.stem) for file in known.voices()
    }


def test_the_files_of_v1_1_zh_are_pinned_where_two_sources_tell_their_hashes(tmp_path: Path) -> None:
    store, known = Store(tmp_path / "models", tmp_path / "voices"), manifest.release("v1.1-zh")
    assert (known.kit, known.half) == (None, None)
    assert known.hub == manifest.Hub("hexgrad/Kokoro-82M-v1.1-zh", "01e7505bd6a7a2ac4975463114c3a7650a9f7218")
    names = {file.stem for file in known.voices()}
    assert {"af_maple", "af_sol", "bf_vale"} < names
    assert sorted(int(name[3:]) for name in names if name[0] == "z") == [*range(1, 101)]
    assert {file.name for file in known.files if file.is_pinned} == {
        *("config.json", "kokoro-v1_1-zh.pth", "voices/zf_001.pt", "voices/zm_010.pt")
    }
    assert {file.shape for file in known.files if not file.is_pinned} == {(510, 1, 256)}
    assert store.place("v1.1-zh", known.file("weights").name) == store.weights("v1.1-zh")
    ours = Path(manifest.__file__).parent.parent / "builds" / "v1_1_zh" / "config.json"
    assert placing.sha256_of(ours) == known.file("config").sha256


def test_every_file_of_v0_19_is_pinned_and_only_the_hub_has_them(tmp_path: Path) -> None:
    store, known = Store(tmp_path / "models", tmp_path / "voices"), manifest.release("v0.19")
    assert known.kit is None
    assert known.half is not None
    assert (len(known.voices()), known.hub.repository, known.hub.folder) == (11, "hexgrad/kLegacy", "v0.19")
    pinned = [*known.files, known.half]
    assert all(len(file.sha256) == 64 and file.bytes > 0 for file in pinned)
    assert len({file.sha256 for file in pinned}) == len(pinned)
    assert store.place("v0.19", known.file("weights").name) == store.weights("v0.19")
    assert store.place("v0.19", known.half.name) == store.models_folder("v0.19") / "kokoro-v0_19-half.pth"
    assert {file.role for file in known.files} == {"weights", "voice"}


def test_weights_in_half_precision_stand_in_for_the_full_ones(store: Store) -> None:
    half = ReleaseFile("fp16/kokoro-v1_0-half.pth", 5, hashlib.sha256(b"halfs").hexdigest())
    known = replace(TINY, half=half)
    assert as_stored(store, known) == known
    store.weights("v1.0").unlink()
    assert as_stored(store, known) == known  # neither is there
    place = store.place("v1.0", half.name)
    place.write_bytes(b"halfs")
    state, *_ = inspect(store, as_stored(store, known), hashes=True)
    assert (state.path, state.status, state.kind) == (place, "ok", "official half precision weights")
    assert weights_path(place.parent, "v1.0") == place
    with pytest.raises(AssetError, match="not published in half precision"):
        TINY.halved()


def test_the_shipped_config_is_the_one_of_the_kit(tmp_path: Path) -> None:
    known = manifest.release("v1.0")
    assert known.kit is not None
    shipped = Path(assets.__file__).parent.parent / known.kit.config
    config = json.loads(shipped.read_text("utf-8"))
    assert (config["n_token"], len(config["vocab"])) == (178, 114)
    assert registry.CONVERTER >= 1


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ["torch", "onnx", "numpy", "huggingface_hub", "stamina", "tqdm", "filelock"]
    program = f"import sys, kokoro_wyoming.assets; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.weights
def test_the_real_files_are_whole(model_data: Store) -> None:
    states = assets.verify(model_data, hashes=True)
    assert len(states) == 56
    assert {each.status for each in states} == {"ok"}
    assert assets.weights_source(model_data) in (OFFICIAL, ROUNDED, CUSTOM)


@pytest.mark.weights
def test_the_real_voices_have_the_official_shape(model_data: Store) -> None:
    for file in manifest.release("v1.0").voices():
        pack = torch.load(model_data.voice("v1.0", file.stem), weights_only=True)
        assert (pack.shape, pack.dtype) == ((510, 1, 256), torch.float32)
