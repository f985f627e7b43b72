"""Files are read completely or not at all, and written completely or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kokoro_wyoming.assets.files import content_of, replaced
from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli.wav import wav_file


def test_of_two_writers_at_the_same_time_the_later_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replaced(path) as one:
        one.write(b"one")
        with replaced(path) as other:
            other.write(b"another")
        assert path.read_bytes() == b"another"
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path: Path) -> None:
    with replaced(path) as file:
        file.write(b"half")
        raise ZeroDivisionError


def test_an_unfinished_write_leaves_the_file_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError):
        _write_half(path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_left_over_of_a_killed_writer_is_removed_and_other_files_are_not(tmp_path: Path) -> None:
    path, mine = tmp_path / "file[1]", tmp_path / "file[1].mine.part"
    left, young = tmp_path / "file[1].01234567.part", tmp_path / "file[1].89abcdef.part"
    for other in (left, young, mine):
        other.touch()
    for old in (left, mine):
        os.utime(old, (time.time() - 90_000,) * 2)
    with replaced(path):
        pass
    assert {file.name for file in tmp_path.iterdir()} == {path.name, young.name, mine.name}


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with replaced(tmp_path / "file"):
        pass
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    fstat = os.fstat

    def fstat_of_changing_file(descriptor: int) -> os.stat_result:
        state = fstat(descriptor)
        os.utime(path, ns=(1, state.st_mtime_ns + 1))
        return state

    monkeypatch.setattr(os, "fstat", fstat_of_changing_file)
    with pytest.raises(OSError, match="being written to"):
        content_of(path, 1_000)


def test_two_wav_files_of_one_name_at_the_same_time_are_both_complete(tmp_path: Path) -> None:
    path, sound = tmp_path / "hello.wav", PcmFormat(24_000, 2, 1)
    with wav_file(path) as one, wav_file(path) as other:
        for sink, pcm in ((one, b"1111"), (other, b"22")):
            sink.start(sound)
            sink.write(pcm)
    assert path.read_bytes().endswith(b"1111")
    assert list(tmp_path.iterdir()) == [path]
