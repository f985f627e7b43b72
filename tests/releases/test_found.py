"""Releases that come, change and go while a server runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kokoro_wyoming.assets import inspection, verify, weights_source
from kokoro_wyoming.assets.fetching import fetch
from kokoro_wyoming.assets.store import Store
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import AssetError
from tests.stand_ins.german_release import RELEASE


def _lay_out(store: Store, release: str = RELEASE) -> Path:
    models, voices = store.models / "german", store.voices / "german"
    for folder in (models, voices, store.models / "v1_0", store.voices / "v1_0"):
        folder.mkdir(parents=True, exist_ok=True)
    np.save(store.voices / "v1_0" / "af_heart.npy", np.zeros((510, 1, 256), np.float32))
    for name in ("df_anna", "karla"):
        np.save(voices / f"{name}.npy", np.zeros((510, 1, 256), np.float32))
    np.save(voices / "df_wrong.npy", np.zeros((511, 1, 256), np.float32))
    (models / "german.pth").write_bytes(b"PK\5\6" + bytes(18))  # an empty archive
    (models / "config.json").write_text("{}")
    (models / "release.yaml").write_text(release, encoding="utf-8")
    return models


async def test_a_release_is_offered_when_it_comes_and_no_longer_when_it_goes(tmp_path: Path) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    manager = ModelManager(store.models, store.voices)
    assert [one.version for one in manager.folders.catalogues()] == ["v1.0"]
    changes = manager.folders.changes(every_seconds=0.01)
    folder = _lay_out(store)
    new, german = await anext(changes)
    assert (new.version, german.version) == ("v1.0", "german")
    assert {voice.name: voice.languages for voice in german.voices} == {"df_anna": ("de-DE",), "karla": ("de-DE",)}
    assert "it is a voice of Kokoro v0.19" in german.refused["df_wrong"]
    (folder / "release.yaml").write_text(RELEASE.replace("df_anna", "karla"), encoding="utf-8")
    _, german = await anext(changes)
    assert german.best_voice("de-DE") == "karla"
    (folder / "release.yaml").unlink()
    assert [one.version for one in await anext(changes)] == ["v1.0"]
    manager.thread.close(5)


def test_files_that_are_missing_or_damaged_are_told_and_none_is_fetched(tmp_path: Path) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    folder = _lay_out(store)
    ModelManager(store.models, store.voices).thread.close(5)
    assert [(state.status, state.kind) for state in verify(store, "german", hashes=True)] == [
        ("ok", inspection.CUSTOM),
        ("ok", "custom config"),
    ]
    assert weights_source(store, "german") == inspection.CUSTOM
    fetch(store, version="german")
    (folder / "german.pth").write_bytes(b"nothing")
    (folder / "config.json").unlink()
    with pytest.raises(AssetError, match=r"\.pth \(is no file of torch\.save\).*config\.json.*put the right files"):
        fetch(store, version="german")
    (folder / "german.pth").unlink()
    assert [state.status for state in verify(store, "german", hashes=False)] == ["missing", "missing"]
    assert weights_source(store, "german") is None


def test_a_language_whose_g2p_is_not_here_is_not_offered(tmp_path: Path) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    _lay_out(store, RELEASE.replace("espeak:de", "espeak:xx"))
    manager = ModelManager(store.models, store.voices)
    assert installed_languages("german") == {"de-DE": "espeak has no language 'xx'"}
    assert [one.version for one in manager.folders.catalogues()] == ["v1.0"]
    manager.thread.close(5)
