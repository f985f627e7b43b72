"""Where the program may write what it finds out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kokoro_wyoming.assets.locations import notes_beside


def test_what_is_found_out_lies_beside_its_file(tmp_path: Path) -> None:
    assert notes_beside(tmp_path / "v1_0" / "model.pth") != tmp_path / "v1_0"  # a folder that is not there
    assert notes_beside(tmp_path / "model.pth") == tmp_path


def test_beside_a_read_only_file_it_lies_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "v1_0"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert notes_beside(folder / "model.pth") == tmp_path / "cache" / "kokoro-wyoming" / "v1_0"


def test_a_user_without_a_home_has_it_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(*_: object) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", no_home)
    monkeypatch.setattr(os.path, "expanduser", no_home)
    assert notes_beside(tmp_path / "model.pth") == tmp_path
