"""A release whose G2P is a program: it runs only where the settings allow it, and ends when the release is let go."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kokoro_wyoming import config
from kokoro_wyoming.assets.store import Store
from kokoro_wyoming.builds.described import DescribedRelease
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.builds.named_g2p import NOT_ALLOWED, Limits
from kokoro_wyoming.builds.v1_0 import wrapper
from kokoro_wyoming.cli import main
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.releases import find
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.server.startup import manager_of
from tests.stand_ins import g2p_program
from tests.stand_ins.german_release import RELEASE

_CONFIG = Path(wrapper.__file__).with_name("config.json")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A German release by the name of "german", whose G2P is the stand-in; its weights are never read."""
    made = Store(tmp_path / "models", tmp_path / "voices")
    models, voices = made.models / "german", made.voices / "german"
    for folder in (models, voices, tmp_path / "noted"):
        folder.mkdir(parents=True)
    np.save(voices / "df_anna.npy", np.zeros((510, 1, 256), np.float32))
    (models / "german.pth").write_bytes(b"PK\5\6" + bytes(18))  # an empty archive
    (models / "config.json").write_bytes(_CONFIG.read_bytes())
    command = shlex.join([sys.executable, g2p_program.__file__, str(tmp_path / "noted")])
    (models / "release.yaml").write_text(RELEASE.replace("espeak:de", f"command:{command}"), encoding="utf-8")
    return made


def _noted(store: Store, what: str) -> int:
    return len([*(store.models.parent / "noted").glob(f"{what}-*")])


def _manager(store: Store, **options: Any) -> ModelManager:
    return ModelManager(store.models, store.voices, **options)


def test_no_program_runs_unless_the_settings_allow_it(store: Store) -> None:
    manager = _manager(store)
    assert installed_languages("german") == {"de-DE": NOT_ALLOWED}
    assert installed_languages("german", True) == {"de-DE": None}
    assert "german" not in [one.version for one in manager.folders.catalogues()]
    with pytest.raises(UnknownLanguageError, match=r"model\.allow_g2p_commands has to allow"):
        DescribedRelease("german", store).get_pipeline("de")
    assert not _noted(store, "started")
    allowed = _manager(store, program_limits=Limits())
    assert "german" in [one.version for one in allowed.folders.catalogues()]
    for each in (manager, allowed):
        each.thread.close(5)


def test_its_limits_are_below_that_of_the_model_thread(store: Store) -> None:
    folders: dict[str, object] = {"folders.models": str(store.models), "folders.voices": str(store.voices)}
    allowed = {"model.allow_g2p_commands": True, "limits.stuck_seconds": 12}
    thread = ModelThread()
    assert manager_of(config.load(None, folders), thread)._program_limits is None
    assert manager_of(config.load(None, folders | allowed), thread)._program_limits == Limits.below(12)
    thread.close(5)


def test_its_program_ends_with_it_and_is_started_anew(store: Store) -> None:
    _manager(store).thread.close(5)
    release = DescribedRelease("german", store, program_limits=Limits(start_seconds=60, answer_seconds=60))
    for times in (1, 2):
        assert [piece.graphemes for piece in release.read("kato dormas", "de")] == ["kato dormas"]
        assert (_noted(store, "started"), _noted(store, "ended")) == (times, times - 1)
        release.close()
        assert _noted(store, "ended") == times


async def test_its_program_ends_when_the_release_is_let_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DescribedRelease, "initialize", lambda self: None)
    limits = Limits(start_seconds=60, answer_seconds=60)
    manager = _manager(store, release_idle_seconds=0.05, program_limits=limits)
    async with manager.in_use("german") as german:
        german.load_language("de")
        assert (_noted(store, "started"), _noted(store, "ended")) == (1, 0)
    for _ in range(600):
        if manager._tidying is not None:
            break
        await asyncio.sleep(0.05)
    assert manager._tidying is not None
    await manager._tidying
    assert _noted(store, "ended") == 1
    manager.thread.close(5)


async def test_a_release_is_loaded_anew_when_its_description_changed_and_nobody_uses_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DescribedRelease, "initialize", lambda self: None)
    manager = _manager(store)
    file = store.models / "german" / "release.yaml"
    async with manager.in_use("german") as before:
        file.write_text(RELEASE.replace("0.3", "0.4"), encoding="utf-8")
        find(store.models)
        async with manager.in_use("german") as meanwhile:
            assert meanwhile is before
    async with manager.in_use("german") as after:
        assert (before.description.version, after.description.version) == ("0.3", "0.4")
    file.unlink()
    find(store.models)
    async with manager.in_use("german") as last:  # it is in memory, and somebody may be speaking
        assert last is after
    manager.thread.close(5)


def test_check_tells_the_voices_of_a_release_and_what_it_lacks(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> str:
        main(["check", f"--models={store.models}", f"--voices-folder={store.voices}", "--no-hashes"])
        return " ".join(capsys.readouterr().out.split())

    assert f"german voice (1) ok {store.voices / 'german'}: df_anna" in told()
    (store.voices / "german" / "df_anna.npy").unlink()
    assert "release german unusable" in (lacking := told())
    assert "has no voice for it" in lacking
    (store.models / "german" / "german.pth").unlink()
    assert "german.pth is not there; release.yaml names it" in told()


def test_check_says_that_the_settings_do_not_allow_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", f"--models={store.models}", f"--voices-folder={store.voices}", "--no-hashes"])
    assert NOT_ALLOWED in " ".join(capsys.readouterr().out.split())
